"""What a host may say about the app, each option once: the command line and the file of options are made of one table.

    parser = command_line(in_space=False)
    parser.parse_args(["--port", "8000", "--model", "mine.safetensors", "--architecture", "resnet18"])

Every value is checked before anything is loaded. Public names: `MODEL_OPTIONS`, `OPTIONS`, `HostOption`,
`command_line`, `default_of`, `free`, `port`, `size`.
"""

from __future__ import annotations

import argparse
import math
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..engine.devices import DEVICES
from ..engine.engines import ENGINES
from ..errors import ServingError
from ..reading.preprocess import LARGEST_SIDE
from ..remembering import DEFAULT_CACHE_MB
from ..tasks.classes import HEADS

__all__ = ["MODEL_OPTIONS", "OPTIONS", "HostOption", "command_line", "default_of", "free", "port", "size"]

MAX_PORT = 65_535
LONGEST_TEXT = 2000


def size(text: str) -> float:
    """A number of megabytes. Raises argparse.ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must not be negative, and a number of megabytes such as 512, got {text!r}")
    return number


def _whole(text: str, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {most}, got {text!r}")
    return number


def port(text: str) -> int:
    """A port to listen on. Raises argparse.ArgumentTypeError."""
    return _whole(text, MAX_PORT)


def side(text: str) -> int:
    """A number of pixels. Raises argparse.ArgumentTypeError."""
    return _whole(text, LARGEST_SIDE)


def colours(text: str) -> tuple[float, ...]:
    """Three numbers with commas between them, for red, green and blue. Raises argparse.ArgumentTypeError."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise argparse.ArgumentTypeError(f"must be three numbers such as 0.485,0.456,0.406, got {text!r}")
    return numbers


def words(text: str) -> str:
    """A text for people. Raises argparse.ArgumentTypeError."""
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise argparse.ArgumentTypeError(f"must be a text of 1 to {LONGEST_TEXT} characters, got {text[:80]!r}")
    return text.strip()


@dataclass(frozen=True)
class HostOption:
    """One option: `kind` of what is written in a file ("text", "number", "numbers", "texts", "switch"), the default of
    whoever gives none, in a Space another one where `in_space` is not None, and `read`, which checks what was written.
    It may stand without a value, where `alone` says which is meant then.
    """

    kind: str
    help: str
    default: Any = None
    in_space: Any = None
    read: Callable[[str], Any] = str
    choices: Sequence[str] | None = None
    metavar: str | None = None
    alone: str | None = None


