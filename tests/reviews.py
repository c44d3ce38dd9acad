"""A toy network whose answers can be worked out by hand, and one with random weights."""

from __future__ import annotations

import torch

from gradcam_core import TextExplainer
from gradcam_core.models.reviews.network import CharCNN, Shape, TrainedText, save_network
from gradcam_core.reading.text import Vocabulary

LABELS = ("negative", "positive")


def toy_network() -> CharCNN:
    """Widths 2 and 3, one filter each; 'a' is 1, 'b' is 2 and 'c' is 4, all else nothing."""
    network = CharCNN(6, Shape(static=1, tuned=1, letters=1, filters=1, widths=(2, 3), limit=8))
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    network.embedding.static[:, 0] = torch.tensor([0.0, 0.0, 1.0, 2.0, 4.0, 0.0])
    two, three = network.width_maps
    with torch.no_grad():
        two.convolution.weight[0, 0, 0] = torch.tensor([1.0, 2.0])
        three.convolution.weight[0, 0, 0] = torch.tensor([1.0, 2.0, 1.0])
        three.convolution.bias[0] = -1.0
        network.head.weight[:] = torch.tensor([[-1.0, 0.0], [1.0, 2.0]])
        network.head.bias[:] = torch.tensor([0.0, 0.5])
    return network.eval()


def random_network(seed: int = 0) -> CharCNN:
    """All widths, the shipped sizes in small."""
    torch.manual_seed(seed)
    network = CharCNN(6, Shape(static=3, tuned=4, letters=2, filters=5, widths=(2, 3, 4, 5), limit=12))
    network.embedding.static[1:].normal_()
    return network.eval()


def explainer_of(network: CharCNN, path: object, *, temperature: float = 2.0) -> TextExplainer:
    """A TextExplainer that reads `network` from a file, as the shipped one is read."""
    save_network(str(path), TrainedText(network, Vocabulary("abc "), LABELS, temperature, {}))
    return TextExplainer(weights=str(path), device="cpu")
