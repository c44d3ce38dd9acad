"""Of what is thrown away nothing is computed, and all that is kept stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from gradcam_core.engine.front import decompositions
from gradcam_core.engine.graph import Graph
from gradcam_core.engine.tracing import trace

from .networks import truth

TOKENS, WIDE = 10, 16


class Tokens(nn.Module):
    """Ten tokens that look at each other twice; the scores are read off one of them.

    Afterwards each token goes on by itself, past all kinds of steps that treat it so.
    """

    def __init__(self, *, at: int = 0, mask: bool = False, before: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cells = nn.Conv2d(3, WIDE, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, WIDE))
        self.places = nn.Parameter(torch.randn(1, TOKENS, WIDE))
        self.first, self.second = _Block(mask=mask), _Block(mask=mask)
        self.scale = nn.Parameter(torch.rand(WIDE))
        self.each = nn.Parameter(torch.rand(TOKENS, 1))
        self.norm = nn.LayerNorm(WIDE)
        self.head = nn.Linear(WIDE, 5)
        self.at, self.before = at, before
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.cells(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token, x], 1) + self.places
        x = self.second(self.first(x))
        x = torch.tanh(x * self.scale) * self.each - 0.1 * x
        x = x[:, self.at] if self.before else self.norm(x)
        return self.head(self.norm(x) if self.before else x[:, self.at])


class _Block(nn.Module):
    def __init__(self, *, mask: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDE), nn.LayerNorm(WIDE)
        self.qkv, self.project = nn.Linear(WIDE, 3 * WIDE), nn.Linear(WIDE, WIDE)
        self.mlp = nn.Sequential(nn.Linear(WIDE, 4 * WIDE), nn.GELU(), nn.Linear(4 * WIDE, WIDE))
        self.register_buffer("mask", torch.randn(TOKENS, TOKENS) if mask else None)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).reshape(1, TOKENS, 3, 2, WIDE // 2).permute(2, 0, 3, 1, 4).unbind(0)
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        x = x + self.project(found.transpose(1, 2).reshape(1, TOKENS, WIDE))
        return x + self.mlp(self.norm2(x))


def picture(side: int = 24) -> Tensor:
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))


def traced(network: nn.Module, layers: Sequence[str], x: Tensor) -> Graph:
    return trace(network, x, layers, decompositions=decompositions())


def products(run: Callable[[], object]) -> int:
    # attention in one step is not counted
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def check(network: nn.Module, layers: Sequence[str], x: Tensor) -> Graph:
    """The graph's values and gradients are those of the network with hooks; the graph."""
    graph = traced(network, layers, x)
    values = dict(zip(graph.values, graph.whole(network)(x), strict=True))
    weights = torch.randn(values[graph.scores].shape, generator=torch.Generator().manual_seed(2))
    scores, expected = truth(network, x, layers, weights)
    torch.testing.assert_close(values[graph.scores], scores)
    for layer, (output, slope) in expected.items():
        assert slope.abs().max() > 0
        torch.testing.assert_close(values[graph.layers[layer]], output)
        tail = graph.tail(network, [layer])
        found, known = tail.behind({graph.layers[layer]}, [values[name] for name in tail.needs])
        (gradient,) = torch.autograd.grad((found * weights).sum(), [known[graph.layers[layer]]])
        torch.testing.assert_close(gradient, slope)
    return graph


@pytest.mark.parametrize("at", [0, 4, -1])
@pytest.mark.parametrize("before", [False, True])
def test_values_and_gradients_are_those_of_the_network(at: int, before: bool) -> None:
    check(Tokens(at=at, before=before), ["first", "second.norm1", "cells"], picture())


def test_behind_the_last_look_around_one_token_is_computed() -> None:
    """Keys and values need all tokens; queries, attention, projection, the two products behind and the scores one."""
    network, x = Tokens(), picture()
    graph = check(network, ["second.norm1"], x)
    values = dict(zip(graph.values, graph.whole(network)(x), strict=True))
    tail = graph.tail(network, ["second.norm1"])
    keys_and_values = TOKENS * WIDE * 3 * WIDE
    one_token = WIDE * 3 * WIDE + 2 * TOKENS * WIDE + WIDE * WIDE + 2 * WIDE * 4 * WIDE + WIDE * 5
    assert products(lambda: tail.module(*(values[name] for name in tail.needs))) == 2 * (keys_and_values + one_token)


def test_a_mask_is_not_cut_and_what_lies_behind_it_is() -> None:
    """Attention with a mask stays whole: it would have to be cut along other axes."""
    network, x = Tokens(mask=True), picture()
    graph = check(network, ["second.norm1"], x)
    values = dict(zip(graph.values, graph.whole(network)(x), strict=True))
    tail = graph.tail(network, ["second.norm1"])
    whole = TOKENS * WIDE * 3 * WIDE + 2 * TOKENS * TOKENS * WIDE
    one_token = WIDE * WIDE + 2 * WIDE * 4 * WIDE + WIDE * 5
    assert products(lambda: tail.module(*(values[name] for name in tail.needs))) == 2 * (whole + one_token)


def test_a_layer_that_is_asked_for_is_computed_whole() -> None:
    """Behind it only one token has a slope; in front of it nothing is left out."""
    graph = check(Tokens(), ["second.norm2", "second.mlp.0", "second", "norm"], picture())
    assert all(graph.leads_on(layer) for layer in graph.layers)


def test_where_all_tokens_count_nothing_changes() -> None:
    class Mean(Tokens):
        def forward(self, x: Tensor) -> Tensor:
            x = self.cells(x).flatten(2).transpose(1, 2)
            x = self.first(torch.cat([self.token, x], 1) + self.places)
            return self.head(self.norm(x).mean(1))

    graph = check(Mean(), ["first"], picture())
    assert not any("_part_" in step.name for step in graph.steps)


def test_a_chain_too_long_to_be_followed_is_computed_whole() -> None:
    class Long(Tokens):
        def forward(self, x: Tensor) -> Tensor:
            x = self.cells(x).flatten(2).transpose(1, 2)
            x = self.first(torch.cat([self.token, x], 1) + self.places)
            for _ in range(1500):
                x = x * 1.0001
            return self.head(self.norm(x)[:, 0])

    check(Long(), ["cells"], picture())


@pytest.mark.parametrize(
    ("name", "layer", "at_most"),
    [
        ("vit_tiny_patch16_224", "blocks.1.norm1", 0.4),
        # reads its scores off two tokens
        ("deit_tiny_distilled_patch16_224", "blocks.1.norm1", 0.6),
    ],
)
def test_published_transformers_take_fewer_products(name: str, layer: str, at_most: float) -> None:
    """Products behind a layer of the last block, by those of the network itself behind it."""
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False, img_size=64, depth=2, embed_dim=48, num_heads=3, num_classes=7)
    network.eval().requires_grad_(False)
    x = picture(64)
    graph = check(network, [layer], x)
    values = dict(zip(graph.values, graph.whole(network)(x), strict=True))
    tail = graph.tail(network, [layer])
    behind = products(lambda: tail.module(*(values[name] for name in tail.needs)))
    block = network.blocks[1]
    whole = products(lambda: block(torch.randn(1, 1 + 16, 48)))
    assert 0 < behind <= at_most * whole
