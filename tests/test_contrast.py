"""Why this class rather than that: the score's algebra, the maps, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gradcam_core import METHODS, Explainer, Look, MethodError, TargetError
from gradcam_core.canvases.project import project
from gradcam_core.engine.capture import run
from gradcam_core.engine.score import Score, contrast
from gradcam_core.methods.correlation import rank_correlation

from .helpers import HandNetwork, SmallNetwork, counted_calls, noise

LINEAR = ["gradcam", "hirescam", "xgradcam"]


def test_score_is_the_logit_less_the_mean_of_the_rivals() -> None:
    logits = torch.tensor([[5.0, 2.0, 8.0, 1.0], [0.0, 1.0, 2.0, 3.0]])
    assert contrast(0, []).of(logits).tolist() == [5, 0]
    assert contrast(0, [1]).of(logits).tolist() == [3, -1]
    assert contrast(2, [0, 1, 3], counterfactual=True).of(logits).tolist() == pytest.approx([8 / 3 - 8, 4 / 3 - 2])
    assert contrast(1, [2]) == Score(((0, 1, 1.0), (0, 2, -1.0)))


def test_map_worked_out_by_hand() -> None:
    # G of class 0 less class 1: [[1, -1], [1, 3]] with mean 1 and [[-2, 0], [2, -9]] with mean -9/4
    capture = run(network := HandNetwork(), HandNetwork.inputs(), {"act": network.act})
    gradients = sum(weight * capture.gradient("act", part) for weight, part in contrast(0, [1]).parts())
    for evidence in (gradients, capture.gradient("act", contrast(0, [1]))):
        found = METHODS["gradcam"].function(capture.activations("act"), evidence)
        np.testing.assert_allclose(found, [[1 - 4.5, 2 - 2.25], [3, 4]])


@pytest.mark.parametrize("method", LINEAR)
def test_one_side_is_the_other_with_its_sign_turned(small: tuple[Explainer, SmallNetwork], method: str) -> None:
    explainer, network = small
    asked: dict[str, Any] = {"model": "own", "method": method}
    explainer.load("own")
    with counted_calls(network, "forward") as passes:
        one = explainer.explain(noise(32, 32), target=2, rival=4, **asked)
        other = explainer.explain(noise(32, 32), target=4, rival="class 2", **asked)
        against = explainer.explain(noise(32, 32), target=2, rival=4, counterfactual=True, **asked)
        alone = [explainer.explain(noise(32, 32), target=target, **asked).cam for target in (2, 4)]
    assert len(passes) == 1
    assert np.abs(one.cam).max() > 0
    np.testing.assert_allclose(one.cam, -other.cam, atol=1e-6)
    np.testing.assert_allclose(one.cam, -against.cam, atol=1e-6)
    if method != "xgradcam":
        np.testing.assert_allclose(one.cam, alone[0] - alone[1], atol=1e-6)
    assert [rival.index for rival in one.rivals] == [4]
    assert "rather than “class 4”" in one.sentence
    assert one.record()["request"]["rival"] == [4]
    assert "less the mean logit of the rivals" in one.record()["score"]


def test_the_rival_is_the_most_probable_other_class(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, _ = small
    top = explainer.explain(noise(32, 32), model="own").top
    assert explainer.explain(noise(32, 32), model="own", rival="auto").rivals == (top[1],)
    assert explainer.explain(noise(32, 32), model="own", target=top[2].index, rival="auto").rivals == (top[0],)
    next_three = explainer.explain(noise(32, 32), model="own", rival="next three")
    assert next_three.rivals == top[1:4]
    assert "rather than the mean of" in next_three.sentence
    again = explainer.explain(noise(32, 32), **next_three.record()["request"])
    np.testing.assert_array_equal(again.cam, next_three.cam)


@pytest.mark.parametrize("rival", [3, "3", "class 3"])
def test_a_class_is_no_rival_of_itself(small: tuple[Explainer, SmallNetwork], rival: Any) -> None:
    with pytest.raises(TargetError, match=r"`rival`.*explained class itself"):
        small[0].explain(noise(32, 32), model="own", target=3, rival=rival)


def test_bad_rivals_are_named(small: tuple[Explainer, SmallNetwork]) -> None:
    with pytest.raises(TargetError, match="`rival` 'class9' is not a class"):
        small[0].explain(noise(32, 32), model="own", rival="class9")
    with pytest.raises(MethodError, match="looks at no class"):
        small[0].explain(noise(32, 32), model="own", method="eigencam", rival="auto")


@pytest.mark.parametrize("method", sorted(key for key, entry in METHODS.items() if entry.of_class))
def test_every_method_of_a_class_takes_a_rival(small: tuple[Explainer, SmallNetwork], method: str) -> None:
    explainer, _ = small
    maps = (explainer.explain(noise(32, 32), model="own", target=target, rival="auto") for target in range(6))
    target = next(explanation.target.index for explanation in maps if not explanation.blank)
    plain = explainer.explain(noise(32, 32), model="own", target=target, method=method)
    contrasted = explainer.explain(noise(32, 32), model="own", target=target, method=method, rival="auto")
    assert np.abs(contrasted.cam).max() > 0
    assert not np.allclose(plain.cam, contrasted.cam, rtol=1e-6, atol=0)


def test_how_alike() -> None:
    one = np.array([[1.0, 2.0], [3.0, 9.0]], np.float32)
    assert rank_correlation(one, one**3) == pytest.approx(1)
    assert rank_correlation(one, -one) == pytest.approx(-1)
    # ranks 1 2 3 4 and 1 2.5 2.5 4: 4.5 / sqrt(5 * 4.5)
    tied = np.array([[0.0, 5.0], [5.0, 7.0]], np.float32)
    assert rank_correlation(one, tied) == pytest.approx(4.5 / np.sqrt(22.5))
    assert rank_correlation(one, np.zeros((2, 2), np.float32)) == 0
    with pytest.raises(ValueError, match="shape"):
        rank_correlation(one, one[:1])


def test_two_classes_side_by_side(small: tuple[Explainer, SmallNetwork]) -> None:
    one, other = (small[0].explain(noise(32, 32), model="own", target=target) for target in (0, 1))
    assert one.rank_correlation(one) == pytest.approx(1)
    assert one.rank_correlation(other) == other.rank_correlation(one) < 1


def test_a_contrast_is_drawn_with_both_sides_about_zero(small: tuple[Explainer, SmallNetwork]) -> None:
    asked: dict[str, Any] = {"model": "own", "target": 2}
    plain, found = (small[0].explain(noise(32, 32), rival=rival, **asked) for rival in (None, 4))
    assert plain.look == Look()
    assert found.look == Look(signed=True)
    found = replace(found, cam=found.cam - found.cam.mean())
    largest = np.abs(found.cam).max()
    np.testing.assert_allclose(found.values(), project(found.cam / largest, found.placement), atol=1e-6)
    assert found.values().min() < 0 < found.values().max()
    for draw in ("overlay", "heatmap_picture", "masked"):
        both, one = (np.asarray(getattr(found, draw)(*look)) for look in ((), [Look()]))
        np.testing.assert_array_equal(both, np.asarray(getattr(found, draw)(Look(signed=True))))
        assert not np.array_equal(both, one)


def test_both_sides_have_names(small: tuple[Explainer, SmallNetwork]) -> None:
    asked: dict[str, Any] = {"model": "own", "target": 2}
    one, turned, mean, plain = (
        small[0].explain(noise(32, 32), **asked, **options)
        for options in ({"rival": 4}, {"rival": 4, "counterfactual": True}, {"rival": [4, 5]}, {})
    )
    assert one.sides == ("for “class 2”", "for “class 4”")
    assert turned.sides == ("for “class 4”", "for “class 2”")
    assert mean.sides == ("for “class 2”", "for the mean of “class 4”, “class 5”")
    assert plain.sides == ("for “class 2”", "against “class 2”")
    # nothing above zero: the other side is coloured
    lost = replace(one, cam=-np.abs(one.cam))
    assert "no place speaks for it rather than “class 4”" in lost.sentence
    assert lost.sentence.endswith(": all speak for “class 4”.")
    assert "there is nothing to colour" in replace(one, cam=one.cam * 0).sentence
