"""Stages found by running a network: the right modules, in order, with their real shapes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradcam_core import Layer
from gradcam_core.engine.survey import default_layer, find_layers, survey

from ..helpers import SmallNetwork, global_hook_count, hook_count, random_network

KNOWN = {
    "shufflenet_v2_x0_5": ["conv1", "stage2", "stage3", "stage4", "conv5"],
    "alexnet": ["features.1", "features.4", "features.11"],
    "resnet18": ["relu", "layer1", "layer2", "layer3", "layer4"],
    "densenet121": [
        "features.relu0",
        *(f"features.{part}{number}" for number in (1, 2, 3) for part in ("denseblock", "transition")),
        "features.norm5",
    ],
}  # fmt: skip


def test_stages_of_a_small_network_by_hand() -> None:
    found = find_layers(SmallNetwork(), (1, 3, 32, 32))
    assert found == (Layer("stem", (8, 16, 16)), Layer("middle", (12, 8, 8)), Layer("last", (16, 8, 8)))


def test_what_is_written_to_later_is_found() -> None:
    network = SmallNetwork()
    # by the activation in place behind each convolution and norm, but not by that which makes it
    assert survey(network, (1, 3, 32, 32)).in_place_safe == {
        "stem.0",
        "stem.2",
        "stem",
        "middle.1",
        "middle",
        "last.1",
        "last",
    }
    network.stem[2] = nn.ReLU()
    assert "stem.1" in survey(network, (1, 3, 32, 32)).in_place_safe
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(2))
    plain(torch.zeros(1, 3, 32, 32))
    assert survey(plain, (1, 3, 32, 32)).in_place_safe == {"0", "2"}


@pytest.fixture(scope="module", params=sorted(KNOWN))
def known(request: pytest.FixtureRequest) -> tuple[str, nn.Module, tuple[Layer, ...]]:
    network = random_network(request.param, 64)
    return request.param, network, find_layers(network, (1, 3, 96, 96))


def test_stages_of_known_networks(known: Any) -> None:
    name, _, found = known
    assert [layer.name for layer in found] == KNOWN[name]


def test_layers_are_in_the_order_they_run_and_grow_coarser_with_true_shapes(known: Any) -> None:
    _, network, found = known
    ran: list[tuple[str, tuple[int, ...]]] = []

    def note(name: str) -> Any:
        return lambda _m, _i, output: ran.append((name, tuple(output.shape[1:])))

    handles = [network.get_submodule(layer.name).register_forward_hook(note(layer.name)) for layer in found]
    with torch.no_grad():
        network(torch.zeros(1, 3, 96, 96))
    for handle in handles:
        handle.remove()
    # a module may run more than once: what counts is its last run
    assert {layer.name: layer.shape for layer in found} == dict(ran)
    order = [name for index, (name, _) in enumerate(ran) if name not in {later for later, _ in ran[index + 1 :]}]
    assert [layer.name for layer in found] == order
    widths = [layer.shape[2] for layer in found]
    assert widths == sorted(widths, reverse=True)
    assert len(set(found)) == len(found) >= 3


def test_looking_leaves_no_trace(known: Any) -> None:
    _, network, _ = known
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    hooks = global_hook_count()
    find_layers(network, (1, 3, 64, 64))
    assert hook_count(network) == 0
    assert global_hook_count() == hooks
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_layers_without_positions_or_that_pass_on_are_not_offered() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2), nn.Dropout2d(), nn.Identity(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 2),
    ).eval()  # fmt: skip
    assert [layer.name for layer in find_layers(network, (1, 3, 8, 8))] == ["0"]


def test_of_a_module_that_runs_twice_each_call_is_offered_where_it_ran() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.second = nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.second(self.act(self.first(x))))

    assert find_layers(Shared(), (1, 3, 8, 8)) == (Layer("act#1", (4, 8, 8)), Layer("act#2", (4, 4, 4)))


def test_a_network_in_half_precision_is_looked_at_in_half_precision() -> None:
    network = SmallNetwork()
    assert find_layers(SmallNetwork().bfloat16(), (1, 3, 32, 32)) == find_layers(network, (1, 3, 32, 32))


def test_default_is_the_deepest_with_seven_by_seven_positions() -> None:
    layers = tuple(Layer(f"{size}", (1, size, size)) for size in (28, 14, 7, 3))
    assert default_layer(layers).name == "7"
    assert default_layer(layers[3:]).name == "3"
    assert default_layer((*layers, Layer("flat", (1, 6, 100)))).name == "7"


def test_title_gives_width_by_height() -> None:
    assert Layer("layer4", (64, 7, 11)).title == "layer4 · 11×7"  # noqa: RUF001


def test_after_a_crash_while_looking_the_network_is_looked_at_no_more() -> None:
    class Broken(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            super().forward(x)
            raise RuntimeError("broken")

    hooks = global_hook_count()
    with pytest.raises(RuntimeError, match="broken"):
        find_layers(Broken(), (1, 3, 32, 32))
    assert global_hook_count() == hooks


def test_a_network_with_a_second_input_is_tried_out_with_it() -> None:
    class Answerer(SmallNetwork):
        def forward(self, x: Tensor, question: Tensor) -> Tensor:
            return super().forward(x) * question

    found = survey(Answerer(), (1, 3, 32, 32), {"question": torch.tensor([[2.0]])})
    assert found.stages == survey(SmallNetwork(), (1, 3, 32, 32)).stages
