"""How true are the maps? Every method, and its layers, over a folder of photographs; to choose the app's defaults.

    python -m tests.benchmarks.faithfulness [FOLDER] [--model NAME ...] [--methods KEY ...] [--layers NAME ...]
        [--limit N] [--hiding blur] [--detail] [--rival "next three"] [--sharper] [--view whole]
        [--json OUT]

Photographs are found, named by their class and kept where the model recognises them alone, as in
`tests.benchmarks.default_layer`: without FOLDER those that installed packages carry. Of the maps is taken:

    share      of the positive part inside the class's own cell of a 2 x 2 grid of photographs; 0.25 is chance
    deletion   area under the class's probability as the hottest places are hidden first (Petsiuk et al. 2018,
               arXiv:1806.07421); less is better
    insertion  the same as the hottest places are shown first; more is better
    drop       of the probability, in %, with the photograph multiplied by its map (Chattopadhay et al. 2018,
               arXiv:1710.11063, sec. 4.1); less is better
    increase   how often, in %, the probability rises then; more is better
    sanity     magnitude of the rank correlation to the map with the network's upper half random (Adebayo et al.
               2018, arXiv:1810.03292); less is better
    holds      how often, in %, hide-and-look says that the map holds
    sure       mean probability of the class over all photographs, and in brackets how often, in %, it is the top one

All methods are measured at the model's default layer, those of `--layer-methods` at the other layers, too. Methods
that run the network for every channel get fewer maps (`--few`, `--fewer KEY=N`); each row tells its numbers. "Moved"
is Grad-CAM's map moved and mirrored at random: what a map is worth whose places mean nothing. Every finished map is
appended to OUT as a line of JSON, and a later run with the same OUT goes on from there: a run that was cut off counts
for what it did.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradcam_core import METHODS, Examiner, Explainer, Explanation
from gradcam_core.canvases.picture import HIDING, drawn
from gradcam_core.canvases.project import normalise
from gradcam_core.methods import REPLAY
from gradcam_core.request import VIEWS

from .default_layer import Pixels, carried, in_folder, inside, make_grid, recognised

Record = dict[str, Any]
STEPS = 8
# random draws of hide-and-look, and how many of them a map has to beat
RULES = ((5, 4), (5, 5), (9, 8), (9, 9), (19, 18))
MOVED = "moved"
PLAIN_METHOD = "gradcam"
MEANS = ("share", "deletion", "insertion", "sanity", "holds", "sure", "top")
COLUMNS = ("share", "deletion", "insertion", "drop", "increase", "sanity", "holds", "sure")
DIGITS = {"drop": 1, "increase": 0, "holds": 0, "sure": 2}
# how the maps were asked for, beside layer and method
ASKED = ("detail", "rival", "sharper", "view")


def average_drop(before: Sequence[float], after: Sequence[float]) -> float:
    """Mean of max(0, before - after) / before, in % (Chattopadhay et al., arXiv:1710.11063, sec. 4.1)."""
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    return float((np.maximum(old - new, 0) / old).mean() * 100)


def average_increase(before: Sequence[float], after: Sequence[float]) -> float:
    """How often, in %, `after` is more than `before` (Chattopadhay et al., arXiv:1710.11063, sec. 4.1)."""
    return float((np.asarray(after) > np.asarray(before)).mean() * 100)


def lit(inputs: Tensor, heat: NDArray[np.float32], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(1, 3, H, W) input of the photograph whose colours are multiplied by `heat`, (H, W) in [0, 1]."""
    black = -(torch.tensor(mean) / torch.tensor(std)).view(1, 3, 1, 1)
    return black + torch.from_numpy(heat) * (inputs - black)


def moved(explanation: Explanation, seed: int) -> Explanation:
    """The same map moved round the edges and mirrored at random."""
    dice, cam = np.random.default_rng(seed), explanation.cam
    rolled = np.roll(cam, tuple(int(dice.integers(side)) for side in cam.shape), (0, 1))
    # under the method's own name the answers about this map would be taken for those about that one
    cam = rolled[:: dice.choice([-1, 1]), :: dice.choice([-1, 1])]
    found = replace(explanation, cam=cam, request=explanation.request.replace(method=MOVED))
    # as strong as it was: the scale of a method that is none is nobody's
    vars(found)["scale"] = explanation.scale
    return found


