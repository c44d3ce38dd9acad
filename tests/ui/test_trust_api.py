"""Trust over the web API."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gradcam_core import Examiner, Explainer, Look
from gradcam_core.checks import brushed

from ..helpers import Sidetrack
from .visits import connected


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory, chelsea: Any) -> str:
    path: Path = tmp_path_factory.mktemp("cat") / "cat.png"
    Image.fromarray(chelsea).save(path)
    return str(path)


def test_contrast(client: Client, explainer: Explainer, cat: str) -> None:
    overlay, _, record = client.predict(image=handle_file(cat), target="281", rival="282", api_name="/contrast")
    expected = explainer.explain(cat, target=281, rival=282)
    assert np.allclose(record["map"]["values"], expected.cam)
    assert record["request"]["rival"] == [282]
    both_sides = expected.overlay(Look(signed=True))
    np.testing.assert_array_equal(np.asarray(Image.open(overlay).convert("RGB")), np.asarray(both_sides))
    _, _, fine = client.predict(image=handle_file(cat), target="281", detail=True, api_name="/contrast")
    assert fine["map"]["shape"] == [14, 14]
    with pytest.raises(AppError, match="explained class itself"):
        client.predict(image=handle_file(cat), target="281", rival="281", api_name="/contrast")


def test_check(client: Client, explainer: Explainer, cat: str) -> None:
    found = client.predict(image=handle_file(cat), api_name="/check")
    examiner, explanation = Examiner(explainer), explainer.explain(cat)
    expected = examiner.hide_and_look(explanation)
    assert found["hide_and_look"]["sentence"] == expected.sentence
    assert [step["hottest"] for step in found["hide_and_look"]["steps"]] == [step.hottest for step in expected.steps]
    assert found["sanity"]["passed"] is examiner.sanity(explanation).passed


def test_check_of_a_contrast_with_curves(client: Client, explainer: Explainer, cat: str) -> None:
    asked = {"target": "281", "rival": "282", "counterfactual": True}
    found = client.predict(image=handle_file(cat), curves=True, api_name="/check", **asked)
    examiner, explanation = Examiner(explainer), explainer.explain(cat, **asked)
    assert found["hide_and_look"]["sentence"] == examiner.hide_and_look(explanation).sentence
    expected = examiner.curves(explanation)
    assert found["curves"]["shares"] == list(expected.shares)
    for name in ("deletion", "deletion_random", "deletion_reversed", "insertion_random", "insertion_reversed"):
        assert found["curves"][name]["values"] == list(getattr(expected, name).values)
        assert found["curves"][name]["area"] == pytest.approx(getattr(expected, name).area)
    with pytest.raises(AppError, match="explained class itself"):
        client.predict(image=handle_file(cat), target="281", rival="281", api_name="/check")


def test_what_takes_long_tells_how_far_it_is_and_is_stopped(client: Client, address: str, cat: str) -> None:
    stranger = connected(address)
    job = client.submit(image=handle_file(cat), method="scorecam", target="7", api_name="/check")
    _wait(lambda: any(unit.index for unit in job.status().progress_data or []))
    stranger.predict(api_name="/stop")
    assert not job.done()
    client.predict(api_name="/stop")
    with pytest.raises(AppError, match="Stopped after"):
        job.result(timeout=30)


@pytest.mark.usefixtures("slow_methods")
def test_plain_http_stops_what_it_named(address: str, cat: str) -> None:
    with httpx.Client(base_url=f"{address}gradio_api/", timeout=60) as http:
        path = http.post("upload", files={"files": Path(cat).read_bytes()}).json()[0]
        image, mine = {"path": path, "meta": {"_type": "gradio.FileData"}}, {"session_hash": "mine"}
        asked = {"data": [image, "efficientnet_lite0", "auto", "8", "scorecam"]}
        event = http.post("call/explain", json={**asked, **mine}).json()["event_id"]
        with ThreadPoolExecutor(1) as listener:
            # nothing is computed before somebody listens
            listening = listener.submit(http.get, f"call/explain/{event}")
            assert http.post("run/stop", json={"data": []}).status_code == 200

            def stopped() -> bool:
                # whenever it begins
                assert http.post("run/stop", json={"data": [], **mine}).status_code == 200
                return listening.done()

            _wait(stopped)
            told = listening.result().text
    assert "event: error" in told
    assert "Stopped after" in told


def _wait(what: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_layer_without_gradients_is_refused_with_the_methods_that_need_none(
    client: Client, cat: str, offer: Callable[..., str]
) -> None:
    offer(Sidetrack())
    asked = {"image": handle_file(cat), "model": "own", "layer": "side", "api_name": "/explain"}
    with pytest.raises(AppError, match=r"'side' has no influence .* Grad-CAM needs gradients.* Eigen-CAM, Ablation"):
        client.predict(method="gradcam", **asked)
    assert client.predict(method="eigencam", **asked)[2]["request"]["layer"] == "side"


def test_ask_place(client: Client, explainer: Explainer, cat: str) -> None:
    found = client.predict(image=handle_file(cat), x=220, y=130, api_name="/ask_place")
    expected = Examiner(explainer).ask_place(explainer.explain(cat), 220, 130)
    assert found["speaks_for"][0]["prediction"]["label"] == expected.speaks_for[0].prediction.label
    fine = client.predict(image=handle_file(cat), x=220, y=130, detail=True, api_name="/ask_place")
    expected = Examiner(explainer).ask_place(explainer.explain(cat, detail=True), 220, 130)
    assert fine["speaks_for"][0]["value"] == pytest.approx(expected.speaks_for[0].value, rel=1e-4)
    with pytest.raises(AppError, match="outside what the model saw"):
        client.predict(image=handle_file(cat), x=2, y=130, api_name="/ask_place")


def test_without(client: Client, explainer: Explainer, cat: str) -> None:
    strokes = [{"points": [[150, 80], [250, 200]], "radius": 40}]
    found = client.predict(image=handle_file(cat), strokes=strokes, api_name="/without")
    explanation = explainer.explain(cat)
    expected = Examiner(explainer).without(explanation, brushed(strokes, explanation.placement))
    assert [one["after"] for one in found["changes"]] == [one.after for one in expected]
    assert found["sentence"].startswith(f"Without this region {explanation.target.label} goes from")
    fine = client.predict(image=handle_file(cat), strokes=strokes, detail=True, api_name="/without")
    assert fine["changes"][0]["probability"] == pytest.approx(
        explainer.explain(cat, detail=True).top[0].probability, rel=1e-5
    )
    for bad, words in (
        ([], "nothing to hide"),
        ([{"points": [[225, 150]], "radius": 900}], "covers everything"),
        ([{"points": [[2, 150]], "radius": 2}], "covers nothing"),
        ({"x": 1}, "`strokes`"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(image=handle_file(cat), strokes=bad, api_name="/without")


def test_compare(client: Client, explainer: Explainer, cat: str) -> None:
    found = client.predict(
        image=handle_file(cat), targets="281; tiger cat", methods="gradcam;eigencam", hide=True, api_name="/compare"
    )
    grid = explainer.compare(cat, targets=["281", "tiger cat"], methods=["gradcam", "eigencam"])
    assert found["scale"] == pytest.approx(grid.scale)
    assert found["rows"]["titles"] == list(grid.rows)
    assert np.allclose(found["cells"][1][0]["map"]["values"], explainer.explain(cat, target="tiger cat").cam)
    expected = Examiner(explainer).hide_and_look(explainer.explain(cat, target=281))
    assert found["cells"][0][0]["hide_and_look"]["sentence"] == expected.sentence
    layers = client.predict(image=handle_file(cat), layers="all", api_name="/compare")
    assert layers["columns"]["titles"] == [layer.name for layer in explainer.layers()]
    assert layers["cells"][0][0]["hide_and_look"] is None
    contrasts = client.predict(image=handle_file(cat), rival="next three", detail=True, api_name="/compare")
    expected = explainer.explain(cat, rival="next three", detail=True).cam
    assert np.allclose(contrasts["cells"][0][0]["map"]["values"], expected)
    with pytest.raises(AppError, match="two sides"):
        client.predict(
            image=handle_file(cat), targets="1;2", methods="gradcam;hirescam", layers="all", api_name="/compare"
        )
    with pytest.raises(AppError, match="is unknown"):
        client.predict(image=handle_file(cat), methods="gradcan", api_name="/compare")
