"""Where cells lie, proved by trial: maps are drawn where the light is, whatever the network does with its input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

from gradcam_core import Examiner, Explainer, LayerError
from gradcam_core.engine import geometry
from gradcam_core.engine.survey import Survey, survey
from gradcam_core.reading.preprocess import Preprocessing
from gradcam_core.types import WHOLE

from ..helpers import PLAIN, SmallNetwork, counted_calls, noise

SIZE = 64
STEPS = Preprocessing(SIZE, SIZE, "BOX", **PLAIN)
Change = Callable[[Tensor], Tensor]
# rows, columns of the bright square; no turn of the photograph leaves it where it is
SQUARE = (slice(8, 24), slice(24, 40))


def photograph() -> np.ndarray[Any, Any]:
    pixels = np.full((SIZE, SIZE, 3), 30, np.uint8)
    pixels[SQUARE] = 230
    return pixels


class Light(nn.Module):
    """The map is the mean light of cells of 4 x 4 pixels of what `changes` make of the input; class 0 scores it."""

    def __init__(self, *changes: Change) -> None:
        super().__init__()
        self.changes = changes
        self.cells = nn.Conv2d(3, 1, 4, 4, bias=False)
        self.head = nn.Linear(1, 2, bias=False)
        with torch.no_grad():
            self.cells.weight.fill_(1 / 48)
            self.head.weight.copy_(torch.tensor([[100.0], [-100.0]]))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return sum(self.head(self.cells(change(x)).mean((2, 3))) for change in self.changes)  # type: ignore[return-value]


def cropped(top: int, left: int, side: int) -> Change:
    return lambda x: x[..., top : top + side, left : left + side]


def warped(angle: float, size: float = 1.0) -> Change:
    turn = torch.tensor([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]])[None] * size

    def change(x: Tensor) -> Tensor:
        return functional.grid_sample(x, functional.affine_grid(turn, list(x.shape), False), align_corners=False)

    return change


CHANGES: dict[str, Change] = {
    "as it is": lambda x: x,
    "mirrored": lambda x: x.flip(-1),
    "upside down": lambda x: x.flip(-2),
    "turned by half": lambda x: x.flip(-1, -2),
    "transposed": lambda x: x.mT,
    "turned to the left": lambda x: x.rot90(1, (-2, -1)),
    "turned to the right": lambda x: x.rot90(-1, (-2, -1)),
    "centre": cropped(8, 8, 48),
    "corner": cropped(0, 16, 48),
    "padded": lambda x: functional.pad(x, (16, 16, 16, 16)),
    "padded at one side": lambda x: functional.pad(x, (16, 0, 0, 16)),
    "enlarged": warped(0, 0.75),
    "upper half": lambda x: x[..., :32, :],
    "a strip down, turned": lambda x: x[..., 16:48].rot90(1, (-2, -1)),
    "mirrored centre, enlarged": lambda x: functional.interpolate(x[..., 8:56, 8:56].flip(-1), (64, 64)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_map_lies_where_the_light_is(change: str) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(CHANGES[change]), transform=STEPS)
    e = explainer.explain(photograph(), model="it", layer="cells", target=0)
    heat = np.nan_to_num(e.heatmap)
    bright = heat > 0.6
    rows, columns = (np.flatnonzero(bright.any(axis)) for axis in (1, 0))
    for found, wanted in ((rows, SQUARE[0]), (columns, SQUARE[1])):
        # to a cell of 4 pixels, enlarged or not
        assert abs(found.min() - wanted.start) <= 4, change
        assert abs(found.max() + 1 - wanted.stop) <= 4, change
    # clicking and hiding go by the same places
    speaks = Examiner(explainer).ask_place(e, 32, 16).speaks_for[0]
    assert (speaks.prediction.index, speaks.value > 0) == (0, True)
    first = Examiner(explainer)._orders(e, 0)[0]
    assert first[SQUARE].mean() < 0.15


def test_what_a_layer_does_not_see_is_said_and_striped() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(cropped(0, 16, 48)), transform=STEPS)
    e = explainer.explain(photograph(), model="it", target=0)
    unseen = np.isnan(e.heatmap)
    assert unseen[:, :14].all()
    assert unseen[50:].all()
    assert not unseen[:46, 18:].any()
    assert e.seen_share == pytest.approx(0.75**2, abs=0.04)
    assert any("only a part of what it is given" in note for note in e.notes)
    assert not any("only a part" in note for note in explain_plain().notes)


@pytest.mark.parametrize("pads", [(40, 0, 40, 0), (16, 0, 16, 0), (0, 40, 0, 0), (0, 10, 0, 10)])
def test_what_is_only_padded_is_seen_whole(pads: tuple[int, int, int, int]) -> None:
    """What was measured a hair's breadth inside an edge of the input lies on it."""
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Rolled("zeros", pads), input_size=96)
    assert not any("only a part" in note for note in explainer.explain(noise(96, 96), model="it").notes)