@dataclass(frozen=True, eq=False)
class Judge:
    """The measures of one map; `hiding` is a key of HIDING, `asked` holds further arguments of `explain`."""

    explainer: Explainer
    hiding: str = "blur"
    asked: Mapping[str, Any] = field(default_factory=dict)

    def curves(self, explanation: Explanation) -> Record:
        """Deletion, insertion, and the probability with the photograph multiplied by its map."""
        examiner = Examiner(self.explainer, hiding=self.hiding)
        deletion, insertion = examiner.deletion_and_insertion(explanation, steps=STEPS)
        loaded, inputs = self.explainer.network_of(explanation), self.explainer.inputs(explanation).cpu()
        heat = drawn(normalise(explanation.cam), (inputs.shape[-2], inputs.shape[-1]))
        # of the whole photograph they are those of the centre's
        steps = getattr(loaded.preprocessing, "steps", loaded.preprocessing)
        multiplied = lit(inputs, heat, steps.mean, steps.std)
        with torch.inference_mode():
            found = loaded.head.probabilities(loaded.network(multiplied.to(self.explainer.device)))[0]
        return {
            "deletion": deletion.area,
            "insertion": insertion.area,
            "before": explanation.target.probability,
            "after": float(found[explanation.target.index]),
        }

    def sure(self, explanation: Explanation) -> Record:
        """The probability of the class, and whether it is the top one."""
        target = explanation.target
        return {"sure": target.probability, "top": float(explanation.top[0].index == target.index)}

    def sanity(self, explanation: Explanation) -> Record:
        """The sanity check's figure, as the app takes it."""
        return {"sanity": abs(Examiner(self.explainer).sanity(explanation).halfway.correlation)}

    def verdict(self, explanation: Explanation, draws: int) -> Record:
        """Hide and look again: the mean probability over the shares, the hottest and each random draw hidden."""
        if explanation.blank:
            return {"holds": 0.0}
        found = Examiner(self.explainer, hiding=self.hiding).hide_and_look(explanation, draws=draws)
        return {
            "holds": 100.0 * found.holds,
            "hottest": float(np.mean([step.hottest for step in found.steps])),
            "random": np.mean([step.random for step in found.steps], axis=0).tolist(),
        }


@dataclass(frozen=True)
class Plan:
    """What to measure of a model.

    `few` holds how many maps a method gets at most; the others are numbers of photographs, but for `grids` and
    `draws`. `layers` of None are all offered ones.
    """

    methods: tuple[str, ...]
    layer_methods: tuple[str, ...]
    layers: tuple[str, ...] | None
    limit: int
    curves: int
    grids: int
    few: dict[str, int]
    sanity: int
    verdict: int
    draws: int
    at_layers: int


