"""A notebook is run, and the page that it shows is visited while it runs."""

from __future__ import annotations

import re
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from nbclient import NotebookClient

TRAIN = """
import torch
from torch import nn
from gradcam_core import Explainer
from gradcam_core.ui import launch

torch.manual_seed(0)
module = nn.Sequential(
    nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
)
explainer = Explainer(device="cpu", engine="torch")
explainer.add_model("mine", module, labels=["cat", "cup"], input_size=64)
"""
SHOW = """
from skimage import data
page = launch(explainer, examples=[data.chelsea()], title="Why did mine say so?", only=True)
page
"""
TURN = """
with torch.no_grad():
    for weight in module.parameters():
        weight.mul_(-4)
page.close()
page = launch(explainer, title="Why does it say so now?", only=True)
page
"""


@pytest.mark.browser
def test_a_notebook_shows_its_model_and_what_it_learned_since(browser: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    cells = [nbformat.v4.new_code_cell(source) for source in (TRAIN, SHOW, TURN, "page.close()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=240, kernel_name="python3")
    said, seen = [], ""
    with client.setup_kernel():
        client.execute_cell(cells[0], 0)
        for number in (1, 2):
            outputs = client.execute_cell(cells[number], number)["outputs"]
            shown = "".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
            address = re.search(r"http://127\.0\.0\.1:\d+", str(outputs[-1]["data"]["text/plain"]))
            assert address is not None
            # inline, as gradio shows its pages in a notebook
            assert f'<iframe src="{address[0]}' in shown
            tab = browser.new_page()
            tab.goto(address[0])
            seen = tab.locator("#lead h1").inner_text()
            tab.locator("#sentence", has_text="mine gives").wait_for(timeout=120_000)
            said.append(tab.locator("#sentence").inner_text())
            assert tab.locator("#model input").input_value().startswith("mine")
            tab.close()
        assert seen == "Why does it say so now?"
        # other weights: another answer
        assert said[0] != said[1]
        client.execute_cell(cells[3], 3)
        with pytest.raises(URLError):
            urlopen(address[0], timeout=5)  # noqa: S310 - this machine's own
    # gradio itself leaves an empty folder where it was imported
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]
