"""Inputs by name: given in order, changed one at a time, in batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine.guided import guided_gradients
from gradcam_core.engine.inputs import called, first_of, named, with_first
from gradcam_core.engine.replay import Replay
from gradcam_core.engine.score import Score


class Answerer(nn.Module):
    """Two answers: the light of all pixels, clipped at zero, times the question's number, and the number itself."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes = nn.ReLU()

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        return torch.stack([self.eyes(image).sum((1, 2, 3)) * question[:, 0], question[:, 0]], dim=1)


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    return {"image": torch.tensor([[[[1.0, -2.0], [3.0, 4.0]]]]), "question": torch.tensor([[10.0, 7.0]])}


def test_they_are_given_in_order_and_the_first_is_explained(inputs: dict[str, Tensor]) -> None:
    assert called(Answerer(), inputs).tolist() == [[80, 10]]
    assert first_of(inputs) is inputs["image"]
    assert named(inputs) is inputs
    alone = torch.zeros(1, 3, 2, 2)
    assert named(alone) == {"image": alone}


def test_all_others_are_repeated_beside_a_batch(inputs: dict[str, Tensor]) -> None:
    batch = with_first(inputs, inputs["image"] * torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1, 1))
    assert [*batch] == ["image", "question"]
    assert called(Answerer(), batch).tolist() == [[80, 10], [40, 10], [0, 10]]


def test_masks_and_activations_change_the_image_alone(inputs: dict[str, Tensor]) -> None:
    network = Answerer()
    replay = Replay(network, inputs, network.eyes, Score.logit(0), called(network, inputs))
    assert replay.score == 80
    masks = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert replay.with_masks(lambda part: masks[part], 2).tolist() == [50, 0]
    maps = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    assert replay.with_activations(lambda part: maps[part], 3).tolist() == [0, 40, 80]


def test_guided_gradients_are_those_of_the_image(inputs: dict[str, Tensor]) -> None:
    assert guided_gradients(Answerer(), inputs, Score.logit(0)).tolist() == [[[10, 0], [10, 10]]]
