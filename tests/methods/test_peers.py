"""The methods that run the network again or guide its gradients: by hand, against peers, chunked and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcam_core import METHODS, DeviceError, Explainer, LayerError, MethodError, StoppedError, Watch
from gradcam_core.engine import replay
from gradcam_core.engine.capture import run
from gradcam_core.engine.chunks import in_chunks
from gradcam_core.engine.guided import guided_gradients
from gradcam_core.engine.inputs import named
from gradcam_core.engine.replay import Replay
from gradcam_core.engine.score import Score
from gradcam_core.methods import GRADIENTS

from ..helpers import HandNetwork, Sidetrack, SmallNetwork, counted_calls, noise, random_network

# torchvision's name, a layer behind which something is left to run
ARCHITECTURES = [
    ("resnet18", "layer2"),
    ("squeezenet1_1", "features.4"),
    ("mnasnet0_5", "layers.9"),
    ("shufflenet_v2_x0_5", "stage2"),
    ("mobilenet_v2", "features.5"),
    ("densenet121", "features.transition1"),
]
SIZE = 32


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda item: item[0])
def case(request: Any) -> tuple[nn.Module, nn.Module, Tensor]:
    """A network, its layer and an input, in double precision, so that differences of scores keep their digits."""
    name, layer = request.param
    network = random_network(name, SIZE).double().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.inplace = False
    inputs = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return network, network.get_submodule(layer), inputs


def questioned(
    network: nn.Module, layer: nn.Module, inputs: Tensor, target: int | None = None
) -> tuple[Tensor, Replay]:
    capture = run(network, inputs, {"layer": layer})
    target = int(capture.logits.argmax()) if target is None else target
    return capture.activations("layer"), Replay(network, named(inputs), layer, Score.logit(target), capture.logits)


def assert_same_map(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_eigencam_equals_grad_cam_on_centred_activations(case: Any) -> None:
    from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

    activations, _ = questioned(*case)
    centred = activations - activations.mean((1, 2), keepdim=True)
    expected = get_2d_projection(centred[None].numpy())[0]
    found = METHODS["eigencam"].function(centred)
    assert_same_map(found, expected * np.sign((expected * found.numpy()).sum()))


def test_ablationcam_equals_captum(case: Any) -> None:
    from captum.attr import LayerFeatureAblation

    network, layer, inputs = case
    activations, rerun = questioned(*case)
    channels = torch.arange(len(activations)).view(1, -1, 1, 1)
    ablation = LayerFeatureAblation(network, layer)
    target = rerun.explained.terms[0][1]
    drops = ablation.attribute(inputs, target=target, layer_mask=channels, layer_baselines=0, perturbations_per_eval=16)
    expected = (drops[0, :, :1, :1] * activations).sum(0) / abs(rerun.score)
    assert_same_map(METHODS["ablationcam"].function(activations, rerun), expected)


def test_scorecam_equals_grad_cam_with_the_same_upsampling(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    network, layer, inputs = case
    activations, rerun = questioned(*case)
    # grad-cam aligns the corners when it upsamples; all else is the same
    monkeypatch.setattr(nn, "UpsamplingBilinear2d", lambda size: nn.Upsample(size=size, mode="bilinear"))
    monkeypatch.setattr("tqdm.tqdm", lambda steps: steps)
    with ScoreCAM(network, [layer]) as peer:
        peer.batch_size = 64
        given = activations[None].numpy()
        target = ClassifierOutputTarget(rerun.explained.terms[0][1])
        expected = peer.get_cam_image(inputs, layer, [target], given, None)[0]
    assert_same_map(METHODS["scorecam"].function(activations, rerun), expected)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer2"),
        ("squeezenet1_1", "features.7"),
        ("mnasnet0_5", "layers.9"),
        ("shufflenet_v2_x0_5", "stage2"),
        ("regnet_x_400mf", "trunk_output.block2"),
    ],
)
def test_guided_backprop_and_guided_gradcam_equal_captum(name: str, layer: str) -> None:
    from captum.attr import GuidedBackprop, GuidedGradCam

    network = random_network(name, SIZE).double()
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    inputs = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    capture = run(network, inputs, {layer: network.get_submodule(layer)})
    target = int(capture.logits.argmax())
    guided = guided_gradients(network, named(inputs), Score.logit(target))
    activations, gradients = capture.activations(layer), capture.gradient(layer, Score.logit(target))
    leaf = inputs.clone().requires_grad_()
    with pytest.warns(UserWarning, match="hooks"):
        expected = GuidedBackprop(network).attribute(leaf, target)[0].detach()
    assert_same_map(guided, expected)
    assert_same_map(METHODS["guided_backprop"].function(activations, guided), expected.sum(0))
    peer = GuidedGradCam(network, network.get_submodule(layer))
    with pytest.warns(UserWarning, match="hooks"):
        expected = peer.attribute(leaf, target, interpolate_mode="bilinear")[0].detach().sum(0)
    assert_same_map(METHODS["guided_gradcam"].function(activations, gradients, guided), expected)


def test_ablationcam_by_hand() -> None:
    network = HandNetwork()
    activations, rerun = questioned(network, network.act, network.inputs(), 0)
    # of 19: without the first channel 1*1 + 3*4 = 13 less, without the second -2*2 less
    first, second = activations
    np.testing.assert_allclose(METHODS["ablationcam"].function(activations, rerun), (13 * first - 4 * second) / 19)


def test_scorecam_by_hand() -> None:
    network = HandNetwork()
    activations, rerun = questioned(network, network.act, network.inputs(), 0)
    # channels scaled to [0, 1]: [[0, 1/3], [2/3, 1]] and [[1, 1/2], [0, 0]]; the input [[1, 2], [3, 4]] lit by
    # them is x = [[0, 2/3], [2, 4]] and [[1, 1], [0, 0]], and the score x1 + 3 x4 - 2 relu(3 - x1)
    # + 2 relu(3 - x3) - 4 relu(3 - x4) + 10
    scores = np.array([12 - 6 + 2 + 10, 1 - 4 + 6 - 12 + 10], float)
    weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    expected = weights[0] * activations[0] + weights[1] * activations[1]
    np.testing.assert_allclose(METHODS["scorecam"].function(activations, rerun), expected, rtol=1e-6)


def test_eigencam_by_hand() -> None:
    # two channels, the second twice the first: the only direction is (1, 2) / sqrt(5)
    channel = torch.tensor([[-1.0, -2.0], [0.0, -4.0]])
    found = METHODS["eigencam"].function(torch.stack([channel, 2 * channel]))
    np.testing.assert_allclose(found, -channel * np.sqrt(5), atol=1e-5)
    assert not METHODS["eigencam"].function(torch.zeros(3, 2, 2)).any()


def test_guided_backprop_by_hand() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 1.0]]))
        network[3].weight.copy_(torch.tensor([[5.0, -7.0]]))
    # both units are on; the second one's gradient is negative, so only the first passes
    guided = guided_gradients(network, named(torch.tensor([[1.0, 1.0]])), Score.logit(0))
    np.testing.assert_allclose(guided, [5, 10])


def test_guided_gradients_need_a_rectifier() -> None:
    with pytest.raises(MethodError, match="ReLU"):
        guided_gradients(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), named(torch.ones(1, 1, 2, 2)), Score.logit(0))


class JoinsOlder(nn.Module):
    """Concatenates what is older than the layer `late`, so that a batch cannot take its place alone."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.early, self.late, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Linear(9, 4)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        early = self.early(x).relu()
        return self.head(torch.cat([early, self.late(early)], 1).mean((2, 3)))