class Kept:
    """Records by what they are of; every new one is appended to `path` at once, and found there by later runs."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        self.records: dict[str, Record] = {}
        for line in lines:
            one = json.loads(line)
            self.records[_key(one["of"])] = {**one["of"], **one["found"]}

    def once(self, of: Record, make: Callable[[], Record]) -> None:
        """Keep what `make` finds, unless it is known already."""
        if _key(of) in self.records:
            return
        found = make()
        self.records[_key(of)] = {**of, **found}
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"of": of, "found": found}) + "\n")


def _key(of: Record) -> str:
    return json.dumps(of, sort_keys=True)


def measure(judge: Judge, model: str, squares: dict[int, list[Pixels]], plan: Plan, kept: Kept) -> Iterator[str]:
    """Measure in an order that leaves every method with as many maps wherever it is cut off; yields what is done."""
    loaded = judge.explainer.load(model)
    default = loaded.default.name
    others = [name for name in plan.layers or [layer.name for layer in loaded.layers] if name != default]
    dice = random.Random(0)  # noqa: S311 - repeatable, not secret
    grids = [make_grid(squares, dice) for _ in range(plan.grids if len(squares) >= 4 else 0)]
    # a photograph of every class first
    ordered = sorted((number, index) for index, found in squares.items() for number in range(len(found)))
    shown = ordered[: plan.limit]

    def explain(pixels: Pixels, layer: str, method: str, target: int) -> Explanation:
        known = PLAIN_METHOD if method == MOVED else method
        found = judge.explainer.explain(pixels, model=model, layer=layer, method=known, target=target, **judge.asked)
        return moved(found, target) if method == MOVED else found

    def localise(layer: str, methods: Iterable[str], count: int) -> None:
        # a map of each grid before the second of any
        for number in range(count):
            place, at = divmod(number, len(grids))
            for method in (method for method in methods if number < plan.few.get(method, count)):
                of = {"kind": "grid", "model": model, "layer": layer, "method": method, "grid": at, "place": place}
                of |= judge.asked
                asked = (grids[at].pixels, layer, method, grids[at].classes[place])
                kept.once(of, lambda asked=asked, place=place: {"share": inside(explain(*asked).heatmap, place)[0]})

    def judged(kind: str, layer: str, methods: Iterable[str], count: int, ask: Callable[[Explanation], Record]) -> None:
        for at, (number, index) in enumerate(shown[:count]):
            for method in (method for method in methods if at < plan.few.get(method, count)):
                of = {"kind": kind, "model": model, "layer": layer, "method": method, "class": index, "number": number}
                of |= {"hiding": judge.hiding, **judge.asked}
                asked = (squares[index][number], layer, method, index)
                kept.once(of, lambda asked=asked: ask(explain(*asked)))

    cheap = [method for method in plan.methods if method not in plan.few and method != MOVED]
    localise(default, plan.methods, 4 * len(grids))
    yield "grids"
    judged("sure", default, cheap[:1], len(shown), judge.sure)
    judged("curves", default, plan.methods, plan.curves, judge.curves)
    yield "curves"
    judged("verdict", default, cheap[:1], plan.verdict, lambda one: judge.verdict(one, plan.draws))
    yield "verdicts"
    judged("sanity", default, cheap, plan.sanity, judge.sanity)
    yield "sanity checks"
    for layer in others:
        localise(layer, plan.layer_methods, 4 * len(grids))
        judged("curves", layer, plan.layer_methods, plan.at_layers, judge.curves)
        yield f"layer {layer}"


def summary(records: Iterable[Record], hiding: str) -> list[Record]:
    """A row for each model, layer and method; each measure as (mean, number of maps)."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.get("hiding", hiding) == hiding:
            asked = [f"{name} {record[name]}".replace(" True", "") for name in ASKED if name in record]
            groups[record["model"], ", ".join([record["layer"], *asked]), record["method"]].append(record)
    rows = []
    for (model, layer, method), group in groups.items():
        row: Record = {"model": model, "layer": layer, "method": method}
        for name in MEANS:
            values = [record[name] for record in group if name in record]
            if values:
                row[name] = (float(np.mean(values)), len(values))
        pairs = [(record["before"], record["after"]) for record in group if "after" in record]
        if pairs:
            before, after = zip(*pairs, strict=True)
            row["drop"] = (average_drop(before, after), len(pairs))
            row["increase"] = (average_increase(before, after), len(pairs))
        rows.append(row)
    return rows


def table(rows: list[Record], model: str) -> str:
    """The rows of one model in Markdown; `maps` are on grids, for the curves, and for the sanity check."""
    lines = [f"| method | layer | maps | {' | '.join(COLUMNS)} |", "|---" * (3 + len(COLUMNS)) + "|"]
    for row in (row for row in rows if row["model"] == model):
        title = METHODS[row["method"]].title if row["method"] in METHODS else row["method"].title()
        maps = " / ".join(str(row[name][1]) if name in row else "0" for name in ("share", "deletion", "sanity"))
        cells = [f"{row[name][0]:.{DIGITS.get(name, 3)}f}" if name in row else "" for name in COLUMNS]
        if "top" in row:
            cells[-1] += f" ({row['top'][0]:.0%})"
        lines.append(f"| {title} | {row['layer']} | {maps} | {' | '.join(cells)} |")
    return "\n".join(lines)


def power(beaten: Sequence[int], of: int, draws: int, least: int) -> float:
    """How often at least `least` of `draws` are beaten, drawn from `of` of which each map beats `beaten`."""
    every = comb(of, draws)
    ways = (sum(comb(good, n) * comb(of - good, draws - n) for n in range(least, draws + 1)) for good in beaten)
    return sum(ways) / every / len(beaten)


