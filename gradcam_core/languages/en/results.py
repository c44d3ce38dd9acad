"""English: what was found, and what to know about it. Public name: `RESULTS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..numbers import percent

__all__ = ["RESULTS"]


def _near_misses(near: tuple[str, ...], known: tuple[str, ...], more: bool) -> str:
    if near:
        return "Did you mean " + ", ".join(map(repr, near)) + "?"
    return "Known: " + ", ".join(map(repr, known)) + (", ..." if more else "") + "."


def _mean_of(named: Sequence[str]) -> str:
    return ("the mean of " if len(named) > 1 else "") + ", ".join(named)


def _rather_than(rivals: Sequence[str]) -> str:
    return f" rather than {_mean_of(rivals)}" if rivals else ""


def _speaks_for(classes: Sequence[str]) -> str:
    return f"for {_mean_of(classes)}"


def _map(template: str) -> Callable[..., str]:
    """The sentence for a map: `template` with whom the class is compared to, and where the map was made, in words."""

    def said(rivals: Sequence[str], layer: str, rows: int, columns: int, strength: float, **values: str) -> str:
        where = f"layer {layer} ({columns}×{rows})"
        words = {"where": where, "rather": _rather_than(rivals), "strength": percent(strength)}
        return ("{model} gives {target}; " + template).format(**words, **values)

    return said


def _quoted(words: Sequence[str]) -> str:
    """Words in quotes: 'a', 'b' and 'c'."""
    quoted = [f"'{word}'" for word in words]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def _review(side: str, *, decided: str = "") -> Callable[..., str]:
    """The sentence for a review whose words speak `side`; with `decided` for its answer itself, unless another is."""

    def said(
        answer: str, probability: float, target: str, target_probability: float, other: bool, words: Sequence[str]
    ) -> str:
        text = f"The model calls this {answer} ({percent(probability)})."
        if other:
            text += f" Explained is {target} ({percent(target_probability)})."
        if not words:
            return f"{text} No word speaks {side} {target}."
        if decided and not other:
            return f"{text} {_quoted(words)} {decided}."
        return f"{text} {_quoted(words)} {'speaks' if len(words) == 1 else 'speak'} most {side} it."

    return said


def _words_left_out(label: str, words: Sequence[str], before: float, after: float, random: float) -> str:
    count = "one random word" if len(words) == 1 else f"{len(words)} random words"
    return (
        f"Leaving out {_quoted(words)} takes {label} from {percent(before)} to {percent(after)};"
        f" leaving out {count} leaves {percent(random)}."
    )


def _short(value: float) -> str:
    """Three digits that count, and never a power of ten."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def _grid(rows: int, columns: int, scale: float, signed: bool) -> str:
    count = f"{rows} by {columns} maps" if rows > 1 else f"{columns} maps"
    ends = f"from {f'-{_short(scale)}' if signed else 0} to {_short(scale)}"
    return f"{count} on one scale, {ends}: parts of the logit." if scale else f"{count}."


_DIFFER = "{grid} The maps of {first} and {second} differ {where} (rank correlation {correlation:.2f})."
_WEAK = (
    "the strongest place that does has {strength} of the strength of the strongest one {other_side}, seen at {where} by"
    " {method}."
)
_BLANK = "so there is nothing to colour."
_HIDDEN = (
    "Hiding the hottest {share:whole} takes {label} from {before:percent} to {hottest:percent}; hiding a random"
    " {share:whole} leaves {random:percent}. "
)
_FORGOTTEN = (
    "With the weights of the network's upper half random, the map's rank correlation to this one is {correlation:.2f}: "
)
_WITHOUT = "Without this region {label} goes from {before:percent} to {after:percent}"

