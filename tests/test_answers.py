"""Several requests at once: each answered as if alone, in order, from as few passes and decodes as possible."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradcam_core import Examiner, Explainer, ImageError, LayerError, OptionError, Request
from gradcam_core.engine.capture import EagerCapture
from gradcam_core.reading import photograph
from gradcam_core.reading.preprocess import Preprocessing

from .helpers import SmallNetwork, noise

Small = tuple[Explainer, SmallNetwork]


def test_answers_are_in_order_whatever_shares_a_capture(small: Small, offer: Callable[..., str]) -> None:
    offer(SmallNetwork(seed=1), name="other")
    requests = [
        Request(model="own", target=2),
        Request(model="other", target=2, layer="last"),
        Request(model="own", layer="middle.0", target=2),
        Request(model="own", target=2, counterfactual=True),
        Request(model="own", target="class 2"),
        Request(model="own", target=2, rival="auto", layer="stem"),
        Request(model="own", target=2, detail=True),
    ]
    together = small[0].answer_all(noise(40, 40), requests)
    assert len(together) == len(requests)
    alone = Explainer(device="cpu")
    for found, request in zip(together, requests, strict=True):
        expected = alone.answer(noise(40, 40), request)
        assert found.record() == expected.record()
        np.testing.assert_allclose(found.cam, expected.cam, rtol=1e-4, atol=1e-6)
    assert together[0] is together[4]


def test_a_contrast_costs_a_backward_pass_for_each_class_that_was_not_asked(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer, image = small[0], noise(40, 40)
    passes: list[Any] = []
    backward = EagerCapture.gradients_at

    def counted(capture: EagerCapture, layers: Any, score: Any) -> Any:
        passes.append(score)
        return backward(capture, layers, score)

    monkeypatch.setattr(EagerCapture, "gradients_at", counted)
    for asked, expected in (
        ({"target": 1}, 1),
        ({"target": 1, "counterfactual": True}, 1),
        ({"target": 1, "rival": 2}, 2),
        ({"target": 2}, 2),
        ({"target": 2, "rival": [1, 3]}, 3),
    ):
        explainer.explain(image, model="own", **asked)
        assert len(passes) == expected


def test_the_request_of_an_answer_names_all_that_was_chosen(small: Small) -> None:
    found = small[0].answer(noise(40, 40), Request(model="own", rival="next three"))
    order = [one.index for one in found.top]
    expected = Request(model="own", layer="last", method="gradcam", target=order[0], rival=order[1:4])
    assert found.request == expected
    assert (found.model, found.layer, found.method) == ("own", "last", "gradcam")
    again = small[0].answer(noise(40, 40), found.request)
    assert again.request == expected
    np.testing.assert_array_equal(again.cam, found.cam)


def test_what_a_request_names_is_looked_up_before_the_photograph_is_read(small: Small) -> None:
    with pytest.raises(LayerError, match="`layer` 'nowhere'"):
        small[0].explain(b"no image", model="own", layer="nowhere")
    with pytest.raises(ImageError):
        small[0].explain(b"no image", model="own")


@pytest.mark.parametrize(("given", "side"), [("false", False), ("No", False), (0, False), ("yes", True), (1, True)])
def test_switches_mean_what_they_say(small: Small, given: Any, side: bool) -> None:
    found = small[0].explain(noise(40, 40), model="own", counterfactual=given)
    assert found.counterfactual is side
    with pytest.raises(OptionError, match="`detail` 'perhaps' is neither on nor off"):
        small[0].explain(noise(40, 40), model="own", detail="perhaps")
    with pytest.raises(OptionError, match="`counterfactual` 'perhaps'"):
        small[0].explain_many(noise(40, 40), model="own", counterfactuals=["perhaps"])
    with pytest.raises(OptionError, match=r"`methods` is not an option. Did you mean 'method'"):
        small[0].explain(noise(40, 40), model="own", methods="gradcam")


def test_a_first_look_reads_and_hashes_the_file_once(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(noise(40, 50)).save(path := tmp_path / "photo.png")
    read: list[Path] = []
    original = Path.read_bytes

    def counted(self: Path) -> bytes:
        read.append(self)
        return original(self)

    def hashing(*given: Any, **options: Any) -> Any:
        hashed.append(given)
        return blake2b(*given, **options)

    hashed: list[Any] = []
    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr(photograph, "blake2b", hashing)
    small[0].explain(path, model="own")
    assert read == [path]
    assert len(hashed) == 1


def test_a_check_makes_no_input_of_its_own(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[Any] = []
    original = Preprocessing.encode

    def counted(self: Preprocessing, *given: Any) -> Any:
        encoded.append(given)
        return original(self, *given)

    explainer = small[0]
    # tried out with an input of its own when it is loaded
    explainer.load("own")
    monkeypatch.setattr(Preprocessing, "encode", counted)
    explanation = explainer.explain(noise(40, 60), model="own", target=3)
    assert len(encoded) == 1
    mask = np.zeros((40, 60), bool)
    mask[10:20, 25:35] = True
    for check in (Examiner(explainer).hide_and_look, lambda one: Examiner(explainer).without(one, mask)):
        check(explanation)
        assert len(encoded) == 1


def test_placements_carry_the_size_of_the_input(small: Small) -> None:
    def resized(image: Image.Image) -> np.ndarray:
        return np.asarray(image.resize((48, 32)), np.float32).transpose(2, 0, 1) / 255

    explainer = small[0]
    explainer.add_model("mine", SmallNetwork(), transform=resized)
    for model, size in (("own", (32, 32)), ("mine", (32, 48))):
        explanation = explainer.explain(noise(60, 80), model=model)
        assert explanation.placement.input_size == size == tuple(explainer.inputs(explanation).shape[-2:])
    detailed = explainer.explain(noise(60, 80), model="own", detail=True)
    assert detailed.placement.input_size == (64, 64)


def test_a_photograph_in_memory_is_the_same_as_its_file(small: Small) -> None:
    buffer = BytesIO()
    Image.fromarray(noise(40, 50)).save(buffer, "PNG")
    ready = small[0].photograph(buffer.getvalue())
    assert small[0].photograph(ready) is ready
    assert small[0].explain(ready, model="own").record() == small[0].explain(buffer.getvalue(), model="own").record()


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "much", None])
def test_a_cache_has_a_size(wrong: Any) -> None:
    with pytest.raises(OptionError, match=r"`cache_mb` .* must be a number that is not negative"):
        Explainer(device="cpu", cache_mb=wrong)
