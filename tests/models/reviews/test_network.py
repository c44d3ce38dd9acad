"""The network: windows and masks at both ends, batches, the fast way of training, and the file."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradcam_core import ModelError
from gradcam_core.models.reviews.fast_forward import window_maxima
from gradcam_core.models.reviews.network import TrainedText, load_network, save_network
from gradcam_core.reading.text import FIELDS, Vocabulary

from ...reviews import LABELS, random_network, toy_network


def encoded(text: str) -> torch.Tensor:
    return Vocabulary("abc ").read(text, 20).inputs


def test_windows_reach_over_both_ends() -> None:
    network = toy_network()
    inputs = encoded("ab")
    vectors = network.embedding(inputs)
    lengths = torch.tensor([2])
    two, three = (maps(vectors, lengths)[0, 0, 0].tolist() for maps in network.width_maps)
    # 0*1 + 1*2, 1*1 + 2*2, 2*1 + 0*2
    assert two == [2, 5, 2]
    # (0 0 1), (0 1 2), (1 2 0), (2 0 0) by (1 2 1), less 1
    assert three == [0, 3, 4, 1]
    assert network(inputs).tolist() == [[-5, 5 + 2 * 4 + 0.5]]


def test_padding_never_wins() -> None:
    network = toy_network()
    with torch.no_grad():
        # a window over padding alone would yield 100
        network.width_maps[0].convolution.bias[0] = 100.0
        network.width_maps[0].convolution.weight[0, 0, 0] = torch.tensor([-1.0, -1.0])
    alone = network(encoded("a"))
    batch = nn.utils.rnn.pad_sequence([encoded("a")[0], encoded("abcabc")[0]], batch_first=True)
    assert network(batch)[0].tolist() == alone[0].tolist()
    # the best window of "a" still holds the a: 100 - 1
    assert alone[0, 0].item() == -99


def test_a_batch_equals_its_single_items() -> None:
    network = random_network()
    items = [encoded(text) for text in ("a", "ab c", "cccccccccccc", "b b b", "ab")]
    batch = nn.utils.rnn.pad_sequence([item[0] for item in items], batch_first=True)
    torch.testing.assert_close(network(batch), torch.cat([network(item) for item in items]))


def test_the_fast_forward_pass_of_training_is_the_network() -> None:
    network = random_network()
    kinds = torch.cat([torch.zeros(1, FIELDS, dtype=torch.int64), encoded("abc ☃한")[0]])
    texts = [[1, 2, 3], [4], [5, 6, 1, 1, 2, 3, 3], [2, 2]]
    batch = nn.utils.rnn.pad_sequence([torch.tensor(text) for text in texts], batch_first=True)
    lengths = torch.tensor([len(text) for text in texts])
    fast = network.head(window_maxima(network, kinds, batch, lengths))
    plain = network(kinds[batch])
    torch.testing.assert_close(fast, plain)
    parameters = list(network.parameters())
    for one, other in zip(
        torch.autograd.grad((fast**2).sum(), parameters),
        torch.autograd.grad((plain**2).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_file_holds_all_that_is_needed(tmp_path) -> None:
    network = toy_network()
    save_network(tmp_path / "a.safetensors", TrainedText(network, Vocabulary("ab 한"), LABELS, 1.25, {"why": "test"}))
    loaded = load_network(tmp_path / "a.safetensors")
    assert loaded.vocabulary.chars == ("a", "b", " ", "한")
    assert (loaded.labels, loaded.temperature, loaded.card) == (LABELS, 1.25, {"why": "test"})
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())


@pytest.mark.parametrize("content", [b"", b"not a model", b"\xff" * 100])
def test_a_broken_file_is_a_clear_error(tmp_path, content: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"'broken\.safetensors' cannot be read"):
        load_network(path)


def test_a_missing_file_is_a_clear_error(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"'gone\.safetensors' cannot be read"):
        load_network(tmp_path / "gone.safetensors")
