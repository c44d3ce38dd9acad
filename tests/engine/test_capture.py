"""One forward pass, kept: right numbers, nothing left behind on the network, any number of threads."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import LayerError, OutputError, TargetError
from gradcam_core.engine.capture import EagerCapture, recording, run
from gradcam_core.engine.score import Score

from ..helpers import CrashingNetwork, HandNetwork, SmallNetwork, global_hook_count, hook_count, in_threads


@pytest.fixture
def hand() -> HandNetwork:
    return HandNetwork()


def stages(network: SmallNetwork) -> dict[str, nn.Module]:
    return {name: network.get_submodule(name) for name in ("stem", "middle", "last")}


def plain_gradients(
    network: nn.Module, inputs: Tensor, names: list[str], target: int
) -> dict[str, tuple[Tensor, Tensor]]:
    """Activations and gradients the ordinary way: a full graph, out-of-place copies, one hook a layer."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, _module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        seen[name] = output
        return output.clone()

    handles = [network.get_submodule(n).register_forward_hook(partial(keep, n)) for n in names]
    try:
        score = network(inputs.clone().requires_grad_())[0, target]
    finally:
        for handle in handles:
            handle.remove()
    gradients = torch.autograd.grad(score, [seen[name] for name in names])
    return {name: (seen[name].detach()[0], g[0]) for name, g in zip(names, gradients, strict=True)}


def test_numbers_by_hand(hand: HandNetwork) -> None:
    capture = run(hand, hand.inputs(), {"act": hand.act, "conv": hand.conv})
    np.testing.assert_array_equal(capture.logits.detach(), [hand.LOGITS])
    np.testing.assert_array_equal(capture.activations("act"), hand.ACTIVATIONS)
    for target in (0, 1):
        np.testing.assert_array_equal(capture.gradient("act", Score.logit(target)), hand.CLASS_WEIGHTS[target])
    # in front of the ReLU the gradient is cut where the activation is not positive
    np.testing.assert_array_equal(capture.gradient("conv", Score.logit(0)), [[[1, 0], [0, 3]], [[-2, 0], [0, 0]]])


def test_an_in_place_activation_does_not_overwrite_the_layer_in_front(hand: HandNetwork) -> None:
    capture = run(hand, hand.inputs(), {"conv": hand.conv})
    np.testing.assert_array_equal(capture.activations("conv"), [[[1, 2], [3, 4]], [[2, 1], [0, -1]]])


def test_what_nothing_writes_to_is_not_copied() -> None:
    network, inputs = SmallNetwork(), torch.randn(1, 3, 32, 32)
    taken: list[int] = []
    for name in ("middle", "last"):
        network.get_submodule(name).register_forward_pre_hook(lambda _, given: taken.append(given[0].data_ptr()))
    copied = run(network, inputs, stages(network))
    shared = run(network, inputs, stages(network), in_place_safe=["stem", "middle"])
    assert taken[2:] == [shared.outputs[name].data_ptr() for name in ("stem", "middle")]
    assert not {*taken[:2]} & {copied.outputs[name].data_ptr() for name in ("stem", "middle")}
    assert shared.nbytes < copied.nbytes
    assert torch.equal(shared.logits, copied.logits)
    for name in ("stem", "middle", "last"):
        assert torch.equal(shared.activations(name), copied.activations(name))
        assert torch.equal(shared.gradient(name, Score.logit(2)), copied.gradient(name, Score.logit(2)))


@pytest.mark.parametrize("names", [["stem.1"], ["stem", "middle.0"]], ids=["root", "behind the root"])
def test_what_is_written_to_all_the_same_is_noticed(names: list[str]) -> None:
    """Both are followed by an activation in place."""
    network, inputs = SmallNetwork(), torch.randn(1, 3, 32, 32)
    layers = {name: network.get_submodule(name) for name in names}
    found, expected = run(network, inputs, layers, in_place_safe=names), run(network, inputs, layers)
    assert torch.equal(found.logits, expected.logits)
    for name in names:
        assert (expected.activations(name) < 0).any() or name == "stem"
        assert torch.equal(found.activations(name), expected.activations(name))
        assert torch.equal(found.gradient(name, Score.logit(2)), expected.gradient(name, Score.logit(2)))


