"""The whole way from an image to the answer, for one person and for many at once."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gradcam_core import (
    METHODS,
    CamError,
    Explainer,
    Explanation,
    ImageError,
    LayerError,
    Look,
    MethodError,
    ModelError,
    OutputError,
    TargetError,
)
from gradcam_core.engine.capture import run
from gradcam_core.engine.score import Score
from gradcam_core.methods import GRADIENTS, Method
from gradcam_core.models import MODELS

from .helpers import (
    CellNetwork,
    CrashingNetwork,
    SmallNetwork,
    counted_calls,
    hook_count,
    in_threads,
    live_captures,
    live_tensor_bytes,
    noise,
)
from .pictures import UNREADABLE, animation

# functions of activations and gradients alone
PURE = [key for key, entry in METHODS.items() if entry.needs == (GRADIENTS,)]
Small = tuple[Explainer, SmallNetwork]
CAT, TABBY, ESPRESSO = 282, 281, 967


@pytest.fixture(scope="module")
def answer(explainer: Explainer, chelsea: NDArray[np.uint8]) -> Explanation:
    return explainer.explain(chelsea)


# --- the contract


def test_what_an_explanation_holds(answer: Explanation, explainer: Explainer, chelsea: NDArray[np.uint8]) -> None:
    assert (answer.model, answer.method, answer.counterfactual) == ("efficientnet_lite0", "gradcam", False)
    assert answer.layer == explainer.default_layer().name
    assert answer.cam.dtype == np.float32
    assert answer.cam.shape == explainer.default_layer().shape[1:]
    assert answer.heatmap.dtype == np.float32
    assert answer.heatmap.shape == chelsea.shape[:2] == (300, 451)
    seen = answer.heatmap[np.isfinite(answer.heatmap)]
    assert 0 <= seen.min() < 0.5
    assert 0.9 < seen.max() <= 1
    assert answer.overlay().size == answer.masked().size == answer.heatmap_picture().size == (451, 300)
    assert not answer.blank


def test_the_cat_is_a_cat(answer: Explanation, explainer: Explainer) -> None:
    assert answer.target == answer.top[0]
    assert {prediction.label for prediction in answer.top[:3]} == {"tiger cat", "tabby", "Egyptian cat"}
    assert len(answer.top) == 5
    chances = [prediction.probability for prediction in answer.top]
    assert chances == sorted(chances, reverse=True)
    assert all(explainer.labels()[p.index] == p.label for p in answer.top)


def test_probabilities_and_cam_are_those_of_the_plain_network(
    answer: Explanation, explainer: Explainer, chelsea: NDArray[np.uint8]
) -> None:
    loaded = explainer.load()
    inputs, _ = loaded.preprocessing.encode(chelsea)
    kept: list[Tensor] = []
    # from the layer in two halves, by the network's own names and without the core's capture
    handle = loaded.network.get_submodule(answer.layer).register_forward_hook(
        lambda _m, _i, output: kept.append(output.detach().requires_grad_()) or kept[0].clone()
    )
    try:
        logits = loaded.network(inputs)
    finally:
        handle.remove()
    expected = logits.detach().double().softmax(-1)[0].topk(5)
    assert [p.index for p in answer.top] == expected.indices.tolist()
    np.testing.assert_allclose([p.probability for p in answer.top], expected.values, rtol=1e-5)
    (gradient,) = torch.autograd.grad(logits[0, answer.target.index], kept)
    cam = (kept[0].detach()[0] * gradient[0].mean((1, 2), keepdim=True)).sum(0).numpy()
    np.testing.assert_allclose(answer.cam, cam, atol=1e-5 * np.abs(cam).max())


def test_the_seen_part_is_the_centre_and_the_rest_is_not_a_number(answer: Explanation) -> None:
    # 451 x 300 to 384 x 256, of which columns 80 to 304 and rows 16 to 240 are seen
    left, right = 80 * 451 / 384, 304 * 451 / 384
    top, bottom = 16 * 300 / 256, 240 * 300 / 256
    rows, columns = np.indices((300, 451)) + 0.5
    inside = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
    np.testing.assert_array_equal(np.isfinite(answer.heatmap), inside)
    assert answer.seen_share == pytest.approx((right - left) * (bottom - top) / (451 * 300))


def test_labels_and_indices_name_the_same_target(explainer: Explainer, chelsea: NDArray[np.uint8]) -> None:
    maps = [
        explainer.explain(chelsea, target=target) for target in (TABBY, str(TABBY), "tabby", "TABBY", np.int64(TABBY))
    ]
    assert {explanation.target.index for explanation in maps} == {TABBY}
    assert all(np.array_equal(explanation.cam, maps[0].cam) for explanation in maps)


@pytest.mark.parametrize("counterfactual", [False, True])
@pytest.mark.parametrize("method", PURE)
def test_record_reproduces_the_map(method: str, counterfactual: bool, small: Small) -> None:
    image = noise(45, 70, seed=3)
    first = small[0].explain(image, model="own", layer="middle", target=4, method=method, counterfactual=counterfactual)
    record = json.loads(json.dumps(first.record(), allow_nan=False))
    again = Explainer(device="cpu").explain(image, **record["request"])
    np.testing.assert_array_equal(again.cam, first.cam)
    np.testing.assert_array_equal(again.heatmap, first.heatmap)
    assert again.record() == first.record()
    assert record["image"] | {"seen_box": 0} == {
        "width": 70, "height": 45, "fingerprint": first.photograph.digest, "seen_box": 0,
    }  # fmt: skip
    assert record["map"]["max"] == pytest.approx(first.cam.max())
    assert record["versions"]["torch"] in torch.__version__


def test_auto_means_what_none_means(small: Small) -> None:
    image = noise(40, 40)
    plain = small[0].explain(image, model="own")
    auto = small[0].explain(image, model="own", layer="auto", target="auto")
    assert plain.record() == auto.record()
    np.testing.assert_array_equal(plain.cam, auto.cam)


def test_all_kinds_of_sources_give_the_same_answer(small: Small, tmp_path: Any) -> None:
    Image.fromarray(noise(40, 50)).save(path := tmp_path / "photo.png")
    sources = [path, str(path), path.read_bytes(), Image.open(path), noise(40, 50)]
    maps = [small[0].explain(source, model="own").cam for source in sources]
    assert all(np.array_equal(cam, maps[0]) for cam in maps)


# --- cat and coffee


@pytest.fixture(scope="module")
def collage(chelsea: NDArray[np.uint8], coffee: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A square with the cat on the left half and the cup on the right."""
    halves = (Image.fromarray(chelsea[:, 150:300]), Image.fromarray(coffee[:, 180:380]).resize((150, 300)))
    return np.hstack([np.asarray(half) for half in halves])


