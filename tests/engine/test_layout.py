"""Tokens and channels-last outputs as maps: by hand, back and forth, and at the layers of small transformers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from gradcam_core import Explainer, Layer, LayerError, ModelError, OutputError
from gradcam_core.engine.capture import run
from gradcam_core.engine.inputs import named
from gradcam_core.engine.layout import MAPS, Layout, find_layout
from gradcam_core.engine.replay import Replay
from gradcam_core.engine.score import Score
from gradcam_core.engine.survey import find_layers, survey
from gradcam_core.methods import METHODS
from gradcam_core.reading.preprocess import Preprocessing

from ..helpers import SmallNetwork, global_hook_count, hook_count, in_threads, noise


class Patches(nn.Module):
    """Tokens of two numbers, the sum of a 2 x 2 patch and a half of it, behind `prefix` tokens of (7, 7)."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix = prefix
        self.proj = nn.Conv2d(1, 2, 2, 2, bias=False)
        with torch.no_grad():
            self.proj.weight.copy_(torch.tensor([1.0, 0.5]).view(2, 1, 1, 1).expand(2, 1, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.proj(x).flatten(2).transpose(1, 2)
        return torch.cat([tokens.new_full((len(x), self.prefix, 2), 7.0), tokens], 1)


class Read(nn.Module):
    """The class token adds up the others, the token of place i weighted by i + 1; all others stay."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.norm = nn.Identity()
        self.scale = nn.Linear(2, 2, bias=False)
        self.prefix = prefix
        with torch.no_grad():
            self.scale.weight.copy_(torch.eye(2))

    def forward(self, tokens: Tensor) -> Tensor:
        places = self.scale(tokens)[:, self.prefix :]
        weights = torch.arange(1.0, places.shape[1] + 1).view(1, -1, 1)
        first = tokens[:, :1] + (places * weights).sum(1, keepdim=True)
        return torch.cat([first, tokens[:, 1:]], 1)


class TinyTransformer(nn.Module):
    """A class token that reads patches: every map can be worked out on paper. Class 0 is the token's first number
    less its second, class 1 twice its second."""

    HEAD = ((1.0, -1.0), (0.0, 2.0))

    def __init__(self, prefix: int = 1) -> None:
        super().__init__()
        self.patches, self.read, self.head = Patches(prefix), Read(prefix), nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(self.HEAD))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.read(self.patches(x))[:, 0])


# 4 x 6 pixels: 2 x 3 patches whose sums are 4, 8, 12 / 16, 20, 24
PIXELS = torch.tensor([[1.0, 1, 2, 2, 3, 3]] * 2 + [[4.0, 4, 5, 5, 6, 6]] * 2)[None, None]
SUMS = np.array([[4.0, 8, 12], [16, 20, 24]])


@pytest.mark.parametrize("prefix", [1, 2, 5])
def test_maps_of_a_transformer_by_hand(prefix: int) -> None:
    network = TinyTransformer(prefix)
    found = survey(network, (1, 1, 4, 6))
    # behind the reading no place has any influence
    assert found.stages == (Layer("patches", (2, 2, 3), Layout(2, 0, prefix, (2, 3))),)
    capture = run(network, PIXELS, {"patches": network.patches}, layouts=found.layouts)
    np.testing.assert_array_equal(capture.activations("patches"), [SUMS, SUMS / 2])
    places = np.arange(1.0, 7).reshape(2, 3)
    for target, (first, second) in enumerate(network.HEAD):
        np.testing.assert_array_equal(
            capture.gradient("patches", Score.logit(target)), [first * places, second * places]
        )
        # the mean of 1 to 6 is 3.5: Grad-CAM is 3.5 * (first * sum + second * sum / 2)
        cam = METHODS["gradcam"].function(
            capture.activations("patches"), capture.gradient("patches", Score.logit(target))
        )
        np.testing.assert_allclose(cam, 3.5 * (first + second / 2) * SUMS, rtol=1e-6)


def test_ablation_on_tokens_by_hand() -> None:
    network = TinyTransformer(3)
    found = survey(network, (1, 1, 4, 6))
    capture = run(network, PIXELS, {"patches": network.patches}, layouts=found.layouts)
    score = Score.logit(1)
    rerun = Replay(
        network, named(PIXELS), network.patches, score, capture.logits.detach(), layout=capture.layouts["patches"]
    )
    cam = METHODS["ablationcam"].function(capture.activations("patches"), rerun)
    # class 1 is twice the second number: 2 * (7 + sum of place * half the patch); the first channel changes nothing
    lost = 2 * (np.arange(1, 7) * SUMS.ravel() / 2).sum()
    np.testing.assert_allclose(cam, lost * (SUMS / 2) / (lost + 14), rtol=1e-6)


def test_slopes_along_a_direction_are_gradients_times_it() -> None:
    network = TinyTransformer(2)
    capture = run(network, PIXELS, {"patches": network.patches}, layouts=survey(network, (1, 1, 4, 6)).layouts)
    direction = torch.randn(2, 2, 3, generator=torch.Generator().manual_seed(0))
    expected = [float((capture.gradient("patches", Score.logit(target)) * direction).sum()) for target in (0, 1)]
    np.testing.assert_allclose(capture.along("patches", direction), expected, rtol=1e-6)


def test_the_grid_follows_the_size_of_the_input() -> None:
    network = TinyTransformer(1)
    layouts = survey(network, (1, 1, 4, 6)).layouts
    capture = run(network, torch.ones(1, 1, 12, 8), {"patches": network.patches}, layouts=layouts)
    assert capture.activations("patches").shape == (2, 6, 4)


class LastAxis(nn.Module):
    """A convolution whose channels stand last, at (1, 4, 5, 3): each place has a weight of its own in each class."""

    class ToLast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x).permute(0, 2, 3, 1)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.last = self.ToLast()
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(60, 4)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.last(x)).flatten(1))


def test_maps_of_a_network_with_channels_last_by_hand() -> None:
    network, inputs = LastAxis(), torch.randn(1, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    found = survey(network, (1, 1, 4, 5))
    assert [(layer.name, layer.shape, layer.layout) for layer in found.stages] == [("act", (3, 4, 5), Layout(3))]
    capture = run(network, inputs, {"act": network.act, "last": network.last}, layouts=found.layouts)
    expected = network.last.conv(inputs).detach()[0]
    np.testing.assert_array_equal(capture.activations("last"), expected)
    np.testing.assert_array_equal(capture.activations("act"), expected.relu())
    weights = network.head.weight.detach()[2].view(4, 5, 3).permute(2, 0, 1)
    np.testing.assert_array_equal(capture.gradient("act", Score.logit(2)), weights)
    np.testing.assert_array_equal(capture.gradient("last", Score.logit(2)), weights * (expected > 0))


LAYOUTS = [
    (MAPS, (2, 3, 4, 5)),
    (Layout(3), (2, 4, 5, 3)),
    (Layout(2, 0, 0, (4, 5)), (2, 20, 3)),
    (Layout(2, 0, 5, (4, 5)), (2, 25, 3)),
    (Layout(2, 1, 1, (4, 5)), (21, 2, 3)),
    (Layout(1, 0, 0, (4, 5)), (2, 3, 20)),
    (Layout(2, 0, 3, (4, 5), special=(0, 9, 22)), (2, 23, 3)),
    (Layout(1, upturned=True, mirrored=True), (2, 3, 4, 5)),
    (Layout(1, transposed=True), (2, 3, 5, 4)),
    (Layout(2, 0, 1, (5, 4), special=(20,), transposed=True, mirrored=True), (2, 21, 3)),
]


@pytest.mark.parametrize(("layout", "shape"), LAYOUTS)
def test_there_and_back_is_nothing(layout: Layout, shape: tuple[int, ...]) -> None:
    output = torch.randn(shape)
    maps = layout.to_map(output)
    assert maps.shape == (2, 3, 4, 5)
    assert layout.map_shape(shape) == (3, 4, 5)
    assert torch.equal(layout.inverse(maps, output), output)
    # what is not of the image stays, what is changes
    other = layout.inverse(torch.zeros_like(maps), output)
    assert not layout.to_map(other).any()
    changed = (other != output).sum()
    assert changed == maps.numel()
    # one output may stand for many maps
    one = output[:, :1] if layout.batch else output[:1]
    assert torch.equal(layout.to_map(layout.inverse(maps, one)), maps)


@pytest.mark.parametrize(
    ("shape", "size", "layout"),
    [
        ((1, 64, 56, 56), (224, 224), MAPS),
        ((1, 56, 56, 96), (224, 224), Layout(3)),
        ((1, 2048, 7, 10), (224, 320), MAPS),
        ((1, 7, 10, 768), (224, 320), Layout(3)),
        ((1, 197, 768), (224, 224), Layout(2, 0, 1, (14, 14))),
        ((1, 198, 768), (224, 224), Layout(2, 0, 2, (14, 14))),
        ((1, 201, 768), (224, 224), Layout(2, 0, 5, (14, 14))),
        ((1, 261, 384), (224, 224), Layout(2, 0, 5, (16, 16))),
        ((1, 50, 768), (224, 224), Layout(2, 0, 1, (7, 7))),
        ((1, 54, 768), (224, 224), Layout(2, 0, 5, (7, 7))),
        ((1, 49, 448), (224, 224), Layout(2, 0, 0, (7, 7))),
        ((1, 281, 192), (224, 320), Layout(2, 0, 1, (14, 20))),
        ((1, 285, 192), (320, 224), Layout(2, 0, 5, (20, 14))),
        ((197, 1, 768), (224, 224), Layout(2, 1, 1, (14, 14))),
        # no places, or not those of the image
        ((1, 1000), (224, 224), None),
        ((1, 2048, 1, 1), (224, 224), None),
        ((1, 1, 768), (224, 224), None),
        ((64, 49, 96), (224, 224), None),
        ((1, 12, 197, 64), (224, 224), None),
        ((1, 8, 50, 40), (224, 224), None),
        ((1, 17, 40), (96, 96), Layout(2, 0, 1, (4, 4))),
        ((1, 20, 40), (96, 96), Layout(2, 0, 4, (4, 4))),
        ((1, 14, 40), (96, 96), Layout(2, 0, 5, (3, 3))),
        ((1, 768, 196), (224, 224), None),
        ((1, 3, 500, 500), (224, 224), None),
    ],
)
def test_layouts_are_seen_in_the_shapes(shape: Any, size: Any, layout: Layout | None) -> None:
    assert find_layout(shape, size) == layout


def test_a_known_grid_decides_between_prefixes() -> None:
    # 22 tokens of an input of 3 to 4: 4 x 5 and two in front, or 3 x 7 and one
    assert find_layout((1, 22, 8), (96, 128)) == Layout(2, 0, 2, (4, 5))
    assert find_layout((1, 22, 8), (96, 128), [(3, 7)]) == Layout(2, 0, 1, (3, 7))


def test_behind_maps_tokens_are_not_finer_and_have_no_registers() -> None:
    # 49 hidden states of 256 numbers each, laid end to end, are not 16 x 16 places behind maps of 6 x 6
    assert find_layout((1, 256, 49), (96, 96), [(12, 12), (6, 6)]) is None
    assert find_layout((1, 128, 49), (96, 96), [(48, 48), (12, 12)]) is None
    assert find_layout((1, 20, 32), (96, 96), [(4, 4), (2, 2)]) == Layout(2, 0, 4, (4, 4))
    assert find_layout((1, 20, 32), (96, 96), [(2, 2)]) is None
    assert find_layout((1, 49, 32), (224, 224), [(14, 14)]) == Layout(2, 0, 0, (7, 7))


def test_rows_laid_end_to_end_are_seen_where_the_grid_is_known() -> None:
    assert find_layout((1, 198, 196), (224, 224)) == Layout(2, 0, 2, (14, 14))
    assert find_layout((1, 198, 196), (224, 224), [(14, 14)]) == Layout(1, 0, 0, (14, 14))
    # both ways fit: tokens are the rule
    assert find_layout((1, 196, 196), (224, 224), [(14, 14)]) == Layout(1, 0, 0, (14, 14))


def test_tokens_in_an_order_of_their_own_are_not_offered() -> None:
    """Window by window, as some networks keep them: a map would be scrambled, so there is none."""

    class Windows(nn.Module):
        def forward(self, tokens: Tensor) -> Tensor:
            # 16 x 16 places in windows of 4 x 4: first the upper left place of each window, then the next
            grid = tokens.view(len(tokens), 4, 4, 4, 4, -1).permute(0, 2, 4, 1, 3, 5)
            return grid.reshape(len(tokens), 256, -1)

    class Network(nn.Module):
        def __init__(self, order: nn.Module) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.patches, self.order = Patches(0), order
            self.mix = nn.Sequential(nn.LayerNorm(2), nn.Linear(2, 2))
            self.head = nn.Linear(2, 3)
            self.eval()

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.mix(self.order(self.patches(x))).mean(1))

    assert find_layers(Network(nn.Identity()), (1, 1, 32, 32))[-1].layout.grid == (16, 16)
    found = survey(Network(Windows()), (1, 1, 32, 32))
    # up to there they lie row by row
    assert [layer.name for layer in found.stages] == ["patches"]
    assert {"order", "mix"} <= found.unplaced


# --- layers of real architectures, random weights


def tokens_of(name: str, **options: Any) -> nn.Module:
    import timm

    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=5, **options).eval()


VIT = {"img_size": (64, 96), "patch_size": 16, "embed_dim": 32, "depth": 4, "num_heads": 2}


@pytest.mark.parametrize(
    ("options", "prefix", "last"),
    [
        ({}, 1, "blocks.3.norm1"),
        ({"reg_tokens": 4}, 5, "blocks.3.norm1"),
        ({"global_pool": "avg", "class_token": False}, 0, "blocks.3"),
    ],
)
def test_blocks_of_a_vision_transformer(options: Any, prefix: int, last: str) -> None:
    network = tokens_of("vit_tiny_patch16_224", **VIT, **options)
    layers = find_layers(network, (1, 3, 64, 96))
    names = ["patch_embed", "blocks.0", "blocks.1", "blocks.2", last]
    assert [layer.name for layer in layers] == names
    assert {layer.shape for layer in layers} == {(32, 4, 6)}
    assert layers[-1].layout == Layout(2, 0, prefix, (4, 6))


def test_gradcam_of_a_transformer_equals_captum() -> None:
    """captum sees maps only: the tokens are led through a module as maps, by other code than the one tested."""
    network = tokens_of("vit_tiny_patch16_224", **VIT)
    found = survey(network, (1, 3, 64, 96))
    inputs = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    capture = run(network, inputs, {"blocks.2": network.blocks[2]}, layouts=found.layouts)
    cam = METHODS["gradcam"].function(capture.activations("blocks.2"), capture.gradient("blocks.2", Score.logit(3)))

    class Led(nn.Module):
        def __init__(self, block: nn.Module) -> None:
            super().__init__()
            self.block, self.maps = block, nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            x = self.block(x)
            maps = self.maps(x[:, 1:].permute(0, 2, 1).reshape(1, 32, 4, 6))
            return torch.cat([x[:, :1], maps.reshape(1, 32, 24).permute(0, 2, 1)], 1)

    network.blocks[2] = Led(network.blocks[2])
    captum = LayerGradCam(network, network.blocks[2].maps)
    expected = captum.attribute(inputs, target=3, relu_attributions=False)[0, 0].detach().numpy()
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(cam, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_many_blocks_are_thinned_out_and_the_last_stays() -> None:
    network = tokens_of("vit_tiny_patch16_224", **{**VIT, "depth": 30})
    names = [layer.name for layer in find_layers(network, (1, 3, 64, 96))]
    assert len(names) == 12
    assert (names[0], names[-1]) == ("patch_embed", "blocks.29.norm1")


def test_threads_explain_a_transformer_as_one_alone_does_and_no_hooks_stay() -> None:
    network = tokens_of("vit_tiny_patch16_224", img_size=64, patch_size=8, embed_dim=32, depth=3, num_heads=2)
    explainer, image = Explainer(device="cpu", cache_mb=0), noise(64, 64)
    explainer.add_model("vit", network, transform=Preprocessing(64, 64))
    hooks = global_hook_count()
    jobs = [
        partial(explainer.explain, image, model="vit", target=index % 5, method=method)
        for index in range(5)
        for method in ("gradcam", "layercam", "ablationcam")
    ]
    alone = [job().cam for job in jobs]
    assert all(np.array_equal(one, other.cam) for one, other in zip(alone, in_threads(jobs), strict=True))
    assert {cam.shape for cam in alone} == {(8, 8)}
    assert (hook_count(network), global_hook_count()) == (0, hooks)


# --- outputs in tuples, gradients switched off, and what has no map


class InTuples(SmallNetwork):
    """Its middle returns its map with the grid's size beside it, as some transformers do."""

    class Middle(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> tuple[Tensor, int]:
            return self.inner(x), 8

    def __init__(self) -> None:
        super().__init__()
        self.middle = self.Middle(self.middle)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.last(self.middle(self.stem(x))[0])).flatten(1))


@pytest.mark.parametrize("method", ["gradcam", "ablationcam"])
def test_a_layer_that_returns_a_tuple(method: str) -> None:
    explainer, image = Explainer(device="cpu"), noise(32, 32)
    explainer.add_model("plain", SmallNetwork(), transform=Preprocessing(32, 32))
    explainer.add_model("tuples", InTuples(), transform=Preprocessing(32, 32))
    assert [layer.name for layer in explainer.layers("tuples")] == ["stem", "middle", "last"]
    plain, tuples = (
        explainer.explain(image, model=model, layer="middle", target=1, method=method) for model in ("plain", "tuples")
    )
    np.testing.assert_allclose(tuples.cam, plain.cam, rtol=1e-6)


def test_a_backbone_without_gradients_is_explained_where_it_ends() -> None:
    class Frozen(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                features = self.last(self.middle(self.stem(x)))
            return self.head(self.pool(features).flatten(1))

    assert [layer.name for layer in find_layers(Frozen(), (1, 3, 32, 32))] == ["last"]
    explainer, image = Explainer(device="cpu"), noise(32, 32)
    for name, network in (("frozen", Frozen()), ("plain", SmallNetwork())):
        explainer.add_model(name, network, transform=Preprocessing(32, 32))
    frozen, plain = (explainer.explain(image, model=name, target=1) for name in ("frozen", "plain"))
    np.testing.assert_array_equal(frozen.cam, plain.cam)


@pytest.mark.parametrize("cut", ["nothing", "detach", "no_grad"])
def test_what_a_network_adds_by_itself_is_no_layer_of_the_image(cut: str) -> None:
    """Codes of places, as XCiT makes them, look like a map, and the scores depend on them."""

    class Places(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.codes = nn.Conv2d(2, 12, 1)

        def forward(self, high: int, wide: int) -> Tensor:
            return self.codes(torch.rand(1, 2, high, wide, generator=torch.Generator().manual_seed(0)))

    class Placed(SmallNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.places = Places()
            self.requires_grad_(False)

        def forward(self, x: Tensor) -> Tensor:
            with torch.set_grad_enabled(cut != "no_grad"):
                x = self.middle(self.stem(x))
            x = x.detach() if cut == "detach" else x
            return self.head(self.pool(self.last(x + self.places(*x.shape[-2:]))).flatten(1))

    found = survey(Placed(), (1, 3, 32, 32))
    assert not [name for name in found.every if name.startswith("places")]
    assert [layer.name for layer in found.stages] == {
        "nothing": ["stem", "middle", "last"], "detach": ["last"], "no_grad": ["middle", "last"],
    }[cut]  # fmt: skip


def test_what_has_no_layer_to_explain_is_refused_in_a_sentence() -> None:
    class Apart(SmallNetwork):
        """Its layers run, but its scores are made of the pixels."""

        def forward(self, x: Tensor) -> Tensor:
            super().forward(x)
            return x.mean((2, 3))

    explainer, steps = Explainer(device="cpu"), Preprocessing(32, 32)
    with pytest.raises(LayerError, match=r"Apart has scores that depend on none of its layers"):
        explainer.add_model("mine", Apart(), transform=steps)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 8), nn.ReLU(), nn.Linear(8, 2))
    with pytest.raises(LayerError, match=r"Sequential has no layer that shows places.*32.*no map to draw"):
        explainer.add_model("mine", flat, transform=steps)
    explainer.add_model("mine", nn.Sequential(nn.AvgPool2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                        transform=steps)  # fmt: skip
    assert explainer.explain(noise(32, 32), model="mine").cam.shape == (8, 8)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (
            lambda f: [{"boxes": torch.zeros(0, 4), "scores": torch.zeros(0)}],
            "a list of a dict with .*. It finds objects",
        ),
        (lambda f: {"out": f, "aux": f}, "a dict with 'out', 'aux'. It returns a value for every place"),
        (lambda f: f, r"shape \(1, 16, 8, 8\). It returns a value for every place"),
        (lambda f: (1, f.mean((2, 3)), f.mean((2, 3))), r"a tuple of a int, shape \(1, 16\), .*lambda out: out\[1\]"),
        (lambda f: None, "a NoneType. There is no tensor in it"),
    ],
)
def test_what_is_no_classifier_is_refused_in_a_sentence(returned: Any, words: str) -> None:
    class Other(SmallNetwork):
        def forward(self, x: Tensor) -> Any:
            return returned(self.last(self.middle(self.stem(x))))

    with pytest.raises(OutputError, match=rf"\(1, classes\), but returned {words}"):
        Explainer(device="cpu").add_model("mine", Other(), transform=Preprocessing(32, 32))


def test_a_crash_in_somebodys_own_code_is_said() -> None:
    class Broken(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("weights")

    with pytest.raises(ModelError, match=r"cannot take an input of shape \(1, 3, 32, 32\): KeyError \('weights'\)"):
        Explainer(device="cpu").add_model("mine", Broken(), transform=Preprocessing(32, 32))