def test_capturing_does_not_change_the_scores() -> None:
    network, inputs = SmallNetwork(), torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        expected = network(inputs)
    assert torch.equal(run(network, inputs, stages(network)).logits, expected)


@pytest.mark.parametrize("frozen", [True, False])
def test_gradients_equal_those_of_the_whole_graph(frozen: bool) -> None:
    network, inputs = SmallNetwork().requires_grad_(not frozen), torch.randn(1, 3, 32, 32)
    # nested: both a stage and a part of it, named against the order in which they run
    names = ["last", "middle", "middle.0", "stem", "stem.1", "stem.0"]
    expected = plain_gradients(network, inputs, names, 3)
    capture = run(network, inputs, {name: network.get_submodule(name) for name in names})
    together = capture.gradients_at(names, Score.logit(3))
    for name, (activations, gradients) in expected.items():
        assert torch.equal(capture.activations(name), activations)
        torch.testing.assert_close(capture.gradient(name, Score.logit(3)), gradients, rtol=1e-6, atol=0)
        torch.testing.assert_close(together[name], gradients, rtol=1e-6, atol=0)


@pytest.mark.parametrize("frozen", [True, False])
def test_layers_side_by_side_are_all_explained(frozen: bool) -> None:
    """A second branch does not lie behind the first captured layer, and has gradients all the same."""

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
            self.head = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            branches = self.left(x), self.right(x).square()
            return self.head(torch.cat([branch.mean((2, 3)) for branch in branches], 1))

    network, inputs = Branches().requires_grad_(not frozen).eval(), torch.randn(1, 1, 3, 3)
    expected = plain_gradients(network, inputs, ["left", "right"], 1)
    capture = run(network, inputs, {"left": network.left, "right": network.right})
    for name in expected:
        torch.testing.assert_close(capture.gradient(name, Score.logit(1)), expected[name][1])


def test_a_module_that_runs_twice_is_seen_at_its_last_run() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU(inplace=True)
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.act(self.act(x) - 1).flatten(1))

    network = Twice().eval()
    capture = run(network, torch.tensor([[[[-1.0, 0.5], [2.0, 3.0]]]]), {"act": network.act})
    np.testing.assert_array_equal(capture.activations("act"), [[[0, 0], [1, 2]]])
    torch.testing.assert_close(capture.gradient("act", Score.logit(1)), network.head.weight.detach()[1].view(1, 2, 2))


