"""Tracing: values and gradients as of the network itself, whatever it does, and nothing of the network changed."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gradcam_core.engine.graph import Graph, Tail
from gradcam_core.engine.inputs import named
from gradcam_core.engine.tracing import trace, twin_of
from gradcam_core.errors import ModelError

from .networks import SOUND, InPlace, Plain, Residual, Twice, given_of, inputs, layers_of, pick, truth


def traced(network: nn.Module) -> Graph:
    return trace(network, given_of(network), layers_of(network), scores=pick)


def values_of(graph: Graph, network: nn.Module) -> dict[str, Tensor]:
    given = named(given_of(network))
    return dict(zip(graph.values, graph.whole(network)(*given.values()), strict=True))


def gradients(graph: Graph, network: nn.Module, layers: list[str], weights: Tensor) -> dict[str, Tensor]:
    tail, values = graph.tail(network, layers), values_of(graph, network)
    roots = [graph.layers[layer] for layer in layers]
    given = [values[name].detach().requires_grad_(name in roots) for name in tail.needs]
    scores, *inside = tail.module(*given)
    known = {**dict(zip(tail.needs, given, strict=True)), **dict(zip(tail.inside, inside, strict=True))}
    found = torch.autograd.grad((scores * weights).sum(), [known[name] for name in roots])
    return dict(zip(layers, found, strict=True))


@pytest.mark.parametrize("kind", SOUND)
def test_values_and_gradients_are_those_of_the_network(kind: type[nn.Module], tmp_path: Path) -> None:
    network = kind()
    graph = traced(network)
    graph.save(tmp_path)
    graph = Graph.load(tmp_path)
    values = values_of(graph, network)
    weights = torch.randn(values[graph.scores].shape, generator=torch.Generator().manual_seed(2))
    scores, expected = truth(network, given_of(network), layers_of(network), weights)
    torch.testing.assert_close(values[graph.scores], scores)
    for layer, (output, slope) in expected.items():
        torch.testing.assert_close(values[graph.layers[layer]], output)
        assert slope.abs().max() > 0
        torch.testing.assert_close(gradients(graph, network, [layer], weights)[layer], slope)
    for layer, slope in gradients(graph, network, list(expected), weights).items():
        torch.testing.assert_close(slope, expected[layer][1])


def test_a_tail_holds_nothing_in_front_of_its_layer_and_shares_the_weights() -> None:
    network = Residual()
    graph = traced(network)
    tail = graph.tail(network, ["second"])
    held = {tensor.data_ptr() for tensor in tail.module.buffers()}
    behind = (*network.third.parameters(), *network.head.parameters())
    front = (*network.first.parameters(), *network.side.parameters(), *network.second.parameters())
    assert held == {tensor.data_ptr() for tensor in behind}
    assert not held & {tensor.data_ptr() for tensor in front}
    # the second convolution's output, and what the side path gives
    assert len(tail.needs) == 2


@pytest.mark.parametrize("kind", SOUND)
def test_a_tail_for_gradients_leaves_the_classifier_out(kind: type[nn.Module]) -> None:
    network = kind()
    graph = traced(network)
    values = values_of(graph, network)
    weights = torch.randn(values[graph.scores].shape, generator=torch.Generator().manual_seed(2))
    for layer, (_, slope) in truth(network, given_of(network), layers_of(network), weights)[1].items():
        tail = graph.gradient_tail(network, [layer])
        root = graph.layers[layer]
        end, begins = tail.behind({root}, (values[name] for name in tail.needs))
        torch.testing.assert_close(torch.autograd.grad(end, begins[root], tail.slopes(weights))[0], slope)


def test_a_layer_that_is_the_classifier_keeps_it() -> None:
    network = Residual()
    assert traced(network).gradient_tail(network, ["second"]).classifier is not None
    graph = trace(network, inputs(), ["second", "head"])
    assert graph.gradient_tail(network, ["second", "head"]).classifier is None


@pytest.mark.parametrize("shape", [(1, 90), (1, 3, 90)])
@pytest.mark.parametrize("asked", [1, 32, 33, 90])
def test_slopes_of_few_and_of_many_classes_go_back_through_the_classifier(shape: tuple[int, ...], asked: int) -> None:
    dice = torch.Generator().manual_seed(asked)
    classifier, slopes = torch.randn(90, 7, generator=dice), torch.zeros(shape)
    slopes[..., torch.randperm(90, generator=dice)[:asked]] = torch.randn(asked, generator=dice)
    tail = Tail(torch.fx.symbolic_trace(nn.Identity()), (), (), classifier)
    expected = torch.einsum("...k,kc->...c", slopes.double(), classifier.double()).float()
    torch.testing.assert_close(tail.slopes(slopes), expected)


def test_of_a_layer_that_runs_twice_it_is_the_last_output() -> None:
    network = Twice()
    graph = traced(network)
    behind = [step.target for step in graph.steps if step.name in graph._behind([graph.layers["second"]])]
    assert "aten.conv2d.default" not in behind


def test_the_network_is_left_as_it_is() -> None:
    network = InPlace().train()
    network.norm.eval()
    network.first.weight.requires_grad_(True)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = [(part.training, dict(part._forward_hooks), set(vars(part))) for part in network.modules()]
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    addresses = [tensor.data_ptr() for tensor in network.state_dict().values()]
    traced(network)
    assert state == [(part.training, dict(part._forward_hooks), set(vars(part))) for part in network.modules()]
    assert wanted == [parameter.requires_grad for parameter in network.parameters()]
    assert all(type(parameter) is nn.Parameter and parameter.grad is None for parameter in network.parameters())
    assert addresses == [tensor.data_ptr() for tensor in network.state_dict().values()]
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_that_writes_to_its_buffers_is_refused_and_not_written_to() -> None:
    network = Plain()
    network.norm.train()
    mean = network.norm.running_mean.clone()
    with pytest.raises(ModelError, match="norm"):
        traced(network)
    assert torch.equal(network.norm.running_mean, mean)


class Branches(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.mean() > 0 else -x)


class Items(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * float(x.max()))


@pytest.mark.parametrize("kind", [Branches, Items])
def test_paths_that_depend_on_values_are_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(Exception, match=r".+"):
        traced(kind())


def test_hooks_of_others_are_not_called_with_what_are_no_values() -> None:
    network, called = Plain(), []
    network.second.register_forward_hook(lambda *_: called.append(1))
    with pytest.raises(ModelError, match="second"):
        traced(network)
    assert not called
    network = Plain()
    everywhere = nn.modules.module.register_module_forward_pre_hook(lambda *_: called.append(1))
    try:
        with pytest.raises(ModelError, match="all modules"):
            traced(network)
    finally:
        everywhere.remove()
    assert not called


def test_layers_that_do_not_run_or_lead_nowhere_are_told_apart() -> None:
    class Sidetrack(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.idle, self.side = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            self.side(x)
            return super().forward(x)

    graph = trace(Sidetrack(), inputs(), ["first", "idle", "side"])
    assert set(graph.layers) == {"first", "side"}
    assert graph.leads_on("first")
    assert not graph.leads_on("side")


def test_a_twin_shares_tensors_and_nothing_else() -> None:
    network = Plain()
    network.cached = torch.ones(3)  # type: ignore[assignment]
    network.notes = []  # type: ignore[assignment]
    twin = twin_of(network)
    assert twin.first.weight.data_ptr() == network.first.weight.data_ptr()
    assert twin.cached.data_ptr() == network.cached.data_ptr()
    twin.notes.append(1)
    assert network.notes == []
    same = copy.deepcopy(network)
    torch.testing.assert_close(twin(inputs()).detach(), same(inputs()))
