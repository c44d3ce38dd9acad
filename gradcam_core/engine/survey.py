"""Which layers of a network have a map, found by running it once, not by name lists.

A layer counts where its output shows places and the scores depend on them: behind the last attention of a network
that reads its class token alone, no place has any influence. Public names: `Survey`, `default_layer`,
`dtype_of`, `find_layers`, `noise`, `survey`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import LayerError
from .calls import Call, numbered
from .capture import in_transform, recording, tensor_in, with_tensor
from .changing import changing
from .geometry import placed
from .influence import changes, matters, slopes_of
from .inputs import Inputs, called, first_of, with_first
from .layout import Grid, Layer, Layout, find_layout

__all__ = ["Survey", "default_layer", "dtype_of", "find_layers", "noise", "survey"]

# thin their input out: the layer in front says the same, at a finer resolution or as fine
THINNING = (
    nn.Dropout, nn.Dropout2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.MaxPool1d,
    nn.AvgPool1d, nn.AdaptiveAvgPool1d, nn.AdaptiveMaxPool1d,
)  # fmt: skip
SMALLEST_DEFAULT = 7
# at most this many layers are offered, evenly spread, where all blocks of a network have one shape
MOST_BLOCKS = 12
NOTHING_BESIDE: Inputs = {}


@dataclass(eq=False)
class _ModuleOutput:
    """What one call of a module returned.

    `passing` where it hands on its input, `detached` where no gradient leads from it to the input, `influence` where
    the scores depend on it. `version` counts what had been written to `output` by then; `written` says that more was
    later.
    """

    shape: tuple[int, int, int]
    layout: Layout
    output: Tensor
    passing: bool
    detached: bool
    influence: bool = False
    version: int = 0
    written: bool = True


class _PlaceRecorder:
    """A recorder that notes every output of a module of `network` that shows places, in the order they run.

    Others may run as well: torch.cond calls a graph of its branches, with stand-ins for numbers, before it runs one.
    """

    def __init__(self, network: nn.Module, size: Grid, loosely: bool) -> None:
        self._modules = frozenset(network.modules())
        self._size = size
        self._loosely = loosely
        self._before: tuple[float, ...] = ()
        self.of: dict[Call, _ModuleOutput] = {}
        self.runs: Counter[nn.Module] = Counter()
        # whether something that shows places takes part in no gradient and cannot be made to
        self.closed = False
        # whether modules run inside a transform of torch.func
        self.transformed = False
        # so many pictures at a time
        self.pictures = 1

    def see(self, module: nn.Module, output: Any) -> Any:
        if module not in self._modules:
            return None
        self.runs[module] += 1
        values = tensor_in(output)
        self.transformed = self.transformed or in_transform(output)
        if values is None or not values.numel():
            return None
        # the same numbers in whatever order
        numbers = (values.numel(), *(float(edge) for edge in values.detach().aminmax()))
        passing, self._before = numbers == self._before, numbers
        if values.ndim == 4 and values[0, 0].numel() > 1:
            self.pictures = max(self.pictures, len(values))
        grids = (seen.shape[1:] for seen in self.of.values() if seen.layout.grid is None)
        layout = find_layout(tuple(values.shape), self._size, grids, loosely=self._loosely)
        if layout is None:
            return None
        if values.is_inference():
            self.closed = True
            return None
        connected = values.requires_grad
        if not connected:
            # where the network switches gradients off: from its end on, the scores depend on a root of its own
            values = values.detach().requires_grad_()
        passing = (passing and not _has_weights(module)) or isinstance(module, THINNING)
        map_shape = layout.map_shape(tuple(values.shape))
        version = values._version if connected else -1
        self.of[Call(module, self.runs[module])] = _ModuleOutput(
            map_shape, layout, values, passing, not connected, version=version
        )
        if connected:
            return None
        with torch.enable_grad():
            return with_tensor(output, values.clone())


@dataclass(frozen=True, eq=False)
class Survey:
    """Every call of a network's modules that shows places, by name, and the stages that are worth offering.

    Of a module that runs once the name is its own; else the number of the call stands behind it.
    Nothing behind those called `in_place_safe` writes to what they return. Of a network that is not `differentiable`,
    such as a quantised one, no gradient says how the scores depend on the layers. Those called `unplaced` look as if
    they showed places, and follow none. What is `deciding` may look elsewhere in another photograph: see
    `geometry.placed_for`.
    """

    every: Mapping[str, Layer]
    stages: tuple[Layer, ...]
    in_place_safe: frozenset[str]
    differentiable: bool = True
    unplaced: frozenset[str] = frozenset()
    deciding: bool = False

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """The layout of every module that shows places."""
        return {name: layer.layout for name, layer in self.every.items()}

    def inside(self, part: str) -> Survey:
        """The same by the names that its modules have in a network of which this one is the `part`."""

        def named(layer: Layer) -> Layer:
            return replace(layer, name=f"{part}.{layer.name}" if layer.name else part)

        every = {layer.name: layer for layer in map(named, self.every.values())}
        safe, unplaced = (
            frozenset(f"{part}.{name}" if name else part for name in names)
            for names in (self.in_place_safe, self.unplaced)
        )
        return Survey(every, tuple(map(named, self.stages)), safe, self.differentiable, unplaced, self.deciding)


def find_layers(network: nn.Module, input_shape: tuple[int, int, int, int]) -> tuple[Layer, ...]:
    """The stages of `network` that have a map, in order from input to output; raises as `survey` does."""
    return survey(network, input_shape).stages


def survey(
    network: nn.Module,
    input_shape: tuple[int, int, int, int],
    beside: Inputs = NOTHING_BESIDE,
    image: Tensor | None = None,
    only: Collection[str] | None = None,
) -> Survey:
    """Run `network` once, forwards and backwards, on noise of `input_shape`, and see what its modules return.

    `beside` are further inputs that the network takes, such as a question; `image` is tried instead of noise, where
    the network may take some values only. Of the layers called `only` alone is found out where their cells lie, None:
    of all.

    A stage is the last of a run of modules with the same output shape; a run of plain convolutions, norms and
    activations at one resolution counts as one stage. Where all have one resolution, each block is a stage, of
    many blocks twelve. Raises LayerError where there is none.
    """
    inputs = {"image": noise(network, input_shape) if image is None else image, **beside}
    # what a network makes anew in its forward pass has no name
    known = {module: name for name, module in network.named_modules()}
    # first as shapes suggest, then, where that finds nothing, whatever its shape
    for loosely in (False, True):
        looked, looker, differentiable = _look(network, inputs, loosely)
        seen = {call: one for call, one in looked.items() if call.module in known}
        # gradients may be switched off on the way, and words have gradients too
        if len(inputs) > 1 or any(one.detached for one in seen.values()):
            follow = changing(network, inputs, {call: one.layout for call, one in seen.items()})
            seen = {call: one for call, one in seen.items() if call in follow}
        if only is not None:
            names = _names(seen, known, looker)
            seen = {call: one for call, one in seen.items() if names[call] in only}
        unplaced, deciding = _place(network, inputs, seen, loosely)
        if any(one.influence for one in seen.values()) or looker.closed:
            break
    if any(one.influence for one in unplaced.values()) and not any(one.influence for one in seen.values()):
        raise LayerError("layers.follow_no_place", name=_name(network))
    if not seen:
        size = "×".join(map(str, input_shape[-2:]))  # noqa: RUF001
        raise LayerError(_why_none(network, looker), name=_name(network), size=size, count=looker.pictures)
    stages = _stages(network, seen) if any(one.influence for one in seen.values()) else []
    if not differentiable:
        stages = [call for call in stages if matters(network, inputs, call)]
    if not stages:
        raise LayerError("layers.no_gradient", name=_name(network))
    names = _names((*seen, *unplaced), known, looker)
    every = {names[call]: Layer(names[call], one.shape, one.layout) for call, one in seen.items()}
    in_place_safe = frozenset(names[call] for call, one in seen.items() if not one.written)
    offered = tuple(every[names[call]] for call in stages)
    aside = frozenset(names[call] for call in unplaced)
    return Survey(every, offered, in_place_safe, differentiable, aside, deciding)


def _names(calls: Iterable[Call], known: Mapping[nn.Module, str], looker: _PlaceRecorder) -> dict[Call, str]:
    """What each of the calls is called: by its module, and by its number where that runs several times."""
    return {
        call: numbered(known[call.module], call.number) if looker.runs[call.module] > 1 else known[call.module]
        for call in calls
    }


def _why_none(network: nn.Module, looker: _PlaceRecorder) -> str:
    """The key of the sentence that says why nothing shows places."""
    if any(isinstance(part, nn.Conv3d) for part in network.modules()):
        return "layers.of_volumes"
    if looker.closed:
        return "layers.inference_mode"
    if looker.transformed:
        return "layers.transformed"
    if not any(module is not network for module in looker.runs):
        return "layers.none_called"
    return "layers.several_pictures" if looker.pictures > 1 else "layers.none_with_places"


def default_layer(layers: tuple[Layer, ...]) -> Layer:
    """The deepest layer with at least 7 x 7 positions, else the deepest."""
    fine = [layer for layer in layers if min(layer.shape[1:]) >= SMALLEST_DEFAULT]
    return (fine or list(layers))[-1]


def dtype_of(network: nn.Module) -> torch.dtype:
    """What the network computes in: the type of its first floating point tensor."""
    tensors = chain(network.parameters(), network.buffers())
    return next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), torch.float32)


def noise(network: nn.Module, input_shape: tuple[int, int, int, int]) -> Tensor:
    """An input of `input_shape` to try `network` out with, the same at every call."""
    first = next(chain(network.parameters(), network.buffers()), torch.empty(0))
    # a flat picture would leave rectifiers dead and cancel at norms
    values = torch.randn(input_shape, generator=torch.Generator().manual_seed(0))
    return values.to(first.device, dtype_of(network))


def _look(network: nn.Module, inputs: Inputs, loosely: bool) -> tuple[dict[Call, _ModuleOutput], _PlaceRecorder, bool]:
    """What calls that show places have returned, what was noticed beside, and whether gradients tell anything."""
    image, dice = first_of(inputs), torch.Generator().manual_seed(1)
    with torch.enable_grad(), recording(_PlaceRecorder(network, (image.shape[-2], image.shape[-1]), loosely)) as looker:
        scores = called(network, with_first(inputs, image.clone().requires_grad_()))
    seen, differentiable = looker.of, True
    if not isinstance(scores, Tensor):
        # whether it can be explained is found out where its scores are picked
        for one in seen.values():
            one.influence = True
    else:
        slopes = dict(zip(seen, slopes_of(scores, [one.output for one in seen.values()], dice), strict=True))
        reached = {call: slope for call, slope in slopes.items() if slope is not None}
        lively = [call for call, slope in reached.items() if bool(seen[call].layout.to_map(slope).any())]
        # a head that starts as zero hides what it will depend on
        differentiable = bool(lively) or not changes(network, inputs, scores)
        for call in (lively or reached) if differentiable else seen:
            seen[call].influence = True
    for one in seen.values():
        one.written = one.output._version != one.version
        one.output = torch.empty(0)
    return seen, looker, differentiable


def _place(
    network: nn.Module, inputs: Inputs, seen: dict[Call, _ModuleOutput], loosely: bool
) -> tuple[dict[Call, _ModuleOutput], bool]:
    """Lay all of `seen` out as their cells lie on the input; takes those out of it whose cells follow no place.

    The second says whether the network decides by what it sees where it looks.
    """
    found, deciding = placed(network, inputs, {call: one.layout for call, one in seen.items()}, doubted=loosely)
    unplaced = {call: seen.pop(call) for call in list(seen) if call not in found}
    for call, one in seen.items():
        if found[call].transposed:
            one.shape = (one.shape[0], one.shape[2], one.shape[1])
        one.layout = found[call]
    return unplaced, deciding


def _stages(network: nn.Module, calls: Mapping[Call, _ModuleOutput]) -> list[Call]:
    # of several calls the last that the scores depend on stands for a module among others
    ordered = sorted(calls.items(), key=lambda item: item[1].influence)
    seen = {call.module: one for call, one in ordered}
    units = _called(_units(network, seen), calls) or [call for call, one in calls.items() if one.influence]
    if len({calls[call].shape[1:] for call in units}) == 1 and any(
        _holds_blocks(module, seen) for module in network.modules()
    ):
        return _spread(_called(_units(network, seen, split=True), calls), MOST_BLOCKS)
    stages: list[Call] = []
    for call in units:
        if stages:
            before = stages[-1]
            plain = _is_plain(call.module) and _is_plain(before.module)
            if (plain and calls[before].shape[1:] == calls[call].shape[1:]) or calls[before].shape == calls[call].shape:
                stages.pop()
        stages.append(call)
    return stages


def _called(modules: Iterable[nn.Module], calls: Mapping[Call, _ModuleOutput]) -> list[Call]:
    """The calls of `modules` that may be offered, in the order they run."""
    wanted = set(modules)
    return [call for call, one in calls.items() if call.module in wanted and _is_offered(call.module, one)]


def _spread(calls: list[Call], most: int) -> list[Call]:
    if len(calls) <= most:
        return calls
    return [calls[round(place * (len(calls) - 1) / (most - 1))] for place in range(most)]


def _units(parent: nn.Module, seen: Mapping[nn.Module, _ModuleOutput], *, split: bool = False) -> Iterator[nn.Module]:
    """The outermost modules inside `parent` that are one thing each; with `split`, blocks in a row are many."""
    for child in parent.children():
        here = seen.get(child)
        if here is None:
            yield from _units(child, seen, split=split)
        elif not here.influence:
            yield from _inside(child, seen, split=split)
        elif len({seen[part].shape[1:] for part in child.children() if part in seen}) > 2:
            # holds several stages itself
            yield from _units(child, seen, split=split)
        elif split and _holds_blocks(child, seen):
            yield from _units(child, seen, split=split)
        elif _is_offered(child, here):
            yield child


def _inside(module: nn.Module, seen: Mapping[nn.Module, _ModuleOutput], *, split: bool) -> Iterator[nn.Module]:
    """What has influence inside a module whose output has none: of blocks each, of one block where it begins."""
    if _holds_blocks(module, seen):
        yield from _units(module, seen, split=split)
        return
    parts = set(module.children())
    alike = (part for part, one in seen.items() if part in parts and one.shape == seen[module].shape)
    begins = next((part for part in alike if _is_offered(part, seen[part])), None)
    if begins is not None:
        yield begins


def _is_offered(module: nn.Module, here: _ModuleOutput) -> bool:
    # a bare projection is half a step: queries, keys, values
    return here.influence and not here.passing and not isinstance(module, nn.Linear)


def _holds_blocks(module: nn.Module, seen: Mapping[nn.Module, _ModuleOutput]) -> bool:
    """Whether several blocks of one shape, the module's own where it has one, follow one another in it."""
    for row in (module, *module.children()):
        if isinstance(row, (nn.Sequential, nn.ModuleList)):
            shapes = [seen[part].shape for part in row if part in seen and not _is_plain(part)]
            own = seen[module].shape if module in seen else next(iter(shapes), None)
            if own and shapes.count(own) > 1:
                return True
    return False


def _is_plain(module: nn.Module) -> bool:
    return not any(isinstance(part, (nn.Conv2d, nn.Linear)) for part in module.modules() if part is not module)


def _has_weights(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())


def _name(network: nn.Module) -> str:
    return f"The network {type(network).__name__}"
