"""The exception tree and the near misses."""

from __future__ import annotations

import inspect

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