@pytest.mark.parametrize(("layer", "share"), [(None, 0.75), ("blocks.6", 0.7)])
def test_each_class_has_its_map_on_its_own_half(
    layer: str | None, share: float, explainer: Explainer, collage: NDArray[np.uint8]
) -> None:
    """Measured: 0.94 and 0.86 at the default layer, 0.91 and 0.81 at blocks.6; chance is 0.5."""
    for target, half in ((TABBY, slice(0, 150)), (ESPRESSO, slice(150, 300))):
        heatmap = np.nan_to_num(explainer.explain(collage, target=target, layer=layer).heatmap)
        assert heatmap[:, half].sum() / heatmap.sum() > share
    # what speaks against the cat lies where the cup is
    against = np.nan_to_num(explainer.explain(collage, target=TABBY, layer=layer, counterfactual=True).heatmap)
    assert against[:, 150:].sum() / against.sum() > 0.6


def test_moved_evidence_moves_the_map_in_every_method(offer: Callable[..., str]) -> None:
    """A light one cell further to the right and down: the same map one cell further, on the photograph too."""
    model = offer(CellNetwork(8), size=64, classes=2)
    explainer = Explainer(device="cpu")
    images = [np.zeros((128, 192, 3), np.uint8) for _ in range(2)]
    # 128 x 192 to 64 x 96, the middle 64 columns seen: cells of 16 x 16 pixels from column 32 on
    images[0][32:48, 80:96] = 200
    images[1][48:64, 96:112] = 200
    for method in PURE:
        here, there = (explainer.explain(i, model=model, layer="cells", target=0, method=method) for i in images)
        assert here.cam[2, 3] == here.cam.max() > 0
        np.testing.assert_allclose(np.roll(here.cam, (1, 1), (0, 1)), there.cam, rtol=1e-5)
        np.testing.assert_allclose(here.heatmap[:100, 32:144], there.heatmap[16:116, 48:160], atol=1e-6)
        assert np.isnan(here.heatmap[:, :32]).all()
        assert np.isnan(here.heatmap[:, 160:]).all()
        assert (here.heatmap[39:41, 87:89] > 0.9).all()


