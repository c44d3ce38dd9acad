"""Networks that people write, each a few lines: what is usual in their own code, and what has gone wrong there.

    explained, refused = NETWORKS["softmax at the end"], NETWORKS["volumes"]
    examine("softmax at the end")["problem"]        # "" where all is right

Each is added to an `Explainer` and explained. Right is: the probability, and the map at the default layer, are those
that hooks and autograd of this module's own find on the module itself; or there is no way, and a sentence says why.
Public names: `NETWORKS`, `Network`, `examine`, `truth`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from gradcam_core import CamError, Explainer
from gradcam_core.reading.preprocess import Preprocessing

__all__ = ["NETWORKS", "Network", "examine", "truth"]

SIZE, CLASSES = 32, 4
USUAL = Preprocessing(SIZE, SIZE, "BOX")
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Network:
    """How it is built and added, and what comes of it.

    `refused` is a pattern of the sentence that says why not, `no_gradient` one for methods that need gradients;
    `probability` makes the probabilities of what the module returns, where that is no softmax of its
    scores; `note` is a pattern of what is said beside the answer.
    """

    build: Callable[[], Any]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    refused: str = ""
    no_gradient: str = ""
    note: str = ""
    probability: Callable[[Tensor], Tensor] = lambda scores: scores.softmax(-1)


NETWORKS: dict[str, Network] = {}


def people(name: str, **more: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Puts what builds a network into the table."""

    def put(build: Callable[[], Any]) -> Callable[[], Any]:
        NETWORKS[name] = Network(build, **more)
        return build

    return put


class Small(nn.Module):
    """Two convolutions and a linear head: `scores` are those of the classes, `forward` returns what `change` says."""

    def __init__(
        self, change: Callable[[Any, Tensor], Any] | None = None, classes: int = CLASSES, planes: int = 3
    ) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(planes, 8, 3, 2, 1), nn.Conv2d(8, 12, 3, 1, 1)
        self.head = nn.Linear(12, classes)
        # scores that are far from one another
        self.head.weight.data.mul_(6)
        self.change = change

    def features(self, x: Tensor) -> Tensor:
        return functional.relu(self.second(functional.relu(self.first(x))))

    def scores(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean((2, 3)))

    def forward(self, x: Tensor) -> Any:
        return self.scores(x) if self.change is None else self.change(self, x)


# --- what they return

people("plain")(Small)
SAID = "returns probabilities"
people("softmax at the end", note=SAID)(lambda: Small(lambda net, x: net.scores(x).softmax(1)))
people("softmax of one image, squeezed", note=SAID)(lambda: Small(lambda net, x: net.scores(x).softmax(1).squeeze()))
people("log-softmax at the end", note=SAID)(lambda: Small(lambda net, x: functional.log_softmax(net.scores(x), dim=-1)))
people("softmax in a dict", note=SAID)(lambda: Small(lambda net, x: {"probs": torch.softmax(net.scores(x), 1), "x": x}))

people("probabilities in per cent", note=SAID)(lambda: Small(lambda net, x: 100 * net.scores(x).softmax(1)))