def verdicts(records: Iterable[Record], hiding: str) -> str:
    """How often hide-and-look would hold by other rules; a map whose places mean nothing beats as many as any other."""
    asked = [record for record in records if record.get("hiding") == hiding and record.get("random")]
    of = min((len(record["random"]) for record in asked), default=0)
    beaten = [sum(draw > record["hottest"] for draw in record["random"][:of]) for record in asked]
    rules = [rule for rule in RULES if rule[0] <= of]
    lines = [
        f"| {least} of {draws} | {power(beaten, of, draws, least):.2f} | {(draws - least + 1) / (draws + 1):.2f} |"
        for draws, least in rules
    ]
    head = f"Hiding by {hiding}, {len(asked)} maps, {of} draws each:"
    return "\n".join([head, "", "| draws beaten | holds | by chance |", "|---|---|---|", *lines])


def spread(records: Iterable[Record]) -> str:
    """The lowest and highest figures of the sanity check for each method."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if "sanity" in record:
            found[record["method"]].append(record["sanity"])
    lines = [
        f"| {METHODS[key].title} | {len(values)} | {min(values):.2f} | {np.median(values):.2f} | {max(values):.2f} |"
        for key, values in found.items()
    ]
    return "\n".join(["| sanity check | maps | least | median | most |", "|---|---|---|---|---|", *lines])


def fewer(text: str) -> tuple[str, int]:
    """KEY=N of the command line."""
    key, _, number = text.partition("=")
    return key, int(number)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="photographs named by class")
    parser.add_argument("--model", nargs="+", help="default: every model that is there without a download")
    parser.add_argument("--methods", nargs="+", choices=[*METHODS, MOVED], default=[*METHODS, MOVED])
    parser.add_argument("--layers", nargs="+", help="default: all offered")
    parser.add_argument("--layer-methods", nargs="*", choices=METHODS, default=[PLAIN_METHOD])
    parser.add_argument("--limit", type=int, default=100, help="photographs at the default layer")
    parser.add_argument("--curves", type=int, default=100, help="of them for the curves")
    parser.add_argument("--at-layers", type=int, default=10, help="photographs at the other layers")
    parser.add_argument("--grids", type=int, default=20, help="of four maps each")
    parser.add_argument("--few", type=int, default=4, help="maps of methods that run the network for every channel")
    parser.add_argument("--fewer", nargs="*", type=fewer, default=[], metavar="KEY=N", help="the same for one method")
    parser.add_argument("--sanity", type=int, default=8, help="photographs for the sanity check")
    parser.add_argument("--verdict", type=int, default=100, help="photographs for hide-and-look, by the first method")
    parser.add_argument("--draws", type=int, default=5, help="random draws of hide-and-look")
    parser.add_argument("--hiding", choices=HIDING, default="blur")
    parser.add_argument("--detail", action="store_true", help="inputs of twice the size")
    parser.add_argument("--rival", help='maps rather than a rival: "auto", "next three" or a class')
    parser.add_argument("--sharper", action="store_true", help="maps on which several sizes agree")
    parser.add_argument("--view", choices=VIEWS, help="what of a photograph the model is shown")
    parser.add_argument("--json", type=Path, help="append every finished map there, and go on from what it holds")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    # several threads of one computation only wait for each other on a busy machine
    torch.set_num_threads(1)
    explainer, kept = Explainer(cache_mb=500), Kept(options.json)
    few = {key: options.few for key in options.methods if key in METHODS and REPLAY in METHODS[key].needs}
    plan = Plan(
        methods=tuple(options.methods),
        layer_methods=tuple(options.layer_methods),
        layers=tuple(options.layers) if options.layers else None,
        limit=options.limit,
        curves=options.curves,
        grids=options.grids,
        few={**few, **dict(options.fewer)},
        sanity=options.sanity,
        verdict=options.verdict,
        draws=options.draws,
        at_layers=options.at_layers,
    )
    asked = {name: value for name in ASKED if (value := getattr(options, name))}
    judge = Judge(explainer, options.hiding, asked)
    models = options.model or [info.name for info in explainer.models() if info.offline]
    for model in models:
        loaded = explainer.load(model)
        photographs = carried() if options.folder is None else in_folder(options.folder, loaded)
        squares = recognised(explainer, model, photographs)
        count = sum(len(found) for found in squares.values())
        print(f"\n{loaded.title}: {count} of {len(photographs)} photographs recognised, {len(squares)} classes\n")
        for done in measure(judge, model, squares, plan, kept):
            print(f"{model}: {done} done", file=sys.stderr, flush=True)
        print(table(summary(kept.records.values(), options.hiding), model), flush=True)
    print(f"\n{verdicts(kept.records.values(), options.hiding)}\n\n{spread(kept.records.values())}")


if __name__ == "__main__":
    main()
