"""How somebody gets there: the flag, what it says where Ray is missing, and the example beside it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from gradcam_core.errors import ServingError
from gradcam_core.serving.cluster import connecting
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
    text = (ROOT / "gradcam_core/serving/cluster/README.md").read_text("utf-8")
    example = text.split("<!-- cluster -->\n```yaml\n")[1].split("```")[0]
    (application,) = yaml.safe_load(example)["applications"]
    module, _, name = application["import_path"].partition(":")
    assert callable(getattr(import_module(module), name))
    assert application["name"] == NAME
    assert application["args"].keys() <= OPTIONS.keys()
    (deployment,) = application["deployments"]
    assert deployment["name"] == Replica.__name__
    # every number says what it means
    assert all("#" in line for line in text.splitlines() if line[-1:].isdigit() or line.rstrip().endswith("}"))


class Stages:
    """What Ray Serve says of the application, one (status, replicas by state) after the other, None: there is none."""

    def __init__(self, *stages: tuple[str, dict[str, int]] | None) -> None:
        self._stages = list(stages)

    def status(self) -> Any:
        stage = self._stages[0]
        del self._stages[: len(self._stages) > 1]
        if stage is None:
            return SimpleNamespace(applications={})
        replicas = {"Replica": SimpleNamespace(replica_states=stage[1])}
        return SimpleNamespace(
            applications={NAME: SimpleNamespace(status=stage[0], message="no memory\nat all", deployments=replicas)}
        )

    def get_app_handle(self, name: str) -> str:
        return f"{name} after {len(self._stages)}"


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        ([None], None),
        ([("RUNNING", {"RUNNING": 2}), None], f"{NAME} after 1"),
        # one of two is being replaced
        ([("UNHEALTHY", {"RUNNING": 1, "STARTING": 1}), None], f"{NAME} after 1"),
        # the only one is being replaced
        ([("UNHEALTHY", {"STARTING": 1}), ("RUNNING", {"RUNNING": 1}), None], f"{NAME} after 1"),
        # another page has begun it
        ([("DEPLOYING", {}), ("DEPLOYING", {"STARTING": 2}), ("DEPLOYING", {"RUNNING": 1, "STARTING": 1}), None],
         f"{NAME} after 1"),
        # it ends
        ([("DELETING", {"RUNNING": 1}), None], None),
        ([("DEPLOYING", {"STARTING": 1}), ("DEPLOY_FAILED", {})], None),
    ],
)  # fmt: skip
def test_no_page_starts_anew_what_computes_for_others(
    stages: list[Any], found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0)
    assert connecting._running(Stages(*stages)) == found


def test_nobody_waits_for_ever_for_replicas_that_never_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(connecting, "WAIT_SECONDS", 0.05)
    with pytest.raises(ServingError, match=r"no memory$"):
        connecting._running(Stages(("UNHEALTHY", {"STARTING": 1})))
