"""What a change of one control means for the others, without a page."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradcam_core import Examiner, Explainer, ModelError, Prediction
from gradcam_core.languages import Finding, say
from gradcam_core.ui.handlers import (
    LONGEST_MENU,
    Controls,
    Outcome,
    answer,
    ask,
    layer_choices,
    model_choices,
    target_choices,
)
from gradcam_core.ui.model_menu import SECONDS_BETWEEN_REPORTS, watched
from gradcam_core.ui.tabs.photograph import EXAMPLES
from gradcam_core.ui.web.bars import bars_value
from gradcam_core.ui.web.stage import look_of, stage_photo
from tests.helpers import Sidetrack, SmallNetwork, noise

CAT = str(EXAMPLES / "3-cat.jpg")


def controls(image: str | None, module: str = "", **options: object) -> Controls:
    """As the page gives them; a path stands for an upload."""
    return Controls.of(image, module, **options)  # type: ignore[arg-type]


SHOWN = controls(CAT, model="efficientnet_lite0", layer="bn2", target="285")


def test_the_first_question_is_taken_as_it_is() -> None:
    assert ask(SHOWN, None) == SHOWN


def test_another_photograph_is_asked_about_its_top_prediction() -> None:
    assert ask(SHOWN.but(image="other.jpg"), SHOWN) == SHOWN.but(image="other.jpg", target="auto")


def test_an_emptied_input_keeps_the_photograph_on_the_page() -> None:
    assert ask(SHOWN.but(image=None), SHOWN) == SHOWN
    assert ask(SHOWN.but(image=None, counterfactual=True), SHOWN) == SHOWN.but(counterfactual=True)


def test_another_model_starts_at_its_default_layer_and_keeps_the_class() -> None:
    typed = SHOWN.but(module="blocks.1")
    other = typed.but(model="efficientnet_lite1")
    assert ask(other, typed) == SHOWN.but(model="efficientnet_lite1", layer="auto")


def test_a_layer_without_gradients_leaves_the_page_as_it_was(explainer: Explainer, offer: Callable[..., str]) -> None:
    offer(Sidetrack())
    outcome = answer(explainer, SHOWN.but(model="own", module="side", target="auto"), SHOWN)
    assert outcome.asked == SHOWN
    assert "needs gradients; these methods do not: Eigen-CAM" in outcome.problem


def test_what_is_typed_stays_until_another_layer_is_chosen() -> None:
    typed = SHOWN.but(module="blocks.1")
    assert ask(typed.but(target="1"), typed) == typed.but(target="1")
    # the browser takes the module away where the layer was chosen behind it: here it was not
    assert ask(typed.but(layer="blocks.3"), SHOWN) == typed.but(layer="blocks.3")
    assert typed.but(layer="blocks.3").question.layer == "blocks.1"


def test_an_answer_names_the_default_layer(explainer: Explainer) -> None:
    outcome = answer(explainer, SHOWN.but(layer="auto"), None)
    assert outcome.asked == SHOWN.but(layer=explainer.default_layer().name)
    assert outcome.explanation is not None
    assert outcome.explanation.target.index == 285


def test_what_is_typed_is_explained_in_place_of_the_menu(explainer: Explainer) -> None:
    outcome = answer(explainer, SHOWN.but(module=" blocks.5.0.conv_pw "), SHOWN)
    assert outcome.explanation is not None
    assert outcome.explanation.layer == "blocks.5.0.conv_pw"


@pytest.mark.parametrize("change", [{"module": "nowhere"}, {"target": "1000"}, {"model": "none"}, {"image": "no.jpg"}])
def test_a_failure_goes_back_to_what_is_shown(explainer: Explainer, change: dict[str, str]) -> None:
    outcome = answer(explainer, SHOWN.but(**change), SHOWN)
    assert outcome == Outcome(SHOWN, None, outcome.problem)
    assert outcome.problem


def test_what_nobody_expected_gets_one_sentence_and_a_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a detail for the log")

    monkeypatch.setattr(Explainer, "answer", broken)
    outcome = answer(Explainer(device="cpu"), SHOWN.but(target="1"), SHOWN)
    assert outcome.problem == say(Finding("door.unexpected"))
    assert "a detail for the log" in caplog.text


def test_the_menus(explainer: Explainer) -> None:
    models = model_choices(explainer.models_first())
    assert models[0] == ("EfficientNet-Lite0 · ready offline · efficientnet_lite0", "efficientnet_lite0")
    (vgg,) = (title for title, name in models if name == "vgg16")
    assert vgg in ("VGG-16 · 528 MB download · vgg16", "VGG-16 · ready offline · vgg16")
    layers = layer_choices(explainer, "efficientnet_lite0")
    assert [name for _, name in layers] == [layer.name for layer in explainer.layers()]
    assert [name for title, name in layers if title.endswith("(default)")] == [explainer.default_layer().name]
    targets, complete = target_choices(explainer, "efficientnet_lite0", ())
    assert complete
    assert len(targets) == 1001
    assert len({title for title, _ in targets}) == 1001


def test_names_that_stand_for_two_classes_carry_their_index(offer: Callable[..., str]) -> None:
    name = offer(SmallNetwork(), labels=lambda: ("crane", "cat", "crane", "d", "e", "f"))
    titles = [title for title, _ in target_choices(Explainer(device="cpu"), name, ())[0]]
    assert titles == ["Top prediction", "crane (0)", "cat", "crane (2)", "d", "e", "f"]


def test_bars_show_the_explained_class_even_where_it_is_improbable(explainer: Explainer) -> None:
    rows = bars_value(explainer.explain(CAT, target="espresso"))["rows"]
    assert len(rows) == 6
    assert [row["label"] for row in rows if row["chosen"]] == ["espresso"]
    assert len(bars_value(explainer.explain(CAT))["rows"]) == 5


@pytest.mark.parametrize("value", [{"view": "x"}, {"opacity": 2}, {"colormap": "x"}, {"surprise": 1}])
def test_a_look_that_cannot_be_drawn_is_refused(value: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        look_of(value)


def packed(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


WHOLE = SHOWN.but(view="whole", target="auto")


def test_what_cannot_be_shown_whole_is_shown_as_usual_unless_it_was_asked_for(explainer: Explainer) -> None:
    long, wide = (packed(noise(*size)) for size in ((20, 400), (60, 90)))
    found = answer(explainer, WHOLE.but(image=long), WHOLE)
    assert found.asked is not None
    assert found.explanation is not None
    assert (found.asked.request.view, found.explanation.request.view) == ("centre", "centre")
    fits = answer(explainer, WHOLE.but(image=wide), None)
    assert fits.explanation is not None
    assert fits.explanation.request.view == "whole"
    refused = answer(explainer, WHOLE.but(image=long), SHOWN.but(image=long))
    assert "20 times as long as it is wide" in refused.problem
    assert refused.asked is not None
    assert refused.asked.request.view == "centre"


def test_each_model_starts_with_what_it_is_usually_shown() -> None:
    asked = WHOLE.but(sharper=True)
    other = ask(asked.but(model="resnet50"), asked)
    assert (other.request.view, other.request.sharper) == ("centre", False)
    assert ask(other.but(model="efficientnet_lite2"), other).request.view == "whole"
    assert ask(asked.but(image="other.jpg"), asked).request.view == "whole"
    centre = asked.but(view="centre")
    assert ask(centre.but(image="other.jpg"), centre).request.view == "centre"


def test_detail_is_asked_for_and_left_behind_with_its_model(explainer: Explainer) -> None:
    asked = SHOWN.but(detail=True)
    outcome = answer(explainer, asked, None)
    assert outcome.explanation is not None
    assert outcome.explanation.cam.shape == (14, 14)
    assert not ask(asked.but(model="resnet50"), asked).request.detail


def test_of_very_many_classes_only_the_probable_ones_are_listed(offer: Callable[..., str]) -> None:
    name = offer(SmallNetwork(classes=LONGEST_MENU + 1), classes=LONGEST_MENU + 1)
    top = (Prediction(77, "class 77", 0.5), Prediction(3, "class 3", 0.1))
    choices, complete = target_choices(Explainer(device="cpu"), name, top)
    assert not complete
    assert choices == [("Top prediction", "auto"), ("class 77", "77"), ("class 3", "3")]


def test_a_class_is_kept_only_where_it_means_the_same(offer: Callable[..., str]) -> None:
    explainer = Explainer(device="cpu")
    for name, labels in (("one", "abcdef"), ("same", "abcdef"), ("other", "ghijkl")):
        offer(SmallNetwork(), name, labels=lambda labels=labels: tuple(labels))
    shown = controls(CAT, model="one", target="4")
    kept, another = (answer(explainer, shown.but(model=name), shown).explanation for name in ("same", "other"))
    assert kept is not None
    assert another is not None
    assert kept.target.label == "e"
    assert another.target == another.top[0]


def test_loading_tells_how_far_it_is_and_gives_the_full_name(offer: Callable[..., str]) -> None:
    def build() -> SmallNetwork:
        time.sleep(SECONDS_BETWEEN_REPORTS * 2.5)
        return SmallNetwork()

    heard: list[str] = []
    explainer = Explainer(device="cpu")
    assert watched(explainer, offer(SmallNetwork(), build=build), heard.append) == "own"
    assert set(heard) == {"Loading own"}
    with pytest.raises(ModelError, match="'none' is unknown"):
        watched(explainer, "none", heard.append)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_page_gets_the_photograph_itself_or_a_picture_of_it(kind: str, explainer: Explainer) -> None:
    packed = BytesIO()
    # grey: of colours a JPEG keeps every fourth pixel
    squares = np.kron(noise(6, 9)[..., :1], np.ones((20, 20, 3), np.uint8))
    Image.fromarray(squares).save(packed, kind, quality=95)
    photograph = explainer.photograph(packed.getvalue())
    sent = stage_photo(photograph)
    head, _, data = sent["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    shown = np.asarray(Image.open(BytesIO(b64decode(data)))).astype(int)
    assert (sent["width"], sent["height"]) == (180, 120) == shown.shape[1::-1]
    assert (b64decode(data) == packed.getvalue()) == (kind == "JPEG")
    # an upload that the browser can draw as it is has been fetched by then
    again = stage_photo(photograph, "/uploads/squares")
    assert (again.get("path") == "/uploads/squares") == ("url" not in again) == (kind == "JPEG")
    assert np.abs(shown - photograph.pixels).mean() < 3


def test_the_map_of_the_first_example_holds(explainer: Explainer) -> None:
    """Who comes to the page is not first shown a map that one must not rely on."""
    first = explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0])
    assert Examiner(explainer).hide_and_look(first).holds