# --- counterfactual


@pytest.mark.parametrize("method", PURE)
def test_counterfactual_is_the_method_of_the_negated_gradients(method: str, small: Small) -> None:
    explainer, network = small
    image = noise(40, 40)
    inputs, _ = explainer.load("own").preprocessing.encode(image)
    capture = run(network, inputs, {"last": network.last})
    expected = METHODS[method].function(capture.activations("last"), -capture.gradient("last", Score.logit(2)))
    found = explainer.explain(image, model="own", layer="last", target=2, method=method, counterfactual=True)
    assert found.counterfactual
    np.testing.assert_allclose(found.cam, expected, rtol=1e-6, atol=1e-9)


def test_counterfactual_of_gradcam_is_its_negative(answer: Explanation, explainer: Explainer, chelsea: Any) -> None:
    np.testing.assert_array_equal(explainer.explain(chelsea, counterfactual=True).cam, -answer.cam)


# --- both sides


@pytest.mark.parametrize("method", PURE)
def test_both_sides_are_the_map_with_its_signs_or_the_maps_for_and_against(
    method: str, explainer: Explainer, chelsea: Any
) -> None:
    # some places speak for this class, and others against it
    ask = partial(explainer.explain, chelsea, target=74, method=method)
    pro, contra, both = ask(), ask(counterfactual=True), ask(both=True)
    one_sided = not (pro.cam < 0).any()
    expected = np.maximum(pro.cam, 0) - np.maximum(contra.cam, 0) if one_sided else pro.cam
    np.testing.assert_allclose(both.cam, expected, rtol=1e-6, atol=1e-9)
    assert (expected > 0).any()
    assert (expected < 0).any()
    assert both.look.signed
    assert not pro.look.signed
    assert "in another colour, those that speak against it" in both.sentence
    assert both.record()["request"]["both"] is True


def test_both_sides_of_a_map_that_looks_at_no_class_are_refused(small: Small) -> None:
    with pytest.raises(MethodError, match="switch counterfactual, both and rival off"):
        small[0].explain(noise(40, 40), model="own", method="eigencam", both=True)


def test_one_side_alone_is_said_to_be_alone(offer: Callable[..., str]) -> None:
    model = offer(CellNetwork(4), size=32, classes=2)
    light = np.full((32, 32, 3), 200, np.uint8)
    ask = partial(Explainer(device="cpu").explain, light, model=model, layer="cells", both=True)
    assert "the places that speak for it, seen at" in ask(target=0).sentence
    assert "no place speaks for it: all speak against" in ask(target=1).sentence


# --- one forward pass


@pytest.mark.parametrize("cache_mb", [64, 1024])
def test_one_forward_pass_across_class_layer_method_and_counterfactual(small: Small, cache_mb: float) -> None:
    network = small[1]
    explainer = Explainer(device="cpu", cache_mb=cache_mb)
    layers = [layer.name for layer in explainer.layers("own")]
    with counted_calls(network, "forward") as forwards:
        for target in (None, 0, 5, "class 3"):
            for layer in (None, *layers):
                for method in PURE:
                    for counterfactual in (False, True):
                        explainer.explain(
                            noise(40, 40), model="own", target=target, layer=layer, method=method,
                            counterfactual=counterfactual,
                        )  # fmt: skip
        assert len(forwards) == 1
        explainer.explain(noise(40, 40, seed=1), model="own")
        assert len(forwards) == 2
        # another module needs its own capture, and one only
        for target in range(6):
            explainer.explain(noise(40, 40), model="own", layer="middle.0", target=target)
        assert len(forwards) == 3


