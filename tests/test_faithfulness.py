"""The measures of `tests.benchmarks.faithfulness`, worked out by hand, and one small run of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gradcam_core import Explainer

from .benchmarks import faithfulness
from .benchmarks.default_layer import CELL, inside
from .benchmarks.faithfulness import (
    Judge,
    Kept,
    average_drop,
    average_increase,
    lit,
    moved,
    power,
    spread,
    summary,
    table,
    verdicts,
)
from .helpers import PIXEL_WEIGHT, RAMP, PixelNetwork, sure

COLOURS = {"class 0": (255, 0, 0), "class 1": (0, 255, 0), "class 2": (0, 0, 255), "class 3": (255, 255, 255)}


class ColourNetwork(nn.Module):
    """Four maps, each lit by one of red, green, blue and white alone; a class's score is the mean of its map."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.ReLU())
        self.head = nn.Linear(4, 4, bias=False)
        with torch.no_grad():
            rows = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1]]) / 16
            self.colours[0].weight.copy_(rows[:, :, None, None].expand(4, 3, 4, 4))
            self.colours[0].bias.copy_(torch.tensor([0.0, 0.0, 0.0, -2.0]))
            self.head.weight.copy_(torch.eye(4) * 20)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.colours(x).mean((2, 3)))


def test_drop_and_increase_by_hand() -> None:
    # the first falls by half, the second rises
    assert average_drop([0.8, 0.5], [0.4, 0.6]) == pytest.approx(25)
    assert average_increase([0.8, 0.5], [0.4, 0.6]) == pytest.approx(50)


def test_share_inside_by_hand() -> None:
    heat = np.zeros((2 * CELL, 2 * CELL), np.float32)
    heat[0, 0], heat[0, CELL], heat[CELL, 0], heat[CELL, CELL] = 1, 5, 2, -9
    assert [inside(heat, place)[0] for place in range(4)] == [1 / 8, 5 / 8, 2 / 8, 0]
    assert [inside(heat, place)[1] for place in range(4)] == [False, True, False, False]
    heat[:] = np.nan
    assert inside(heat, 0) == (0, False)