RESULTS: Mapping[str, str | Callable[..., str]] = {
    "answer.first_word": (
        "This network writes its answers word by word. Shown and explained here is the first word of an answer alone,"
        " or the first part of it."
    ),
    "answer.other_without": (
        "{model} answers “{answer}” ({probability:percent}). Without looking at the picture it would say “{blind}”"
        " ({blind_probability:percent})."
    ),
    "answer.same_without": (
        "{model} answers “{answer}” ({probability:percent}), and would say the same without looking at the picture"
        " ({blind_probability:percent}): the question alone suggests it."
    ),
    "caption.given": "In “{caption}” {model} finds “{word}” least likely ({probability:percent}).",
    "caption.written": "{model} says: “{caption}”. It is least sure of “{word}” ({probability:percent}).",
    "class.given": "“{label}” {probability:percent}",
    "class.named": "“{label}”",
    "class.sure": "“{label}” ({probability:percent})",
    "grid.at_layer": "at layer {layer}",
    "grid.by_method": "by {method}",
    "grid.differ": _DIFFER,
    "grid.maps": _grid,
    "grid.nearly_same": _DIFFER.replace("differ", "are nearly the same"),
    "hide.fails": _HIDDEN + "Other places matter as much: do not rely on this map.",
    "hide.holds": _HIDDEN + "The coloured places matter more than others: the map holds.",
    "hide.holds_by_little": _HIDDEN + "The coloured places matter more than others, if not by much: the map holds.",
    "hide.no_change": _HIDDEN + "Without the coloured places nothing changes as the map says: do not rely on it.",
    "map.against": _map("coloured are the places that speak against it{rather}, seen at {where} by {method}."),
    "map.all_other_side_against": _map(
        "at {where} by {method} no place speaks against it{rather}: all speak {other_side}."
    ),
    "map.all_other_side_for": _map("at {where} by {method} no place speaks for it{rather}: all speak {other_side}."),
    "map.any_class": _map(
        "coloured are the places to which {where} responds most, whatever the class, seen by {method}."
    ),
    "map.both": _map(
        "coloured are the places that speak for it{rather} and, in another colour, those that speak against it, seen at"
        " {where} by {method}."
    ),
    "map.for": _map("coloured are the places that speak for it{rather}, seen at {where} by {method}."),
    "map.hardly_against": _map("hardly anything speaks against it{rather}: " + _WEAK),
    "map.hardly_for": _map("hardly anything speaks for it{rather}: " + _WEAK),
    "map.nothing_against": _map("at {where} by {method} no place speaks against this class{rather}, " + _BLANK),
    "map.nothing_for": _map("at {where} by {method} there is no positive evidence for this class{rather}, " + _BLANK),
    "near_misses": _near_misses,
    "note.caption_mean": "The probability of a whole caption is the geometric mean of those of its words.",
    "note.class_by_itself": ("This model judges each class by itself, so the probabilities need not sum to 100 %."),
    "note.detail": (
        "Detail: given twice as many pixels a side as usual, the network gives “{label}” {probability:percent}; at its"
        " own size {usual:percent}."
    ),
    "note.first_picture": "This file holds {count} pictures; the first one is shown.",
    "note.first_picture_of_more": "This file holds more than {count} pictures; the first one is shown.",
    "note.no_class": "Looks at no class: the map is the same for all of them.",
    "note.not_evidence": "Detail, not evidence: it draws edges almost regardless of what the network learned.",
    "note.not_finite": "Some of its values are no numbers or infinite; they are shown as black or white.",
    "note.shades": "Of this image's grey values {black:g} is shown as black and {white:g} as white.",
    "note.shades_of_colours": (
        "This image's colours are dark for its 16 bits: {black:g} is shown as black and {white:g} as white."
    ),
    "note.one_run": (
        "The network runs this layer several times for one picture, and this map is of one run alone. The others:"
        " {others:list}."
    ),
    "note.part_of_input": (
        "The network shows its layer {layer} only a part of what it is given, {share:percent} of this image; the rest"
        " is striped."
    ),
    "note.rivals_by_size": (
        "Each size was compared with the other classes that are most probable there; named are those at the smallest"
        " size."
    ),
    "note.sharper": "Sharper: coloured are only places on which the photograph, fed at several sizes, agrees.",
    "note.small_part": "The model saw only {share:percent} of this image, its centre; the rest is striped.",
    "note.transparent": "Transparent parts are shown on white.",
    "note.weaker": "The strongest place {side} has {strength:percent} of the strength of the strongest one {other}.",
    "note.whole": (
        "The whole photograph: shown all of it, the network gives “{label}” {probability:percent}; shown what it was"
        " trained to see, {usual:percent}."
    ),
    "review.against": _review("against"),
    "review.cut": "Only the first {count} characters were read; the rest is shown as not read.",
    "review.for": _review("for", decided="made the difference"),
    "review.no_korean": "The model learnt from Korean reviews only; for other text its answer means little.",
    "review.nothing_known": "The model has never seen any of these characters, so its answer is a guess.",
    "review.unknown": "The model has never seen: {chars}",
    "review.words_left_out": _words_left_out,
    "sanity.failed": _FORGOTTEN + "the map hardly changes, so it is no evidence of what the network learned.",
    "sanity.passed": _FORGOTTEN + "the map depends on what the network learned.",
    "short.against": "{target}. The coloured places speak against it.",
    "short.any_class": "{target}. Coloured is what the layer responds to most, whatever the class.",
    "short.both": "{target}. What speaks for it and what against it, in two colours.",
    "short.for": "{target}. The coloured places speak for it.",
    "short.hardly_against": "{target}. Hardly anything speaks against it.",
    "short.hardly_for": "{target}. Hardly anything speaks for it.",
    "short.nothing_against": "{target}. No place speaks against it.",
    "short.nothing_for": "{target}. No place speaks for it.",
    "short.review_against": "“{target}” {target_probability:percent}. Shaded is what speaks for and against it.",
    "short.review_for": "“{target}” {target_probability:percent}. Shaded is what speaks for and against it.",
    "side.against": "against “{label}”",
    "side.for": _speaks_for,
    "without.other": _WITHOUT + "; the strongest class is then {top} with {top_probability:percent}.",
    "without.strongest": _WITHOUT + ", and is the strongest class.",
    "words.never_seen": "The network never saw {words:list}; it reads each as an unknown word.",
}