def test_without_a_cache_every_question_costs_a_pass(small: Small) -> None:
    explainer = Explainer(device="cpu", cache_mb=0)
    explainer.load("own")
    with counted_calls(small[1], "forward") as forwards:
        maps = [explainer.explain(noise(40, 40), model="own").cam for _ in range(3)]
    assert len(forwards) == 3
    assert all(np.array_equal(cam, maps[0]) for cam in maps)


def test_people_who_ask_for_the_same_image_share_one_pass(small: Small) -> None:
    explainer, network = small
    explainer.load("own")
    together = Barrier(8)

    def ask(target: int) -> Explanation:
        together.wait()
        return explainer.explain(noise(40, 40), model="own", target=target % 6)

    with counted_calls(network, "forward") as forwards:
        in_threads([partial(ask, target) for target in range(8)])
    assert len(forwards) == 1


def test_people_who_ask_for_the_same_model_load_it_once(offer: Callable[..., str]) -> None:
    built: list[int] = []
    together = Barrier(8)

    def build() -> nn.Module:
        built.append(1)
        return SmallNetwork()

    model = offer(SmallNetwork(), build=build)
    explainer = Explainer(device="cpu")

    def ask() -> Any:
        together.wait()
        return explainer.load(model)

    assert len(set(in_threads([ask] * 8))) == 1
    assert built == [1]


def test_loading_a_model_holds_up_nobody_else(offer: Callable[..., str]) -> None:
    started, go = Event(), Event()

    def build() -> nn.Module:
        started.set()
        assert go.wait(20)
        return SmallNetwork()

    slow, quick = offer(SmallNetwork(), "slow", build=build), offer(SmallNetwork(), "quick")
    explainer = Explainer(device="cpu")
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(explainer.load, slow)
        try:
            assert started.wait(20)
            assert explainer.explain(noise(40, 40), model=quick).model == quick
            explainer.add_model("mine", SmallNetwork(), input_size=32)
            assert explainer.explain(noise(40, 40), model="mine").model == "mine"
            assert not job.done()
        finally:
            go.set()
        assert job.result().name == slow


# --- many people at once


