"""Hiding parts of a picture: in which order, and what stands in their place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from gradcam_core.canvases.picture import BLUR, blurred, hottest, mean_colour, order, random_orders

from ..helpers import noise


def test_random_orders_hide_as_much_of_the_same_shape() -> None:
    cam = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    own, moved = order(cam, (32, 32)), random_orders(cam, (32, 32), 4)
    assert sorted(own.ravel()) == sorted(moved[0].ravel()) == [place / 1024 for place in range(1024)]
    assert len({places.tobytes() for places in moved}) == 4
    np.testing.assert_array_equal(moved[2], random_orders(cam, (32, 32), 4)[2])
    hottest = np.unravel_index(own.argmin(), own.shape)
    cell = np.unravel_index(cam.argmax(), cam.shape)
    assert (hottest[0] // 8, hottest[1] // 8) == cell


@pytest.mark.parametrize("share", [0, 1e-6, 0.1, 0.5, 0.9999, 1])
def test_the_hottest_are_the_first_in_the_order(share: float) -> None:
    dice = np.random.default_rng(0)
    ties = dice.integers(0, 3, (4, 4)).astype(np.float32)
    for cam in (dice.normal(size=(7, 7)).astype(np.float32), ties, np.zeros((7, 7), np.float32)):
        np.testing.assert_array_equal(hottest(cam, (48, 30), share), order(cam, (48, 30)) < share)


@pytest.mark.parametrize("size", [(64, 64), (48, 240), (240, 48), (7, 50)])
def test_blur_is_a_gaussian_filter(size: tuple[int, int]) -> None:
    inputs = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    for one, soft in zip(inputs, blurred(inputs), strict=True):
        pixels = one.permute(1, 2, 0).numpy()
        truth = cv2.GaussianBlur(pixels, (0, 0), BLUR * size[1], borderType=cv2.BORDER_REFLECT)
        np.testing.assert_allclose(soft.permute(1, 2, 0), truth, atol=1e-5)


def test_blur_leaves_the_mean_and_no_detail() -> None:
    inputs = torch.from_numpy(noise(64, 64).astype(np.float32)).permute(2, 0, 1)[None]
    soft = blurred(inputs)
    assert soft.mean().item() == pytest.approx(inputs.mean().item(), rel=0.02)
    assert soft.std() < inputs.std() / 10


def test_mean_colour_is_the_mean() -> None:
    inputs = torch.arange(24.0).view(1, 3, 2, 4)
    assert mean_colour(inputs)[0, :, 1, 3].tolist() == [3.5, 11.5, 19.5]
