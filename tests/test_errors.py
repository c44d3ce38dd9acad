"""The exception tree and the near misses."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from gradcam_core import CamError, Examiner, Explainer, Explanation, Look, Request, TextExplainer, errors, in_language
from gradcam_core.errors import did_you_mean
from tests.helpers import noise

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


@pytest.fixture(scope="module")
def explanation(explainer: Explainer) -> Explanation:
    return explainer.explain(noise(230, 250))


# what somebody may give by mistake, to whatever takes values: a word of the sentence that says what is wrong
WRONG: dict[str, tuple[Callable[[Explainer, Explanation], Any], str]] = {
    "engine": (lambda one, _: Explainer(engine=[]), "`engine`"),
    "cache of texts": (lambda one, _: TextExplainer(cache_mb=float("nan")), "`cache_mb`"),
    "life of texts": (lambda one, _: TextExplainer(cache_ttl="long"), "`cache_ttl`"),
    "one class for several": (lambda one, _: one.explain_many(noise(230, 250), targets=281), "`targets`"),
    "a word for several": (lambda one, _: one.explain_many(noise(230, 250), layers="bn2"), "`layers`"),
    "one side for several": (lambda one, _: one.explain_many(noise(230, 250), counterfactuals=True), "list"),
    "one method for several": (lambda one, _: one.compare(noise(230, 250), methods="gradcam"), "`methods`"),
    "one model for several": (lambda one, _: one.compare(noise(230, 250), models=3), "`models`"),
    "an option that changes": (lambda one, _: Request().replace(taget=3), "'target'"),
    "an option of a module": (lambda one, _: one.add_model("m", nn.Identity(), lables=["a"]), "'labels'"),
    "an option of a file": (lambda one, _: one.add_checkpoint("x", "resnet18", heads="a"), "'head'"),
    "a transform of a file": (lambda one, _: one.add_checkpoint("x", "resnet18", transform=len), "`transform`"),
    "colours of a file": (lambda one, _: one.add_checkpoint("x", "resnet18", mean=3), "`mean`"),
    "size of a module": (lambda one, _: one.add_model("m", nn.Identity(), input_size=10**9), "from 1 to 4096"),
    "task of a module": (lambda one, _: one.add_model("m", nn.Identity(), task=[]), "`task`"),
    "look": (lambda one, _: Look(opacity=2), "`opacity`"),
    "language": (lambda one, _: in_language("xx").__enter__(), "'xx'"),
    "no language": (lambda one, _: in_language([]).__enter__(), "`language`"),
    "said": (lambda _, it: it.said("xx"), "'xx'"),
    "noted": (lambda _, it: it.said(""), "''"),
    "language of a report": (lambda _, it: it.report("never-written.html", lang="xx"), "'xx'"),
    "hiding": (lambda one, _: Examiner(one, hiding=[]), "`hiding`"),
    "shares of shares": (lambda one, it: Examiner(one).hide_and_look(it, shares=np.array([[0.1, 0.2]])), "`shares`"),
    "share": (lambda one, it: Examiner(one).hidden_pictures(it, "much"), "`share`"),
    "draw": (lambda one, it: Examiner(one).hidden_pictures(it, 0.1, -3), "`draw`"),
    "hidden": (lambda one, it: Examiner(one).probabilities_without(it, [np.zeros((3, 3))]), "`hidden`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_told_in_a_sentence(name: str, explainer: Explainer, explanation: Explanation) -> None:
    ask, word = WRONG[name]
    with pytest.raises(CamError) as caught:
        ask(explainer, explanation)
    assert word in str(caught.value)
    assert not Path("never-written.html").exists()


def test_numbers_that_are_whole_are_taken_for_whole_ones(explainer: Explainer, explanation: Explanation) -> None:
    examiner = Examiner(explainer)
    assert examiner.hide_and_look(explanation, draws=2.0) == examiner.hide_and_look(explanation, draws=2)
    curves = [examiner.deletion_and_insertion(explanation, steps=steps) for steps in (2, 2.0)]
    assert curves[0] == curves[1]
    assert len(examiner.probabilities_without(explanation, [])) == 0