def test_two_answers_of_one_capture_are_the_same_however_often_it_is_asked() -> None:
    network = SmallNetwork()
    capture = run(network, torch.randn(1, 3, 32, 32), stages(network))
    first = [capture.gradient(name, Score.logit(target)) for name in stages(network) for target in range(6)]
    again = [capture.gradient(name, Score.logit(target)) for name in stages(network) for target in range(6)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_threads_may_ask_one_capture_for_different_classes() -> None:
    network = SmallNetwork(classes=50)
    capture = run(network, torch.randn(1, 3, 32, 32), stages(network))
    jobs = [(name, Score.logit(target)) for target in range(50) for name in stages(network)] * 2
    expected = [capture.gradient(*job) for job in jobs]
    found = in_threads([partial(capture.gradient, *job) for job in jobs])
    assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


def test_threads_may_run_one_network_with_different_inputs() -> None:
    network = SmallNetwork()
    inputs = [torch.randn(1, 3, 32, 32) for _ in range(64)]

    def maps(index: int) -> list[Tensor]:
        layer = list(stages(network))[index % 3]
        capture = run(network, inputs[index], {layer: network.get_submodule(layer)})
        return [capture.activations(layer), capture.gradient(layer, Score.logit(index % 6)), capture.logits.detach()]

    expected = [maps(index) for index in range(64)]
    found = in_threads([partial(maps, index) for index in range(64)])
    assert all(
        torch.equal(a, b) for one, two in zip(expected, found, strict=True) for a, b in zip(one, two, strict=True)
    )


# --- nothing is left behind


@pytest.fixture
def _no_hooks_stay() -> Iterator[None]:
    before = global_hook_count()
    yield
    assert global_hook_count() == before


@pytest.mark.usefixtures("_no_hooks_stay")
def test_no_hooks_after_success_bad_input_and_a_crash() -> None:
    network = CrashingNetwork()
    inputs = torch.randn(1, 3, 32, 32)
    assert hook_count(network) == 0
    with pytest.raises(RuntimeError, match="the fuse is burnt"):
        run(network, inputs, stages(network))
    assert hook_count(network) == 0
    network.fuse.burnt = False
    capture = run(network, inputs, stages(network))
    assert hook_count(network) == 0
    with pytest.raises(TargetError):
        capture.gradient("last", Score.logit(99))
    with pytest.raises(LayerError):
        run(network, inputs, {"head": network.head})
    with pytest.raises(RuntimeError):
        run(network, torch.randn(1, 5, 32, 32), stages(network))
    assert hook_count(network) == 0
    expected = plain_gradients(network, inputs, ["last"], 0)["last"][1]
    torch.testing.assert_close(run(network, inputs, stages(network)).gradient("last", Score.logit(0)), expected)


def test_after_a_crash_the_network_is_recorded_no_more() -> None:
    network, inputs = CrashingNetwork(), torch.randn(1, 3, 32, 32)
    with pytest.raises(RuntimeError, match="fuse"):
        run(network, inputs, stages(network))
    network.fuse.burnt = False
    network.requires_grad_(False)
    # were the recorder still there, it would make the stem's output a root that requires a gradient
    assert not network(inputs).requires_grad


def test_a_network_of_ones_own_is_left_as_it_was() -> None:
    network = SmallNetwork().train().requires_grad_(True)
    network.stem.eval()
    network.middle.requires_grad_(False)
    network.head.weight.grad = torch.full_like(network.head.weight, 7.0)
    modes = [module.training for module in network.modules()]
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    inputs = torch.randn(1, 3, 32, 32)
    run(network, inputs, stages(network)).gradient("stem", Score.logit(2))
    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == wanted
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    assert torch.equal(network.head.weight.grad, torch.full_like(network.head.weight, 7.0))
    assert all(p.grad is None for p in network.parameters() if p is not network.head.weight)
    assert inputs.grad is None
    assert not inputs.requires_grad


def test_works_where_gradients_are_switched_off() -> None:
    network, inputs = SmallNetwork().requires_grad_(False), torch.randn(1, 3, 32, 32)
    expected = run(network, inputs, stages(network)).gradient("stem", Score.logit(1))
    with torch.no_grad():
        assert torch.equal(run(network, inputs, stages(network)).gradient("stem", Score.logit(1)), expected)
        assert not torch.is_grad_enabled()


def test_nothing_in_front_of_the_first_layer_is_kept() -> None:
    network = SmallNetwork().requires_grad_(False)
    front: list[weakref.ref[Tensor]] = []
    handle = network.stem.register_forward_hook(lambda _m, _i, output: front.append(weakref.ref(output)))
    inputs = torch.randn(1, 3, 32, 32)
    known = weakref.ref(inputs)
    capture = run(network, inputs, {"middle": network.middle})
    handle.remove()
    del inputs
    gc.collect()
    assert known() is None
    assert [reference() for reference in front] == [None]
    # the root of the graph is the middle's output: a leaf
    assert capture.outputs["middle"].is_leaf


def test_bytes_held_worked_out_by_hand(hand: HandNetwork) -> None:
    hand.requires_grad_(False)
    # logits 2 and activations 8 numbers of 4 bytes; a linear layer with fixed weights keeps nothing else
    assert run(hand, hand.inputs(), {"act": hand.act}).nbytes == 40
    # the convolution's 8 in front, and the result of the ReLU, which is the captured activation itself
    assert run(hand, hand.inputs(), {"act": hand.act, "conv": hand.conv}).nbytes == 72


def test_bytes_held_do_not_count_the_weights() -> None:
    network, inputs = SmallNetwork().requires_grad_(False), torch.randn(1, 3, 32, 32)
    held = run(network, inputs, stages(network)).nbytes
    network.last[0].weight.data = torch.randn(16, 12, 3, 3).repeat(1, 1, 1, 1)
    assert run(network, inputs, stages(network)).nbytes == held
    # stem 8x16x16 and middle 12x8x8, each once as captured and once as the clone the next layer keeps at most;
    # last 16x8x8; all of 4 bytes, and the 6 scores
    least = 4 * (8 * 256 + 12 * 64 + 16 * 64 + 6)
    assert least <= held <= 2 * least


def test_memory_is_flat_after_many_runs_and_failures() -> None:
    network = CrashingNetwork()
    alive: list[weakref.ref[EagerCapture]] = []
    gc.disable()
    try:
        for index in range(50):
            network.fuse.burnt = index % 2 == 0
            try:
                capture = run(network, torch.randn(1, 3, 32, 32), stages(network))
            except RuntimeError:
                continue
            capture.gradient("stem", Score.logit(0))
            alive.append(weakref.ref(capture))
        del capture
        # without the collector: reference counts alone must free the graphs
        assert [reference() for reference in alive] == [None] * 25
    finally:
        gc.enable()


# --- what cannot be explained is refused in words


class Returns(nn.Module):
    """Runs a convolution, then returns what it was told to."""

    def __init__(self, what: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)
        self.unused = nn.Conv2d(1, 2, 1)
        self.what = what

    def forward(self, x: Tensor) -> Any:
        features = self.conv(x)
        return self.what(features) if callable(self.what) else self.what


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        (None, "NoneType"),
        ({"logits": 1}, "dict"),
        ((torch.zeros(1, 2),), "tuple"),
        (torch.zeros(2), r"shape \(2,\)"),
        (torch.zeros(2, 5), r"shape \(2, 5\)"),
        (torch.zeros(1, 0), r"shape \(1, 0\)"),
        (torch.zeros(1, 2, 3, 3), r"shape \(1, 2, 3, 3\)"),
    ],
)
def test_output_that_is_no_class_scores(returned: Any, found: str) -> None:
    network = Returns(returned)
    with pytest.raises(OutputError, match=rf"\(1, classes\).*returned {found}"):
        run(network, torch.zeros(1, 1, 2, 2), {"conv": network.conv})


