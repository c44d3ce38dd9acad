"""Choosing where to compute, and saying so clearly where that is not there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import DeviceError, Explainer, OutputError
from gradcam_core.engine import devices
from gradcam_core.engine.devices import DEVICES, full_precision, mixed, resolve_device, share_cores, with_room
from gradcam_core.models import base, catalogue

from ..helpers import SmallNetwork, noise

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


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


# --- no room


class Failing:
    """Fails as often as told, then gives the number of its calls."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.calls = times, error, 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return self.calls


NO_ROOM = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("MPS backend out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", NO_ROOM, ids=lambda error: str(error)[:12])
def test_without_room_caches_are_freed_and_it_is_tried_once_more(error: Exception) -> None:
    freed: list[int] = []
    assert with_room(Failing(1, error), lambda: freed.append(1)) == 2
    assert freed == [1]
    failing = Failing(9, error)
    with pytest.raises(DeviceError, match=r"not enough memory on the device.*choose a smaller model"):
        with_room(failing, lambda: freed.append(2))
    assert (failing.calls, freed) == (2, [1, 2])


def test_other_errors_are_not_tried_again() -> None:
    failing = Failing(1, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        with_room(failing, lambda: None)
    assert failing.calls == 1


class Hungry(SmallNetwork):
    """Runs out of memory as often as told."""

    times = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.times > 0 and torch.is_grad_enabled():
            self.times -= 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(x)


def test_a_request_without_room_lets_go_of_what_is_kept_and_succeeds(offer: Callable[..., str]) -> None:
    network = Hungry()
    explainer = Explainer(device="cpu")
    name = offer(network)
    explainer.explain(noise(40, 40), model=name)
    kept = explainer._captures.nbytes
    assert kept > 0
    network.times = 1
    expected = explainer.explain(noise(40, 50, 1), model=name).cam
    assert network.times == 0
    # the first photograph's capture has gone
    assert explainer._captures.nbytes < 1.5 * kept
    network.times = 2
    with pytest.raises(DeviceError, match="not enough memory"):
        explainer.explain(noise(40, 50, 2), model=name)
    np.testing.assert_array_equal(explainer.explain(noise(40, 50, 1), model=name).cam, expected)


@pytest.mark.parametrize("failures", [1, 2])
def test_adding_a_model_without_room_lets_go_of_what_is_kept(failures: int, offer: Callable[..., str]) -> None:
    left = [failures]

    class Large(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            if left[0]:
                left[0] -= 1
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(x)

    explainer = Explainer(device="cpu")
    explainer.explain(noise(40, 40), model=offer(SmallNetwork()))
    assert explainer._captures.nbytes > 0
    if failures == 1:
        explainer.add_model("mine", Large(), input_size=32)
        assert explainer.explain(noise(40, 40), model="mine").layer == "last"
        assert left == [0]
    else:
        with pytest.raises(DeviceError, match="not enough memory"):
            explainer.add_model("mine", Large(), input_size=32)
        assert explainer._captures.nbytes == 0
        assert "mine" not in explainer._own


def test_of_more_models_than_fit_the_least_recently_used_goes(
    offer: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    original = base.load

    def load(spec: Any, *given: Any) -> Any:
        loaded.append(spec.name)
        return original(spec, *given)

    monkeypatch.setattr(catalogue, "load", load)
    for name in "abc":
        offer(SmallNetwork(), name)
    size = original(catalogue.MODELS["a"], CPU).nbytes
    monkeypatch.setattr(catalogue, "model_bytes", lambda _: int(2.5 * size))
    explainer = Explainer(device="cpu")
    for name in "abacab":
        explainer.explain(noise(40, 40), model=name)
    # c drove out b, and b c
    assert loaded == ["a", "b", "c", "b"]


# --- half precision


def test_half_precision_is_only_for_the_computing() -> None:
    plain = SmallNetwork()
    network = mixed(copy.deepcopy(plain), CPU, torch.bfloat16)
    inputs = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert network(inputs).dtype == torch.bfloat16
        assert copy.deepcopy(network)(inputs).dtype == torch.bfloat16
        np.testing.assert_allclose(network(inputs).float(), plain(inputs), rtol=0.05, atol=0.02)
        with full_precision():
            assert torch.equal(network(inputs), plain(inputs))
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert mixed(plain, CPU) is plain
    assert type(plain) is SmallNetwork


def test_maps_of_half_precision_are_float32_and_nearly_the_same(
    offer: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = offer(SmallNetwork())
    expected = Explainer(device="cpu").explain(noise(50, 50), model=name, target=2)
    monkeypatch.setattr(base, "mixed", lambda network, device: mixed(network, device, torch.bfloat16))
    found = Explainer(device="cpu").explain(noise(50, 50), model=name, target=2)
    assert found.cam.dtype == np.float32
    assert np.abs(found.cam - expected.cam).max() < 0.05 * np.abs(expected.cam).max()
    assert np.abs(found.cam - expected.cam).max() > 0


def test_an_overflow_in_half_precision_is_computed_again_in_full(
    offer: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loud(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.linear(super().forward(x) * 0 + 300.0, torch.full((6, 6), 300.0))

    name = offer(Loud())
    monkeypatch.setattr(base, "mixed", lambda network, device: mixed(network, device, torch.float16))
    explanation = Explainer(device="cpu").explain(noise(50, 50), model=name)
    # 6 * 300 * 300 is more than float16 can say
    assert explanation.target.probability == pytest.approx(1 / 6)


def test_scores_that_are_no_numbers_in_any_precision_are_refused(offer: Callable[..., str]) -> None:
    class Broken(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * float("nan")

    with pytest.raises(OutputError, match="not finite"):
        Explainer(device="cpu").explain(noise(50, 50), model=offer(Broken()))


@needs_cuda
def test_maps_of_a_card_are_nearly_those_of_the_cpu(offer: Callable[..., str]) -> None:
    image = noise(300, 300)
    expected, found = (Explainer(device=device).explain(image, target=285) for device in ("cpu", "cuda"))
    assert found.cam.dtype == np.float32
    assert np.corrcoef(expected.cam.ravel(), found.cam.ravel())[0, 1] > 0.99


@needs_cuda
def test_a_card_without_room_recovers() -> None:
    explainer = Explainer(device="cuda")
    explainer.explain(noise(300, 300))
    free, _ = torch.cuda.mem_get_info()
    hog = torch.empty(int(free * 0.999), dtype=torch.uint8, device="cuda")
    try:
        with pytest.raises(DeviceError, match="not enough memory"):
            explainer.explain(noise(300, 300, 1), model="efficientnet_lite2")
    finally:
        del hog
        torch.cuda.empty_cache()
    assert explainer.explain(noise(300, 300, 1)).top


@pytest.mark.parametrize(
    ("threads", "allowed", "at_once", "each"),
    [(8, 8, 2, 4), (7, 8, 3, 2), (1, 8, 8, 1), (2, 2, 2, 1), (64, 8, 2, 4), (64, 2, 2, 1)],
)
def test_cores_are_shared_among_what_is_computed_at_once(
    threads: int, allowed: int, at_once: int, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "allowed_cores", lambda: allowed)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        share_cores(at_once)
        assert torch.get_num_threads() == each
    finally:
        torch.set_num_threads(before)