class Rolled(nn.Module):
    """Convolutions with a `padding` in a row, one of which steps over every second place."""

    def __init__(self, padding: str, pads: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.pads = pads
        self.first = nn.Conv2d(3, 8, 3, 2, 1, padding_mode=padding)
        self.second = nn.Conv2d(8, 12, 3, 2, 1, padding_mode=padding)
        self.head = nn.Linear(12, 2)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(functional.pad(x, self.pads)).relu()).relu().mean((2, 3)))


@pytest.mark.parametrize("bar", [8, 12])
@pytest.mark.parametrize("sideways", [False, True])
def test_a_transform_that_fills_up_with_bars_hides_no_layer(bar: int, sideways: bool) -> None:
    """What is opposite a bar is the same colour, so that exchanging both would change nothing."""
    short = SIZE - 2 * bar

    def letterboxed(image: Image.Image) -> Tensor:
        whole = Image.new("RGB", (SIZE, SIZE), (114, 114, 114))
        picture = image.convert("RGB").resize((short, SIZE) if sideways else (SIZE, short), Image.Resampling.BOX)
        whole.paste(picture, (bar, 0) if sideways else (0, bar))
        return torch.from_numpy(np.asarray(whole, np.float32) / 255 - 0.45).permute(2, 0, 1)

    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(lambda x: x), transform=letterboxed)
    heat = np.nan_to_num(explainer.explain(photograph(), model="it", target=0).heatmap)
    rows, columns = (np.flatnonzero((heat > 0.6).any(axis)) for axis in (1, 0))
    for found, wanted in ((rows, SQUARE[0]), (columns, SQUARE[1])):
        # to a cell of 4 pixels, of which up to four times as many of the photograph's are one
        assert abs((found.min() + found.max() + 1) / 2 - (wanted.start + wanted.stop) / 2) <= 4


@pytest.mark.parametrize("padding", ["circular", "reflect", "replicate"])
def test_a_convolution_that_pads_with_what_lies_elsewhere_bends_nothing(padding: str) -> None:
    network, explainer = Rolled(padding), Explainer(device="cpu", engine="torch")
    explainer.add_model("it", network, input_size=96)
    assert [layer.name for layer in explainer.layers("it")] == ["first", "second"]
    assert {layer.layout.part for layer in explainer.layers("it")} == {WHOLE}


def explain_plain() -> Any:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(lambda x: x), transform=STEPS)
    return explainer.explain(photograph(), model="it", target=0)


def test_as_usual_nothing_is_moved_and_nine_passes_are_taken() -> None:
    network = SmallNetwork().requires_grad_(False)
    with counted_calls(network, "forward") as calls:
        found = survey(network, (1, 3, SIZE, SIZE))
    assert len(calls) == 1 + 9
    whole = (0.0, 0.0, 1.0, 1.0)
    assert {layer.layout.part for layer in found.every.values()} == {whole}
    assert not any(layer.layout.mirrored or layer.layout.transposed for layer in found.every.values())
    assert not found.unplaced


