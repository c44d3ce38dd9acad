"""Trust over the web API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gradcam_core import Examiner, Explainer


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory, chelsea: Any) -> str:
    path: Path = tmp_path_factory.mktemp("cat") / "cat.png"
    Image.fromarray(chelsea).save(path)
    return str(path)


def test_contrast(client: Client, explainer: Explainer, cat: str) -> None:
    _, _, record = client.predict(image=handle_file(cat), target="281", rival="282", api_name="/contrast")
    expected = explainer.explain(cat, target=281, rival=282)
    assert np.allclose(record["map"]["values"], expected.cam)
    assert record["request"]["rival"] == [282]
    with pytest.raises(AppError, match="explained class itself"):
        client.predict(image=handle_file(cat), target="281", rival="281", api_name="/contrast")


def test_check(client: Client, explainer: Explainer, cat: str) -> None:
    found = client.predict(image=handle_file(cat), api_name="/check")
    examiner, explanation = Examiner(explainer), explainer.explain(cat)
    expected = examiner.hide_and_look(explanation)
    assert found["hide_and_look"]["sentence"] == expected.sentence
    assert [step["hottest"] for step in found["hide_and_look"]["steps"]] == [step.hottest for step in expected.steps]
    assert found["sanity"]["passed"] is examiner.sanity(explanation).passed


def test_ask_place(client: Client, explainer: Explainer, cat: str) -> None:
    found = client.predict(image=handle_file(cat), x=220, y=130, api_name="/ask_place")
    expected = Examiner(explainer).ask_place(explainer.explain(cat), 220, 130)
    assert found["speaks_for"][0]["prediction"]["label"] == expected.speaks_for[0].prediction.label
    with pytest.raises(AppError, match="outside what the model saw"):
        client.predict(image=handle_file(cat), x=2, y=130, api_name="/ask_place")
