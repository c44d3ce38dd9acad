"""English: a sentence for every finding. Public name: `SENTENCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .en_errors import ERRORS

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
    **ERRORS,
    "near_misses": _near_misses,
    "hide.holds": _HIDDEN + "The coloured places matter more than others: the map holds.",
    "hide.fails": _HIDDEN + "Other places matter as much: do not rely on this map.",
    "sanity.passed": _FORGOTTEN + "the map depends on what the network learned.",
    "sanity.failed": _FORGOTTEN + "the map hardly changes, so it is no evidence of what the network learned.",
    "caption.written": "{model} says: “{caption}”. It is least sure of “{word}” ({probability:percent}).",
    "caption.given": "In “{caption}” {model} finds “{word}” least likely ({probability:percent}).",
    "caption.missing": "`caption` is empty; hand in a caption, or ask {model} to write one.",
    "answer.other_without": (
        "{model} answers “{answer}” ({probability:percent}). Without looking at the picture it would say “{blind}”"
        " ({blind_probability:percent})."
    ),
    "answer.same_without": (
        "{model} answers “{answer}” ({probability:percent}), and would say the same without looking at the picture"
        " ({blind_probability:percent}): the question alone suggests it."
    ),
    "question.missing": "`question` is empty; ask {model} something about the photograph, in English.",
    "word.not_there": "`word` {word!r} is not in the caption; its words are {words:list}.",
    "word.out_of_range": "`word` {word!r} is out of range: the caption has the words 0 to {last}.",
    "word.several_times": "`word` {word!r} stands in the caption at the places {places:list}; give one of them.",
    "words.never_seen": "The network never saw {words:list}; it reads each as an unknown word.",
    "model.no_answers": "`model` {model!r} answers no questions; leave it out for the one that does.",
    "model.no_captions": "`model` {model!r} writes no captions; leave it out for the one that does.",
    "model.no_words": "`model` {model!r} looks at photographs alone and takes no question or caption; leave it out.",
    "layers.words": "`layer` {layer!r} holds words, not places of the photograph; choose another.",
    "place.whole_caption": "A place speaks for words one by one; choose a word of the caption first.",
    "training.missing": "`data` {folder!r} holds no {name}; gradcam_core/models/photographs.py lists the files.",
    "weights.damaged": "The weight file {file!r} is missing or damaged; restore it from the repository.",
    "words.none": "`{name}` {text!r} holds no word; type a few words in English.",
    "words.not_english": "`{name}` {text!r} is not in English, the only language that this network knows.",
    "words.not_text": "`{name}` must be a text, not {value!r}.",
    "words.too_many": "`{name}` has {count} words; this network reads at most {limit}. Shorten it.",
    "words.unknown": "This network knows no word of `{name}` {text!r}; use simple English words.",
}
