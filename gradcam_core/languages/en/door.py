"""English: what the server says at its door, and where something fails. Public name: `DOOR`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DOOR"]

DOOR: Mapping[str, str] = {
    "door.bodies": "Too many requests from your address are on their way; wait for some to end.",
    "door.failed": "Something went wrong on the server; whoever runs it finds more in its log.",
    "door.file_too_large": "One file of at most {most} fits, and this has {size}; make it smaller.",
    "door.foreign_page": "Pages of other sites may not ask this server for anything.",
    "door.half_a_character": (
        "A text of this request holds half a character (a lone surrogate), which cannot be sent back: leave it out."
    ),
    "door.length": "Send the length of what you send: Content-Length.",
    "door.length_no_number": "Content-Length must be a whole number.",
    "door.message_too_large": "A message of at most {most} fits, and this has {size}; make it smaller.",
    "door.name": (
        "This server does not answer to the name in the address that was asked for. Whoever runs it can add names with"
        " --allow-host, or put it behind a proxy with --behind-proxy."
    ),
    "door.no_room": (
        "The server could not write its answer down: its disk is full, or cannot be written to. Try again later."
    ),
    "door.nothing_there": "This server has nothing there.",
    "door.once": "A request says only once each of: {names:list}.",
    "door.photograph_too_large": (
        "The file is larger than {most}, the maximum allowed size of a photograph; make it smaller. Only weights"
        " and archives ({endings:list}) may be larger, where visitors' own models are on."
    ),
    "door.request_too_large": "A request of at most {most} fits, and this has {size}; make it smaller.",
    "door.slow": "What you sent came too slowly, or not at all; send it again.",
    "door.unexpected": (
        "Something went wrong here, and it is not your image's fault. Try again; the details are in the log."
    ),
    "door.unfit": "The server cannot make anything of this request: compare it with the API page.",
    "door.unfit_values": (
        "The values of this request are not those that it takes: compare their number, order and kinds with the API"
        " page."
    ),
    "door.unheard": "Nobody listened for the answer, so it was not computed; ask again.",
    "door.upload_ended": "The upload ended before all of it was there; send it again.",
}
