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

__all__ = ["Inputs", "called", "first_of", "named", "with_first"]

Inputs: TypeAlias = Mapping[str, Tensor]


def named(inputs: Tensor | Inputs) -> Inputs:
    """`inputs` by name; a tensor alone is an image."""
    return {"image": inputs} if isinstance(inputs, Tensor) else inputs


def called(network: nn.Module, inputs: Inputs) -> Any:
    """What `network` returns for `inputs`, given one after the other."""
    return network(*inputs.values())


def first_of(inputs: Inputs) -> Tensor:
    """The input that is explained."""
    return next(iter(inputs.values()))


def with_first(inputs: Inputs, values: Tensor) -> Inputs:
    """The same with (n, ...) `values` in the place of the first input, all others of one item repeated n times."""
    first, *others = inputs
    return {first: values, **{name: inputs[name].expand(len(values), *inputs[name].shape[1:]) for name in others}}
