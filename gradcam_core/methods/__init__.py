"""Class activation map methods, the evidence that they need, and how alike two maps are."""

from .maps import DEFAULT_METHOD, GRADIENTS, GUIDED, METHODS, REPLAY, Method, Replaying, find_method, method

__all__ = [
    "DEFAULT_METHOD",
    "GRADIENTS",
    "GUIDED",
    "METHODS",
    "REPLAY",
    "Method",
    "Replaying",
    "find_method",
    "method",
]
