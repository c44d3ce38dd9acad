"""The caption network and its decoding, on maps of 2 x 2 places, against independent computations."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

from gradcam_core.models.beam import LENGTH_POWER, SPREAD, Caption, consensus
from gradcam_core.models.captioner.decode import decode_picture
from gradcam_core.models.captioner.network import CaptionNetwork, CaptionShape
from gradcam_core.models.features import CHANNELS
from gradcam_core.models.vocabulary import END, START

SHAPE = CaptionShape(embedding=6, hidden=8, width=5, limit=4)
WORDS = 7


def network_of(seed: int, backbone: nn.Module | None = None, **sizes: int) -> CaptionNetwork:
    torch.manual_seed(seed)
    network = CaptionNetwork(sizes.pop("words", WORDS), [4, 6], CaptionShape(**{**vars(SHAPE), **sizes}), backbone)
    # far from even probabilities, so that orders are certain
    nn.init.normal_(network.embedding.weight, std=1.5)
    nn.init.normal_(network.mix.weight, std=1.0)
    return network.eval()


def maps_of(seed: int) -> torch.Tensor:
    return torch.rand(1, CHANNELS, 2, 2, generator=torch.Generator().manual_seed(seed))


def decode(network: CaptionNetwork, image: torch.Tensor, **options: Any) -> list[Caption]:
    with torch.inference_mode():
        return decode_picture(network, network.look(network.backbone(image).flatten(2).transpose(1, 2)), **options)


def log_probability(network: CaptionNetwork, maps: torch.Tensor, numbers: tuple[int, ...]) -> float:
    """By the whole network at once, as somebody who explains a word computes it."""
    words = torch.tensor([[START, *numbers]])
    logs = network(maps, words)[0].log_softmax(-1)
    following = [*numbers, END][: logs.shape[0]]
    return float(sum(logs[at, word] for at, word in enumerate(following)))


@pytest.mark.parametrize("seed", range(4))
@torch.no_grad()
def test_a_wide_beam_finds_the_best_of_all_captions(seed) -> None:
    network, maps = network_of(seed), maps_of(seed)
    limit = 3
    ranks = {}
    for length in range(1, limit):
        for numbers in product(range(4, WORDS), repeat=length):
            ranks[numbers] = log_probability(network, maps, numbers) / (length + 1) ** LENGTH_POWER
    found = decode(network, maps, beam=40, limit=limit)
    ended = [caption for caption in found if len(caption.numbers) < limit]
    best = max(ranks, key=ranks.__getitem__)
    assert ended[0].numbers == best
    assert ended[0].rank == pytest.approx(ranks[best], abs=1e-4)
    assert ended[0].log_probability == pytest.approx(log_probability(network, maps, best), abs=1e-4)


@torch.no_grad()
def test_a_beam_of_one_takes_the_most_probable_word_each_time() -> None:
    network, maps = network_of(3, words=20, limit=6), maps_of(3)
    numbers: list[int] = []
    while len(numbers) < 6:
        logits = network(maps, torch.tensor([[START, *numbers]]))[0, -1]
        logits[[0, 1, 3]] = -torch.inf
        if not numbers:
            logits[END] = -torch.inf
        triples = list(zip(numbers, numbers[1:], numbers[2:], strict=False))
        for word in range(20):
            if (*numbers[-2:], word) in triples:
                logits[word] = -torch.inf
        if int(logits.argmax()) == END:
            break
        numbers.append(int(logits.argmax()))
    assert decode(network, maps, beam=1)[0].numbers == tuple(numbers)


def test_no_three_words_in_a_row_occur_twice() -> None:
    network, maps = network_of(0, limit=24), maps_of(0)
    with torch.no_grad():
        # words that follow themselves for ever, and an end that never comes
        network.bias[END] = -100
        network.bias[4:6] = 50
    numbers = decode(network, maps, beam=1)[0].numbers
    assert len(numbers) > 8
    triples = list(zip(numbers, numbers[1:], numbers[2:], strict=False))
    assert len(set(triples)) == len(triples)


def test_the_backbone_runs_once_and_captions_come_best_first() -> None:
    backbone = nn.Identity()
    runs = []
    backbone.register_forward_hook(lambda *_: runs.append(1))
    found = decode(network_of(1, backbone, words=30), maps_of(1), beam=3)
    assert len(runs) == 1
    assert len(found) == 3
    assert len({caption.numbers for caption in found}) == 3
    assert [caption.rank for caption in found] == sorted((caption.rank for caption in found), reverse=True)


@torch.no_grad()
def test_a_word_depends_on_those_before_it_alone() -> None:
    network, maps = network_of(2), maps_of(2)
    first, second = (network(maps, torch.tensor([[START, 4, word, 5]])) for word in (5, 6))
    torch.testing.assert_close(first[:, :2], second[:, :2])
    assert (first[:, 2:] - second[:, 2:]).abs().max() > 1e-3


def test_a_step_alone_has_the_same_logits_and_gradient() -> None:
    network, maps = network_of(2), maps_of(2).requires_grad_()
    words = torch.tensor([[START, 4, 5, 6]])
    logits, again = network.in_steps(maps, words)
    torch.testing.assert_close(logits, network(maps, words))
    for step in range(4):
        alone = again(step)
        torch.testing.assert_close(alone[:, 0], logits[:, step], rtol=1e-5, atol=1e-5)
        (whole,) = torch.autograd.grad(logits[0, step, 5], maps, retain_graph=True)
        (found,) = torch.autograd.grad(alone[0, 0, 5], maps, retain_graph=True)
        torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-5)
        assert whole.abs().max() > 1e-3


def test_a_step_alone_goes_back_through_no_later_word() -> None:
    network, maps = network_of(2), maps_of(2)
    network.embedding.weight.requires_grad_()
    words = torch.tensor([[START, 4, 5, 6]])
    _, again = network.in_steps(maps, words)
    # nothing but the words before it in its graph: as many gates as there are words up to it
    assert [_count(again(step), "SplitBackward") for step in range(3)] == [2, 3, 4]


def _count(tensor: torch.Tensor, kind: str) -> int:
    """How many operations of a kind its graph has."""
    found: set[Any] = set()
    left: list[Any] = [tensor.grad_fn]
    while left:
        node = left.pop()
        if node is not None and node not in found:
            found.add(node)
            left += [further for further, _ in node.next_functions]
    return sum(node.name().startswith(kind) for node in found)


def test_concept_votes_are_added_to_their_words_alone() -> None:
    network = network_of(0)
    mixed, trust = torch.zeros(1, 6), torch.zeros(1, 1)
    logits = network.score(mixed, trust, torch.tensor([[2.0, -1.0]]))
    # softplus(0) = log 2
    expected = torch.zeros(WORDS)
    expected[4], expected[6] = 2 * torch.tensor(2.0).log(), -torch.tensor(2.0).log()
    torch.testing.assert_close(logits[0], expected)


def test_the_network_can_be_exported() -> None:
    network, maps = network_of(0), maps_of(0)
    words = torch.tensor([[START, 4, 5]])
    exported = torch.export.export(network, (maps, words)).module()
    torch.testing.assert_close(exported(maps, words), network(maps, words))


def test_the_consensus_of_a_beam_is_what_most_of_it_nearly_says() -> None:
    """By hand: (1, 2, 3) and (1, 2, 4) share 2 of 3 words and 1 of 2 pairs, F1 of 2/3 and 1/2, and nothing longer."""
    alone, first, second = Caption((7, 8, 9), -1.0), Caption((1, 2, 3), -1.02), Caption((1, 2, 4), -1.05)
    weights = [math.exp(one.rank / SPREAD) for one in (alone, first, second)]
    whole, shared = 3.0, 2 / 3 + 1 / 2
    agreed = [weights[0] * whole, weights[1] * whole + weights[2] * shared, weights[2] * whole + weights[1] * shared]
    assert agreed[1] == max(agreed)
    assert consensus([alone, first, second]) is first
    # far behind, what two say counts no more
    far = [Caption(one.numbers, one.log_probability - 3) for one in (first, second)]
    assert consensus([alone, *far]) is alone
    assert consensus([alone]) is alone