@people("softmax as a module", note=SAID)
def _softmax_module() -> nn.Module:
    class Softmaxed(Small):
        def __init__(self) -> None:
            super().__init__()
            self.softmax = nn.Softmax(dim=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.softmax(self.scores(x))

    return Softmaxed()


def _of_one(scores: Tensor) -> Tensor:
    return torch.cat([-scores, scores], -1).sigmoid()


ONE = {"probability": _of_one}


@people("one sigmoid", note=SAID, **ONE)
def _one_sigmoid() -> nn.Module:
    network = Small(lambda net, x: torch.sigmoid(net.scores(x)), 1)
    # a clear no
    network.head.bias.data.sub_(6)
    return network


people("one sigmoid without its axis", note=SAID, **ONE)(lambda: Small(lambda net, x: net.scores(x).sigmoid()[:, 0], 1))
people("one sigmoid by hand", note=SAID, **ONE)(lambda: Small(lambda net, x: 1 / (1 + torch.exp(-net.scores(x))), 1))
people("several sigmoids", note=SAID, probability=torch.sigmoid)(lambda: Small(lambda net, x: net.scores(x).sigmoid()))
people("log-sigmoids", note="front of its log-sigmoid", probability=torch.sigmoid)(
    lambda: Small(lambda net, x: functional.logsigmoid(net.scores(x)))
)
people("the logarithm of one sigmoid", note="front of its log-sigmoid", **ONE)(
    lambda: Small(lambda net, x: net.scores(x).sigmoid().log(), 1)
)
people("sigmoids in per cent", note=SAID, probability=torch.sigmoid)(
    lambda: Small(lambda net, x: 100 * net.scores(x).sigmoid())
)
people("what a loss is made of", note=SAID)(lambda: Small(lambda net, x: -net.scores(x).log_softmax(1)))


@people("a branch of the graph")
def _branch() -> nn.Module:
    class Branch(Small):
        def scores(self, x: Tensor) -> Tensor:
            scores = super().scores(x)
            return torch.cond(scores.sum() > 0, lambda scores: 2 * scores, lambda scores: 3 * scores, (scores,))

    return Branch()


people("one logit with a label", options={"labels": ["cat"]}, **ONE)(lambda: Small(classes=1))
people("a regression", note="shown as they are", probability=lambda value: value)(lambda: Small(classes=1))


class Pair(NamedTuple):
    features: Tensor
    logits: Tensor


@dataclass
class Output:
    loss: Any
    logits: Tensor


PICKED = "its scores are taken from out"
people("scores first in a tuple", note=PICKED)(lambda: Small(lambda net, x: (net.scores(x), net.features(x))))
people("a named tuple", note=r"out\.logits")(lambda: Small(lambda net, x: Pair(net.features(x), net.scores(x))))
people("a dict with logits", note=r"out\['logits'\]")(lambda: Small(lambda net, x: {"x": x, "logits": net.scores(x)}))
people("nothing, then scores", note=r"out\[1\]")(lambda: Small(lambda net, x: (None, net.scores(x))))
people("one number and no axis", note="shown as they are", probability=lambda value: value)(
    lambda: Small(lambda net, x: net.scores(x).sum(), 1)
)
people("a dataclass", note=r"out\.logits")(lambda: Small(lambda net, x: Output(None, net.scores(x))))
people("lists in lists", note=r"out\[0\]\[0\]")(lambda: Small(lambda net, x: [[net.scores(x)]]))
people("no axis of images", note=r"shape \(4,\)")(lambda: Small(lambda net, x: net.scores(x)[0]))
people("scores as maps of one place", note="one number a class")(
    lambda: Small(lambda net, x: net.scores(x)[..., None, None])
)
people("two of a dict may be meant", refused=r"lambda out: out\['a'\]")(
    lambda: Small(lambda net, x: {"a": net.scores(x), "b": net.scores(x)})
)
people("one of a dict is picked", options={"logits": lambda out: out["b"]})(
    lambda: Small(lambda net, x: {"a": -net.scores(x), "b": net.scores(x)})
)
people(
    "a function for logits that fails", options={"logits": lambda out: out["c"]}, refused="`logits` fails on .*KeyError"
)(lambda: Small(lambda net, x: {"a": net.scores(x)}))
people("the class alone", refused="whole numbers .*argmax")(lambda: Small(lambda net, x: net.scores(x).argmax(1)))
people("a value for every place", refused="a value for every place")(lambda: Small(lambda net, x: net.features(x)))
people("boxes", refused="finds objects in boxes")(
    lambda: Small(lambda net, x: [{"boxes": x[0, 0, :, :4], "scores": net.scores(x)[0]}])
)
people("nothing", refused="There is no tensor in it")(lambda: Small(lambda net, x: None))


# --- modules that run several times


@people("one rectifier for all")
def _tutorial() -> nn.Module:
    class Tutorial(Small):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.pool = nn.ReLU(inplace=True), nn.MaxPool2d(2)
            self.hidden, self.head = nn.Linear(12 * 64, 16), nn.Linear(16, CLASSES)

        def scores(self, x: Tensor) -> Tensor:
            x = self.relu(self.pool(self.second(self.relu(self.first(x)))))
            return self.head(self.relu(self.hidden(x.flatten(1))))

    return Tutorial()


@people("squeeze and excitation by hand")
def _squeeze() -> nn.Module:
    class Squeeze(Small):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.down, self.up = nn.ReLU(), nn.Linear(8, 4), nn.Linear(4, 8)

        def scores(self, x: Tensor) -> Tensor:
            x = self.relu(self.first(x))
            x = x * self.up(self.relu(self.down(x.mean((2, 3))))).sigmoid()[..., None, None]
            return self.head(self.relu(self.second(x)).mean((2, 3)))

    return Squeeze()


@people("a rectifier behind the last pooling")
def _behind_pooling() -> nn.Module:
    class Behind(Small):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.pool = nn.ReLU(), nn.AdaptiveAvgPool2d(1)

        def scores(self, x: Tensor) -> Tensor:
            return self.head(self.relu(self.pool(self.second(self.relu(self.first(x))))).flatten(1))

    return Behind()


@people("one convolution three times")
def _again() -> nn.Module:
    class Again(Small):
        def __init__(self) -> None:
            super().__init__()
            self.second, self.head = nn.Conv2d(8, 8, 3, 1, 1), nn.Linear(8, CLASSES)

        def scores(self, x: Tensor) -> Tensor:
            x = self.first(x)
            for _ in range(3):
                x = self.second(x).relu()
            return self.head(x.mean((2, 3)))

    return Again()


# --- without gradients

WAY_OUT = "needs gradients; these methods do not: .*Ablation-CAM"


@people("quantised as it runs", no_gradient=WAY_OUT)
def _quantised() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(Small(), {nn.Linear}, dtype=torch.qint8)


people("scores that are rounded", no_gradient=WAY_OUT)(lambda: Small(lambda net, x: net.scores(x).round(decimals=3)))
people("scores without a graph", no_gradient=WAY_OUT)(lambda: Small(lambda net, x: net.scores(x).detach()))
people("scores by way of numpy", no_gradient=WAY_OUT)(
    lambda: Small(lambda net, x: torch.from_numpy(net.scores(x).detach().numpy() * 1.0))
)


def _hooked_backwards(hook: Callable[..., Any]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        network = Small()
        network.second.register_full_backward_hook(hook)
        return network

    return build


people("a hook that fails on the way back", no_gradient=WAY_OUT)(_hooked_backwards(lambda *_: {}["mine"]))
# nobody asks for the slopes at what is in front of the explained layer
people("a hook that counts on slopes at the input", no_gradient=WAY_OUT)(
    _hooked_backwards(lambda module, into, out: (into[0] * 2,))
)


people("complex scores", refused=r"out\.real")(lambda: Small(lambda net, x: net.scores(x).to(torch.complex64)))
people("sparse scores", refused=r"out\.to_dense\(\)")(lambda: Small(lambda net, x: net.scores(x).to_sparse()))


@people("no gradients in its forward", no_gradient=WAY_OUT)
def _no_gradients() -> nn.Module:
    class Closed(Small):
        @torch.no_grad()
        def forward(self, x: Tensor) -> Tensor:
            return self.scores(x)

    return Closed()


people("reentrant checkpoints", no_gradient=WAY_OUT)(
    lambda: Small(lambda net, x: checkpoint(net.scores, x, use_reentrant=True))
)
people("checkpoints", no_gradient=WAY_OUT)(lambda: Small(lambda net, x: checkpoint(net.scores, x, use_reentrant=False)))


# --- ways of their own


@people("train that returns nothing")
def _returns_nothing() -> nn.Module:
    class Quiet(Small):
        def train(self, mode: bool = True) -> Any:
            super().train(mode)

        def eval(self) -> Any:
            self.train(False)

    return Quiet()


@people("values that it checks")
def _checks() -> nn.Module:
    def checked(net: Small, x: Tensor) -> Tensor:
        if x.min() < -2.2 or x.max() > 2.7:
            raise ValueError("pixels out of range")
        return net.scores(x)

    return Small(checked)


@people("pixels that it looks up")
def _looks_up() -> nn.Module:
    class Embedded(Small):
        def __init__(self) -> None:
            super().__init__(planes=6)
            self.table = nn.Embedding(256, 2)

        def scores(self, x: Tensor) -> Tensor:
            pixels = (x * 255).round().long()
            return super().scores(self.table(pixels).permute(0, 1, 4, 2, 3).flatten(1, 2))

    return Embedded()


NETWORKS["pixels that it looks up"] = dataclasses.replace(
    NETWORKS["pixels that it looks up"],
    options={"transform": Preprocessing(SIZE, SIZE, "BOX", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))},
)


@people("a class that forbids others to derive from it")
def _final() -> nn.Module:
    class Final(Small):
        def __init_subclass__(cls) -> None:
            raise TypeError("this class is final")

    return Final()


@people("a call of its own around its forward", note=r"out\['logits'\]")
def _own_call() -> nn.Module:
    class Calling(Small):
        def __call__(self, x: Tensor) -> Any:
            return {"logits": super().__call__(x)}

    return Calling()


class _WordlessError(Exception):
    def __str__(self) -> str:
        raise ValueError


def _raises(error: BaseException) -> Callable[[Any, Tensor], Any]:
    def change(_net: Small, _x: Tensor) -> Any:
        raise error

    return change


people("an error of a kind of its own", refused=r"ends the program \(Own: done\)")(
    lambda: Small(_raises(type("Own", (BaseException,), {})("done")))
)
people("layers inside vmap", refused="inside a transform of torch.func")(
    lambda: Small(lambda net, x: torch.vmap(lambda one: net.scores(one[None])[0])(x))
)


class _Ruling(Small):
    """The second class is not to be chosen; the first way is a mask, the second the logarithm of a share."""

    def __init__(self, *, by_log: bool) -> None:
        super().__init__()
        self.by_log = by_log

    def scores(self, x: Tensor) -> Tensor:
        known = torch.arange(CLASSES) != 1
        scores = super().scores(x)
        return scores + known.float().log() if self.by_log else scores.masked_fill(~known, -torch.inf)

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(x)


people("a class masked out")(lambda: _Ruling(by_log=False))
people("a class of no share")(lambda: _Ruling(by_log=True))
people("the end of the program", refused=r"ends the program \(SystemExit: bye\)")(
    lambda: Small(_raises(SystemExit("bye")))
)
people("an error that cannot say what it is", refused="_WordlessError")(lambda: Small(_raises(_WordlessError())))


@people("a class that lets nothing be set")
def _closed() -> nn.Module:
    class Closed(Small):
        def __setattr__(self, name: str, value: Any) -> None:
            if "change" in vars(self) and name not in vars(self):
                raise AttributeError(name)
            super().__setattr__(name, value)

    return Closed()


@people("functions alone", refused="calls none of its modules")
def _functions() -> nn.Module:
    class Functions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(4, 3, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            return functional.conv2d(x, self.kernel).mean((2, 3))

    return Functions()


@people("a part compiled by torch.jit")
def _partly_scripted() -> nn.Module:
    network = Small()
    network.first = torch.jit.script(network.first)
    return network


people("compiled by torch.jit.trace", refused="compiled by torch.jit")(
    lambda: torch.jit.trace(Small().eval(), torch.zeros(1, 3, SIZE, SIZE))
)
people("compiled by torch.jit.script", refused="compiled by torch.jit")(
    lambda: torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(3600, 2)))
)
people("layers that are not made yet", refused="size is not known yet")(
    lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
)
people("weights on the device meta", refused="load its weights first")(lambda: Small().to("meta"))