def sheared(slope: float) -> Change:
    turn = torch.tensor([[1.0, slope, 0], [0, 1, 0]])[None]

    def change(x: Tensor) -> Tensor:
        return functional.grid_sample(x, functional.affine_grid(turn, list(x.shape), False), align_corners=False)

    return change


def keystone(slope: float) -> Change:
    """Narrower at the one edge than at the other, as what is photographed from below."""

    def change(x: Tensor) -> Tensor:
        down, across = torch.meshgrid(*(torch.linspace(-1, 1, SIZE),) * 2, indexing="ij")
        places = torch.stack([across * (1 + slope * down) / (1 + abs(slope)), down], -1)
        return functional.grid_sample(x, places[None], align_corners=False)

    return change


def moved(where: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Change:
    """Each pixel from the place that `where` gives for it, across and down, each from -1 to 1."""

    def change(x: Tensor) -> Tensor:
        down, across = torch.meshgrid(*(torch.linspace(-1, 1, SIZE),) * 2, indexing="ij")
        return functional.grid_sample(x, torch.stack(where(across, down), -1)[None], align_corners=False)

    return change


def lens(bow: float) -> Change:
    """Lines bow outwards, or inwards where `bow` is below zero; the middle of the sides stays."""

    def where(across: Tensor, down: Tensor) -> tuple[Tensor, Tensor]:
        grown = (1 + bow * (across**2 + down**2)) / (1 + bow)
        return across * grown, down * grown

    return moved(where)


WARPS: dict[str, Change] = {
    "turned by 4 degrees": warped(0.07),
    "turned by 9 degrees to the right": warped(-0.16),
    "turned by 6 degrees and upside down": lambda x: warped(0.1)(x).flip(-2),
    "sheared a little": sheared(0.1),
    "a slight keystone": keystone(0.12),
    "a barrel": lens(0.1),
    "a pincushion": lens(-0.12),
    "a wave": moved(lambda across, down: (across + 0.1 * torch.sin(math.pi * down), down)),
    "half of it sheared": moved(lambda across, down: (across + 0.2 * down.clamp(min=0), down)),
    "turned by 20 degrees": warped(0.35),
    "turned by 20 degrees and mirrored": lambda x: warped(-0.35)(x).flip(-1),
    "turned by 110 degrees": lambda x: warped(0.35)(x).rot90(1, (-2, -1)),
    "sheared": sheared(0.36),
    "sheared down": lambda x: sheared(-0.36)(x.mT).mT,
    "a keystone": keystone(0.6),
    "a keystone that lies": lambda x: keystone(-0.6)(x.mT).mT,
    "mirrored at its edges": lambda x: functional.pad(x, (16, 16, 16, 16), mode="reflect"),
    "mirrored at one edge": lambda x: functional.pad(x, (20, 0, 0, 0), mode="reflect"),
    "turned by 30 degrees": warped(0.52),
    "turned by 45 degrees": warped(0.785),
    "rolled round": lambda x: x.roll(20, -1),
    "rolled by an eighth": lambda x: x.roll(8, -1),
    "rolled up by a sixteenth": lambda x: x.roll(-4, -2),
    "rolled both ways": lambda x: x.roll((4, -6), (-1, -2)),
    "summed up": lambda x: x.cumsum(-1) / SIZE,
    "the mean of all before": lambda x: x.cumsum(-2) / torch.arange(1, SIZE + 1)[:, None],
    "the most of all before": lambda x: x.cummax(-1).values,
    "sorted": lambda x: x.sort(-1).values,
    "half of it mirrored": lambda x: torch.cat([x[..., :32], x[..., 32:].flip(-1)], -1),
    "scrambled": lambda x: x.unflatten(-1, (8, 8)).transpose(-1, -2).flatten(-2),
}


@pytest.mark.parametrize("warp", WARPS)
def test_warps_that_no_map_can_follow_are_refused_in_a_sentence(warp: str) -> None:
    with pytest.raises(LayerError, match="Light has no layer whose cells follow places"):
        Explainer(device="cpu").add_model("it", Light(WARPS[warp]), transform=STEPS)


@pytest.mark.parametrize("size", [0.5, 0.7, 0.9, 0.95, 1.1, 1.3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_enlarged_or_made_smaller_is_no_warp(size: float, mirrored: bool) -> None:
    change = warped(0, size)
    found = survey_of(Light(lambda x: change(x.flip(-1)) if mirrored else change(x))).every["cells"].layout
    assert found.mirrored == mirrored
    margin = (1 - size) / 2
    assert found.part == pytest.approx((margin, margin, 1 - margin, 1 - margin), abs=0.06)


class Transformed(Light):
    """Turns and zooms by what it sees: by the light of the upper left part, and of the lower right one."""

    def __init__(self, *, turns: bool = False, kept: str = "grid") -> None:
        super().__init__()
        self.turns = turns
        self.kept = kept

    def forward(self, x: Tensor) -> Tensor:
        light = x[..., :8, :8].mean() - x[..., 8:16, :8].mean()
        if self.kept == "number":
            # where it cuts is a number that Python reads
            seen = x[..., :48, :48] if light.item() < 0.5 else x[..., 16:, 16:]
        elif self.kept == "rows":
            rows = torch.arange(32) + (light > 0.5).long() * 32
            seen = x[..., rows, :]
        elif self.kept == "branch":
            seen = x.flip(-1) if bool(light > 0.5) else x
        else:
            angle = light * 0.6 if self.turns else light * 0
            size = 1 if self.turns else 1 - light.clamp(0, 1) * 0.5
            turn = torch.stack([angle.cos(), -angle.sin(), angle * 0, angle.sin(), angle.cos(), angle * 0])
            grid = functional.affine_grid(turn.view(1, 2, 3) * size, list(x.shape), False)
            seen = functional.grid_sample(x, grid, align_corners=False)
        return self.head(self.cells(seen).mean((2, 3)))


def lit(place: tuple[slice, slice]) -> np.ndarray[Any, Any]:
    """Dark but for a square, and for a small one in the corner by which `Transformed` decides."""
    pixels = np.random.default_rng(0).integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[place] = 255
    return pixels


IN_THE_CORNER = (slice(0, 8), slice(0, 8))


@pytest.mark.parametrize(
    ("kept", "part", "mirrored"),
    [
        ("grid", (0.25, 0.25, 0.75, 0.75), False),
        ("number", (0.25, 0.25, 1, 1), False),
        ("rows", (0, 0.5, 1, 1), False),
        ("branch", (0, 0, 1, 1), True),
    ],
)
def test_where_a_network_looks_by_what_it_sees_is_found_for_each_photograph(
    kept: str, part: tuple[float, ...], mirrored: bool
) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Transformed(kept=kept), transform=STEPS)
    # the one photograph makes it decide otherwise than the one that it was tried out with
    for bright in (True, False):
        pixels = lit((slice(40, 48), slice(32, 40)))
        if bright:
            pixels[IN_THE_CORNER] = 255
        e = explainer.explain(pixels, model="it", target=0)
        layout = explainer.capture(e).layouts["cells"]
        whole = {"number": (0, 0, 0.75, 0.75), "rows": (0, 0, 1, 0.5)}.get(kept, (0, 0, 1, 1))
        assert layout.part == pytest.approx(part if bright else whole, abs=0.04)
        assert layout.mirrored == (mirrored and bright)
        if bright:
            heat = np.nan_to_num(e.heatmap).copy()
            # where the square is, not where it is in what the network made of it
            heat[IN_THE_CORNER] = 0
            row, column = np.unravel_index(heat.argmax(), heat.shape)
            assert 36 <= row <= 52
            assert 28 <= column <= 44


def test_a_network_that_turns_by_what_it_sees_is_refused_where_it_does() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Transformed(turns=True), transform=STEPS)
    explainer.explain(lit((slice(40, 48), slice(32, 40))), model="it", target=0)
    with pytest.raises(LayerError, match="decides by what it sees where it looks"):
        explainer.explain(lit(IN_THE_CORNER), model="it", target=0)


class Blurred(Light):
    """The light of cells, then layers that mix ever more of them, as a deep network does."""

    def __init__(self, *changes: Change) -> None:
        super().__init__(*changes)
        torch.manual_seed(0)
        self.deep = nn.ModuleList(nn.Conv2d(1 if step == 0 else 8, 8, 5, 1 + step % 2, 2) for step in range(4))
        self.head = nn.Linear(8, 2)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        maps = self.cells(self.changes[0](x))
        for layer in self.deep:
            maps = layer(maps).relu()
        return self.head(maps.mean((2, 3)))


@pytest.mark.parametrize("warp", WARPS)
def test_what_mixes_a_warped_picture_is_refused_as_well(warp: str) -> None:
    with pytest.raises(LayerError, match="Blurred has no layer whose cells follow places"):
        survey_of(Blurred(WARPS[warp]))


ASTRAY = ("rolled by an eighth", "rolled up by a sixteenth", "summed up", "the mean of all before")


@pytest.mark.parametrize("warp", ASTRAY)
def test_maps_that_are_rolled_round_or_summed_up_follow_no_place_from_there_on(warp: str) -> None:
    class Inside(Rolled):
        def forward(self, x: Tensor) -> Tensor:
            maps = self.first(x).relu()
            across = WARPS[warp](functional.interpolate(maps, (SIZE, SIZE)))
            return self.head(self.second(functional.interpolate(across, maps.shape[-2:])).mean((2, 3)))

    network = Inside("zeros")
    assert {"first"} == set(survey_of(network).every)


@pytest.mark.parametrize("change", ["as it is", "turned to the left", "padded", "mirrored centre, enlarged"])
def test_what_mixes_a_picture_that_lies_upright_stays(change: str) -> None:
    assert {"deep.1", "deep.3"} <= set(survey_of(Blurred(CHANGES[change])).every)


@pytest.mark.parametrize("change", ["padded", "centre"])
def test_what_mixes_a_picture_lies_where_the_layer_in_front_of_it_does(change: str) -> None:
    every = survey_of(Blurred(CHANGES[change])).every
    margin = {"padded": -0.25, "centre": 0.125}[change]
    for layer in every.values():
        assert layer.layout.part == pytest.approx((margin, margin, 1 - margin, 1 - margin), abs=0.05)


def survey_of(network: nn.Module) -> Survey:
    return survey(network, (1, 3, SIZE, SIZE))


@pytest.mark.parametrize("part", [4, 8])
def test_a_thin_edge_filled_up_with_its_mirror_image_moves_the_map(part: int) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model(
        "it", Light(lambda x: functional.pad(x, (part, part, part, part), mode="reflect")), transform=STEPS
    )
    heat = np.nan_to_num(explainer.explain(photograph(), model="it", target=0).heatmap)
    rows, columns = (np.flatnonzero((heat > 0.6).any(axis)) for axis in (1, 0))
    for found, wanted in ((rows, SQUARE[0]), (columns, SQUARE[1])):
        assert abs(found.min() - wanted.start) <= 4
        assert abs(found.max() + 1 - wanted.stop) <= 4


@pytest.mark.parametrize("size", [(36, 28), (30, 45), (50, 34)])
def test_strips_of_unequal_pixels_make_no_warp(size: tuple[int, int]) -> None:
    found = survey(SmallNetwork(), (1, 3, *size))
    assert {"stem", "middle", "last"} <= found.every.keys()
    assert not found.unplaced


@pytest.mark.parametrize("step", [8, 12, 16, 20])
@pytest.mark.parametrize("size", [224, 200])
def test_what_sees_single_pixels_far_apart_is_no_warp(step: int, size: int) -> None:
    class Points(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.points = nn.Conv2d(3, 4, 1, step)
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.points(x).mean((2, 3)))

    torch.manual_seed(step)
    found = survey(Points().eval(), (1, 3, size, size))
    assert "points" in found.every
    assert not found.unplaced


def test_both_ways_at_once_is_refused() -> None:
    class Both(Light):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.cells(x + x.flip(-1)).mean((2, 3)))

    with pytest.raises(LayerError, match="follow places"):
        Explainer(device="cpu").add_model("it", Both(), transform=STEPS)


