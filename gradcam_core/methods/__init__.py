"""Class activation map methods, the evidence that they need, and how alike two maps are."""

from .maps import GRADIENTS, GUIDED, METHODS, RERUN, Method, Rerunning, find_method, method

__all__ = ["GRADIENTS", "GUIDED", "METHODS", "RERUN", "Method", "Rerunning", "find_method", "method"]
