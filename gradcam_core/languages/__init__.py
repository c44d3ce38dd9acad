"""Findings -> sentences: one module a language, and one that says a finding in any of them.

    say(Finding("hidden.holds", share=0.2, label="espresso"), language="en")

What a result or an error found is carried as keys and values; words are made here alone, so that another language is
one more module in `LANGUAGES`. Public names: `ENGLISH`, `LANGUAGES`, `Finding`, `percent`, `say`.
"""

from .numbers import percent
from .say import ENGLISH, LANGUAGES, Finding, say

__all__ = ["ENGLISH", "LANGUAGES", "Finding", "percent", "say"]
