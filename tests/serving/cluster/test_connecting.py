"""How somebody gets there: the flag, what it says where Ray is missing, and the README's example."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from gradcam_core.errors import ServingError
from gradcam_core.serving.cluster.connecting import NAME, connected
from gradcam_core.serving.cluster.replica import Replica
from gradcam_core.serving.options import OPTIONS, command_line

from .replicas import USUAL

ROOT = Path(__file__).parents[3]


def test_the_flag_stands_alone_or_with_an_address() -> None:
    parse = command_line(in_space=False).parse_args
    assert "ray" not in vars(parse([]))
    assert parse(["--ray"]).ray == "local"
    assert parse(["--ray", "10.0.0.1:6379", "--port", "80"]).ray == "10.0.0.1:6379"


def test_where_ray_is_missing_the_flag_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ServingError) as said, connected("local", USUAL):
        pytest.fail("there is nothing to connect to")
    named = str(said.value).split("pip install -r ")[1]
    assert (ROOT / named).read_text("utf-8").splitlines()[-1].startswith("ray[")
    assert "ray" not in (ROOT / "requirements.txt").read_text("utf-8").split()


def test_the_example_of_a_cluster_names_what_there_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8").split("<!-- cluster -->\n```yaml\n")[1].split("```")[0]
    (application,) = yaml.safe_load(text)["applications"]
    module, _, name = application["import_path"].partition(":")
    assert callable(getattr(import_module(module), name))
    assert application["name"] == NAME
    assert application["args"].keys() <= OPTIONS.keys()
    (deployment,) = application["deployments"]
    assert deployment["name"] == Replica.__name__
    # every number says what it means
    assert all("#" in line for line in text.splitlines() if line[-1:].isdigit() or line.rstrip().endswith("}"))