@pytest.mark.parametrize("box", [(16, 8, 48, 40), (0, 0, 32, 32), (8, 8, 56, 56), (24, 4, 60, 64)])
def test_layers_behind_a_box_lie_in_the_box(box: tuple[int, int, int, int]) -> None:
    class Boxed(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            maps = roi_align(self.stem(x), torch.tensor([[0.0, *box]]), (14, 14), 0.5)
            return self.head(self.pool(self.last(self.middle(maps))).flatten(1))

    torch.manual_seed(0)
    layout = survey_of(Boxed().eval()).every["middle"].layout
    assert layout.part == pytest.approx([side / SIZE for side in box], abs=0.09)


def test_what_answers_alike_everywhere_follows_no_place() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    spread = Light(lambda x: x, lambda x: x.mean((2, 3), keepdim=True).expand_as(x))
    explainer.add_model("it", spread, transform=STEPS)
    assert [layer.name for layer in explainer.layers("it")] == ["cells#1"]
    e = explainer.explain(photograph(), model="it", target=0)
    assert np.nanargmax(e.heatmap) % SIZE in range(SQUARE[1].start, SQUARE[1].stop)


# --- tokens


class Tokens(nn.Module):
    """Patches of 8 x 8 pixels as tokens, with further ones at the places `apart`; each token keeps what it is."""

    def __init__(self, apart: list[int]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.apart = apart
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.extra = nn.Parameter(torch.randn(1, len(apart), 16))
        self.block = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 16), nn.GELU())
        self.head = nn.Linear(16, 3)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patches(x).flatten(2).mT
        places = torch.ones(64 + len(self.apart), dtype=torch.bool)
        places[self.apart] = False
        tokens = patches.new_zeros(1, len(places), 16)
        tokens[:, places], tokens[:, ~places] = patches, self.extra
        tokens = self.block(tokens)
        # each reads all others a little, as attention does
        return self.head((tokens + 0.3 * tokens.mean(1, keepdim=True)).mean(1))