@people("weights of inference mode", refused=r"copy\.deepcopy")
def _of_inference_mode() -> nn.Module:
    with torch.inference_mode():
        return Small()


@people("layers in a plain list", refused="not registered")
def _plain_list() -> nn.Module:
    class Listed(Small):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU()]

        def features(self, x: Tensor) -> Tensor:
            maps = self.first(x)
            for part in self.parts:
                maps = part(maps)
            return functional.relu(self.second(maps))

    return Listed()


@people("norms made in each pass")
def _fresh_norms() -> nn.Module:
    class Fresh(Small):
        def features(self, x: Tensor) -> Tensor:
            maps = self.first(x)
            return functional.relu(self.second(nn.LayerNorm(maps.shape[1:])(maps)))

    return Fresh()


FOLLOW_NO_PLACE = "has no layer whose cells follow places"
people("an input rolled round", refused=FOLLOW_NO_PLACE)(lambda: Small(lambda net, x: net.scores(x.roll(4, -1))))
people("an input summed up", refused=FOLLOW_NO_PLACE)(lambda: Small(lambda net, x: net.scores(x.cumsum(-1) / SIZE)))
people("wrapped in DataParallel")(lambda: nn.DataParallel(Small()))
people("wrapped by torch.compile")(lambda: torch.compile(Small()))
people("frozen")(lambda: Small().requires_grad_(False))
people("still training")(lambda: Small().train())


