"""Choosing where to compute, and saying so clearly where that is not there."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gradcam_core import DeviceError, Explainer
from gradcam_core.devices import DEVICES, resolve_device


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`machine(cuda=..., mps=...)` pretends that these are there."""

    def pretend(*, cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("there", "chosen"),
    [({}, "cpu"), ({"mps": True}, "mps"), ({"cuda": 1}, "cuda"), ({"cuda": 1, "mps": True}, "cuda")],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(machine: Any, there: dict[str, Any], chosen: str) -> None:
    machine(**there)
    assert resolve_device("auto").type == chosen


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there(machine: Any, name: str) -> None:
    machine()
    with pytest.raises(DeviceError, match=f"`device` '{name}' is not available on this machine; use 'auto' or 'cpu'"):
        Explainer(device=name)


def test_a_card_too_many(machine: Any) -> None:
    machine(cuda=2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DeviceError, match="'cuda:2' does not exist: there are 2 CUDA devices"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "cpu:", None, 3.5, "meta", "xla"])
def test_unknown_devices(machine: Any, name: Any) -> None:
    machine()
    with pytest.raises(DeviceError, match=r"`device`.*(choose one of auto, cuda, mps, cpu|not available)") as caught:
        resolve_device(name)
    assert repr(name) in str(caught.value)


def test_devices_are_listed_and_accepted_as_objects() -> None:
    assert DEVICES == ("auto", "cuda", "mps", "cpu")
    assert resolve_device(torch.device("cpu")) == torch.device("cpu")