@pytest.mark.parametrize("apart", [[0], [64], [32], [0, 65], [0, 1, 2, 3], [64, 65, 66, 67], [0, 17, 34, 51]], ids=str)
def test_tokens_that_show_no_place_are_found_wherever_they_stand(apart: list[int]) -> None:
    network, inputs = Tokens(apart), torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))
    found = survey(network, (1, 3, SIZE, SIZE))
    layout = found.every["block"].layout
    with torch.no_grad():
        # a token knows nothing of the others: the same without those that show no place
        expected = network.block(network.patches(inputs).flatten(2).mT).mT.unflatten(-1, (8, 8))
        kept: list[Tensor] = []
        hook = network.block.register_forward_hook(lambda _m, _i, output: kept.append(output))
        network(inputs)
        hook.remove()
    torch.testing.assert_close(layout.to_map(kept[0]), expected)


class Mixed(nn.Module):
    """What is behind the maps has `count` rows that look like tokens of places and are none."""

    def __init__(self, kind: str, count: int = 49) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.kind = kind
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 5, 4, 2), nn.ReLU())
        self.queries = nn.Parameter(torch.randn(1, count, 32))
        self.keys = nn.Linear(32, 32)
        self.assign = nn.Conv2d(32, count, 1)
        self.channels = nn.Linear(256, 32)
        self.after = nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, 4)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        maps = self.stem(x)
        tokens = maps.flatten(2).mT
        if self.kind == "latents":
            rows = self.queries + (self.queries @ self.keys(tokens).mT).softmax(-1) @ tokens
        elif self.kind == "clusters":
            rows = self.assign(maps).flatten(2).softmax(-1) @ tokens
        elif self.kind == "slots":
            weights = (self.queries @ self.keys(tokens).mT).softmax(1)
            rows = weights / weights.sum(-1, keepdim=True) @ tokens
        else:
            rows = self.channels(maps.repeat(1, 2, 1, 1).flatten(2))
        return self.head(self.after(rows).mean(1))


