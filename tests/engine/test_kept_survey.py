"""What was found out about a network and put on disk is what a survey finds, and is not used where anything differs."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from gradcam_core import LayerError
from gradcam_core.engine import kept_survey as module
from gradcam_core.engine.kept_survey import FILE, kept_survey
from gradcam_core.engine.store import CHECKS, Store
from gradcam_core.engine.survey import Survey, noise, survey

from ..helpers import SmallNetwork, random_network

SHAPE = (1, 3, 32, 32)


class Gated(nn.Module):
    """Mirrors what it sees where its attribute says so; it adds the mean of `words` where these are given."""

    def __init__(self, mirrored: bool = False) -> None:
        super().__init__()
        self.mirrored = mirrored
        self.known = {"mirrored": [False]}
        self.light = torch.ones(1)
        self.net = SmallNetwork()

    @property
    def turns(self) -> bool:
        return self.mirrored or self.known["mirrored"][0] or bool(self.light > 1)

    def forward(self, image: Tensor, words: Tensor | None = None) -> Tensor:
        scores = self.net(image.flip(-1) if self.turns else image)
        return scores if words is None else scores + words.mean()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def surveys(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The networks that were surveyed."""
    done: list[nn.Module] = []

    def counting(network: nn.Module, *given: Any) -> Survey:
        done.append(network)
        return survey(network, *given)

    monkeypatch.setattr(module, "survey", counting)
    return done


def asked(network: nn.Module, store: Store, image: Tensor | None = None, **options: Any) -> Survey:
    return kept_survey(network, SHAPE, image=noise(network, SHAPE) if image is None else image, store=store, **options)


def contents(found: Survey) -> tuple[Any, ...]:
    return (
        dict(found.every), list(found.every), found.stages, found.in_place_safe, found.differentiable, found.unplaced,
        found.deciding, found.layouts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (SmallNetwork, 32),
        (lambda: Gated(mirrored=True), 32),
        (lambda: random_network("resnet18", 10), 64),
        # tokens behind a class token, channels last, and tokens in a grid
        (lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=5), 64),
        (lambda: timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1), embed_dim=24), 224),
    ],
)  # fmt: skip
def test_what_is_read_is_what_was_found(
    make: Callable[[], nn.Module], size: int, store: Store, surveys: list[nn.Module]
) -> None:
    network = make().eval()
    shape = (1, 3, size, size)
    image = noise(network, shape)
    truth = survey(network, shape, image=image)
    for _ in range(3):
        found = kept_survey(network, shape, image=image, store=store)
        assert contents(found) == contents(truth)
        # equal, and of the same kinds: a list where a tuple belongs could not be looked up
        assert hash(found.stages) == hash(truth.stages)
    assert surveys == [network]


def test_what_is_tried_on_belongs_to_it(store: Store, surveys: list[nn.Module]) -> None:
    network = Gated().eval()
    words = torch.zeros(1, 2)
    for options in (
        {}, {"only": ["net.last"]}, {"only": ["net.stem"]}, {"image": torch.rand(SHAPE)}, {"beside": {"words": words}},
        {"beside": {"words": words + 1}},
    ):  # fmt: skip
        count = len(surveys)
        for _ in range(2):
            asked(network, store, **options)
        assert len(surveys) == count + 1, options


def _retrained(network: Gated, _: pytest.MonkeyPatch) -> None:
    with torch.no_grad():
        network.net.stem[0].weight[0, 0, 0, 0] += 1


def _set(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.mirrored = True


def _set_inside(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.known["mirrored"][0] = True


def _table(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.light += 1


def _other_part(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.net.stem[2] = nn.ReLU6()


@pytest.mark.parametrize("change", [_retrained, _set, _set_inside, _table, _other_part])
def test_another_network_is_surveyed_itself(
    change: Callable[..., None], store: Store, surveys: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Gated().eval()
    before = asked(network, store)
    change(network, monkeypatch)
    after = asked(network, store)
    assert len(surveys) == 2
    assert after.layouts["net.last"].mirrored == network.turns
    assert not before.layouts["net.last"].mirrored


def _mirroring(self: Any, image: Tensor, words: Tensor | None = None) -> Tensor:
    return self.net(image.flip(-1))


def _on_the_instance(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.forward = types.MethodType(_mirroring, network)  # type: ignore[method-assign]


def _on_the_class_from_a_prompt(_: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {}
    exec(compile("def forward(self, image, words=None): return self.net(image.flip(-1))", "<input>", "exec"), known)  # noqa: S102
    monkeypatch.setattr(Gated, "forward", known["forward"])


def _by_a_hook(network: Gated, _: pytest.MonkeyPatch) -> None:
    network.register_forward_pre_hook(lambda _module, given: (given[0].flip(-1),))


@pytest.mark.parametrize("change", [_on_the_instance, _on_the_class_from_a_prompt, _by_a_hook])
def test_what_cannot_be_told_is_surveyed_each_time(
    change: Callable[..., None], store: Store, surveys: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Gated().eval()
    asked(network, store)
    change(network, monkeypatch)
    for _ in range(2):
        assert asked(network, store).layouts["net.last"].mirrored
    assert len(surveys) == 3


def test_code_that_was_put_into_a_class_from_another_file_is_told(
    store: Store, surveys: list[nn.Module], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = Gated().eval()
    asked(network, store)
    for number, text in enumerate(("image.flip(-1)", "image.flip(-1) * 1.5")):
        file = tmp_path / f"patch{number}.py"
        file.write_text(f"def forward(self, image, words=None): return self.net({text})")
        known: dict[str, Any] = {}
        exec(compile(file.read_text(), str(file), "exec"), known)  # noqa: S102
        monkeypatch.setattr(Gated, "forward", known["forward"])
        for _ in range(2):
            assert asked(network, store).layouts["net.last"].mirrored
    assert len(surveys) == 3


def test_another_version_of_a_package_is_told(
    store: Store, surveys: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Gated().eval()
    asked(network, store)
    monkeypatch.setattr(module, "_version", lambda package: f"{package} 0")
    asked(network, store)
    assert len(surveys) == 2


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"every": []}', '{"every": [{"name": 3}], "stages": []}', None],
    ids=["empty", "list", "cut off", "lacking", "other", "gone"],
)
def test_what_is_damaged_is_found_out_again(
    content: str | None, tmp_path: Path, store: Store, surveys: list[nn.Module]
) -> None:
    network = SmallNetwork().eval()
    truth = contents(asked(network, store))
    (file,) = tmp_path.rglob(FILE)
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
        # by somebody who writes the sum beside it, too
        checks = file.with_name(CHECKS)
        sums = {FILE: blake2b(content.encode(), digest_size=20).hexdigest()}
        checks.write_text(json.dumps(sums))
    for _ in range(2):
        assert contents(asked(network, store)) == truth
    assert len(surveys) == 2


def test_a_network_without_places_is_refused_each_time(store: Store, tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2)).eval()
    for _ in range(2):
        with pytest.raises(LayerError):
            asked(network, store)
    assert not list(tmp_path.rglob(FILE))
