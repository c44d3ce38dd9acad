"""Say what was found, in a language. Public names: `LANGUAGES`, `Finding`, `Noted`, `Said`, `say`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Protocol, TypeAlias

from . import en, ko
from .numbers import percent
from .particles import PARTICLES, particle
from .reader import ENGLISH, language_now

__all__ = ["LANGUAGES", "Finding", "Noted", "Said", "say"]

# a template with the finding's values in braces, or a function of them where words depend on what was found
Sentence: TypeAlias = "str | Callable[..., str]"
LANGUAGES: Mapping[str, Mapping[str, Sentence]] = {ENGLISH: en.SENTENCES, "ko": ko.SENTENCES}


@dataclass(frozen=True, init=False)
class Finding:
    """What was found: a `key` of the languages' sentences, and the `values` in it, other findings among them."""

    key: str
    values: Mapping[str, Any]

    def __init__(self, key: str, /, **values: Any) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", values)

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return say(self)


def say(finding: Finding, language: str | None = None) -> str:
    """The finding as a sentence of `language`, a key of LANGUAGES; None for that of whoever is answered now.

    Raises KeyError for a language that is not there.
    """
    language = language or language_now()
    sentence = LANGUAGES[language][finding.key]
    values = {name: _said(value, language) for name, value in finding.values.items()}
    if callable(sentence):
        return sentence(**values)
    return _WORDS.vformat(sentence, (), values)


def _said(value: Any, language: str) -> Any:
    if isinstance(value, Finding):
        return say(value, language)
    if isinstance(value, tuple) and any(isinstance(one, Finding) for one in value):
        return tuple(_said(one, language) for one in value)
    return value


class _Remarks(Protocol):
    @property
    def remarks(self) -> tuple[Finding, ...]: ...


class _Found(Protocol):
    @property
    def finding(self) -> Finding: ...


class Noted:
    """Something with `remarks`, findings that a person should know beside it."""

    def noted(self: _Remarks, language: str | None = None) -> tuple[str, ...]:
        """The remarks as sentences of `language`, a key of LANGUAGES."""
        return tuple(say(one, language) for one in self.remarks)

    @property
    def notes(self: _Remarks) -> tuple[str, ...]:
        """The remarks in plain English, or inside `in_language` in that one."""
        return tuple(map(say, self.remarks))


class Said:
    """A result with a `finding`, which is what it comes to."""

    def said(self: _Found, language: str | None = None) -> str:
        """The finding as a sentence of `language`, a key of LANGUAGES."""
        return say(self.finding, language)

    @property
    def sentence(self: _Found) -> str:
        """The finding in plain English, or inside `in_language` in that one."""
        return say(self.finding)


class _Words(Formatter):
    """Templates may ask for `{share:percent}`, `{share:whole}` per cent and, of several names, `{names:list}`.

    In Korean `{label:을/를}` is the particle that fits behind the value, which stands in front of it by itself.
    """

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec == "percent":
            return percent(value)
        if format_spec == "whole":
            return f"{value * 100:.0f} %"
        if format_spec == "list":
            return ", ".join(map(str, value))
        if format_spec in PARTICLES:
            return particle(value, format_spec)
        return super().format_field(value, format_spec)


_WORDS = _Words()