@people("norms with weights of their own making")
def _parametrised() -> nn.Module:
    network = Small()
    nn.utils.parametrizations.weight_norm(network.second)
    nn.utils.parametrizations.spectral_norm(network.first)
    return network.eval()


@people("a graph of torch.fx")
def _graph() -> nn.Module:
    class Traced(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inner = Small()
            self.traced = torch.fx.symbolic_trace(
                nn.Sequential(
                    inner.first, nn.ReLU(), inner.second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), inner.head
                )
            )

        def scores(self, x: Tensor) -> Tensor:
            return self.traced(x)

        def forward(self, x: Tensor) -> Tensor:
            return self.traced(x)

    return Traced()


# --- other inputs than one photograph in colour


def _with(forward: Any) -> Callable[[], nn.Module]:
    return type("Other", (Small,), {"forward": forward})


def _needs_more(self: Small, x: Tensor, age: Tensor) -> Tensor:
    return self.scores(x) + age


def _needs_a_name(self: Small, x: Tensor, *, age: Tensor) -> Tensor:
    return self.scores(x) + age


def _by_name(self: Small, **given: Tensor) -> Tensor:
    return self.scores(given["image"])


def _needs_a_dict(self: Small, batch: dict[str, Tensor]) -> Tensor:
    return self.scores(batch["image"])


