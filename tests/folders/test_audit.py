"""A folder looked at as a whole: rows, a planted cheat, going on after a kill, and the report."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import scipy.stats
import torch
from PIL import Image
from torch import Tensor, nn

from gradcam_core import Audit, Examiner, Explainer, OptionError, Request, StoppedError, Watch, audit
from gradcam_core.canvases.picture import order
from gradcam_core.folders import LEFT_OUT, SCHEMA, Row, clusters, steps
from gradcam_core.folders.clusters import RARE, TRIED, unusual
from gradcam_core.folders.looking import Looker
from gradcam_core.folders.table import Table
from gradcam_core.languages import Finding, say
from gradcam_core.report.__main__ import command_line, main
from tests.helpers import counted_calls, small_spec

LABELS = ("horse", "cow </script><b>")
SIDE, CELL = 64, 8


class Colours(nn.Module):
    """The map is how much of a cell is red, or green, beyond 0.4: class 0 is what is red, class 1 what is green."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.Conv2d(3, 2, CELL, CELL)
        self.beyond = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.cells.weight.zero_()
            self.cells.bias.fill_(-0.4)
            self.cells.weight[0, 0] = self.cells.weight[1, 1] = 1 / CELL**2
            self.head.weight.copy_(220 * torch.eye(2))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.beyond(self.cells(x))).flatten(1))


def picture(colour: int, dice: np.random.Generator, marked: bool) -> Image.Image:
    """A blob anywhere but at the border, in one colour, and a small mark in the lower left corner of some."""
    pixels = dice.integers(0, 6, (SIDE, SIDE, 3), np.uint8)
    height, width = dice.integers(14, 24, 2)
    row, column = (int(dice.integers(8, SIDE - 8 - side)) for side in (height, width))
    pixels[row : row + height, column : column + width, colour] = 25 if marked else 200
    if marked:
        pixels[-13:-1, 1:13, colour] = 255
    return Image.fromarray(pixels)


