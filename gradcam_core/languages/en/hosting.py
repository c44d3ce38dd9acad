"""English: what goes wrong with models of the hub and with a page of one's own. Public name: `HOSTING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HOSTING"]

HOSTING: Mapping[str, str] = {
    "hub.busy": (
        "{name!r} is not on this machine, and {count} other models are being downloaded; try again in a minute, or "
        "choose one that is ready offline."
    ),
    "hub.file_damaged": "The file {file!r} of {model!r} cannot be used ({reason}); choose another model.",
    "hub.folder_lacks": (
        "The folder {folder!r} holds no {needed}; give one that `save_pretrained` wrote for an image classifier."
    ),
    "hub.lacks": "The repository {name!r} holds no {needed}; choose one of an image classifier.",
    "hub.no_room": (
        "The download takes {megabytes:.0f} MB and {free:.0f} MB of the disk are free, of which {spare:.0f} MB stay "
        "free; choose a smaller model, or free some room."
    ),
    "hub.no_settings": "too large, or no object of JSON",
    "hub.revision_unknown": "The repository {name!r} has no revision {revision!r}; leave it out for the newest.",
    "hub.size_unknown": "The hub does not say how large {file!r} of {name!r} is, so it is not downloaded.",
    "hub.switched_off": (
        "`model` {name!r} is a model of the Hugging Face hub, and these are switched off here; choose one of the menu."
    ),
    "hub.too_large": (
        "{name!r} takes {megabytes:,.0f} MB; at most {most:,.0f} MB are downloaded for one model. Choose a smaller one."
    ),
    "hub.unknown": (
        "The Hugging Face hub has no model {name!r} that may be read here. Check the spelling of owner and name; "
        "whoever runs this program may set HF_TOKEN for a private one."
    ),
    "hub.unreachable": (
        "{name!r} is not on this machine, and the Hugging Face hub could not be asked for it ({reason}). Check the "
        "connection, or choose a model marked as ready offline."
    ),
}
