"""Findings -> sentences: one package a language, and what says a finding in any of them.

    say(Finding("hide.holds", share=0.2, label="espresso", before=0.9, hottest=0.1, random=0.8), language="en")

What a result or an error found is carried as keys and values; words are made here alone, so that another language is
one more table in `LANGUAGES`. Public names: `ENGLISH`, `LANGUAGES`, `NAMES`, `Amount`, `Finding`, `Noted`, `Said`,
`in_language`, `language_now`, `percent`, `say`.
"""

from .numbers import Amount, percent
from .reader import ENGLISH, NAMES, in_language, language_now
from .say import LANGUAGES, Finding, Noted, Said, say

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "NAMES",
    "Amount",
    "Finding",
    "Noted",
    "Said",
    "in_language",
    "language_now",
    "percent",
    "say",
]
