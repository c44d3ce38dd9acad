"""Text: which characters of a review made the network call it positive or negative. Public names as sorted below."""

from .explainer import TextExplainer
from .explanation import Piece, TextExplanation
from .methods import TEXT_METHODS
from .trust import Check

__all__ = ["TEXT_METHODS", "Check", "Piece", "TextExplainer", "TextExplanation"]