@pytest.mark.parametrize(
    ("kind", "count"), [("latents", 49), ("latents", 256), ("clusters", 64), ("slots", 49), ("channels", 64)]
)
def test_what_looks_like_places_and_is_none_is_not_offered(kind: str, count: int) -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Mixed(kind, count), transform=STEPS)
    assert "after" not in [layer.name for layer in explainer.layers("it")]
    with pytest.raises(LayerError, match=r"`layer` 'after' of it follow no places|has no spatial positions"):
        explainer.explain(photograph(), model="it", layer="after")


def test_frequencies_are_no_places() -> None:
    class Spectrum(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            spectrum = torch.fft.fft2(self.middle(self.stem(x))).real
            return self.head(self.pool(self.last(spectrum)).flatten(1))

    assert [layer.name for layer in survey(Spectrum(), (1, 3, SIZE, SIZE)).stages] == ["stem", "middle"]


def test_each_half_of_a_pair_lies_on_its_half() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(lambda x: x[..., :32], lambda x: x[..., 32:]), transform=STEPS)
    names = [layer.name for layer in explainer.layers("it")]
    assert "cells#2" in names
    for name, half in (("cells#1", slice(0, 30)), ("cells#2", slice(34, 64))):
        e = explainer.explain(photograph(), model="it", layer=name, target=0)
        assert not np.isnan(e.heatmap[:, half]).any()
        assert np.isnan(np.delete(e.heatmap, np.arange(64)[half], 1)).mean() > 0.8