def test_scores_can_be_picked_out_of_what_the_network_returns() -> None:
    network = Returns(lambda features: {"scores": features.mean((2, 3)), "other": 1})
    capture = run(network, torch.ones(1, 1, 2, 2), {"conv": network.conv}, logits=lambda out: out["scores"])
    np.testing.assert_array_equal(capture.gradient("conv", Score.logit(1)), np.array([[[0] * 2] * 2, [[0.25] * 2] * 2]))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_name_the_first_such_layer(bad: float) -> None:
    network = SmallNetwork()
    with torch.no_grad():
        network.middle[0].weight[0, 0, 0, 0] = float("nan")
        network.head.bias[0] = bad
    with pytest.raises(OutputError, match=r"not finite.*first layer with such values is 'middle'.*precision"):
        run(network, torch.randn(1, 3, 32, 32), dict(reversed(stages(network).items())))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("unused", r"'unused' takes no part in the forward pass; choose another"),
        ("pool", r"'pool' has no spatial positions.*\(1, 16, 1, 1\).*pooling"),
        ("head", r"'head' has no spatial positions.*\(1, 6\)"),
    ],
)
def test_layers_without_a_map(layer: str, words: str) -> None:
    network = SmallNetwork()
    network.unused = nn.Conv2d(3, 3, 1)
    with pytest.raises(LayerError, match=words):
        run(network, torch.randn(1, 3, 32, 32), {layer: network.get_submodule(layer)})