OPTIONS: Mapping[str, HostOption] = {
    "host": HostOption(
        "text", "address to listen on; 0.0.0.0 for every network interface",
        "127.0.0.1", "0.0.0.0",  # noqa: S104 - a Space is reached from outside
    ),
    "port": HostOption("number", "port to listen on", 7860, read=port),
    "allow_host": HostOption(
        "texts", "a further name under which the page may be asked for, such as explain.example.org; may be given"
        " again",
        metavar="NAME",
    ),
    "behind_proxy": HostOption(
        "switch", "believe the addresses of visitors that the proxy in front writes down (X-Forwarded-For); without a"
        " proxy anybody could write there what he likes", False,
    ),
    "device": HostOption("text", f"where to compute: {', '.join(DEVICES)}, or cuda:N", "auto"),
    "engine": HostOption("text", "auto: OpenVINO where it answers the same", "auto", choices=tuple(ENGINES)),
    "ray": HostOption(
        "text", "compute on replicas of Ray Serve: on this machine, or on the cluster at the address, such as auto for"
        " the one that this machine belongs to",
        metavar="ADDRESS", alone="local",
    ),
    "cache_mb": HostOption("number", "memory for photographs and captures", DEFAULT_CACHE_MB, read=size),
    "share": HostOption("switch", "also open a public link through Gradio's tunnel", False),
    "mcp": HostOption("switch", "also serve the API as tools for language models (MCP)", False),
    "own_models": HostOption(
        "switch", "let visitors upload weights of their own (switched off in a Space, where anybody may come)",
        True, False,
    ),
    "hub_models": HostOption(
        "switch", "let visitors choose any image classifier of the Hugging Face hub by its id, owner/name; it is"
        " downloaded then", False,
    ),
    "title": HostOption("text", "heading of the page", read=words),
    "introduction": HostOption("text", "a sentence below the heading", read=words),
    "examples": HostOption(
        "texts", "a photograph, or a folder of them, to show as examples; may be given again", metavar="PATH"
    ),
    "only": HostOption("switch", "offer these models alone", False),
}  # fmt: skip
# what belongs to one model; on the command line they follow the --model that they belong to
MODEL_OPTIONS: Mapping[str, HostOption] = {
    "model": HostOption(
        "text", "a model to open the page with: a file of weights, a folder that save_pretrained wrote, an id of the"
        " hub (owner/name), or a name of torchvision or timm; may be given again, the first is chosen",
    ),
    "architecture": HostOption("text", "what a file of weights is for, such as resnet18 or timm/resnet18"),
    "labels": HostOption("text", "file with the names of the classes: one a line, JSON or CSV", metavar="FILE"),
    "name": HostOption("text", "what the model is called on the page", read=words),
    "input_size": HostOption("number", "pixels a side, where they are not the architecture's own", read=side),
    "mean": HostOption("numbers", "of red, green and blue in [0, 1]: 0.485,0.456,0.406", read=colours),
    "std": HostOption("numbers", "as mean, the standard deviation", read=colours),
    "head": HostOption("text", "what the scores decide", choices=tuple(HEADS)),
}  # fmt: skip


def command_line(*, in_space: bool) -> argparse.ArgumentParser:
    """The parser of the command line. What was not given is not in what it returns: a file may say it."""
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="Serve the Grad-CAM Explorer: upload an image, see the evidence for what a network says.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", metavar="FILE", help="a file of options in TOML, by the names below")
    for name, option in OPTIONS.items():
        default = default_of(option, in_space)
        known = f" (default: {default})" if default is not None and option.kind != "switch" else ""
        settings: dict[str, Any] = {"help": option.help.replace("%", "%%") + known}
        if option.kind == "switch":
            settings |= {"action": argparse.BooleanOptionalAction}
            settings["help"] += f" (default: {'on' if default else 'off'})"
        else:
            settings |= {"type": option.read, "choices": option.choices, "metavar": option.metavar}
            settings |= {"action": "append"} if option.kind == "texts" else {}
            settings |= {} if option.alone is None else {"nargs": "?", "const": option.alone}
        parser.add_argument(_flag(name), **settings)
    group = parser.add_argument_group("models", "a --model, then what belongs to it")
    for name, option in MODEL_OPTIONS.items():
        group.add_argument(
            _flag(name), action=_OfModel, type=option.read, choices=option.choices, metavar=option.metavar,
            help=option.help.replace("%", "%%"),
        )  # fmt: skip
    return parser


def default_of(option: HostOption, in_space: bool) -> Any:
    """What holds where nobody says anything."""
    return option.in_space if in_space and option.in_space is not None else option.default


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


class _OfModel(argparse.Action):
    """Notes what belongs to the --model before it, in a list of dicts called `models`."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        models = [*getattr(namespace, "models", [])]
        if self.dest == "model":
            models.append({})
        elif not models:
            raise argparse.ArgumentError(self, "belongs to a model: give it after --model")
        elif self.dest in models[-1]:
            raise argparse.ArgumentError(self, "was given before for this model")
        models[-1] = {**models[-1], self.dest: values}
        namespace.models = models


def free(host: str, number: int) -> None:
    """Make sure that `host` is one of this machine and nobody listens there. Raises ServingError."""
    bare = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(bare, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ServingError("host.unknown", host=host) from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ServingError("host.not_listening", host=host, number=number, reason=reason) from None
