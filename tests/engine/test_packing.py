"""Packed convolutions say what torch's own do, follow their weights and leave alone what cannot be packed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gradcam_core.engine import packing
from gradcam_core.engine.chunks import in_chunks
from gradcam_core.engine.packing import Packing, laid_out

needs_packing = pytest.mark.skipif(not packing._can_pack(), reason="this build of torch packs no weights")


@pytest.fixture
def packs(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The weights that have been packed, one after the other."""
    seen: list[Tensor] = []
    pack = packing._pack

    def counted(weight: Tensor, settings: tuple[object, ...]) -> object:
        seen.append(weight)
        return pack(weight, settings)

    packing._can_pack()
    monkeypatch.setattr(packing, "_pack", counted)
    return seen


def asked(network: nn.Module, inputs: Tensor, packing: Packing | None = None) -> Tensor:
    with torch.inference_mode(), packing or Packing():
        return network(inputs)


def plain(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(inputs)


def agree(found: Tensor, wanted: Tensor) -> bool:
    return found.shape == wanted.shape and float((found - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max())


CONVOLUTIONS = {
    "plain": nn.Conv2d(6, 8, 3),
    "1 x 1": nn.Conv2d(6, 8, 1),
    "without bias": nn.Conv2d(6, 8, 3, bias=False),
    "stride and padding": nn.Conv2d(6, 8, (3, 5), stride=(2, 1), padding=(1, 2)),
    "dilation": nn.Conv2d(6, 8, 3, dilation=2, padding=2),
    "groups": nn.Conv2d(6, 8, 3, groups=2),
    "depthwise": nn.Conv2d(6, 6, 5, groups=6, padding=2),
    "named padding": nn.Conv2d(6, 8, 3, padding="same"),
    "circular": nn.Conv2d(6, 8, 3, padding=1, padding_mode="circular"),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("arrange", [laid_out, Tensor.contiguous])
def test_a_packed_convolution_is_torchs_own(name: str, arrange: object) -> None:
    packing, conv = Packing(), CONVOLUTIONS[name]
    for count in (4, 1, 7):
        inputs = arrange(torch.randn(count, 6, 13, 17))  # type: ignore[operator]
        assert agree(asked(conv, inputs, packing), plain(conv, inputs)), f"a batch of {count}"


@needs_packing
def test_weights_are_packed_once_for_all_chunks(packs: list[Tensor]) -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    inputs = torch.randn(10, 3, 9, 9)
    found = in_chunks(lambda part: network(inputs[part]), 10, size=4, device=torch.device("cpu"))
    assert len(packs) == 2
    assert agree(found, plain(network, inputs))


@needs_packing
def test_weights_that_are_written_to_are_packed_anew(packs: list[Tensor]) -> None:
    packing, conv, inputs = Packing(), nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 9)
    before = asked(conv, inputs, packing)
    with torch.no_grad():
        conv.weight.mul_(2)
    after = asked(conv, inputs, packing)
    assert len(packs) == 2
    assert not agree(after, before)
    assert agree(after, plain(conv, inputs))


@needs_packing
def test_exchanged_weights_are_not_mistaken_for_those_before(packs: list[Tensor]) -> None:
    packing, inputs = Packing(), torch.randn(2, 3, 9, 9)
    for _ in range(5):
        # each is gone before the next is made, which may get its place in memory
        conv = nn.Conv2d(3, 8, 3)
        assert agree(asked(conv, inputs, packing), plain(conv, inputs))
        del conv
    assert len(packs) == 5


class Standardised(nn.Conv2d):
    """Makes its weights anew at each pass, as the convolutions of some networks do."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return functional.conv2d(input, self.weight - self.weight.mean(), self.bias)


def test_weights_made_at_each_pass_are_not_kept(packs: list[Tensor]) -> None:
    conv, inputs = Standardised(3, 8, 3), torch.randn(2, 3, 9, 9)
    assert torch.equal(asked(conv, inputs), plain(conv, inputs))
    assert not packs


@needs_packing
def test_beyond_its_room_weights_stay_as_they_are(packs: list[Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)
    monkeypatch.setattr(packing, "ROOM", first.weight.nbytes)
    network, inputs = nn.Sequential(first, second), torch.randn(2, 3, 9, 9)
    assert agree(asked(network, inputs), plain(network, inputs))
    assert packs == [first.weight]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_left_to_torch(dtype: torch.dtype, packs: list[Tensor]) -> None:
    conv, inputs = nn.Conv2d(3, 8, 3).to(dtype), torch.randn(2, 3, 9, 9, dtype=dtype)
    assert torch.equal(asked(conv, inputs), plain(conv, inputs))
    assert not packs


def test_autocast_is_left_to_torch(packs: list[Tensor]) -> None:
    conv, inputs = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        found = asked(conv, inputs)
        assert found.dtype == torch.bfloat16
        assert torch.equal(found, plain(conv, inputs))
    assert not packs


def test_gradients_go_through_what_is_not_inference(packs: list[Tensor]) -> None:
    conv, inputs = nn.Conv2d(3, 8, 3), torch.randn(1, 3, 9, 9, requires_grad=True)
    with Packing():
        conv(inputs).sum().backward()
    assert inputs.grad is not None
    assert float(inputs.grad.abs().sum()) > 0
    assert not packs


@needs_packing
def test_other_threads_are_not_concerned(packs: list[Tensor]) -> None:
    conv, inputs = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 9)
    with ThreadPoolExecutor(1) as pool:
        wanted = pool.submit(plain, conv, inputs).result()
        with Packing():
            assert torch.equal(pool.submit(plain, conv, inputs).result(), wanted)
            assert not packs
            # in this thread it is
            plain(conv, inputs)
    assert len(packs) == 1


@pytest.mark.parametrize("problem", [AttributeError, RuntimeError, None])
def test_operations_that_are_missing_or_wrong_are_not_used(
    problem: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> Tensor:
        if problem is not None:
            raise problem("not built for it")
        return torch.zeros(1, 4, 4, 4)

    packing._is_right.cache_clear()
    monkeypatch.setattr(packing, "_convolve", other)
    try:
        assert not packing._can_pack()
        conv, inputs = nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 9)
        assert torch.equal(asked(conv, inputs), plain(conv, inputs))
    finally:
        packing._is_right.cache_clear()


def test_a_convolution_that_does_not_fit_fails_as_without_packing() -> None:
    conv = nn.Conv2d(3, 8, 3)
    for inputs in (torch.randn(2, 4, 9, 9), torch.randn(2, 3, 2, 2)):
        with pytest.raises(RuntimeError):
            asked(conv, inputs)
