"""Findings -> sentences: one package a language, and what says a finding in any of them.

    say(Finding("hide.holds", share=0.2, label="espresso", before=0.9, hottest=0.1, random=0.8), language="en")

What a result or an error found is carried as keys and values; words are made here alone, so that another language is
one more package, with its entry in `reader.SPOKEN`. Public names: `ENGLISH`, `LANGUAGES`, `LONGEST_SHOWN`, `NAMES`,
`Amount`, `CamError`, `Finding`, `Noted`, `OptionError`, `Said`, `in_language`, `language_now`, `percent`, `say`,
`shown`, `spoken`.
"""

from .numbers import Amount, percent
from .reader import ENGLISH, NAMES, language_now
from .say import LANGUAGES, LONGEST_SHOWN, CamError, Finding, Noted, OptionError, Said, in_language, say, shown, spoken

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "LONGEST_SHOWN",
    "NAMES",
    "Amount",
    "CamError",
    "Finding",
    "Noted",
    "OptionError",
    "Said",
    "in_language",
    "language_now",
    "percent",
    "say",
    "shown",
    "spoken",
]
