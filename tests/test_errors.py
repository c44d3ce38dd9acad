"""The exception tree and the near misses."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from gradcam_core import CamError, errors
from gradcam_core.errors import did_you_mean

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)]
NAMES = ["features.0", "features.1", "layer1.conv", "layer2.conv", "Head"]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_raised_on_purpose_is_a_cam_error_and_a_usual_python_one(kind: type[Exception]) -> None:
    assert issubclass(kind, CamError)
    assert kind is CamError or issubclass(kind, ValueError | RuntimeError)
    assert kind.__name__ in errors.__all__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("layer1.con", "Did you mean 'layer1.conv', 'layer2.conv'?"),
        ("head", "Did you mean 'Head'?"),
        # half of the name
        ("conv", "Did you mean 'layer2.conv', 'layer1.conv'?"),
        ("zzz", "Known: 'features.0', 'features.1', 'layer1.conv', 'layer2.conv', 'Head'."),
        ("", "Known: 'features.0', 'features.1', 'layer1.conv', 'layer2.conv', 'Head'."),
    ],
)
def test_near_misses(value: str, expected: str) -> None:
    assert str(did_you_mean(value, NAMES)) == expected


def test_many_names_are_not_all_listed() -> None:
    names = [f"name{index}" for index in range(20)]
    assert str(did_you_mean("q", names)).endswith("'name6', 'name7', ....")
    assert str(did_you_mean("name", names)).count("'name") == 5


def test_nothing_known() -> None:
    assert str(did_you_mean("q", [])) == "Known: ."


BUILT_IN = {"AssertionError", "Exception", "KeyError", "LookupError", "RuntimeError", "TypeError", "ValueError"}
# what is caught again where the module is called, and a damaged file told in words
CAUGHT_AGAIN = {"plain_pickle.py", "tensor_file.py", "timm_source.py"}


@pytest.mark.parametrize("path", sorted(Path(errors.__file__).parent.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_else_is_raised_on_purpose(path: Path) -> None:
    raised = [node.exc for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Raise)]
    names = {node.func.id for node in raised if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    names |= {node.id for node in raised if isinstance(node, ast.Name)}
    assert not names & BUILT_IN or path.name in CAUGHT_AGAIN