def test_ablation_where_older_activations_are_joined() -> None:
    network = JoinsOlder()
    activations, rerun = questioned(network, network.late, torch.rand(1, 3, 8, 8), 3)
    # linear behind the layer: a channel's drop is its weight times its mean
    drops = network.head.weight[3, 4:] * activations.mean((1, 2))
    expected = (drops[:, None, None] * activations).sum(0) / abs(rerun.score)
    found = METHODS["ablationcam"].function(activations, rerun)
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-4, atol=1e-6)


def test_ablation_runs_the_front_once_a_chunk_and_dead_channels_not_at_all() -> None:
    network = SmallNetwork()
    activations, rerun = questioned(network, network.last, torch.rand(1, 3, 32, 32))
    activations[3] = 0
    with counted_calls(network.stem, "forward") as front, counted_calls(network.head, "forward") as behind:
        METHODS["ablationcam"].function(activations, rerun)
    assert [len(args[0]) for args in front] == [1]
    assert [len(args[0]) for args in behind] == [int(activations.flatten(1).any(1).sum())]
    assert len(behind[0][0]) < len(activations)


def test_scorecam_runs_channels_that_light_the_same_once() -> None:
    network = SmallNetwork()
    activations, rerun = questioned(network, network.last, torch.rand(1, 3, 32, 32))
    # a power of two keeps every digit
    activations[2], activations[5], activations[7] = activations[4] * 2, 0, 3.5
    scores = []
    for channel in activations:
        wide = nn.functional.interpolate(channel[None, None], (32, 32), mode="bilinear")
        spread = float(wide.max() - wide.min())
        mask = (wide - wide.min()) / spread if spread else torch.zeros_like(wide)
        scores.append(rerun.explained.of(network(rerun.inputs["image"] * mask)))
    expected = (torch.cat(scores).softmax(0).detach()[:, None, None] * activations).sum(0)
    with counted_calls(network, "forward") as passes:
        found = METHODS["scorecam"].function(activations, rerun)
    dark = activations.flatten(1).std(1) == 0
    assert sum(len(args[0]) for args in passes) == len(activations) - 1 - (int(dark.sum()) - 1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


# --- chunks


@contextmanager
def memory_for(network: nn.Module, items: int) -> Iterator[list[int]]:
    """A network that runs out of memory with more than `items` inputs; lists the sizes that went through."""
    sizes: list[int] = []

    def refuse(_: nn.Module, args: Any) -> None:
        if len(args[0]) > items:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        sizes.append(len(args[0]))

    handle = network.register_forward_pre_hook(refuse)
    try:
        yield sizes
    finally:
        handle.remove()


@pytest.mark.parametrize("key", ["ablationcam", "scorecam"])
def test_out_of_memory_halves_the_chunk_and_changes_nothing(key: str) -> None:
    network = SmallNetwork()
    activations, rerun = questioned(network, network.last, torch.rand(1, 3, 32, 32))
    expected = METHODS[key].function(activations, rerun)
    with memory_for(network.head, 3) as sizes:
        found = METHODS[key].function(activations, rerun)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert max(sizes) in {2, 3}
    with memory_for(network.head, 0), pytest.raises(DeviceError, match="one input at a time"):
        METHODS[key].function(activations, rerun)


@pytest.mark.parametrize(("room", "sizes"), [(1, [8] * 8 + [6]), (replay.CHUNK_BYTES_ON_CPU, [32, 32, 6])])
def test_behind_a_layer_neither_few_nor_many_run_at_once(
    monkeypatch: pytest.MonkeyPatch, room: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(replay, "CHUNK_BYTES_ON_CPU", room)
    network = SmallNetwork()
    activations, rerun = questioned(network, network.last, torch.rand(1, 3, 32, 32))
    with memory_for(network.head, 99) as seen:
        scores = rerun.with_activations(lambda part: activations.expand(part.stop - part.start, -1, -1, -1), 70)
    # several may run at the same time, and end in any order
    assert sorted(seen) == sorted(sizes)
    torch.testing.assert_close(scores, torch.full((70,), rerun.score), rtol=1e-5, atol=1e-6)


def test_an_error_of_the_model_is_not_taken_for_lack_of_memory(one_core: None) -> None:
    calls = []

    def broken(part: slice) -> Tensor:
        calls.append(part)
        raise RuntimeError("the fuse is burnt")

    with pytest.raises(RuntimeError, match="fuse"):
        in_chunks(broken, 8, size=4, device=torch.device("cpu"))
    assert len(calls) == 1


def test_chunks_report_progress_and_stop() -> None:
    seen: list[tuple[int, int]] = []
    stop = Event()

    def progress(done: int, count: int) -> None:
        seen.append((done, count))
        if done >= 4:
            stop.set()

    in_chunks(
        lambda part: torch.arange(10)[part],
        10,
        size=4,
        device=torch.device("cpu"),
        watch=Watch(lambda *at: seen.append(at)),
    )
    assert seen == [(0, 10), (4, 10), (8, 10), (10, 10)]
    with pytest.raises(StoppedError, match="after 8 of 10"):
        in_chunks(
            lambda part: torch.arange(10)[part], 10, size=4, device=torch.device("cpu"), watch=Watch(progress, stop)
        )


def test_a_stopped_map_can_be_asked_for_again(small: tuple[Explainer, SmallNetwork]) -> None:
    explainer, network = small
    stop = Event()
    stop.set()
    asked: dict[str, Any] = {"model": "own", "layer": "middle", "method": "scorecam"}
    with pytest.raises(StoppedError):
        explainer.explain(noise(32, 32), **asked, watch=Watch(stop=stop))
    first = explainer.explain(noise(32, 32), **asked)
    with counted_calls(network, "forward") as passes:
        again = explainer.explain(noise(32, 32), **asked)
    assert not passes
    np.testing.assert_array_equal(first.cam, again.cam)


# --- through the explainer


@pytest.mark.parametrize("key", sorted(METHODS))
def test_every_method_explains_for_and_against(small: tuple[Explainer, SmallNetwork], key: str) -> None:
    explainer, network = small
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sides = []
    for counterfactual in (False, True):
        asked: dict[str, Any] = {"model": "own", "method": key, "counterfactual": counterfactual}
        if counterfactual and not METHODS[key].of_class:
            with pytest.raises(MethodError, match="looks at no class"):
                explainer.explain(noise(32, 32), **asked)
            continue
        explanation = explainer.explain(noise(32, 32), **asked)
        assert METHODS[key].warning in {None, *explanation.remarks}
        assert explanation.heatmap.shape == (32, 32)
        sides.append(explanation.cam)
    assert len(sides) == 1 or not np.allclose(sides[0], sides[1])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("key", sorted(METHODS))
def test_a_layer_without_gradients_is_refused_by_those_who_need_them(offer: Any, key: str) -> None:
    offer(Sidetrack())
    asked: dict[str, Any] = {"model": "own", "layer": "side", "method": key}
    if GRADIENTS in METHODS[key].needs:
        with pytest.raises(LayerError, match="`layer` 'side' has no influence on the score; choose") as caught:
            Explainer(device="cpu").explain(noise(32, 32), **asked)
        assert f"{METHODS[key].title} needs gradients; these methods do not: Eigen-CAM, Ablation" in str(caught.value)
    else:
        assert np.isfinite(Explainer(device="cpu").explain(noise(32, 32), **asked).cam).all()
