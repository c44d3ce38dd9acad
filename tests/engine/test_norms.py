"""Batch norms: values as torch's, and gradients that are one factor a channel however they lie in memory."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine.norms import exact_norms, known_norm

SHAPE = (1, 8, 5, 4)


def lain(how: str) -> Tensor:
    """Values of SHAPE that lie in memory in several ways."""
    values = torch.randn(SHAPE)
    tokens = values.flatten(2).mT.contiguous()
    return {
        "maps": values,
        "channels last": values.contiguous(memory_format=torch.channels_last),
        "tokens": tokens.mT.unflatten(2, SHAPE[2:]),
        "part": torch.cat([values, values], dim=1)[:, : SHAPE[1]],
    }[how]


WAYS = ("maps", "channels last", "tokens", "part")


@pytest.mark.parametrize(("held", "coming"), [*product(WAYS, WAYS)])
@pytest.mark.parametrize("affine", [True, False])
def test_a_gradient_is_one_factor_a_channel(held: str, coming: str, affine: bool) -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(SHAPE[1], affine=affine).eval().requires_grad_(False)
    norm.running_mean.uniform_(-1, 1)  # type: ignore[union-attr]
    norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    if affine:
        norm.weight.uniform_(0.5, 2)
        norm.bias.uniform_(-1, 1)
    values, slope = lain(held).requires_grad_(), lain(coming)
    with exact_norms():
        found = norm(values)
    torch.testing.assert_close(found, norm(values))
    (gradient,) = torch.autograd.grad(found, values, slope)
    factor = 1 / (norm.running_var + norm.eps).sqrt() * (norm.weight if affine else 1)  # type: ignore[operator]
    torch.testing.assert_close(gradient, slope * factor[:, None, None])


def test_by_hand() -> None:
    values = torch.tensor([[[3.0], [1.0]]])
    found = known_norm(values, torch.tensor([1.0, 2.0]), torch.tensor([4.0, 1.0]), torch.tensor([3.0, 1.0]), None, 0.0)
    # (3 - 1) / 2 * 3 and (1 - 2) / 1
    assert found.flatten().tolist() == [3.0, -1.0]


@pytest.mark.parametrize("how", ["training", "no statistics", "no gradient", "half"])
def test_all_others_are_left_to_torch(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcam_core.engine.norms.known_norm", lambda *_: pytest.fail("computed"))
    norm = nn.BatchNorm2d(8, track_running_stats=how != "no statistics").train(how == "training")
    values = torch.randn(SHAPE).requires_grad_(how != "no gradient")
    if how == "half":
        norm, values = norm.to(torch.bfloat16).float().eval(), values.detach().bfloat16().requires_grad_()
        norm.weight.requires_grad_(False)
    with exact_norms():
        assert norm(values).shape == SHAPE