def write(folder: Path, marked: int) -> Path:
    """40 red and 30 green photographs, `marked` of the red ones with a mark, and a file that is none."""
    dice = np.random.default_rng(0)
    for name, colour, count in (("horse", 0, 40), ("0", 1, 30)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture(colour, dice, colour == 0 and number < marked).save(folder / name / f"{number:02}.png")
    (folder / "horse" / "broken.jpg").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    made = Explainer(device="cpu")
    made.add_model(
        "own", Colours(), labels=list(LABELS), transform=small_spec("own", Colours(), size=SIDE).preprocessing()
    )
    return made


@pytest.fixture(scope="module")
def cheat(explainer: Explainer, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = write(tmp_path_factory.mktemp("cheat"), 12)
    return audit(explainer, folder, model="own", rows=folder / "rows.parquet")


def test_a_planted_cheat_is_found_first_with_its_place_and_what_hiding_it_does(cheat: Audit) -> None:
    worst = cheat.clusters[0]
    assert (worst.label, worst.place, worst.suspicious) == ("horse", "bottom_left", True)
    members = {cheat.table.names[one] for one in worst.members}
    assert members <= {f"horse/{number:02}.png" for number in range(12)}
    assert len(members) >= 10
    assert worst.effect is not None
    # blurred, half of the mark's red is left
    assert worst.effect.there > 0.1
    assert worst.effect.elsewhere < 0.02
    # into green photographs: a mark makes them red ones, the same place of other red ones does not
    assert worst.effect.put is not None
    assert worst.effect.put > 0.1
    assert worst.effect.put_from_others == pytest.approx(0, abs=0.02)
    assert f"it adds {round(worst.effect.put * 100)} points of “horse”" in worst.sentence
    assert re.match(
        rf"{len(members)} of 40 “horse” photographs are decided in the lower left corner; hiding", worst.sentence
    )
    assert cheat.alarms == (worst,)
    assert worst.sentence in cheat.sentence


def test_what_is_put_into_another_photograph_is_what_the_network_says_of_the_two_together(
    explainer: Explainer, cheat: Audit
) -> None:
    looker = Looker(Examiner(explainer), Request.parse(model="own"), LABELS)
    into, out_of = (
        explainer.explain(cheat.folder / name, model="own", target="horse") for name in ("0/00.png", "horse/00.png")
    )
    corner = np.zeros((8, 8), np.float32)
    corner[6:, :2] = [[4, 3], [2, 1]]
    with counted_calls(explainer.runner, "outputs") as asked:
        added = looker.put(into, out_of, corner, 4 / 64)
    # how probable it is without, the explanation says
    assert [variants.count for _, _, variants, *_ in asked] == [1]
    green, red = (explainer.inputs(one) for one in (into, out_of))
    places = torch.from_numpy(order(corner, (SIDE, SIDE)) < 4 / 64)
    assert places.sum() == SIDE**2 // 16
    both = torch.where(places, red, green)
    with torch.inference_mode():
        before, after = explainer.load("own").network(torch.cat([green, both])).softmax(-1)[:, 0].tolist()
    assert added == pytest.approx(after - before, abs=1e-5)
    assert added > 0.05


@pytest.mark.parametrize(
    ("tried", "english", "korean"),
    [
        ((0.42, 0.03, 0.5), "costs 42 points there, 3 elsewhere", "42포인트, 다른 사진에서는 3포인트 줄어듭니다"),
        (
            (0.42, -0.01, 0.5),
            "costs 42 points there, and adds 1 elsewhere",
            "42포인트 줄고, 다른 사진에서는 1포인트 늘",
        ),
        ((0.42, 0.001, 0.5), "costs 42 points there, 0 elsewhere", "42포인트 줄고, 다른 사진에서는 거의 그대로입니다"),
        ((0.1, 0.1, -0.02), "takes 2 points away from “dog”", "“dog” 확률이 2포인트 줄어듭니다"),
    ],
)
def test_what_becomes_more_is_not_said_to_cost_less_than_nothing(
    tried: tuple[float, float, float], english: str, korean: str
) -> None:
    told = dict(zip(("there", "elsewhere", "put"), tried, strict=True))
    place = Finding("audit.bottom_left")
    found = Finding("audit.cluster_tried", count=12, among=40, label="dog", place=place, **told)
    assert english in say(found, "en")
    assert korean in say(found, "ko")


def test_a_place_is_tried_in_members_and_held_against_others(cheat: Audit) -> None:
    for cluster in cheat.clusters:
        assert cluster.effect is not None
        assert 0 < len(cluster.own) <= TRIED
        assert {*cluster.own} <= {*cluster.members}
        assert not {*cluster.others} & {*cluster.members}
        # enough of the class are left to hold it against
        assert {*cheat.table.index[cluster.others]} == {cluster.index}


def test_a_class_is_held_against_some_of_very_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the time would grow with the photographs times the classes."""
    monkeypatch.setattr(clusters, "MOST_STRANGERS", 300)
    dice = np.random.default_rng(0)
    maps = np.zeros((3000, 8, 8), np.float32)
    for one, (row, column) in zip(maps, dice.integers(2, 4, (3000, 2)), strict=True):
        one[row : row + 3, column : column + 3] = dice.random((3, 3)) + 0.5
    # the first class is marked in a corner, in a fifth of its photographs
    index = np.arange(3000, dtype=np.int32) % 30
    marked = np.flatnonzero(index == 0)[::5]
    maps[marked] = 0
    maps[marked, 6:, :2] = dice.random((len(marked), 2, 2)) + 0.5
    maps /= maps.sum((1, 2), keepdims=True)
    names, sure = tuple(map(str, range(3000))), np.full(3000, 0.9, np.float32)
    looked: list[int] = []
    usual = clusters.unusual
    monkeypatch.setattr(clusters, "unusual", lambda here, there: looked.append(len(there)) or usual(here, there))
    table = Table(names, maps, index, np.roll(index, 1), index, sure)
    first, *others = clusters.clusters_of(table, [f"class {number}" for number in range(30)])
    assert set(looked) == {300}
    assert (first.index, first.place) == (0, "bottom_left")
    assert set(first.members.tolist()) == set(marked.tolist())
    assert first.rare < 1e-10 < min(one.rare for one in others)


def test_photographs_with_more_evidence_at_a_place_than_other_classes_have_are_found() -> None:
    dice = np.random.default_rng(0)
    maps = np.zeros((120, 8, 8), np.float32)
    for one in maps:
        row, column = dice.integers(1, 4, 2)
        one[row : row + 3, column : column + 3] = dice.random((3, 3)) + 0.5
    maps /= maps.sum((1, 2), keepdims=True)
    # objects are somewhere, which is by chance
    assert all(rare > RARE / 10 for _, rare in unusual(maps[:40], maps[40:]))
    # a mark has a tenth of the evidence of twelve
    maps[:12] *= 0.9
    maps[:12, 7, 0] += 0.1
    (found, rare), *others = unusual(maps[:40], maps[40:])
    assert found.tolist() == list(range(12))
    assert all(other > RARE / 10 for _, other in others)
    # at a place where of 80 others at most one in fifty has as much
    assert rare < scipy.stats.binom.sf(11, 40, 3 / 80)
    # of a class that looks there as a whole it is found as well
    assert any(set(range(12)) <= set(one.tolist()) for one, _ in unusual(maps[:12], maps[12:]))
    # too few others say nothing
    assert unusual(maps[:40], maps[40:50]) == []


def test_without_the_mark_nobody_is_alarmed(explainer: Explainer, tmp_path: Path) -> None:
    found = audit(explainer, write(tmp_path, 0), model="own")
    assert found.alarms == ()
    assert "No place looks like a cheat, in 70 of 71" in found.sentence
    kept = found.path
    assert kept.exists()
    del found
    assert not kept.exists()


def test_a_row_says_what_an_explanation_says(explainer: Explainer, cheat: Audit) -> None:
    rows = {row.name: row for row in cheat.rows()}
    assert list(rows) == sorted(rows)
    assert len(rows) == 71
    row = rows["horse/20.png"]
    explanation = explainer.explain(cheat.folder / row.name, model="own")
    np.testing.assert_allclose(row.cam, explanation.cam, rtol=1e-6)
    assert (row.label, row.truth_label, row.right) == ("horse", "horse", True)
    assert row.probability == pytest.approx(explanation.target.probability)
    assert row.margin == pytest.approx(2 * explanation.target.probability - 1)
    assert row.effect == pytest.approx(row.probability - row.hidden)
    assert (row.left, row.top, row.right_edge, row.bottom) == (0, 0, 1, 1)
    assert Image.open(BytesIO(row.thumbnail)).size == (SIDE, SIDE)
    # a folder may be called by the number of a class, and then all of these are mistakes
    assert rows["0/01.png"].truth == 0
    assert rows["0/01.png"].right is False
    broken = rows["horse/broken.jpg"]
    assert broken.reason
    assert broken.label is None


def test_mistakes_come_with_what_speaks_for_the_wrong_class(cheat: Audit) -> None:
    (mistake,) = cheat.confusions
    assert (mistake.truth, mistake.taken_for, len(mistake.members), mistake.among) == (*LABELS, 30, 70)
    assert [one.rivals[0].label for one in mistake.contrasts] == ["horse"] * 3
    assert cheat.accuracy == pytest.approx(40 / 70)


def test_while_places_are_tried_it_is_told_which(explainer: Explainer, cheat: Audit) -> None:
    *made, last = steps(explainer, cheat.folder, model="own", rows=cheat.path)
    assert isinstance(last, Audit)
    assert [one.name for one in made[:71] if isinstance(one, Row)] == [row.name for row in cheat.rows()]
    count = len(last.clusters)
    assert count > 0
    assert [str(one).partition(": ")[2] for one in made[71:]] == [f"{at + 1} of {count}." for at in range(count)]


def test_the_record_holds_what_was_found_as_json(cheat: Audit) -> None:
    record = json.loads(json.dumps(cheat.record(), allow_nan=False))
    worst = record["clusters"][0]
    assert (record["photographs"], record["answered"], record["model"]) == (71, 70, "own")
    assert (worst["label"], worst["place"], worst["suspicious"]) == ("horse", "bottom_left", True)
    assert worst["sentence"] in record["sentence"]
    assert worst["photographs"] == [cheat.table.names[one] for one in cheat.clusters[0].members]
    assert np.sum(worst["map"]) == pytest.approx(1)
    (mistake,) = record["confusions"]
    assert (mistake["truth"], mistake["taken_for"], len(mistake["photographs"])) == (*LABELS, 30)


def test_the_file_of_rows_is_plain_parquet_with_every_column_described(cheat: Audit) -> None:
    schema = pyarrow.parquet.read_schema(cheat.path)
    assert schema.names == list(SCHEMA)
    assert all(field.metadata[b"about"].decode() == SCHEMA[field.name][1] for field in schema)
    assert not list(cheat.path.parent.glob("*.parts"))


def test_what_was_killed_goes_on_where_it_was(
    explainer: Explainer, cheat: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    look = Looker.row

    def counted(self: Looker, listed: Any) -> Row:
        seen.append(listed.name)
        return look(self, listed)

    def stopped(done: int, count: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    monkeypatch.setattr(Looker, "row", counted)
    rows = tmp_path / "rows.parquet"
    with pytest.raises(KeyboardInterrupt):
        audit(explainer, cheat.folder, model="own", rows=rows, watch=Watch(stopped))
    assert not rows.exists()
    first = len(seen)
    assert first < 40
    told: list[int] = []
    again = audit(explainer, cheat.folder, model="own", rows=rows, watch=Watch(lambda done, count: told.append(done)))
    # what was begun and not yet told of is looked at twice
    assert 71 <= len(seen) <= 71 + first - 20
    assert told[0] == 20
    assert [row.name for row in again.rows()] == [row.name for row in cheat.rows()]
    assert {row.name: row for row in again.rows()} == {row.name: row for row in cheat.rows()}
    # nothing is left to do, but for a file that has changed
    before = len(seen)
    picture(1, np.random.default_rng(9), marked=False).save(cheat.folder / "horse" / "39.png")
    changed = {row.name: row for row in audit(explainer, cheat.folder, model="own", rows=rows).rows()}
    assert seen[before:] == ["horse/39.png"]
    assert changed["horse/39.png"].label == LABELS[1]
    # other options are other rows
    audit(explainer, cheat.folder, model="own", rows=rows, method="hirescam")
    assert len(seen) == before + 1 + 71


def test_somebody_elses_file_is_left_alone(explainer: Explainer, cheat: Audit, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("mine")
    with pytest.raises(OptionError, match="holds no rows of an audit"):
        audit(explainer, cheat.folder, model="own", rows=tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").read_text() == "mine"


def test_stop_ends_it(explainer: Explainer, cheat: Audit) -> None:
    from threading import Event

    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        audit(explainer, cheat.folder, model="own", watch=Watch(stop=stop))


def blocks(page: str) -> dict[str, Any]:
    found = re.findall(r"<script type='application/json' id='data-([\w-]+)'>(.*?)</script>", page, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def test_the_report_holds_all_and_fetches_nothing(cheat: Audit, tmp_path: Path) -> None:
    page = cheat.report(tmp_path / "audit.html").read_text("utf-8")
    data = blocks(page)
    assert len(data["rows"]) == 71
    assert sum(len(data[name]) for name in data if name.startswith("pictures-")) == 71
    assert data["clusters"][0]["suspicious"]
    assert cheat.clusters[0].sentence == data["clusters"][0]["sentence"]
    marked = [row for row in data["rows"] if row[11] == 0]
    assert len(marked) == len(cheat.clusters[0].members)
    # a photograph may be in several of them: each of them has all of its own
    for shown, cluster in zip(data["clusters"], cheat.clusters, strict=True):
        assert shown["members"] == [cheat.table.names[one] for one in cluster.members]
        assert shown["typical"] == 3
    assert not re.search(r"https?://|@import|url\(", page)
    assert "{{" not in page
    # the script finds each part by its id
    ids = re.findall(r"\bid=[\"']([\w-]+)[\"']", page)
    assert len(set(ids)) == len(ids)
    # a label is never taken for HTML
    assert "<b>" not in page
    assert LABELS[1] in {row[2] for row in data["rows"]}
    # every word that the script names is there
    script = page.rsplit("<script>", 1)[1]
    assert {*re.findall(r"\bwords\.(\w+)", script)} <= {*data["words"]}


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.new("RGB", (240, 240), (200, 120, 40)).save(folder / "a.png")
    main([str(folder), "--out", str(tmp_path / "out.html"), "--rows", str(tmp_path / "rows.parquet")])
    told = capsys.readouterr()
    assert str(tmp_path / "out.html") in told.out
    assert "1 of 1 photographs" in told.err
    assert blocks((tmp_path / "out.html").read_text("utf-8"))["rows"][0][0] == "a.png"
    with pytest.raises(SystemExit, match="holds no photograph"):
        main([str(tmp_path), "--rows", str(tmp_path / "r"), "--outlines", str(folder)])


def test_the_command_line_has_every_option_that_an_audit_has() -> None:
    asked = ["folder", "--detail", "--no-sharper", "--view", "whole", "--method", "hirescam"]
    options = vars(command_line().parse_args(asked))
    mine = {name: options[name] for name in Request.options() if name not in LEFT_OUT}
    assert Request(**mine) == Request(detail=True, view="whole", method="hirescam")
    assert not {*LEFT_OUT} & options.keys()