people("a second input", refused=r"more than an image \(age\)")(_with(_needs_more))
people("a second input by its name", refused=r"more than an image \(age\)")(_with(_needs_a_name))
people("its image by a name alone", refused=r"does not take the image as its first argument")(_with(_by_name))
people("a dict of inputs", refused=r"module\(image\) works")(_with(_needs_a_dict))
people("grey photographs, fed with colours", refused=r"takes 1 channel.*Grayscale")(lambda: Small(planes=1))


def _grey(image: Image.Image) -> Tensor:
    values = np.asarray(image.convert("L").resize((SIZE, SIZE), Image.Resampling.BOX), np.float32)
    return torch.from_numpy(values / 255)[None]


people("grey photographs", options={"transform": _grey})(lambda: Small(planes=1))


class _InTurn(Small):
    """Its `scores` are what its `forward` makes of a copy of the input."""

    def scores(self, x: Tensor) -> Tensor:
        return super().scores((x - 0.5) * 2)


people("an input that it writes to")(lambda: _InTurn(lambda net, x: Small.scores(net, x.sub_(0.5).mul_(2))))
people("an input that it splits up where it lies")(
    lambda: Small(lambda net, x: net.scores(x.view(len(x), -1).view(len(x), 3, SIZE, SIZE)))
)
people("several crops at once", refused="makes 2 pictures of the one")(
    lambda: Small(lambda net, x: net.scores(torch.cat([x[..., :24, :24], x[..., 8:, 8:]])).mean(0, keepdim=True))
)


