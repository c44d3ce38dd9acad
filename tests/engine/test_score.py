"""A score of classes and steps: its value, its slopes and its parts, worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gradcam_core import TargetError
from gradcam_core.engine.capture import run
from gradcam_core.engine.score import Score, contrast

TWO_WORDS = Score(((0, 1, 1.0), (1, 0, 1.0)), log=True)


class Speller(nn.Module):
    """Two steps of two words from one map: at step t the logits are (t + 1) * x[0] * length and x[1]."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes = nn.Identity()

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        seen = self.eyes(image).flatten(1)
        steps = torch.arange(1, 3, dtype=image.dtype) * words.shape[1]
        return torch.stack([steps * seen[:, :1], seen[:, 1:].expand(-1, 2)], dim=-1)


def test_one_step_is_a_row_of_logits() -> None:
    logits = torch.tensor([[1.0, 2.0, 4.0]])
    score = Score(((0, 2, 2.0), (0, 0, -1.0)))
    assert score.of(logits).tolist() == score.of(logits[:, None]).tolist() == [7]
    assert score.slopes(logits).tolist() == [[-1, 0, 2]]
    assert score.slopes(logits[:, None]).tolist() == [[[-1, 0, 2]]]


def test_log_probabilities_of_several_steps_add_up() -> None:
    logits = torch.tensor([[[0.0, math.log(3)], [math.log(4), 0.0]]])
    # three quarters, then four fifths
    assert TWO_WORDS.of(logits).item() == pytest.approx(math.log(0.75 * 0.8))
    # d log p of a word: one less its probability at itself, less their probability at all others
    torch.testing.assert_close(TWO_WORDS.slopes(logits), torch.tensor([[[-0.25, 0.25], [0.2, -0.2]]]))


def test_slopes_are_those_of_finite_differences() -> None:
    logits = torch.randn(1, 3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    score = Score(((0, 1, 1.0), (2, 4, -0.5), (2, 0, 2.0)))
    slopes = score.slopes(logits)
    for place in [(0, 0, 1), (0, 2, 4), (0, 2, 0), (0, 1, 3)]:
        moved = logits.clone()
        moved[place] += 1e-4
        assert (score.of(moved) - score.of(logits)).item() / 1e-4 == pytest.approx(slopes[place].item(), abs=1e-6)


@pytest.mark.parametrize(
    "score",
    [contrast(2), contrast(2, [0, 1], counterfactual=True), TWO_WORDS, Score(((1, 0, -1.0), (0, 1, 3.0)))],
    ids=["class", "contrast", "caption", "against a caption"],
)
def test_parts_add_up_to_the_score(score: Score) -> None:
    logits = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(0))
    total = sum(weight * part.of(logits) for weight, part in score.parts())
    torch.testing.assert_close(total, score.of(logits))


def test_questions_about_one_step_share_parts_and_a_caption_is_one() -> None:
    plain, against, beside = (contrast(2), contrast(2, counterfactual=True), contrast(2, [0]))
    assert {part for _, part in plain.parts()} == {part for _, part in against.parts()} == {Score.logit(2)}
    assert {part for _, part in beside.parts()} == {Score.logit(2), Score.logit(0)}
    negated = Score(tuple((step, index, -weight) for step, index, weight in TWO_WORDS.terms), log=True)
    assert TWO_WORDS.parts() == [(1, TWO_WORDS)]
    assert negated.parts() == [(-1, TWO_WORDS)]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (Score.logit(3), "`target` 3 is out of range: the model has the classes 0 to 2"),
        (Score.logit(-1), "`target` -1 is out of range"),
        (Score.logit(0, 2), "`step` 2 is out of range: the output has the steps 0 to 1"),
    ],
)
def test_what_is_not_among_the_outputs_is_refused(score: Score, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        score.slopes(torch.zeros(1, 2, 3))


def test_a_capture_has_the_gradient_of_any_step_and_of_inputs_by_name() -> None:
    network = Speller()
    inputs = {"image": torch.tensor([[[[0.5, 2.0]]]]), "words": torch.zeros(1, 3, dtype=torch.long)}
    capture = run(network, inputs, {"eyes": network.eyes})
    assert capture.logits.tolist() == [[[1.5, 2], [3, 2]]]
    assert capture.gradient("eyes", Score.logit(0, 1)).tolist() == [[[6, 0]]]
    assert capture.gradient("eyes", Score.logit(1, 0)).tolist() == [[[0, 1]]]
    # log p of the first word and then of the second: slopes (1 - p) of each
    score = Score(((0, 0, 1.0), (1, 1, 1.0)), log=True)
    first, second = 1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(1))
    expected = [(1 - first) * 3 - (1 - second) * 6, -(1 - first) + (1 - second)]
    torch.testing.assert_close(capture.gradient("eyes", score), torch.tensor([[expected]]))
    # all steps' logits as the places move by one each
    slopes = capture.along("eyes", torch.ones(1, 1, 2))
    assert slopes.tolist() == [[3, 1], [6, 1]]
