"""English: what stands in the areas below an answer. Public name: `PANELS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..numbers import percent

__all__ = ["PANELS"]


def _classes(classes: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{label} ({value:+.2g})" for label, value in classes) or "no class"


def _place(x: int, y: int, above: tuple[tuple[str, float], ...], below: tuple[tuple[str, float], ...]) -> str:
    return (
        f"The place x {x}, y {y} speaks for {_classes(above)}; against {_classes(below)}. Figures are what it adds to"
        " the class's logit."
    )


def _compared(target: str, probability: float, faint: int, maps: str, counterfactual: bool) -> str:
    text = f"{maps} With nothing hidden “{target}” is at {percent(probability)}."
    if faint:
        shows = "shows" if faint == 1 else "show"
        text += (
            f" {faint} of them {shows} next to nothing on this scale: without “One scale for all” each shows its shape."
        )
    return text + (" The maps are of what speaks against." if counterfactual else "")


PANELS: Mapping[str, str | Callable[..., str]] = {
    "brush.pointing": (
        "Click on a picture to ask what that place speaks for, or draw on it to see what is left without a region. By"
        " keyboard: arrow keys, then Enter, or Space for a dab of the brush."
    ),
    "brush.place": _place,
    "brush.class": "class",
    "brush.with": "with everything",
    "brush.without": "without the region",
    "compare.again": "Compare, hide and look again in each",
    "compare.alike": "like the first: {value:.2f}",
    "compare.at_random": "at random: {share:percent}",
    "compare.button": "Compare",
    "compare.by_itself": "{title}; the colours end at its own strongest place.",
    "compare.chance": "no more than chance",
    "compare.classes_layers": "classes × layers",
    "compare.classes_methods": "classes × methods",
    "compare.difference": (
        "Where they differ, the colours stretched to the greatest difference: orange where {first} sees more of its"
        " evidence, blue where {second} does."
    ),
    "compare.explained": (
        "Small maps on one scale: what the whole picture would add to the class's logit if it were all like one place."
        " Methods whose values are no parts of the logit have a scale of their own and a dashed frame. Press a map to"
        " show it above."
    ),
    "compare.hidden": "20 % hidden: {share:percent}",
    "compare.holds": "holds",
    "compare.layers": "all layers",
    "compare.methods": "Methods",
    "compare.methods_info": "For the grids that have methods.",
    "compare.methods_layers": "methods × layers",
    "compare.models": "two models",
    "compare.nothing_yet": "There is nothing to compare yet: choose a photograph first.",
    "compare.other": "The other model",
    "compare.other_info": "For two models; any name of torchvision, timm or your own can be typed.",
    "compare.scale": "One scale for all",
    "compare.scale_info": "Shows which map is stronger; without it every map shows its shape.",
    "compare.own_scales": "{maps} maps, each on its own scale.",
    "compare.said": _compared,
    "compare.title": "Compare layers, methods, classes and models",
    "trust.area": "Area under the line",
    "trust.area_head": "area",
    "trust.as_it_was": "as it was",
    "trust.behind": "behind {layer}",
    "trust.coldest_first": "coldest first",
    "trust.correlation": "rank correlation",
    "trust.curves": "Curves",
    "trust.curves_said": (
        "Probability of “{label}” as more and more of the picture is hidden (deletion) or shown (insertion). For a map"
        " that holds, the solid line falls early and rises early."
    ),
    "trust.deletion": "Deletion",
    "trust.deletion_share": "hidden",
    "trust.everywhere": "everywhere",
    "trust.explained": (
        "Hides (blurs) the hottest places and asks the model again; compares with random places, and with a model that"
        " has forgotten what it learned. Each takes some seconds."
    ),
    "trust.from_to": "{low:percent} to {high:percent}",
    "trust.hidden": "hidden",
    "trust.hide": "Hide and look again",
    "trust.hottest": "the hottest",
    "trust.hottest_gone": "hottest {share:whole} hidden",
    "trust.hottest_first": "hottest first",
    "trust.insertion": "Insertion",
    "trust.insertion_share": "shown",
    "trust.nothing": "none",
    "trust.nothing_yet": "There is nothing to check yet: choose a photograph first.",
    "trust.order": "order",
    "trust.others_gone": "{share:whole} elsewhere hidden",
    "trust.picture": "{title}: areas {areas}",
    "trust.probability": "Probability of “{label}”, {probability:percent} with nothing hidden",
    "trust.random": "random",
    "trust.random_first": "random first",
    "trust.random_mean": "random, mean",
    "trust.random_range": "random, from and to",
    "trust.sanity": "Sanity check",
    "trust.sanity_picture": (
        "From left to right more and more weights are random, from the output down: the map's rank correlation to this"
        " one is {first:.2f} at first and {last:.2f} at last. A map that stays above {limit:g} hardly changes."
    ),
    "trust.sanity_title": "How alike the map stays",
    "trust.title": "Does it hold? Check this map",
    "trust.weights": "Weights made random",
    "verdict.ask": "Not checked by itself. “Does it hold?” below asks the network again.",
    "verdict.fails": (
        "Does not hold: without these places {hottest:percent}, without as many others {random:percent}."
    ),
    "verdict.holds": "Holds: without these places {hottest:percent}, without as many others {random:percent}.",
    "verdict.holds_by_little": (
        "Holds, by little: without these places {hottest:percent}, without as many others {random:percent}."
    ),
    "verdict.looking": "Checking whether it holds …",
    "verdict.no_change": "Does not hold: without these places it is still {hottest:percent}.",
    "verdict.words_ask": "Not checked by itself. The button below leaves the strongest words out.",
    "verdict.words_fail": (
        "Does not hold: without these words {after:percent}, without as many others {random:percent}."
    ),
    "verdict.words_hold": "Holds: without these words {after:percent}, without as many others {random:percent}.",
    "verdict.words_hold_by_little": (
        "Holds, by little: without these words {after:percent}, without as many others {random:percent}."
    ),
    "verdict.words_no_change": "Does not hold: without these words it is still {after:percent}.",
    "verdict.words_too_few": "A text of one word cannot be checked by leaving words out.",
    "words_check.alone": "with them alone (less is better)",
    "words_check.button": "Check it: leave the strongest words out",
    "words_check.draws": "Random, {draws} draws",
    "words_check.fall": "Fall of the probability, averaged over leaving out 1 to 50 % of the words",
    "words_check.nothing_yet": "There is nothing to check yet: type a sentence first.",
    "words_check.order": "Order of the words",
    "words_check.own": "This order",
    "words_check.rise": "Rise of the probability, averaged over leaving out 1 to 50 % of the words",
    "words_check.without": "without the first (more is better)",
}
