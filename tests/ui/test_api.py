"""The web API, through the network as any client would use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gradcam_core import Explainer
from gradcam_core.models import MODELS
from gradcam_core.serving.lanes import usual_lanes
from tests import pictures
from tests.helpers import noise, small_spec


@pytest.fixture(scope="session")
def cat(tmp_path_factory: pytest.TempPathFactory, chelsea: Any) -> str:
    path = tmp_path_factory.mktemp("cat") / "cat.png"
    Image.fromarray(chelsea).save(path)
    return str(path)


def test_an_image_is_all_that_is_needed(client: Client, explainer: Explainer, cat: str) -> None:
    overlay, heatmap, record = client.predict(image=handle_file(cat), api_name="/explain")
    expected = explainer.explain(cat)
    assert np.array_equal(np.asarray(Image.open(overlay)), np.asarray(expected.overlay()))
    assert np.array_equal(np.asarray(Image.open(heatmap)), np.asarray(expected.heatmap_picture()))
    assert np.allclose(record["map"]["values"], expected.cam)
    assert [top["index"] for top in record["top"]] == [top.index for top in expected.top]
    assert record["request"] == {
        "model": "efficientnet_lite0",
        "layer": expected.layer,
        "target": expected.target.index,
        "method": "gradcam",
        "counterfactual": False,
        "rival": None,
        "detail": False,
        "question": None,
        "caption": None,
        "word": None,
        "sharper": False,
        "view": "centre",
        "both": False,
    }


def test_every_parameter_reaches_the_core(client: Client, explainer: Explainer, cat: str) -> None:
    request = {
        "model": "efficientnet_lite1",
        "layer": "blocks.4",
        "target": "espresso",
        "method": "hirescam",
        "counterfactual": True,
        "detail": False,
        "question": None,
        "caption": None,
        "word": None,
        "sharper": True,
        "view": "whole",
        "both": True,
    }
    _, _, record = client.predict(image=handle_file(cat), **request, api_name="/explain")
    expected = explainer.explain(cat, **request)
    assert np.allclose(record["map"]["values"], expected.cam)
    assert record["request"] == {**request, "target": expected.target.index, "rival": None}


@pytest.mark.parametrize("target", [285, "285", "Egyptian cat"])
def test_a_target_may_be_a_number_its_digits_or_a_label(client: Client, cat: str, target: int | str) -> None:
    _, _, record = client.predict(image=handle_file(cat), target=target, api_name="/explain")
    assert record["target"]["index"] == 285


def test_curl_needs_two_requests(address: str, cat: str) -> None:
    with httpx.Client(base_url=f"{address}gradio_api/", timeout=60) as http:
        upload = http.post("upload", files={"files": Path(cat).read_bytes()}).json()
        data = [{"path": upload[0], "meta": {"_type": "gradio.FileData"}}, "efficientnet_lite0", "auto", "285"]
        event = http.post("call/explain", json={"data": [*data, "gradcam", False]}).json()["event_id"]
        lines = http.get(f"call/explain/{event}").text.splitlines()
    assert lines[0] == "event: complete"
    assert json.loads(lines[1].removeprefix("data: "))[2]["target"]["label"] == "Egyptian cat"


@pytest.mark.parametrize("name", pictures.UNREADABLE)
def test_a_bad_file_gets_a_sentence_and_the_server_goes_on(client: Client, cat: str, tmp_path: Path, name: str) -> None:
    content, words = pictures.UNREADABLE[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AppError, match=words) as caught:
        client.predict(image=handle_file(str(path)), api_name="/explain")
    assert "Traceback" not in str(caught.value)
    assert "/tmp" not in str(caught.value)
    assert client.predict(image=handle_file(cat), api_name="/explain")[2]["top"]


def _unusual() -> dict[str, bytes]:
    photo = Image.fromarray(noise(30, 50))
    exif = Image.Exif()
    exif[0x0112] = 6
    sizes = {f"{w}x{h}.png": (w, h) for w, h in ((1, 1), (1, 5000), (20_000, 300))}
    return {
        **{name: pictures.encoded(Image.new("RGB", size, "#7090b0"), "PNG") for name, size in sizes.items()},
        "turned.jpg": pictures.encoded(photo, "JPEG", exif=exif),
        "cmyk.jpg": pictures.encoded(photo.convert("CMYK"), "JPEG"),
        "sixteen.png": pictures.encoded(Image.fromarray(noise(30, 50)[..., 0].astype(np.uint16) * 257), "PNG"),
        "palette.png": pictures.encoded(photo.convert("P"), "PNG"),
        "grey.png": pictures.encoded(photo.convert("L"), "PNG"),
        "alpha.png": pictures.encoded(photo.convert("RGBA"), "PNG"),
        "moving.gif": pictures.animation("GIF"),
        "moving.webp": pictures.animation("WEBP"),
    }


@pytest.mark.parametrize("name", _unusual())
def test_an_unusual_file_is_explained(client: Client, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(_unusual()[name])
    overlay, _, record = client.predict(image=handle_file(str(path)), api_name="/explain")
    size = (record["image"]["width"], record["image"]["height"])
    assert Image.open(overlay).size == size
    assert (size == (30, 50)) == (name == "turned.jpg")
    assert any("first one" in note for note in record["notes"]) == name.startswith("moving")
    assert any("on white" in note for note in record["notes"]) == (name == "alpha.png")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"model": "efficientnet_lite9"}, "is unknown. Did you mean 'efficientnet_lite"),
        ({"layer": "blocks.9"}, "Did you mean 'blocks.6'"),
        ({"layer": "global_pool"}, "no spatial positions"),
        ({"target": "1000"}, "0 to 999"),
        ({"target": "-1"}, "0 to 999"),
        ({"target": "tabbi"}, "Did you mean 'tabby'"),
        ({"method": "gradcamm"}, "is unknown. Did you mean 'gradcam"),
    ],
)
def test_a_bad_parameter_gets_a_sentence(client: Client, cat: str, request_: dict[str, str], words: str) -> None:
    with pytest.raises(AppError, match=words):
        client.predict(image=handle_file(cat), **request_, api_name="/explain")


def test_no_image_gets_a_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="There is no image"):
        client.predict(image=None, api_name="/explain")


class _NotANumber(torch.nn.Module):
    """A network whose scores are NaN behind a layer that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torch.nn.Conv2d(3, 2, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.features(inputs).mean((2, 3)) * float("nan")


def test_scores_that_are_not_numbers_get_a_sentence(client: Client, cat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "nan", small_spec("nan", _NotANumber()))
    with pytest.raises(AppError, match="not finite"):
        client.predict(image=handle_file(cat), model="nan", api_name="/explain")


def test_what_nobody_expected_is_said_without_details(
    client: Client, cat: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(MODELS, "broken", small_spec("broken", _NotANumber()))
    monkeypatch.setattr("gradcam_core.models.catalogue.load", lambda *_: explode())
    with pytest.raises(AppError, match="Something went wrong") as caught:
        client.predict(image=handle_file(cat), model="broken", api_name="/explain")
    assert "secret" not in str(caught.value)
    assert "secret detail" in caplog.text


def test_an_upload_over_the_limit_is_refused(address: str) -> None:
    answer = httpx.post(f"{address}gradio_api/upload", files={"files": ("big.jpg", bytes(21_000_000))}, timeout=60)
    assert answer.status_code == 413


def test_files_of_the_machine_are_not_served(address: str, client: Client) -> None:
    assert httpx.get(f"{address}gradio_api/file=/etc/passwd", timeout=60).status_code in {403, 404}
    with pytest.raises(Exception, match="not"):
        client.predict(image={"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, api_name="/explain")


def test_limits_are_set(page: gr.Blocks) -> None:
    assert page.max_file_size == 20 * 1024**2 or page.max_file_size == 20_000_000
    assert page._queue.max_size == sum(lane.wait for lane in usual_lanes().values())
    # nothing that is queued can be asked past the queue
    assert not page.api_open
    assert page.delete_cache
    assert not page.analytics_enabled
    assert page.allowed_paths == []


def test_only_explanations_are_offered(client: Client) -> None:
    offered = set(client.view_api(return_format="dict")["named_endpoints"])
    explanations = {"/explain", "/contrast", "/check", "/ask_place", "/without", "/compare", "/explain_text"}
    explanations |= {"/audit", "/describe", "/ask", "/report", "/report_text"}
    assert offered == {*explanations, "/stop"}
