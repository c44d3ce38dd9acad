"""Networks as they are explained: not in training. Public name: `frozen`."""

from __future__ import annotations

from contextlib import suppress

from torch import nn

__all__ = ["frozen"]


def frozen(network: nn.Module) -> nn.Module:
    """`network` in eval mode and without gradients of its parameters, whatever its own `train` does beside."""
    with suppress(Exception):
        network.eval()
    for part in network.modules():
        with suppress(Exception):
            part.training = False
    for parameter in network.parameters():
        # what a compiled part holds may be no leaf of its own
        with suppress(RuntimeError):
            parameter.requires_grad_(False)
    return network
