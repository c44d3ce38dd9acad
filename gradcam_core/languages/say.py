"""Say what was found, in a language.

    with in_language("ko"):
        explanation.sentence    # in Korean

Errors are said like results, so the base of them all is here, and the one that is raised for an unknown language.
Public names: `LANGUAGES`, `LONGEST_SHOWN`, `CamError`, `Finding`, `Noted`, `OptionError`, `Said`, `in_language`, `say`,
`shown`, `spoken`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from string import Formatter
from typing import Any, Protocol, TypeAlias

from .numbers import percent
from .particles import PARTICLES, particle
from .reader import NAMES, NOW, SPOKEN, known, language_now

__all__ = [
    "LANGUAGES",
    "LONGEST_SHOWN",
    "CamError",
    "Finding",
    "Noted",
    "OptionError",
    "Said",
    "in_language",
    "say",
    "shown",
    "spoken",
]

# characters that a sentence repeats of a value that somebody gave
LONGEST_SHOWN = 80

# a template with the finding's values in braces, or a function of them where words depend on what was found
Sentence: TypeAlias = "str | Callable[..., str]"
LANGUAGES: Mapping[str, Mapping[str, Sentence]] = {key: package.SENTENCES for key, package in SPOKEN.items()}


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

    Raises OptionError for a language that is not there.
    """
    language = language_now() if language is None else language
    if not isinstance(language, str) or language not in LANGUAGES:
        raise _unknown(language, "language")
    sentence = LANGUAGES[language][finding.key]
    values = {name: _said(value, language) for name, value in finding.values.items()}
    if callable(sentence):
        return sentence(**values)
    return _WORDS.vformat(sentence, (), values)


def shown(value: object, longest: int = LONGEST_SHOWN) -> str:
    """A value that somebody gave, for a sentence: as code, and not all of it where that is long."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Say all sentences in `language`, such as "ko" or "ko-KR", as long as the block runs. Raises OptionError."""
    token = NOW.set(spoken(language, "language"))
    try:
        yield
    finally:
        NOW.reset(token)


def spoken(value: Any, name: str) -> str:
    """The language, a key of LANGUAGES, that is called `value`; raises OptionError about the option `name`."""
    found = known(value) if isinstance(value, str) else None
    if found is None:
        raise _unknown(value, name)
    return found


def _unknown(value: Any, name: str) -> OptionError:
    return OptionError("request.language_unknown", name=name, shown=shown(value), known=tuple(NAMES))


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

    def __repr__(self: _Found) -> str:
        """How a notebook or a log shows it: not with all of its arrays."""
        return f"<{type(self).__name__}: {say(self.finding)}>"


class CamError(Said, Exception):
    """Base of everything that this package raises on purpose.

    `finding` holds its key and values; `said` says it in any language, `str` in `language`, None for that of whoever is
    answered when it is read: see `in_language`.
    """

    def __init__(self, key: str, /, **values: Any) -> None:
        super().__init__(key)
        self.finding = Finding(key, **values)
        self.language: str | None = None

    __repr__ = Exception.__repr__

    def __str__(self) -> str:
        return say(self.finding, self.language)

    def __reduce__(self) -> tuple[Any, ...]:
        # exceptions travel between processes by their positional arguments alone
        return partial(type(self), self.finding.key, **self.finding.values), (), {"language": self.language}


class OptionError(CamError, ValueError):
    """An option is unknown, or cannot have that value."""


class _Template(Formatter):
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


_WORDS = _Template()
