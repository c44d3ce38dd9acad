"""What can be asked of a network about one input: every option once, with its default, how it is read, and its words.

    request = Request.parse(target="tabby", counterfactual="no", layer="auto")
    request.record()    # plain JSON, from which `Request.parse` makes the same request again
    request.key()       # the same for two requests that ask the same

`Explainer`, the page, the web API and caches share it. A new option is one more field of `Request`.
Public names: `AUTO`, `CENTRE`, `NEXT_THREE`, `OPTIONS`, `VIEWS`, `WHOLE`, `WORDED`, `Option`, `Request`, `as_list`,
`known_options`, `whole_number`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .errors import (
    CamError,
    LayerError,
    MethodError,
    ModelError,
    OptionError,
    TargetError,
    TextError,
    did_you_mean,
    shown,
)

__all__ = [
    "AUTO",
    "CENTRE",
    "NEXT_THREE",
    "OPTIONS",
    "VIEWS",
    "WHOLE",
    "WORDED",
    "Option",
    "Request",
    "as_list",
    "known_options",
    "whole_number",
]

# leaves the choice to the program; as a rival: the most probable class but the target
AUTO = "auto"
NEXT_THREE = "next three"
# what of the photograph the network is given: what it was trained to see, or all of it
CENTRE, WHOLE = "centre", "whole"
VIEWS = (CENTRE, WHOLE)
# options that only models which read or write words have
WORDED = ("question", "caption", "word")
OptionKind = Literal["text", "switch", "number"]
# what people and programs write for on and off
SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1", "1.0", "t", "y", "enabled", "예", "네", "참", "켜기", "켬"), True),
    **dict.fromkeys(
        ("false", "no", "off", "0", "0.0", "f", "n", "disabled", "아니오", "아니요", "거짓", "끄기", "끔"), False
    ),
}


def _left_open(value: object) -> bool:
    """Whether the choice is left to the program."""
    return value is None or (isinstance(value, str) and value.strip() in ("", AUTO))


def whole_number(value: object) -> int | None:
    """The whole number that `value` is: 3, 3.0, or one of numpy's or torch's alone in its array; None for others."""
    if hasattr(value, "item"):
        try:
            value = value.item()
        except (ValueError, RuntimeError, TypeError):
            # several numbers
            return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _name_of(key: str, error: type[CamError]) -> Callable[[Any, str], str | None]:
    """Reads the name of something that has a default; `key` is what is found where it is no name."""

    def read(value: Any, name: str) -> str | None:
        if _left_open(value):
            return None
        if not isinstance(value, str):
            raise error(key, name=name, shown=shown(value))
        return value

    return read


def _read_class(value: Any, name: str) -> int | str:
    index = whole_number(value)
    if index is not None:
        return index
    if not isinstance(value, str):
        raise TargetError("class.no_index_or_label", name=name, shown=shown(value))
    return value


def _read_target(value: Any, name: str) -> int | str | None:
    return None if _left_open(value) else _read_class(value, name)


def _read_rival(value: Any, name: str) -> int | str | tuple[int | str, ...] | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    several = value.tolist() if whole_number(value) is None and hasattr(value, "tolist") else value
    if not isinstance(several, (list, tuple)):
        return _read_class(value, name)
    return tuple(_read_class(one, name) for one in several) or None


def _read_view(value: Any, name: str) -> str:
    if _left_open(value):
        return CENTRE
    view = str(value).strip().casefold()
    if view not in VIEWS:
        raise OptionError("request.view_unknown", name=name, shown=shown(value), known=VIEWS)
    return view


def _read_words(value: Any, name: str) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise TextError("request.not_a_text", name=name, shown=shown(value))
    return value.strip()


def _read_word(value: Any, name: str) -> int | str | None:
    if _left_open(value):
        return None
    index = whole_number(value)
    if index is None and isinstance(value, str):
        return int(value) if value.strip().isdecimal() else value.strip()
    if index is None:
        raise TextError("request.not_a_word", name=name, shown=shown(value))
    return index


def _read_switch(value: Any, name: str) -> bool:
    if _left_open(value):
        return False
    word = str(value).strip().casefold()
    if word not in SWITCHES:
        raise OptionError("request.not_a_switch", name=name, shown=shown(value))
    return SWITCHES[word]


@dataclass(frozen=True)
class Option:
    """One option of a request.

    `kind` is what it is on the wire, "text", "switch" or "number", and `default` what stands there if nothing is
    given. `read` makes the value of whatever is given, and is told the option's name for its error. `words` say a
    value that is not the default, with {} in its place.
    """

    name: str
    kind: OptionKind
    default: Any
    title: str
    description: str
    words: str
    read: Callable[[Any, str], Any]

    def said(self, value: Any) -> str:
        """A value in words."""
        several = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        return self.words.format(several)


def _option(
    read: Callable[[Any, str], Any],
    *,
    kind: OptionKind,
    default: Any,
    title: str,
    description: str,
    words: str,
) -> Any:
    about = {"kind": kind, "default": default, "title": title, "description": description, "words": words, "read": read}
    return field(default=read(default, title), metadata=about)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question about one input; each field is an option, and what is given for it is read when it is made.

    None stands for what is left to the program: the default model, layer and method, the most probable class.
    Raises CamError of the kind that fits the option.
    """

    model: str | None = _option(
        _name_of("request.not_a_model", ModelError),
        kind="text",
        default=AUTO,
        title="Model",
        description="Name of the model, for example efficientnet_lite0, resnet50 or vgg16; auto for the default.",
        words="by {}",
    )
    layer: str | None = _option(
        _name_of("request.not_a_module", LayerError),
        kind="text",
        default=AUTO,
        title="Layer",
        description="Dotted module name of the layer, or auto for the model's default.",
        words="at layer {}",
    )
    target: int | str | None = _option(
        _read_target,
        kind="text",
        default=AUTO,
        title="Target class",
        description="Class index or label to explain, or auto for the top prediction.",
        words="for {}",
    )
    method: str | None = _option(
        _name_of("request.not_a_method", MethodError),
        kind="text",
        default=AUTO,
        title="Method",
        description="Key of the method, for example gradcam or hirescam, or auto for the one that suits the model:"
        " hirescam for the embedded captioner, gradcam for all others.",
        words="with {}",
    )
    counterfactual: bool = _option(
        _read_switch,
        kind="switch",
        default=False,
        title="Counterfactual",
        description="True for what speaks against the class.",
        words="what speaks against it",
    )
    rival: int | str | tuple[int | str, ...] | None = _option(
        _read_rival,
        kind="text",
        default="",
        title="Rather than",
        description="Class index or label to compare with, auto for the most probable other class, next three for the"
        " mean of the three most probable others (sharper: those at each size), or nothing for none.",
        words="rather than {}",
    )
    detail: bool = _option(
        _read_switch,
        kind="switch",
        default=False,
        title="Detail",
        description="True for an input of twice the size and a map twice as fine, at four times the cost; the"
        " probabilities change.",
        words="in detail",
    )
    question: str | None = _option(
        _read_words,
        kind="text",
        default="",
        title="Question",
        description="A question about the photograph, in English, for a model that answers questions.",
        words="asked “{}”",
    )
    caption: str | None = _option(
        _read_words,
        kind="text",
        default="",
        title="Caption",
        description="A caption of one's own, in English, or nothing for the one that the model writes.",
        words="described as “{}”",
    )
    word: int | str | None = _option(
        _read_word,
        kind="text",
        default=AUTO,
        title="Word",
        description="The word of the caption to explain: the word itself, or its place from 0; auto for all of them.",
        words="the word {}",
    )
    sharper: bool = _option(
        _read_switch,
        kind="switch",
        default=False,
        title="Sharper",
        description="True for a finer map: only places on which the same photograph, fed at several sizes, agrees; at"
        " about eight times the cost. The probabilities stay those of the usual size.",
        words="sharper",
    )
    view: str = _option(
        _read_view,
        kind="text",
        default=CENTRE,
        title="View",
        description="centre for what the model was trained to see, whole for all of the photograph at its own"
        " proportions, which changes the probabilities.",
        words="of the {} photograph",
    )
    both: bool = _option(
        _read_switch,
        kind="switch",
        default=False,
        title="Both sides",
        description="True for a map of both sides: above zero what speaks for the class, below zero what speaks against"
        " it, in two colours.",
        words="both for and against",
    )

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            object.__setattr__(self, name, option.read(getattr(self, name), name))

    @classmethod
    def options(cls) -> dict[str, Option]:
        """All options by name, in order."""
        return dict(OPTIONS)

    @classmethod
    def parse(cls, **values: Any) -> Request:
        """The request that `values` by name ask for; raises OptionError for a name that is no option's."""
        known_options(values, OPTIONS)
        return cls(**values)

    def record(self) -> dict[str, Any]:
        """The options as plain JSON values, of which `parse` makes the same request."""
        values = {name: getattr(self, name) for name in OPTIONS}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def key(self) -> Hashable:
        """For caches: equal for two requests that ask the same."""
        return tuple(getattr(self, name) for name in OPTIONS)

    def replace(self, **changes: Any) -> Request:
        """The same request with other values for some options; raises as `parse` does."""
        return Request.parse(**{**{name: getattr(self, name) for name in OPTIONS}, **changes})

    @property
    def rivals_by_size(self) -> bool:
        """Whether each of the sizes that are to agree finds its own rivals."""
        return self.sharper and self.rival == NEXT_THREE

    @property
    def words(self) -> str:
        """What is asked for beyond the defaults, in words; empty where all is left to the program."""
        default = Request()
        said = (
            option.said(getattr(self, name))
            for name, option in OPTIONS.items()
            if getattr(self, name) != getattr(default, name)
        )
        return ", ".join(said)


OPTIONS: dict[str, Option] = {one.name: Option(one.name, **one.metadata) for one in fields(Request)}


def known_options(given: Iterable[str], known: Iterable[str]) -> None:
    """Make sure that all that is `given` by name is an option; raises OptionError with near misses."""
    names = list(known)
    for name in given:
        if name not in names:
            raise OptionError("request.unknown_option", name=name, near=did_you_mean(name, names))


def as_list(values: Any, name: str) -> list[Any]:
    """What is given where several values may be; raises OptionError for one alone."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise OptionError("request.not_several", name=name, shown=shown(values))
    return list(values)
