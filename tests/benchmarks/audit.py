"""Does the audit of a folder find a planted cheat, does it stay quiet without one, and what does it cost?

    python -m tests.benchmarks.audit planted ../shared/data/photographs [--draws 20] [--first 0] [--rates 0 0.1 0.3 1]
    python -m tests.benchmarks.audit speed ../shared/data/photographs [--photographs 96] [--rounds 5]
    python -m tests.benchmarks.audit scale ../shared/data/photographs [--counts 250 500 1000 2000]

`planted`: photographs whose largest thing is of one of five kinds (`objects.tsv`). In every draw one kind and a corner
are chosen, and that kind's photographs are learned as two classes: the same ones twice, of which in one class the
rate's part carries a small mark in the corner. Nothing but the mark can tell these two apart, not even what was learned
by heart, so that a head has to cheat. It is trained on the frozen features of EfficientNet-Lite0, 40 photographs a
class, and the audit looks at 40 others a class, all different, marked at the same rate. Found: the first cluster is of
the marked class, most of it is marked, its place is that corner, and it raises the alarm. At rate 0 any alarm is a
false one. What the mark is worth is what the head loses without it: where that is little, the head does not cheat.
`speed`: all of the audit's work on a photograph, the check included, against loops over pytorch-grad-cam and torchcam
with their own batches, with and without the same check; rounds interleaved, everything reads the same files.
`scale`: seconds and memory for more and more photographs. tests/benchmarks/README.md has the figures.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import tarfile
import tempfile
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gradcam_core import Audit, Explainer, audit
from gradcam_core.canvases.picture import blurred, order
from gradcam_core.folders import steps
from gradcam_core.models import MODELS
from gradcam_core.models.features import build_backbone, photograph_steps

from .timing import CLOCKS, interleaved, quartiles

Pixels = NDArray[np.uint8]
KINDS, EACH = 5, 40
# what the second class of the marked kind is called
BESIDE = "another "
# the largest thing covers this part of the photograph at least, and is taken for what it is by this score
AREA, SCORE = 0.1, 0.6
CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")
# pixels of the mark's side, and of its distance from the edges, in a photograph of 224 a side
MARK, FROM_EDGE = 28, 4
BATCH = 16
# of the first cluster's photographs, for it to be that of the mark
MOST_MARKED = 0.5


def chosen(data: Path, kinds: int = KINDS, each: int = 3 * EACH) -> dict[str, list[str]]:
    """Names of photographs by the kind of their largest thing, people left out: the commonest kinds."""
    largest: dict[str, tuple[float, str]] = {}
    with (data / "objects.tsv").open() as file:
        for line in csv.DictReader(file, delimiter="\t"):
            wide, high = (
                float(line[end]) - float(line[start]) for start, end in (("left", "right"), ("top", "bottom"))
            )
            if line["kind"] != "person" and float(line["score"]) >= SCORE and wide * high >= AREA:
                largest[line["image"]] = max(largest.get(line["image"], (0.0, "")), (wide * high, line["kind"]))
    by_kind = defaultdict(list)
    for name, (_, kind) in sorted(largest.items()):
        by_kind[kind].append(name)
    common = sorted(by_kind, key=lambda kind: (-len(by_kind[kind]), kind))[:kinds]
    return {kind: random.Random(0).sample(by_kind[kind], min(each, len(by_kind[kind]))) for kind in common}  # noqa: S311


def read(data: Path, names: Sequence[str]) -> dict[str, Pixels]:
    """The photographs themselves, out of the archives."""
    wanted, found = set(names), {}
    for archive in ("flickr8k.tar", "coco.tar"):
        with tarfile.open(data / archive) as tar:
            for member in tar:
                name = Path(member.name).name
                file = tar.extractfile(member) if name in wanted else None
                if file is not None:
                    found[name] = np.asarray(Image.open(BytesIO(file.read())).convert("RGB"))
    return found


def marked(pixels: Pixels, corner: str) -> Pixels:
    """The photograph with a yellow square and a dark cross in it, in one corner."""
    mark = np.full((MARK, MARK, 3), (240, 220, 40), np.uint8)
    along = np.arange(MARK)
    for beside in range(-2, 3):
        across = np.clip(along + beside, 0, MARK - 1)
        mark[along, across] = mark[along, MARK - 1 - across] = 20
    copy = pixels.copy()
    vertical, horizontal = corner.split("_")
    rows = slice(FROM_EDGE, FROM_EDGE + MARK) if vertical == "top" else slice(-FROM_EDGE - MARK, -FROM_EDGE)
    columns = slice(FROM_EDGE, FROM_EDGE + MARK) if horizontal == "left" else slice(-FROM_EDGE - MARK, -FROM_EDGE)
    copy[rows, columns] = mark
    return copy


class Remembering(nn.Module):
    """The frozen network below all heads; of the inputs that are to be kept it computes each once for all draws."""

    def __init__(self) -> None:
        super().__init__()
        network = build_backbone()
        # no part of this module: whoever looks for layers finds one
        self._differentiable, self._compute = [network], compiled(network)
        self._known: dict[bytes, Tensor] = {}

    def keep(self, inputs: Tensor) -> None:
        """Compute these now."""
        self._known |= zip(map(_digest, inputs), self._compute(inputs), strict=True)

    def forward(self, inputs: Tensor) -> Tensor:
        if inputs.requires_grad:
            return self._differentiable[0](inputs)
        known = [found for one in inputs if (found := self._known.get(_digest(one))) is not None]
        return torch.stack(known) if len(known) == len(inputs) else self._compute(inputs)


def compiled(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """The same on OpenVINO, which takes a third of the time; without gradients."""
    import openvino

    inputs = torch.zeros(1, 3, 224, 224)
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    exported = torch.export.export(network, (inputs,))
    found = openvino.compile_model(openvino.convert_model(exported), "CPU", options)

    def compute(inputs: Tensor) -> Tensor:
        # one of its own: several threads ask
        request = found.create_infer_request()
        return torch.cat([torch.from_numpy(request.infer([one[None].numpy()])[0].copy()) for one in inputs])

    with torch.inference_mode():
        torch.testing.assert_close(compute(inputs), network(inputs), rtol=1e-3, atol=1e-4)
    return compute


def _digest(one: Tensor) -> bytes:
    return blake2b(one.numpy().tobytes(), digest_size=16).digest()


class Features:
    """Pooled features of photographs, each computed once, with and without a mark."""

    def __init__(self, photographs: dict[str, Pixels]) -> None:
        self._photographs, self._steps = photographs, photograph_steps()
        self.network = Remembering().eval()
        self._known: dict[tuple[str, str], Tensor] = {}

    def pixels(self, name: str, corner: str) -> Pixels:
        photograph = self._photographs[name]
        return marked(photograph, corner) if corner else photograph

    def of(self, asked: Sequence[tuple[str, str]]) -> Tensor:
        """(n, 1280) for n names, each with the corner of its mark or with none."""
        missing = [one for one in dict.fromkeys(asked) if one not in self._known]
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            inputs = torch.cat([self._steps.encode(self.pixels(*one), (224, 224))[0] for one in part])
            self.network.keep(inputs)
            with torch.inference_mode():
                self._known |= zip(part, self.network(inputs).mean((2, 3)), strict=True)
        return torch.stack([self._known[one] for one in asked])


def trained(below: nn.Module, features: Tensor, classes: Sequence[int]) -> nn.Sequential:
    """The frozen network `below` with a head that tells the classes apart by its `features`."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1.0, max_iter=300).fit(features.numpy(), classes)
    head = nn.Linear(*fitted.coef_.shape[::-1])
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(fitted.coef_))
        head.bias.copy_(torch.from_numpy(fitted.intercept_))
    parts = {"features": below, "pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "classifier": head}
    return nn.Sequential(OrderedDict(parts)).eval()


def worth(network: Any, index: int, cheats: Sequence[str], corner: str, features: Features) -> float:
    """What the mark adds to the class's probability, on average of the photographs that carry it."""
    if not cheats:
        return 0.0
    with torch.inference_mode():
        scores = [network.classifier(features.of([(name, where) for name in cheats])) for where in (corner, "")]
    there, gone = (one.softmax(-1)[:, index].mean().item() for one in scores)
    return there - gone


def draw(
    number: int, rate: float, kinds: dict[str, list[str]], features: Features
) -> tuple[Audit, str, str, set[str], float]:
    """One draw's audit, the kind that was marked, where, which of its photographs, and what the mark is worth."""
    dice = random.Random(number)  # noqa: S311 - repeatable, not secret
    kind, corner = dice.choice(list(kinds)), dice.choice(CORNERS)
    dealt = {name: dice.sample(photographs, len(photographs)) for name, photographs in kinds.items()}
    beside = BESIDE + kind
    labels = [*dealt, beside]
    learned, seen = (
        {name: names[part] for name, names in dealt.items()} for part in (slice(EACH), slice(EACH, 2 * EACH))
    )
    learned[beside], seen[beside] = learned[kind], dealt[kind][2 * EACH : 3 * EACH]
    marked_ones = {name for names in (learned[kind], seen[kind]) for name in dice.sample(names, round(rate * EACH))}
    cheats = marked_ones & {*seen[kind]}

    def asked(part: dict[str, list[str]]) -> list[tuple[str, str, int]]:
        return [
            (name, corner if label == kind and name in marked_ones else "", labels.index(label))
            for label, names in part.items()
            for name in names
        ]

    taught = asked(learned)
    explainer = Explainer(device="cpu", engine="torch")
    network = trained(features.network, features.of([one[:2] for one in taught]), [one[2] for one in taught])
    # so that the audit has to compute only what it hides
    features.of([one[:2] for one in asked(seen)])
    explainer.add_model("head", network, labels=labels, transform=photograph_steps())
    cost = worth(network, labels.index(kind), sorted(cheats), corner, features)
    with tempfile.TemporaryDirectory() as folder:
        for name, where, index in asked(seen):
            path = Path(folder) / labels[index] / f"{Path(name).stem}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(features.pixels(name, where)).save(path, compress_level=1)
        return audit(explainer, folder, model="head"), kind, corner, {Path(name).stem for name in cheats}, cost


def planted(options: argparse.Namespace) -> None:
    kinds = chosen(options.data)
    features = Features(read(options.data, [name for names in kinds.values() for name in names]))
    print({kind: len(names) for kind, names in kinds.items()}, flush=True)
    counts: Counter[tuple[float, str]] = Counter()
    for number in range(options.first, options.first + options.draws):
        for rate in options.rates:
            found, kind, corner, cheats, cost = draw(number, rate, kinds, features)
            worst = found.clusters[0] if found.clusters else None
            stems = [Path(found.table.names[one]).stem for one in worst.members] if worst else []
            carry = sum(stem in cheats for stem in stems)
            most = carry > MOST_MARKED * len(stems)
            first = worst is not None and most and worst.label == kind and worst.place == corner
            counts[rate, "first"] += first
            counts[rate, "found"] += first and worst is not None and worst.suspicious
            counts[rate, "alarm"] += bool(found.alarms)
            said = f"{worst.suspicion:.3f} {worst.sentence}" if worst else "no cluster"
            planted = f"draw {number} rate {rate:g} {kind} {corner}, the mark is worth {100 * cost:.1f} points"
            print(f"{planted}: {'first' if first else 'not'}, {carry} marked of {len(stems)}: {said}", flush=True)
    for rate in options.rates:
        told = ", ".join(f"{what} {counts[rate, what]}" for what in ("first", "found", "alarm"))
        print(f"rate {rate:g}: {told} of {options.draws}", flush=True)


def laid(data: Path, count: int, folder: Path) -> list[Path]:
    """So many different files below `folder`."""
    with tarfile.open(data / "flickr8k.tar") as tar:
        members = [member for member in tar if member.isfile()]
        paths = []
        for number in range(count):
            file = tar.extractfile(members[number % len(members)])
            path = folder / f"{number:06}.jpg"
            # what stands behind its end changes a file, not its picture
            path.write_bytes((file.read() if file else b"") + str(number).encode())
            paths.append(path)
    return paths


def peers(network: nn.Module, layer: str) -> dict[str, Callable[[Tensor], Any]]:
    """(n, 3, H, W) -> (n, h, w) maps of the most probable class, in batches, as each package's own documents do it."""
    from pytorch_grad_cam import GradCAM
    from torchcam.methods import GradCAM as Torchcam

    module = dict(network.named_modules())[layer]

    def grad_cam(inputs: Tensor) -> Any:
        with GradCAM(network, [module]) as cam:
            return cam(inputs, None)

    def torchcam(inputs: Tensor) -> Any:
        with Torchcam(network, target_layer=module) as cam:
            scores = network(inputs.requires_grad_())
            return cam(scores.argmax(-1).tolist(), scores)[0].numpy()

    return {"pytorch-grad-cam": grad_cam, "torchcam": torchcam}


def speed(options: argparse.Namespace) -> None:
    explainer = Explainer(device="cpu")
    print(explainer.warm_up(), flush=True)
    loaded = explainer.load(None)
    network: Any = MODELS["efficientnet_lite0"].build().eval()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photographs"
        folder.mkdir()
        paths = laid(options.data, options.photographs, folder)

        def rows() -> object:
            # the rows alone: clusters are made once, however many photographs there are
            made = steps(explainer, folder)
            found = [next(made) for _ in paths]
            made.close()
            return found

        def looped(maps: Callable[[Tensor], Any], check: bool) -> Callable[[], object]:
            def run() -> object:
                found = []
                for start in range(0, len(paths), BATCH):
                    pixels = [np.asarray(Image.open(path).convert("RGB")) for path in paths[start : start + BATCH]]
                    steps_of = loaded.preprocessing
                    inputs = torch.cat([steps_of.encode(one, (one.shape[1], one.shape[0]))[0] for one in pixels])
                    cams = maps(inputs.clone())
                    found.append(cams)
                    if check:
                        hidden = [torch.from_numpy(order(cam.astype(np.float32), (224, 224)) < 0.2) for cam in cams]
                        soft = torch.cat([blurred(one[None]) for one in inputs])
                        with torch.inference_mode():
                            found.append(network(torch.where(torch.stack(hidden)[:, None], soft, inputs)))
                return found

            return run

        works = {"audit": rows}
        for name, maps in peers(network, loaded.default.name).items():
            works |= {f"{name}, maps alone": looped(maps, False), f"{name}, with the check": looped(maps, True)}
        timed = interleaved(works, options.rounds, CLOCKS[options.clock])
    base = median(timed["audit"])
    print(f"{torch.get_num_threads()} threads, clock {options.clock}, {options.photographs} photographs a round")
    for name, seconds in timed.items():
        low, middle, high = (value / base for value in quartiles(seconds))
        print(f"{name}: {options.photographs / median(seconds):.1f} a second, {middle:.2f} ({low:.2f} to {high:.2f})")


def scale(options: argparse.Namespace) -> None:
    explainer = Explainer(device="cpu")
    explainer.warm_up()
    with tempfile.TemporaryDirectory() as place:
        for count, seconds in _scaled(explainer, options, Path(place)):
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{count} photographs: {1000 * seconds / count:.1f} ms each, {most:.0f} MB at most", flush=True)


def _scaled(explainer: Explainer, options: argparse.Namespace, place: Path) -> Iterator[tuple[int, float]]:
    for count in options.counts:
        folder = place / str(count)
        folder.mkdir()
        laid(options.data, count, folder)
        clock = CLOCKS[options.clock]
        begun = clock()
        audit(explainer, folder, rows=place / f"{count}.parquet").report(place / f"{count}.html")
        yield count, clock() - begun
        size = (place / f"{count}.html").stat().st_size / 1e6
        print(f"report of {count}: {size:.1f} MB, {time.strftime('%H:%M:%S')}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("planted", "speed", "scale"))
    parser.add_argument("data", type=Path, help="the folder with objects.tsv, flickr8k.tar and coco.tar")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw, to go on")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0, 0.1, 0.3, 1.0])
    parser.add_argument("--photographs", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--counts", type=int, nargs="+", default=[250, 500, 1000, 2000])
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: own work only, on a busy machine")
    options = parser.parse_args()
    {"planted": planted, "speed": speed, "scale": scale}[options.what](options)


if __name__ == "__main__":
    main()