class Twice(Rolled):
    """Looks at the picture and its mirror image one after the other."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + super().forward(x.flip(-1))


def test_it_is_said_of_a_map_that_it_is_of_one_run_of_several_side_by_side() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Twice("zeros"), input_size=96)
    for layer, other in (("second#1", "second#2"), ("second#2", "second#1")):
        notes = explainer.explain(noise(96, 96), model="it", layer=layer).notes
        assert any(f"this map is of one run alone. The others: {other}." in note for note in notes)


def test_a_rectifier_that_many_share_runs_on_one_way_to_the_scores() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    network, relu = Rolled("zeros"), nn.ReLU()
    before = (network.first, relu, nn.MaxPool2d(2), network.second, relu)
    explainer.add_model(
        "it", nn.Sequential(*before, nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.head), input_size=96
    )
    assert [layer.name for layer in explainer.layers("it")] == ["1#1", "1#2"]
    assert not any("one run alone" in note for note in explainer.explain(noise(96, 96), model="it").notes)


def test_of_a_backbone_that_runs_twice_the_run_that_is_explained_lies_right() -> None:
    explainer = Explainer(device="cpu", engine="torch")
    explainer.add_model("it", Light(lambda x: x, lambda x: x.flip(-1)), transform=STEPS)
    e = explainer.explain(photograph(), model="it", target=0)
    assert np.nanargmax(e.heatmap) % SIZE in range(SQUARE[1].start, SQUARE[1].stop)


class Overturned(nn.Module):
    """Mirrors what it is given in place, and returns that."""

    def forward(self, x: Tensor) -> Tensor:
        return x.copy_(x.flip(-1))


def test_what_is_handed_on_is_looked_at_once_and_again_where_it_was_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Any] = []
    look = geometry.CellAnswer.of

    def of(*given: Any) -> Any:
        looked_at.append(given)
        return look(*given)

    monkeypatch.setattr(geometry.CellAnswer, "of", of)
    torch.manual_seed(0)
    cells, head = nn.Conv2d(3, 4, 4, 4), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    network = nn.Sequential(cells, nn.ReLU(), nn.Identity(), Overturned(), nn.Identity(), head).eval()
    layouts = survey(network, (1, 3, SIZE, SIZE)).layouts
    assert {name: layouts[name].mirrored for name in "01234"} == {**dict.fromkeys("012", False), "3": True, "4": True}
    # with broad strips and with thin ones: the cells, what is behind their rectifier, and what was mirrored
    assert len(looked_at) == 2 * 3
