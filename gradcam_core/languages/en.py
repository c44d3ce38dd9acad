"""English: a sentence for every finding. Public name: `SENTENCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["SENTENCES"]


def _near_misses(near: tuple[str, ...], known: tuple[str, ...], more: bool) -> str:
    if near:
        return "Did you mean " + ", ".join(map(repr, near)) + "?"
    return "Known: " + ", ".join(map(repr, known)) + (", ..." if more else "") + "."


_HIDDEN = (
    "Hiding the hottest {share:whole} takes {label} from {before:percent} to {hottest:percent}; hiding a random"
    " {share:whole} leaves {random:percent}. "
)
_FORGOTTEN = (
    "With the weights of the network's upper half random, the map's rank correlation to this one is {correlation:.2f}: "
)

SENTENCES: Mapping[str, str | Callable[..., str]] = {
    "near_misses": _near_misses,
    "hide.holds": _HIDDEN + "The coloured places matter more than others: the map holds.",
    "hide.fails": _HIDDEN + "Other places matter as much: do not rely on this map.",
    "sanity.passed": _FORGOTTEN + "the map depends on what the network learned.",
    "sanity.failed": _FORGOTTEN + "the map hardly changes, so it is no evidence of what the network learned.",
    "training.missing": "`data` {folder!r} holds no {name}; gradcam_core/models/photographs.py lists the files.",
    "weights.damaged": "The weight file {file!r} is missing or damaged; restore it from the repository.",
    "words.none": "`{name}` {text!r} holds no word; type a few words in English.",
    "words.not_english": "`{name}` {text!r} is not in English, the only language that this network knows.",
    "words.not_text": "`{name}` must be a text, not {value!r}.",
    "words.too_many": "`{name}` has {count} words; this network reads at most {limit}. Shorten it.",
    "words.unknown": "This network knows no word of `{name}` {text!r}; use simple English words.",
}
