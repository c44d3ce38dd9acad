"""An audit of what a visitor hands in: told of while it runs, bounded, and gone afterwards."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from gradcam_core import Explainer, StoppedError, Watch
from gradcam_core.reading.uploads import Upload
from gradcam_core.serving import auditing
from gradcam_core.serving.auditing import audited
from tests.helpers import SmallNetwork, noise, small_spec


@pytest.fixture
def explainer() -> Explainer:
    made = Explainer(device="cpu")
    steps = small_spec("own", SmallNetwork()).preprocessing()
    made.add_model("own", SmallNetwork(), labels=list("abcdef"), transform=steps)
    return made


def handed_in(folder: Path, count: int) -> list[Upload]:
    with zipfile.ZipFile(folder / "all.zip", "w") as made:
        for number in range(count):
            file = io.BytesIO()
            Image.fromarray(noise(40, 40, number)).save(file, "PNG")
            made.writestr(f"photographs/{number:02}.png", file.getvalue())
        made.writestr("photographs/broken.jpg", b"nothing")
    return [Upload(str(folder / "all.zip"), str(folder))]


def test_rows_are_shown_while_the_rest_is_looked_at(
    explainer: Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "SECONDS_BETWEEN", 0.0)
    laid, *before, last = audited(explainer, handed_in(tmp_path, 9), str(tmp_path), Watch(), model="own")
    assert (laid.done, laid.count, laid.rows) == (0, 10, ())
    assert [(one.done, one.count) for one in before] == [(done, 10) for done in range(1, 11)]
    assert [len(one.rows) for one in before] == list(range(1, 11))
    assert "3 of 10 photographs, less than a minute left" in str(before[2].finding)
    assert last.found is not None
    assert last.record["answered"] == 9
    assert b"broken.jpg" in last.report
    assert last.table[:4] == b"PAR1"
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]


def test_stop_ends_it_and_leaves_nothing(explainer: Explainer, tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        list(audited(explainer, handed_in(tmp_path, 3), str(tmp_path), Watch(stop=stop), model="own"))
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    assert np.isfinite(explainer.explain(noise(40, 40), model="own").cam).all()