def hammered(explainer: Explainer, model: str | None, layers: list[str], count: int, classes: int) -> None:
    """`count` different questions, asked one after the other and then by 8 threads: bitwise the same maps."""
    images = [noise(37 + index % 5, 41 + index % 7, seed=index) for index in range(count // 4)]
    methods = list(PURE)
    jobs = [
        partial(
            explainer.explain, images[index % len(images)], model=model, layer=layers[index % len(layers)],
            target=index * 7 % classes, method=methods[index % len(methods)], counterfactual=index % 3 == 0,
        )
        for index in range(count)
    ]  # fmt: skip
    expected = [job() for job in jobs]
    explainer._captures.clear()
    explainer._photographs.clear()
    for alone, together in zip(expected, in_threads(jobs), strict=True):
        np.testing.assert_array_equal(together.cam, alone.cam)
        np.testing.assert_array_equal(together.heatmap, alone.heatmap)
        assert together.top == alone.top
        assert together.record() == alone.record()


@pytest.mark.parametrize("cache_mb", [0, 0.2, 1024])
def test_eight_threads_get_the_maps_of_a_serial_run(small: Small, cache_mb: float) -> None:
    """With no cache, one that is always evicting, and a large one; offered and other layers."""
    layers = ["stem", "middle", "last", "last.0", "middle.0", "stem.1"]
    hammered(Explainer(device="cpu", cache_mb=cache_mb), "own", layers, 160, classes=6)


def test_eight_threads_on_a_real_model(explainer: Explainer) -> None:
    hammered(explainer, None, ["blocks.3", "blocks.6", "bn2", "conv_head", "blocks.5.1"], 40, classes=1000)


# --- what fails, and what is left of it


BAD_REQUESTS: list[tuple[dict[str, Any], type[CamError], str]] = [
    ({"model": "own2"}, ModelError, "`model` 'own2' is unknown.*'own'"),
    ({"layer": "las"}, LayerError, "`layer` 'las' is not a module.*'last'"),
    ({"layer": "pool"}, LayerError, "`layer` 'pool' has no spatial positions"),
    ({"layer": "head"}, LayerError, "`layer` 'head' has no spatial positions"),
    ({"layer": "spare"}, LayerError, "`layer` 'spare' takes no part in the forward pass"),
    ({"layer": ["last"]}, LayerError, "`layer`.*is not a module"),
    ({"target": 6}, TargetError, "`target` 6 is out of range"),
    ({"target": "+-5"}, TargetError, r"`target` '\+-5' is not a class"),
    ({"target": "clas 3"}, TargetError, "`target` 'clas 3' is not a class.*'class 3'"),
    ({"method": "grad-cam"}, MethodError, "`method` 'grad-cam' is unknown.*'gradcam'"),
    ({"image": None}, ImageError, "There is no image"),
    *(({"image": data}, ImageError, f"(?i){words}") for data, words in UNREADABLE.values()),
]


def test_bad_requests_raise_in_words_and_change_nothing(small: Small) -> None:
    explainer, network = small
    network.spare = nn.Conv2d(3, 3, 1)
    before = explainer.explain(noise(40, 40), model="own")
    for change, kind, words in BAD_REQUESTS:
        with pytest.raises(kind, match=words):
            explainer.explain(**{"image": noise(40, 40), "model": "own"} | change)
        assert hook_count(network) == 0
    with counted_calls(network, "forward") as forwards:
        after = explainer.explain(noise(40, 40), model="own")
    assert forwards == []
    np.testing.assert_array_equal(after.cam, before.cam)


def test_a_crash_inside_the_model_leaves_nothing_and_the_next_call_works(offer: Callable[..., str]) -> None:
    network = CrashingNetwork()
    network.fuse.burnt = False
    model = offer(network)
    explainer = Explainer(device="cpu")
    explainer.load(model)
    network.fuse.burnt = True
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the fuse is burnt"):
            explainer.explain(noise(40, 40), model=model)
        assert hook_count(network) == 0
    network.fuse.burnt = False
    plain = SmallNetwork()
    inputs, _ = explainer.load(model).preprocessing.encode(noise(40, 40))
    expected = run(plain, inputs, {"last": plain.last}).gradient("last", Score.logit(3))
    capture = run(network, inputs, {"last": network.last})
    torch.testing.assert_close(capture.gradient("last", Score.logit(3)), expected)
    assert explainer.explain(noise(40, 40), model=model, layer="last", target=3).layer == "last"


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda scores: {"out": scores}, r"\(1, classes\), but returned dict"),
        (lambda scores: scores[..., None], r"returned shape \(1, 6, 1\)"),
        (lambda scores: scores * float("nan"), "not finite"),
        (lambda scores: scores / 0, "not finite"),
        (lambda scores: scores[:, :4], "Own returned 4 class scores, but has 6 labels"),
    ],
)
def test_models_that_cannot_be_explained(returned: Any, words: str, offer: Callable[..., str]) -> None:
    class Odd(SmallNetwork):
        def forward(self, x: Tensor) -> Any:
            return returned(super().forward(x))

    explainer = Explainer(device="cpu")
    with pytest.raises(OutputError, match=words):
        explainer.explain(noise(40, 40), model=offer(Odd()))