@pytest.mark.parametrize("frozen", [True, False])
def test_layer_without_influence(frozen: bool) -> None:
    class Aside(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            self.last(self.middle(self.stem(x)))
            return self.head(x.mean((2, 3)).repeat(1, 6)[:, :16])

    network = Aside().requires_grad_(not frozen)
    capture = run(network, torch.randn(1, 3, 32, 32), stages(network))
    with pytest.raises(LayerError, match="'last' has no influence on the score; choose"):
        capture.gradient("last", Score.logit(0))


@pytest.mark.parametrize("frozen", [True, False])
def test_backbone_that_switches_gradients_off_itself(frozen: bool) -> None:
    """The usual `with torch.no_grad(): features = backbone(x)` of a frozen backbone."""

    class Frozen(SmallNetwork):
        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                features = self.last(self.middle(self.stem(x)))
            return self.head(self.pool(features).flatten(1))

    network, inputs = Frozen().requires_grad_(not frozen), torch.randn(1, 3, 32, 32)
    with pytest.raises(LayerError, match="no influence on the score"):
        run(network, inputs, {"stem": network.stem}).gradient("stem", Score.logit(0))


@pytest.mark.parametrize("target", [-1, 6, 1000])
def test_target_out_of_range(target: int) -> None:
    network = SmallNetwork()
    capture = run(network, torch.randn(1, 3, 32, 32), stages(network))
    with pytest.raises(TargetError, match=rf"`target` {target} is out of range.*0 to 5"):
        capture.gradient("last", Score.logit(target))


def test_layer_that_was_not_captured() -> None:
    network = SmallNetwork()
    capture = run(network, torch.randn(1, 3, 32, 32), {"last": network.last})
    with pytest.raises(LayerError, match="'stem' was not captured; captured: last"):
        capture.activations("stem")


def test_half_precision_on_the_cpu() -> None:
    network, inputs = SmallNetwork(), torch.randn(1, 3, 32, 32)
    exact = run(network, inputs, stages(network))
    expected = exact.gradient("last", Score.logit(1))
    coarse = run(network.bfloat16(), inputs.bfloat16(), stages(network))
    assert coarse.gradient("last", Score.logit(1)).dtype == torch.bfloat16
    # bfloat16 keeps 8 bits
    torch.testing.assert_close(
        coarse.gradient("last", Score.logit(1)).float(), expected, rtol=0, atol=expected.abs().max().item() / 50
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gradients_on_cuda_equal_those_on_the_cpu() -> None:
    network, inputs = SmallNetwork(), torch.randn(1, 3, 32, 32)
    expected = run(network, inputs, stages(network)).gradient("stem", Score.logit(1))
    network.cuda()
    found = run(network, inputs.cuda(), stages(network)).gradient("stem", Score.logit(1))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item())


def test_recorders_are_the_business_of_one_context() -> None:
    seen: list[list[nn.Module]] = [[] for _ in range(8)]
    network = SmallNetwork()

    class Notes:
        def __init__(self, index: int) -> None:
            self.index = index

        def see(self, module: nn.Module, _output: Any) -> None:
            seen[self.index].append(module)

    def job(index: int) -> None:
        if index % 2:
            network(torch.zeros(1, 3, 32, 32))
            return
        with recording(Notes(index)):
            network(torch.zeros(1, 3, 32, 32))

    in_threads([partial(job, index) for index in range(8)])
    everything = sum(1 for _ in network.modules())
    assert [len(notes) for notes in seen] == [everything, 0] * 4
