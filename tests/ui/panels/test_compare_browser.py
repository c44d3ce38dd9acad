"""Maps side by side, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from gradcam_core import Examiner, Explainer
from gradcam_core.languages import percent
from gradcam_core.ui.tabs.photograph import EXAMPLES
from tests.helpers import SmallNetwork

from ..visits import SECONDS, visit

pytestmark = pytest.mark.browser

FIRST = sorted(EXAMPLES.glob("*.jpg"))[0]


@pytest.fixture(scope="module")
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1280, height=1400) as view:
        view.click("#compare > button")
        yield view


def test_all_layers_are_a_strip_and_a_press_takes_one_over(opened: Any, explainer: Explainer) -> None:
    opened.click("#compare-plain")
    opened.locator("#grid .strip button").first.wait_for(timeout=60 * SECONDS)
    layers = explainer.layers()
    assert opened.locator("#grid .strip .title").all_inner_texts() == [layer.name for layer in layers]
    sizes = opened.locator("#grid .strip .size").all_inner_texts()
    # the page shows the network all of the photograph
    shapes = [explainer.explain(FIRST, layer=layer.name, view="whole").cam.shape for layer in layers]
    assert sizes == [f"{width}×{height}" for height, width in shapes]  # noqa: RUF001
    opened.locator("#grid .strip button").nth(3).click()
    opened.locator("#sentence", has_text=f"at layer {layers[3].name} ").wait_for(timeout=30 * SECONDS)
    assert opened.input_value("#layer input") == layers[3].title
    # the grid stays, to look at the next
    assert opened.locator("#grid .strip button[aria-current]").count() == 1
    assert opened.locator("#grid .strip button").count() == len(layers)


def test_a_grid_of_classes_and_methods_with_figures(opened: Any, explainer: Explainer) -> None:
    opened.get_by_label("classes × methods").click()  # noqa: RUF001
    opened.locator("#compare-methods .token", has_text="XGrad-CAM").locator(".token-remove").click()
    opened.click("#compare-hide")
    opened.locator("#compared", has_text="5 by 2 maps on one scale").wait_for(timeout=300 * SECONDS)
    opened.locator("#grid table button").first.wait_for(timeout=10 * SECONDS)
    layer = explainer.layers()[3].name
    whole = partial(explainer.explain, FIRST, view="whole")
    top = whole().top
    shown = whole(layer=layer, target=top[1].index, method="hirescam")
    found = Examiner(explainer).hide_and_look(shown)
    text = opened.locator("#grid tr").nth(2).locator("td button").nth(1).inner_text()
    assert f"20 % hidden: {percent(found.steps[1].hottest)}" in text
    assert ("holds" if found.holds else "no more than chance") in text
    assert f"like the first: {whole(layer=layer, method='hirescam').rank_correlation(shown):.2f}" in text
    opened.locator("#grid tr").nth(2).locator("td button").nth(1).click()
    opened.locator("#sentence", has_text="by HiResCAM").wait_for(timeout=30 * SECONDS)
    assert f"“{top[1].label}”" in opened.inner_text("#sentence")
    assert opened.input_value("#target input") == top[1].label


def test_nine_layers_stand_side_by_side_without_scrolling(opened: Any, explainer: Explainer) -> None:
    opened.get_by_label("classes × layers").click()  # noqa: RUF001
    opened.click("#compare-plain")
    opened.locator("#grid th", has_text="blocks.6").wait_for(timeout=60 * SECONDS)
    assert opened.locator("#grid th[scope=col]").count() == len(explainer.layers())
    wide = opened.locator("#grid .wide")
    assert wide.evaluate("({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth")


@pytest.mark.usefixtures("slow_methods")
def test_it_can_be_stopped(opened: Any) -> None:
    opened.get_by_label("classes × layers").click()  # noqa: RUF001
    opened.click("#compare-hide")
    opened.locator("#compared [role=progressbar]").wait_for(timeout=30 * SECONDS)
    opened.click("#compare-stop")
    opened.locator("#compared", has_text="Stopped after").wait_for(timeout=60 * SECONDS)


def test_another_side_takes_the_old_grid_away(opened: Any) -> None:
    opened.click("#counterfactual input[value=against]")
    opened.locator("#compared", has_text="Small maps on one scale").wait_for(timeout=30 * SECONDS)
    opened.locator("#grid .whole").wait_for(state="hidden", timeout=10 * SECONDS)


LONG = "resnet50-finetuned-on-our-own-defects-2026-11-27-epoch-12-v3"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_name_keeps_its_ends_on_a_line_and_is_there_as_a_whole(
    browser: Any, address: str, offer: Callable[..., str], width: int
) -> None:
    offer(SmallNetwork(), LONG, title=LONG)
    with visit(browser, address, width=width, height=1400) as view:
        view.click("#compare > button")
        view.get_by_label("two models").click()
        view.fill("#compare-model input", LONG)
        view.press("#compare-model input", "Enter")
        view.click("#compare-plain")
        view.locator("#grid table button").nth(1).wait_for(timeout=60 * SECONDS)
        first, second = view.locator("#grid th[scope=row]").all()
        assert first.get_attribute("title") == ""
        assert "EfficientNet-Lite0: “" in first.inner_text()
        assert second.inner_text().startswith("resnet50-finetun…poch-12-v3: “")
        assert second.get_attribute("title").startswith(f"{LONG}: “")
        # as a whole, and broken where it has to be
        assert LONG in view.inner_text("#compared")
        for place in ("#grid th", "#compared figcaption", "#compared .sentence"):
            wider = view.locator(place).evaluate_all(
                "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
            )
            assert wider == 0, place
        assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert view.locator("#grid .wide").evaluate("({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth")


def test_two_models_side_by_side(browser: Any, address: str, explainer: Explainer) -> None:
    grid = explainer.compare(
        FIRST, targets=[explainer.explain(FIRST, view="whole").target.index],
        models=["efficientnet_lite0", "efficientnet_lite1"], view="whole",
    )  # fmt: skip
    # on a page of its own: others have chosen classes and layers by now
    with visit(browser, address, width=1280, height=1400) as view:
        view.click("#compare > button")
        view.get_by_label("two models").click()
        view.click("#compare-plain")
        view.locator("#grid table button").nth(1).wait_for(timeout=60 * SECONDS)
        assert view.locator("#grid th[scope=row]").all_inner_texts() == list(grid.rows)
        assert f"(rank correlation {grid.rank_correlation()[0, 1]:.2f})" in view.inner_text("#compared")
        # both answers as large as where they differ
        pictures = view.locator("#compared .models img")
        widths = pictures.evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert len(widths) == 3
        assert min(widths) > 300
        assert max(widths) - min(widths) < 1
        both = [row[0].explanation for row in grid.cells]
        labels = [prediction.label for one in both if one is not None for prediction in one.top]
        said = view.locator("#compared .bar > span:first-child").all_inner_texts()
        assert [label for label in said if label in labels] == said
        assert len(said) >= 10
        # the map of another model is there to be looked at
        assert [one.is_enabled() for one in view.locator("#grid table button").all()] == [True, False]