def test_a_photograph_multiplied_by_its_map_by_hand() -> None:
    # the colour 0.75 is (0.75 - 0.5) / 0.25 = 1; half as bright it is 0.375 and -0.5, black is -2
    heat = np.array([[1.0, 0.5, 0.0]], np.float32)
    found = lit(torch.ones(1, 3, 1, 3), heat, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert found[0, 2, 0].tolist() == [1, -0.5, -2]


@pytest.fixture
def ramp(offer: Callable[..., str]) -> Explainer:
    offer(PixelNetwork(), size=4, classes=2)
    return Explainer(device="cpu")


def test_curves_of_a_map_by_hand(ramp: Explainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(faithfulness.HIDING, "blur", torch.zeros_like)
    found = Judge(ramp).curves(ramp.explain(RAMP, model="own", target=0))
    light = np.arange(16) / 15
    # two of the sixteen pixels a step, the brightest first
    deletion = [sure(light[: 16 - hidden].sum()) for hidden in range(0, 17, 2)]
    insertion = [sure(light[16 - kept :].sum()) for kept in range(0, 17, 2)]
    # the trapezoid rule
    assert found["deletion"] == pytest.approx((sum(deletion) - (deletion[0] + deletion[-1]) / 2) / 8, rel=1e-5)
    assert found["insertion"] == pytest.approx((sum(insertion) - (insertion[0] + insertion[-1]) / 2) / 8, rel=1e-5)
    assert found["before"] == pytest.approx(sure(8), rel=1e-5)
    # the map is the light itself
    assert found["after"] == pytest.approx(sure((light**2).sum()), rel=1e-5)


def test_a_verdict_keeps_its_draws(ramp: Explainer) -> None:
    found = Judge(ramp).verdict(ramp.explain(RAMP, model="own", target=0), draws=7)
    assert len(found["random"]) == 7
    assert found["holds"] == 100 * ((np.array(found["random"]) > found["hottest"]).mean() >= 0.8)
    # class 1 has the score 0 everywhere: nothing is coloured
    assert Judge(ramp).verdict(ramp.explain(RAMP, model="own", target=1), draws=7) == {"holds": 0.0}


def test_a_moved_map_has_the_same_values_elsewhere(ramp: Explainer) -> None:
    explanation = ramp.explain(RAMP, model="own", target=0)
    other = moved(explanation, 0)
    assert sorted(other.cam.ravel()) == sorted(explanation.cam.ravel())
    assert not np.array_equal(other.cam, explanation.cam)
    assert PIXEL_WEIGHT * explanation.cam.sum() > 0


def test_means_and_numbers_of_maps() -> None:
    of = {"model": "m", "layer": "l", "method": "gradcam"}
    records = [
        {**of, "share": 0.5},
        {**of, "share": 1.0},
        {**of, "hiding": "blur", "sure": 0.2, "top": 0.0},
        {**of, "hiding": "blur", "sure": 0.4, "top": 1.0},
        {**of, "hiding": "blur", "deletion": 0.25, "insertion": 0.5, "before": 0.8, "after": 0.4},
        {**of, "hiding": "mean", "deletion": 1.0, "insertion": 1.0, "before": 0.1, "after": 1.0},
    ]
    row, fine = summary([*records, {**of, "share": 0.9, "detail": True, "rival": "next three"}], "blur")
    assert fine["layer"] == "l, detail, rival next three"
    assert fine["share"] == (0.9, 1)
    assert row["share"] == (0.75, 2)
    assert row["deletion"] == (0.25, 1)
    assert row["drop"] == (pytest.approx(50), 1)
    assert "| Grad-CAM | l | 2 / 1 / 0 | 0.750 | 0.250 | 0.500 | 50.0 | 0 |  |  | 0.30 (50%) |" in table([row], "m")


def test_other_rules_for_the_verdict_by_hand() -> None:
    # of three draws two are beaten: both of two are drawn in one of three ways, one at least always
    assert power([2], 3, 2, 2) == pytest.approx(1 / 3)
    assert power([2, 0], 3, 2, 1) == pytest.approx(1 / 2)
    records = [{"hiding": "blur", "hottest": 0.3, "random": [0.5, 0.4, 0.35, 0.31, 0.2]}]
    text = verdicts([*records, {"hiding": "mean", "hottest": 0.9, "random": [0.1] * 5}], "blur")
    assert "1 maps, 5 draws each" in text
    assert "| 4 of 5 | 1.00 | 0.33 |" in text
    assert "| 5 of 5 | 0.00 | 0.17 |" in text
    assert "of 9" not in text
    found = spread([{"method": "gradcam", "sanity": value} for value in (0.1, 0.2, 0.6)])
    assert "| Grad-CAM | 3 | 0.10 | 0.20 | 0.60 |" in found


def test_a_small_run_goes_on_where_it_was_cut_off(
    offer: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(ColourNetwork(), size=32, classes=4)
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    kept = tmp_path / "maps.jsonl"
    command = ["faithfulness", str(tmp_path), "--model", "own", "--methods", "gradcam", "scorecam", "moved"]
    command += ["--grids", "2", "--few", "1", "--sanity", "1", "--json", str(kept)]
    monkeypatch.setattr(sys, "argv", command)
    faithfulness.main()
    printed, lines = capsys.readouterr().out, kept.read_text().splitlines()
    assert "4 of 4 photographs recognised, 4 classes" in printed
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[2] for row in rows[1:4]] == ["8 / 4 / 1", "1 / 1 / 0", "8 / 4 / 0"]
    # four of eight cells a side are lit; across the one inner edge an eighth of a cell is interpolated away
    assert rows[1].split(" | ")[3] == f"{(31 / 32) ** 2:.3f}"
    # as if it had been stopped before the last five maps
    kept.write_text("\n".join(lines[:-5]) + "\n")
    assert len(Kept(kept.resolve()).records) == len(lines) - 5
    faithfulness.main()
    assert kept.read_text().splitlines() == lines
    assert capsys.readouterr().out == printed
    assert {json.loads(line)["of"]["kind"] for line in lines} == {"grid", "sure", "curves", "verdict", "sanity"}