@people("volumes", refused="made for volumes")
def _volumes() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 4, 3), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2))


@people("a hook that fails", refused="from a hook")
def _hooked() -> nn.Module:
    def failing(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        raise KeyError("mine")

    network = Small()
    network.second.register_forward_hook(failing)
    return network


@people("another size of photographs", refused="Give the `transform` or the `input_size`")
def _other_size() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 62 * 62, 2))


def picture() -> NDArray[np.uint8]:
    """Noise, so that no place is like another."""
    return np.random.default_rng(3).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def truth(network: Any, inputs: Tensor, layer: str, target: int, classes: int) -> tuple[Tensor, NDArray[np.float32]]:
    """(1, K) scores of a network of one's own, and Grad-CAM at a layer by a hook and torch's gradient.

    Of one score whose both sides are `classes` the first is its opposite.
    """
    name, _, number = layer.partition("#")
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        output = output if output.requires_grad else output.detach().requires_grad_()
        kept.append(output)
        return output.clone()

    handle = network.get_submodule(name).register_forward_hook(keep)
    scores = network.scores(inputs.clone())
    handle.remove()
    signed = torch.cat([-scores, scores], -1) if classes > scores.shape[1] else scores
    # what a forward runs again for something else, the scores alone need once
    values = kept[min(int(number or 0), len(kept)) - 1]
    (slope,) = torch.autograd.grad(signed[0, target], values)
    return scores.detach(), (slope.mean((2, 3), keepdim=True) * values).sum(1)[0].detach().numpy()


def examine(name: str) -> dict[str, Any]:
    """What came of one network; `problem` is empty where it is explained rightly, or refused for the right reason."""
    entry = NETWORKS[name]
    found: dict[str, Any] = {"name": f"people:{name}", "family": "people", "problem": "", "default": "refused"}
    network, explainer = entry.build(), Explainer(device="cpu", engine="torch")
    try:
        explainer.add_model("it", network, **{"transform": USUAL, **entry.options})
        found["default"] = explainer.default_layer("it").name
        e = explainer.explain(picture(), model="it", method="ablationcam" if entry.no_gradient else "gradcam")
        if entry.no_gradient:
            explainer.explain(picture(), model="it", method="gradcam")
    except CamError as error:
        expected = entry.refused or entry.no_gradient
        if not expected or not re.search(expected, str(error)):
            found["problem"] = f"refused: {error}"
        if entry.refused:
            return found
    except Exception as error:
        return {**found, "problem": f"{type(error).__name__}: {str(error)[:200]}"}
    else:
        if entry.refused or entry.no_gradient:
            found["problem"] = "was not refused"
    if not found["problem"]:
        found["problem"] = _wrong(entry, network, explainer, e)
    return found


def _wrong(entry: Network, network: Any, explainer: Explainer, e: Any) -> str:
    if entry.note and not re.search(entry.note, " ".join(e.notes)):
        return f"a note is missing: {e.notes}"
    inner = getattr(network, "module", getattr(network, "_orig_mod", network)).eval()
    if not hasattr(inner, "scores"):
        return ""
    inputs = explainer.inputs(e)
    if entry.no_gradient:
        with torch.no_grad():
            scores, cam = inner.scores(inputs), e.cam
        # of those that are rounded the last digits are others
        tolerance = 1e-2
    else:
        scores, cam = truth(inner.requires_grad_(False), inputs, e.layer, e.target.index, len(explainer.labels("it")))
        tolerance = TOLERANCE
    sure = entry.probability(scores)[0]
    if abs(float(sure[e.target.index]) - e.target.probability) > tolerance * max(1, abs(float(sure.max()))):
        return f"gives {e.target.probability:.6f} instead of {float(sure[e.target.index]):.6f}"
    if int(sure.argmax()) != e.top[0].index:
        return "another class is the most probable one"
    off = float(np.abs(cam - e.cam).max() / max(np.abs(cam).max(), 1e-30))
    return f"its map differs by {off:.1e}" if off > TOLERANCE else ""
