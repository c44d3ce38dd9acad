"""Values of the command line that are checked before anything is loaded. Public names: `free`, `port`, `size`."""

from __future__ import annotations

import argparse
import math
import socket

from ..errors import ServingError

__all__ = ["free", "port", "size"]

MAX_PORT = 65_535


def size(text: str) -> float:
    """A number of megabytes. Raises argparse.ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must not be negative, and a number of megabytes such as 512, got {text!r}")
    return number


def port(text: str) -> int:
    """A port to listen on. Raises argparse.ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MAX_PORT}, got {text!r}")
    return number


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