def test_a_map_that_is_not_finite_names_its_layer(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer, network = small
    with torch.no_grad():
        # finite scores from activations whose sum of products is not
        network.last[0].weight.mul_(1e30)
        network.head.weight.mul_(1e-30)
        network.middle[0].weight.mul_(1e8)
    monkeypatch.setattr(
        "gradcam_core.answers.find_method",
        lambda _: Method("huge", "Huge", "none", "Nothing.", lambda a, g: (a * 1e30 * a).sum(-3)),
    )
    with pytest.raises(OutputError, match=r"The map at `layer` 'last' is not finite.*another layer"):
        explainer.explain(noise(40, 40), model="own", layer="last")


@pytest.mark.parametrize("fails", [False, True])
def test_memory_is_flat_after_300_images(fails: bool, offer: Callable[..., str]) -> None:
    network = CrashingNetwork()
    network.fuse.burnt = False
    model = offer(network)
    explainer = Explainer(device="cpu", cache_mb=2)
    explainer.load(model)
    network.fuse.burnt = fails
    others = live_captures()

    def ask(index: int) -> None:
        try:
            explainer.explain(noise(64, 64, seed=index), model=model)
            assert not fails
        except RuntimeError:
            assert fails

    for index in range(30):
        ask(index)
    gc.collect()
    tensors, resident = live_tensor_bytes(), resident_bytes()
    gc.disable()
    try:
        for index in range(30, 330):
            ask(index)
        kept = explainer._captures.nbytes + explainer._photographs.nbytes
        assert kept <= 2_000_000
        # 300 graphs of 40 kB are 12 MB, 300 photographs 3.7 MB
        assert resident_bytes() - resident < 3_000_000
    finally:
        gc.enable()
    assert len(live_captures() - others) <= len(explainer._captures)
    assert live_tensor_bytes() - tensors < 2_000_000


def resident_bytes() -> int:
    """Memory of this process, where the system tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as status:
            return int(status.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def test_the_cache_counts_photographs_and_captures(small: Small) -> None:
    explainer = Explainer(device="cpu", cache_mb=1)
    for index in range(40):
        explainer.explain(noise(100, 100, seed=index), model="own")
        assert explainer._photographs.nbytes <= 250_000
        assert explainer._captures.nbytes <= 750_000
    assert explainer._photographs.nbytes == 240_000


# --- half precision, blank maps, sentences


def test_half_precision_gives_a_float32_map(offer: Callable[..., str], small: Small) -> None:
    exact = small[0].explain(noise(40, 40), model="own", layer="last", target=1)
    coarse_model = offer(SmallNetwork().bfloat16(), name="coarse")
    coarse = small[0].explain(noise(40, 40), model=coarse_model, layer="last", target=1)
    assert coarse.cam.dtype == np.float32
    np.testing.assert_allclose(coarse.cam, exact.cam, atol=np.abs(exact.cam).max() / 20)
    assert sum(p.probability for p in coarse.top) < 1.001


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_maps_of_the_cpu(chelsea: NDArray[np.uint8], answer: Explanation) -> None:
    found = Explainer(device="cuda").explain(chelsea)
    assert found.target.index == answer.target.index
    np.testing.assert_allclose(found.cam, answer.cam, atol=5e-3 * np.abs(answer.cam).max())


@pytest.mark.parametrize("counterfactual", [False, True])
def test_no_evidence_is_said_not_drawn(counterfactual: bool, offer: Callable[..., str]) -> None:
    model = offer(CellNetwork(4), size=32, classes=2)
    # class 0 is light, class 1 is darkness: no cell speaks for darkness, none against light
    target = 0 if counterfactual else 1
    found = Explainer(device="cpu").explain(
        np.full((32, 32, 3), 200, np.uint8), model=model, layer="cells", target=target, counterfactual=counterfactual
    )
    assert found.blank
    np.testing.assert_array_equal(found.heatmap, np.zeros((32, 32)))
    words = "no place speaks against this class" if counterfactual else "no positive evidence for this class"
    assert words in found.sentence
    np.testing.assert_array_equal(np.asarray(found.overlay()), found.photograph.pixels)
    assert json.dumps(found.record(), allow_nan=False)


@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-36])
def test_blank_says_what_the_picture_shows(scale: float, offer: Callable[..., str]) -> None:
    network = CellNetwork(4)
    with torch.no_grad():
        network.head.weight.mul_(scale)
    model = offer(network, size=32, classes=2)
    image = np.full((32, 32, 3), 200, np.uint8)
    found = Explainer(device="cpu").explain(image, model=model, layer="cells", target=0)
    assert found.blank == (not found.heatmap.any())
    assert np.isfinite(found.heatmap).all()
    assert found.blank == (scale == 0)


def test_sentence_says_what_is_explained(explainer: Explainer, chelsea: NDArray[np.uint8]) -> None:
    found = explainer.explain(chelsea, target="espresso", layer="blocks.6", counterfactual=True)
    for words in ("EfficientNet-Lite0", "espresso", " %", "blocks.6 (7×7)", "Grad-CAM", "against"):  # noqa: RUF001
        assert words in found.sentence
    assert " for " in explainer.explain(chelsea).sentence
    of_no_class = explainer.explain(chelsea, method="eigencam").sentence
    assert "responds most, whatever the class, seen by Eigen-CAM" in of_no_class
    assert "speak" not in of_no_class


def test_notes_tell_of_frames_and_of_a_small_view(small: Small) -> None:
    assert "holds 3 pictures" in small[0].explain(animation("GIF"), model="own").notes[0]
    wide = small[0].explain(noise(20, 200), model="own")
    assert wide.seen_share == pytest.approx(0.1)
    assert "saw only 10 % of this image" in wide.notes[-1]
    assert small[0].explain(noise(20, 20), model="own").notes == ()


@pytest.mark.parametrize("shape", [(1, 1), (5000, 1), (1, 5000), (300, 20_000)])
def test_extreme_photographs_are_explained(shape: tuple[int, int], explainer: Explainer) -> None:
    found = explainer.explain(np.full((*shape, 3), 120, np.uint8))
    assert found.heatmap.shape == shape
    assert found.overlay().size == shape[::-1]
    seen = np.isfinite(found.heatmap)
    assert seen.any()
    assert seen.sum() <= min(shape) ** 2 + 8


def test_looks_are_drawn_on_the_same_map(explainer: Explainer, chelsea: NDArray[np.uint8]) -> None:
    answer = explainer.explain(chelsea, target=ESPRESSO, layer="blocks.6")
    signed = answer.values(Look(signed=True))
    assert np.nanmin(signed) < 0 < np.nanmax(signed) <= 1
    np.testing.assert_array_equal(answer.values(), answer.heatmap)
    plain, other = (np.asarray(answer.overlay(Look(colormap=name))) for name in ("viridis", "magma"))
    unseen = np.isnan(answer.heatmap)
    np.testing.assert_array_equal(plain[unseen], other[unseen])
    assert (plain != other).any()


def test_everything_offered_is_listed_offline_first(explainer: Explainer) -> None:
    models, first = explainer.models(), explainer.models_first()
    assert {info.name for info in models} > {info.name for info in first} >= MODELS.keys()
    assert len({info.name for info in models}) == len(models) > 1500
    for listed in (models, first):
        ready = [info.offline for info in listed]
        assert ready[0]
        assert ready == sorted(ready, reverse=True)
    layers = explainer.layers()
    assert explainer.default_layer() in layers
    assert len(explainer.labels()) == 1000


def test_drawn_smaller_a_map_stays_where_it_is(explainer: Explainer, chelsea: Any) -> None:
    """Each pixel of the smaller picture is what the map says at its centre; the photograph is the mean of blocks."""
    explanation = explainer.explain(np.tile(chelsea, (3, 2, 1)))
    assert explanation.at_most(10_000_000) is explanation
    smaller = explanation.at_most(100_000)
    # 902 x 900 pixels, nine of which become one
    assert smaller.photograph.size == (301, 300)
    assert smaller.overlay().size == smaller.photograph.size
    assert smaller.record()["request"] == explanation.record()["request"]
    # the map is linear between the centres of its cells
    np.testing.assert_allclose(smaller.heatmap[:, :300], explanation.heatmap[1::3, 1:900:3], atol=1e-5)
