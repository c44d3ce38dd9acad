"""Whether a network takes inputs of other sizes than its own, found by trying. Public names: `SHARPER`, `Stride`,
`enlarged`, `placed`, `stride`, `surveyed`, `whole`.

A photograph as a whole, and maps of several sizes, need a network whose maps grow with its input, both sides alike.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

import torch
from torch import Tensor, nn

from ..engine.devices import is_out_of_memory
from ..engine.inputs import Inputs, called
from ..engine.kept_survey import kept_survey
from ..engine.layout import Layer
from ..engine.store import Store, cache_folder
from ..engine.survey import Survey, dtype_of, noise, survey
from ..errors import CamError, DeviceError, ModelError
from ..languages import Finding
from ..reading.preprocess import Encoder, Preprocessing, rounded
from ..reading.trials import trial_picture
from ..reading.whole import Whole
from ..types import WHOLE

__all__ = ["SHARPER", "Stride", "enlarged", "placed", "stride", "surveyed", "whole"]

# times as many pixels a side: the sizes that agree where sharper maps are asked for
SHARPER = (1.0, 1.41, 2.0)
# cells high and wide, of the trial: neither square nor what anybody trains on
TRIAL = (9, 7)
# whatever a network raises at a size that it was not made for
UNFIT = (CamError, RuntimeError, ValueError, TypeError, AssertionError, LookupError)


@dataclass(frozen=True)
class Stride:
    """The sides of inputs that a network takes are multiples of so many `pixels`, 0 where it takes one size: `why`."""

    pixels: int
    why: str = ""


class Looking(Protocol):
    """A network that takes words beside the photograph.

    The module `looks_with` is given the image alone, "" where there is none: then `example` is what is tried beside it.
    """

    @property
    def looks_with(self) -> str: ...
    def example(self) -> Inputs: ...


class Sized(Protocol):
    """A model whose input may be of other sizes: see `LoadedModel`."""

    @property
    def title(self) -> str: ...
    @property
    def network(self) -> nn.Module: ...
    @property
    def preprocessing(self) -> Encoder: ...
    @property
    def layers(self) -> tuple[Layer, ...]: ...
    @property
    def speech(self) -> Looking | None: ...
    @property
    def beside(self) -> Inputs: ...
    @property
    def largest_input(self) -> int | None: ...
    @property
    def packaged(self) -> bool: ...
    @property
    def stride(self) -> Stride: ...


def surveyed(
    network: nn.Module,
    speech: Looking | None,
    image: Tensor,
    only: Collection[str] | None = None,
    *,
    packaged: bool = False,
) -> Survey:
    """The layers of a network for inputs like `image`, those called `only` or all; of one that takes words those of
    the part that looks. What was found out about a `packaged` one is kept on disk, see `ModelSpec`."""
    shape: tuple[int, int, int, int] = tuple(image.shape)  # type: ignore[assignment]
    look = partial(kept_survey, store=Store(cache_folder())) if packaged else survey
    if speech is None:
        return look(network, shape, image=placed(image, network), only=only)
    if not speech.looks_with:
        image = placed(image, network)
        beside = {name: values.to(image.device) for name, values in speech.example().items()}
        return look(network, shape, beside=beside, image=image, only=only)
    # words have places of their own, which are none of the photograph
    only = only and [name.removeprefix(speech.looks_with).removeprefix(".") for name in only]
    part = network.get_submodule(speech.looks_with)
    return look(part, shape, image=noise(part, shape), only=only).inside(speech.looks_with)


def placed(image: Tensor, network: nn.Module) -> Tensor:
    """`image` where `network` is, in the type that it computes in."""
    first = next(chain(network.parameters(), network.buffers()), image)
    return image.to(first.device, dtype_of(network))


def stride(model: Sized) -> Stride:
    """What the sides of inputs must be multiples of, proved on an input of other proportions.

    Raises DeviceError where memory does not suffice.
    """
    if not isinstance(model.preprocessing, (Preprocessing, Whole)):
        return Stride(0, "transform")
    own = model.preprocessing.input_shape[-1]
    ratio = own / min(side for layer in model.layers for side in layer.shape[1:])
    # of an own size that is no multiple itself the ratio is a little less
    powers = (2**power for power in range(1, 9))
    tried = dict.fromkeys([*(power for power in powers if 0.8 * power <= ratio <= power), round(ratio)])
    why = "one_size"
    for pixels in tried:
        try:
            if _in_step(model, pixels):
                return Stride(pixels)
            why = "out_of_step"
        except UNFIT as error:
            if is_out_of_memory(error):
                raise DeviceError("memory.no_room_for_size") from error
    return Stride(0, why)


def _in_step(model: Sized, pixels: int) -> bool:
    """Whether on an input of TRIAL times so many pixels the cells of every offered map divide all of it evenly."""
    height, width = (cells * pixels for cells in TRIAL)
    image = nn.functional.interpolate(trial_picture(model.preprocessing), (height, width))
    offered = [layer.name for layer in model.layers]
    found = surveyed(model.network, model.speech, image, offered, packaged=model.packaged).every
    if model.beside:
        with torch.no_grad():
            called(model.network, {"image": placed(image, model.network), **model.beside})
    maps = [found[layer.name] for layer in model.layers if layer.name in found]
    sides = (one.shape[1:] for one in maps)
    return len(maps) == len(model.layers) and all(
        one.layout.part == WHOLE and high * width == wide * height and height % high == 0
        for one, (high, wide) in zip(maps, sides, strict=True)
    )


def whole(model: Sized) -> Whole:
    """What feeds `model` with all of a photograph; raises ModelError where it cannot, DeviceError."""
    steps = model.preprocessing
    if not model.stride.pixels or not isinstance(steps, Preprocessing):
        raise _refused("view.refused", model, model.stride.why)
    return Whole(steps, rounded(steps.crop, model.stride.pixels), model.stride.pixels, model.largest_input)


def enlarged(model: Sized, times: float) -> Encoder:
    """What feeds `model` with about `times` as many pixels a side; raises ModelError where it cannot, DeviceError."""
    steps, pixels = model.preprocessing, model.stride.pixels
    if not pixels or not isinstance(steps, (Preprocessing, Whole)):
        raise _refused("sharper.refused", model, model.stride.why)
    own = steps.input_shape[-1]
    larger = rounded(times * own, pixels)
    if model.largest_input is not None and larger > model.largest_input:
        raise _refused("sharper.refused", model, "too_large")
    return steps.enlarged(larger / own)


def _refused(key: str, model: Sized, why: str) -> ModelError:
    own = "×".join(map(str, model.preprocessing.input_shape[-2:]))  # noqa: RUF001
    return ModelError(key, title=model.title, why=Finding(f"sizes.{why}", own=own))
