"""Class activation map methods, the evidence that they need, and how alike two maps are."""

from .maps import GRADIENTS, GUIDED, METHODS, REPLAY, Method, Replaying, find_method, method

__all__ = ["GRADIENTS", "GUIDED", "METHODS", "REPLAY", "Method", "Replaying", "find_method", "method"]
