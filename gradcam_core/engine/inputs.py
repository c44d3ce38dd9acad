"""What a network is given: tensors by name, in the order in which it takes them.

    inputs = {"image": pixels, "question": words}
    called(network, inputs)                           # network(pixels, words)
    called(network, with_first(inputs, changed))      # n changed images, each with the same question

The first is what is explained; the others stay as they are. Public names: `Inputs`, `called`, `first_of`, `named`,
`with_first`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from torch import Tensor, nn

from ..errors import CamError, OutputError, first_line
from .devices import is_out_of_memory

__all__ = ["Inputs", "called", "first_of", "named", "with_first"]


Inputs: TypeAlias = Mapping[str, Tensor]


def named(inputs: Tensor | Inputs) -> Inputs:
    """`inputs` by name; a tensor alone is an image."""
    return {"image": inputs} if isinstance(inputs, Tensor) else inputs


def called(network: nn.Module, inputs: Inputs) -> Any:
    """What `network` returns for `inputs`, given one after the other; raises OutputError for whatever it raises."""
    try:
        return network(*inputs.values())
    except Exception as error:
        if isinstance(error, CamError) or is_out_of_memory(error):
            raise
        # anything may happen in somebody's own code: it is said, not thrown at them
        line = first_line(error, "no word about it")
        raise OutputError(
            "network.fails", kind=type(network).__name__, error_type=type(error).__name__, first_line=line
        ) from error


def first_of(inputs: Inputs) -> Tensor:
    """The input that is explained."""
    return next(iter(inputs.values()))


def with_first(inputs: Inputs, values: Tensor) -> Inputs:
    """The same with (n, ...) `values` in the place of the first input, all others of one item repeated n times."""
    first, *others = inputs
    return {first: values, **{name: inputs[name].expand(len(values), *inputs[name].shape[1:]) for name in others}}
