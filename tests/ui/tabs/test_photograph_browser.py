"""The page in a real browser, used as somebody would who has never seen it."""

from __future__ import annotations

import base64
import functools
import json
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gradio as gr
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gradcam_core import Examiner, Explainer, Look
from gradcam_core.languages import percent
from gradcam_core.ui.tabs.photograph import EXAMPLES
from tests import pictures
from tests.benchmarks.browser import Wire

from ..visits import DRAWN, JUDGED, SECONDS, cut_the_network, tab, visit

pytestmark = pytest.mark.browser

LAYER = "blocks.3 · 14×14"  # noqa: RUF001


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    with visit(browser, address, width=1440, height=1000) as view:
        yield view


def _changed(view: Any, act: Callable[[], Any]) -> str:
    """Do something, wait until another answer is drawn, return the sentence."""
    before = view.get_attribute(DRAWN, "data-drawn")
    act()
    view.wait_for_function("([s, b]) => document.querySelector(s).dataset.drawn !== b", arg=[DRAWN, before])
    # gradio tells of a choice twice, and the second answer draws the same again: it must not count for what comes next
    view.evaluate(STEADY, DRAWN)
    return str(view.inner_text("#sentence .sentence"))


# waits until what is shown there has been the same for a second
STEADY = """async selector => {
  const shown = () => [...document.querySelectorAll(selector)].map(one => one.dataset.drawn ?? one.textContent).join();
  for (let last = null, same = 0; same < 10; await new Promise(done => setTimeout(done, 100))) {
    const now = shown();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}"""


def _choose(view: Any, menu: str, typed: str, option: str) -> None:
    view.click(f"#{menu} input")
    view.locator(f"#{menu} input").press_sequentially(typed)
    # the list is filtered a moment after the last letter, and for models filled when it is opened: a click before it
    # has settled lands on what moves under the pointer
    view.evaluate(STEADY, "ul[role=listbox] li")
    wanted = view.get_by_role("option", name=option, exact=True)
    if not wanted.count():
        # an answer that came while it was typed has emptied the field: as somebody would, once more
        view.locator(f"#{menu} input").fill("")
        view.locator(f"#{menu} input").press_sequentially(typed)
        view.evaluate(STEADY, "ul[role=listbox] li")
    wanted.click()


def _canvas(view: Any, name: str) -> NDArray[np.uint8]:
    url = view.evaluate("name => document.querySelector(`canvas.${name}`).toDataURL('image/png')", name)
    return np.asarray(Image.open(BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"))


def _upload(view: Any, path: Path) -> None:
    clear = (
        view.locator("#photograph").get_by_label("Remove image").or_(view.locator("#photograph").get_by_label("Clear"))
    )
    if clear.count():
        clear.first.click()
    view.wait_for_selector("#photograph input[type=file]", state="attached")
    view.set_input_files("#photograph input[type=file]", str(path))


@pytest.fixture
def cup(tmp_path: Path, coffee: NDArray[np.uint8]) -> Path:
    path = tmp_path / "cup.png"
    Image.fromarray(coffee).save(path)
    return path


def test_the_first_look_needs_no_click(opened: Any, explainer: Explainer) -> None:
    expected = explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0], view="whole")
    assert opened.inner_text("#sentence .sentence") == expected.sentence
    assert opened.locator("#bars .name").all_inner_texts() == [prediction.label for prediction in expected.top]
    assert opened.locator("#bars [aria-pressed=true]").inner_text().startswith(expected.target.label)


def test_it_draws_what_the_core_draws(opened: Any, explainer: Explainer, cup: Path) -> None:
    _changed(opened, lambda: _upload(opened, cup))
    expected = explainer.explain(cup, view="whole")
    for look in (Look(), Look(threshold=0.4, opacity=1.0, colormap="inferno"), Look(signed=True)):
        opened.select_option(".signed", "1" if look.signed else "")
        if not look.signed:
            opened.select_option(".colormap", look.colormap)
        for name in ("opacity", "threshold"):
            opened.locator(f".look .{name}").fill(str(getattr(look, name)))
        opened.wait_for_timeout(300)
        heatmap = np.asarray(expected.heatmap_picture(look)).astype(int)
        difference = np.abs(_canvas(opened, "heatmap") - heatmap).max(axis=-1)
        # neighbours in a table differ by at most 6; at the very edge of the threshold rounding may decide
        assert (difference > 6).mean() <= 0.002 * (look.threshold > 0)
        assert difference.mean() < 0.1
        for view, picture in (("overlay", expected.overlay(look)), ("masked", expected.masked(look))):
            opened.select_option(".view", view)
            opened.wait_for_timeout(300)
            # the page's photograph is a JPEG: equal but for its noise
            assert np.abs(_canvas(opened, "picture") - np.asarray(picture).astype(int)).mean() < 3


def test_a_photograph_comes_back_once(
    opened: Any, explainer: Explainer, coffee: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / "cup.jpg"
    Image.fromarray(coffee).save(path, quality=98)
    opened.select_option(".view", "photograph")
    wire = Wire(opened)
    _changed(opened, lambda: _upload(opened, path))
    came, _ = wire.taken()
    # for the place that shows what was handed in; the pictures are drawn from the same
    assert path.stat().st_size < came < 1.25 * path.stat().st_size
    assert np.abs(_canvas(opened, "picture").astype(int) - explainer.photograph(path).pixels).mean() < 1


def test_the_divider_uncovers_the_photograph(opened: Any) -> None:
    overlay = _canvas(opened, "picture")
    divider, area = opened.locator("#stage .divider"), opened.locator("canvas.picture").bounding_box()
    assert divider.get_attribute("aria-valuenow") == "100"
    divider.focus()
    for _ in range(10):
        opened.keyboard.press("ArrowLeft")
    opened.wait_for_timeout(300)
    assert divider.get_attribute("aria-valuenow") == "50"
    opened.mouse.move(area["x"] + area["width"] / 2, area["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(area["x"] + area["width"] / 4, area["y"] + 20, steps=4)
    opened.mouse.up()
    opened.wait_for_timeout(300)
    assert abs(int(divider.get_attribute("aria-valuenow")) - 25) <= 2
    divided, middle = _canvas(opened, "picture"), overlay.shape[1] // 2
    opened.select_option(".view", "photograph")
    opened.wait_for_timeout(300)
    photograph = _canvas(opened, "picture")
    assert np.array_equal(divided[:, middle:], photograph[:, middle:])
    assert np.array_equal(divided[:, : middle // 3], overlay[:, : middle // 3])
    assert not np.array_equal(overlay[:, middle:], photograph[:, middle:])


def test_the_verdict_comes_by_itself(opened: Any, explainer: Explainer, cup: Path) -> None:
    _changed(opened, lambda: _upload(opened, cup))
    found = Examiner(explainer).hide_and_look(explainer.explain(cup, view="whole"))
    step = found.steps[1]
    opened.locator("#verdict", has_text=percent(step.hottest)).wait_for()
    assert percent(step.random_mean) in opened.inner_text("#verdict")
    assert opened.locator("#verdict [data-state=holds]").count() == found.holds


def test_a_verdict_that_comes_late_is_not_shown_beside_another_answer(
    opened: Any, page: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a check that began when the next question had been asked already, so that this does not end it."""
    (judged,) = (one for one in page.fns.values() if [out.elem_id for out in one.outputs] == ["verdict-found"])
    judge, late, go = judged.fn, threading.Event(), threading.Event()
    assert judge is not None

    def slow(asked: Any, ticket: float, number: float, *more: Any) -> str:
        if late.is_set():
            return judge(asked, ticket, number, *more)
        late.set()
        assert go.wait(30)
        return f"{number:.0f} <p class='verdict' data-state='holds'>of the answer before</p>"

    functools.update_wrapper(slow, judge)
    monkeypatch.setattr(judged, "fn", slow)
    # all that the line ever says
    opened.evaluate("""() => {
      window.said = new Set();
      setInterval(() => window.said.add(document.querySelector("#verdict").innerText), 5);
    }""")
    _changed(opened, lambda: opened.locator("#bars button").nth(1).click())
    assert late.wait(30)
    _changed(opened, lambda: opened.locator("#bars button").nth(2).click())
    go.set()
    opened.locator(JUDGED).wait_for()
    said = opened.evaluate("[...window.said]")
    assert any("Checking" in one for one in said)
    assert not any("before" in one for one in said), said


def test_what_is_weak_looks_weak_unless_it_is_stretched(opened: Any, explainer: Explainer, cup: Path) -> None:
    _changed(opened, lambda: _upload(opened, cup))
    whole = functools.partial(explainer.explain, cup, view="whole")
    asks = [functools.partial(whole, target=one.index) for one in whole().top]
    maps = [(number, side, ask(counterfactual=side)) for number, ask in enumerate(asks) for side in (False, True)]
    number, side, expected = next(one for one in maps if 0 < one[2].strength < 0.9)
    if number:
        _changed(opened, lambda: opened.click(f"#bars button >> nth={number}"))
    if side:
        _changed(opened, lambda: opened.click("#counterfactual input[value=against]"))
    assert opened.inner_text("#sentence .sentence") == expected.sentence
    for stretched in (False, True):
        opened.select_option(".stretched", "1" if stretched else "")
        opened.wait_for_timeout(300)
        heatmap = np.asarray(expected.heatmap_picture(Look(stretched=stretched))).astype(int)
        assert np.abs(_canvas(opened, "heatmap") - heatmap).mean() < 0.1
        assert opened.locator(".stretched-to").is_visible() is stretched


def test_a_link_shows_the_same_again(browser: Any, address: str, explainer: Explainer) -> None:
    asked = "target=967&layer=blocks.4&method=hirescam&view=whole&example=1-coffee&opacity=0.3&picture=masked"
    with visit(browser, address, width=1440, height=1000, asked=asked) as view:
        example = next(EXAMPLES.glob("1-*.jpg"))
        expected = explainer.explain(example, target=967, layer="blocks.4", method="hirescam", view="whole")
        assert view.inner_text("#sentence .sentence") == expected.sentence
        assert view.input_value("#layer input").startswith("blocks.4")
        assert view.input_value(".look .opacity") == "0.3"
        assert view.input_value(".look .view") == "masked"
        view.context.grant_permissions(["clipboard-read", "clipboard-write"])
        view.click(".copy-link")
        view.locator(".copied", has_text="Cop").wait_for()
        copied = parse_qs(urlsplit(view.evaluate("() => document.querySelector('.link').value")).query)
    assert {name: copied[name] for name in parse_qs(asked)} == parse_qs(asked)


def test_a_link_that_asks_for_what_cannot_be_says_so(browser: Any, address: str, explainer: Explainer) -> None:
    for asked, words in (("model=nobody", "`model` 'nobody' is unknown"), ("counterfactual=perhaps", "nor off")):
        with visit(browser, address, width=1440, height=1000, asked=asked) as view:
            assert words in view.inner_text("#problem")
            first = explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0], view="whole")
            assert view.inner_text("#sentence .sentence") == first.sentence


def test_a_sliver_that_is_all_the_model_saw_is_drawn(opened: Any, tmp_path: Path) -> None:
    path = tmp_path / "sliver.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1, 500, 3), np.uint8)).save(path)
    assert "gives" in _changed(opened, lambda: _upload(opened, path))
    heatmap = _canvas(opened, "heatmap")
    assert heatmap.shape == (1, 500, 3)
    assert (np.ptp(heatmap.astype(int), axis=-1) > 0).sum() in {1, 2}


def test_every_control_changes_the_answer(opened: Any, cup: Path) -> None:
    assert "espresso" in _changed(opened, lambda: _upload(opened, cup))
    assert "“cup”" in _changed(opened, lambda: opened.click("#bars button >> nth=1"))
    assert opened.input_value("#target input") == "cup"
    assert "at layer blocks.3" in _changed(opened, lambda: _choose(opened, "layer", "blocks.3", LAYER))
    assert "against" in _changed(opened, lambda: opened.click("#counterfactual input[value=against]"))
    assert "“tabby”" in _changed(opened, lambda: _choose(opened, "target", "tabb", "tabby"))
    lite = "EfficientNet-Lite1 · ready offline · efficientnet_lite1"
    sentence = _changed(opened, lambda: _choose(opened, "model", "Lite1", lite))
    assert sentence.startswith("EfficientNet-Lite1 gives “tabby”")
    assert opened.input_value("#layer input").endswith("(default)")
    # an answer that comes while somebody types sets the fields anew
    opened.wait_for_selector(JUDGED)
    opened.wait_for_timeout(1000)
    opened.click("text=Advanced")
    field = opened.locator("#module textarea, #module input")
    field.wait_for()
    opened.evaluate(STEADY, DRAWN)
    # as somebody types: Enter in the same moment as the last letter may come before gradio knows of it
    field.press_sequentially("blocks.5.0.conv_pw", delay=20)
    opened.wait_for_timeout(500)
    assert field.input_value() == "blocks.5.0.conv_pw"
    field.press("Enter")
    # told of a choice twice, the page may draw the answer before this one again meanwhile
    opened.locator("#sentence .sentence", has_text="at layer blocks.5.0.conv_pw").wait_for(timeout=30 * SECONDS)


def test_another_photograph_is_explained_by_its_own_top_prediction(opened: Any, cup: Path) -> None:
    _changed(opened, lambda: opened.click("#bars button >> nth=2"))
    assert "“espresso”" in _changed(opened, lambda: _upload(opened, cup))
    assert opened.input_value("#target input") == "Top prediction"
    assert "cat”" in _changed(opened, lambda: opened.click("#examples button >> nth=2"))


PRESS = """place => {
  document.querySelector(place).click();
  return document.querySelector("#sentence .sentence").textContent;
}"""


def test_another_class_or_side_is_shown_before_the_server_is_asked(
    browser: Any, address: str, explainer: Explainer
) -> None:
    ask = functools.partial(explainer.explain, sorted(EXAMPLES.glob("*.jpg"))[0], view="whole")
    second = ask().top[1].index
    with visit(browser, address, width=1440, height=1000) as view:
        # what is behind the first answer comes before the check of it
        before = view.get_attribute(DRAWN, "data-drawn")
        expected = [ask(target=second), ask(target=second, counterfactual=True), ask(target=second, both=True)]
        places = [
            "#bars li:nth-child(2) button",
            *(f"#counterfactual input[value={side}]" for side in ("against", "both")),
        ]
        for place, explanation in zip(places, expected, strict=True):
            # within one task of the browser: nothing can have come from the server
            assert view.evaluate(PRESS, place) == explanation.sentence
            drawn = np.asarray(explanation.heatmap_picture()).astype(int)
            assert np.abs(_canvas(view, "heatmap") - drawn).mean() < 0.1
            view.wait_for_function("([s, b]) => document.querySelector(s).dataset.drawn !== b", arg=[DRAWN, before])
            before = view.get_attribute(DRAWN, "data-drawn")
            assert view.inner_text("#sentence .sentence") == explanation.sentence
            assert np.abs(_canvas(view, "heatmap") - drawn).mean() < 0.1
        assert "both=True" in view.evaluate("() => document.querySelector('#stage [data-link]').dataset.link")


def test_looks_cost_no_request(opened: Any) -> None:
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    before = _canvas(opened, "picture")
    for value in ("0.2", "0.5", "0.9"):
        opened.locator(".look .opacity").fill(value)
    opened.select_option(".colormap", "cividis")
    opened.select_option(".view", "masked")
    opened.wait_for_timeout(500)
    assert not np.array_equal(_canvas(opened, "picture"), before)
    assert [url for url in requests if "heartbeat" not in url] == []


def test_signed_colours_are_told_in_words(opened: Any) -> None:
    assert not opened.locator("#stage .sides").is_visible()
    opened.select_option(".signed", "1")
    label = opened.locator("#bars .name").first.inner_text()
    opened.locator("#stage .sides", has_text=f"Orange speaks for “{label}”, blue against “{label}”.").wait_for()
    opened.click("#counterfactual input[value=against]")
    opened.locator("#stage .sides", has_text=f"Orange speaks against “{label}”").wait_for()


def test_an_answer_is_small(opened: Any) -> None:
    sizes: list[int] = []
    opened.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    sent: list[int] = []
    opened.on("request", lambda request: sent.append(len(request.post_data or "")))
    _changed(opened, lambda: opened.click("#bars button >> nth=1"))
    assert max(sent) < 10_000
    assert max(sizes, default=0) < 50_000


def test_values_are_read_by_pointer_and_by_keyboard(opened: Any, explainer: Explainer) -> None:
    assert "bn2 (7×7)" in _changed(opened, lambda: opened.get_by_label("What it was trained to see").click())  # noqa: RUF001
    canvas = opened.locator("canvas.heatmap")
    area = canvas.bounding_box()
    canvas.hover(position={"x": 2, "y": 2})
    assert "outside what the model saw" in opened.inner_text(".readout")
    canvas.hover(position={"x": area["width"] / 2, "y": area["height"] / 2})
    assert "% of the strongest place (raw value" in opened.inner_text(".readout")
    canvas.focus()
    opened.keyboard.press("ArrowRight")
    text = opened.inner_text(".readout")
    x, y = (int(part.split()[1]) for part in text.split(":")[0].split(", "))
    value = explainer.explain(sorted(EXAMPLES.glob("*.jpg"))[0]).heatmap[y, x]
    assert f": {value * 100:.0f} %" in text


def test_the_four_downloads_are_what_the_core_makes(
    opened: Any, explainer: Explainer, cup: Path, tmp_path: Path
) -> None:
    _changed(opened, lambda: _upload(opened, cup))
    opened.locator(".look .opacity").fill("0.4")
    opened.select_option(".colormap", "magma")
    files = {}
    for title in ("Overlay (PNG)", "Heatmap (PNG)", "Raw map (NPY)", "Record (JSON)"):
        with opened.expect_download() as download:
            opened.click(f"text={title}")
        files[title] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[title])
    expected, look = explainer.explain(cup, view="whole"), Look(opacity=0.4, colormap="magma")
    assert files["Overlay (PNG)"].name == f"EfficientNet-Lite0_{expected.target.index}_for_overlay.png"
    assert np.array_equal(np.asarray(Image.open(files["Overlay (PNG)"])), np.asarray(expected.overlay(look)))
    assert np.array_equal(np.asarray(Image.open(files["Heatmap (PNG)"])), np.asarray(expected.heatmap_picture(look)))
    assert np.array_equal(np.load(files["Raw map (NPY)"]), expected.cam)
    record = json.loads(files["Record (JSON)"].read_text(encoding="utf-8"))
    assert np.array_equal(explainer.explain(cup, **record["request"]).cam, expected.cam)
    assert record["look"]["colormap"] == "magma"


def test_a_bad_file_leaves_the_answer_and_says_why(opened: Any, cup: Path, tmp_path: Path) -> None:
    before = opened.inner_text("#sentence .sentence"), _canvas(opened, "heatmap")
    for name in ("truncated.jpg", "page.jpg", "bomb.png"):
        content, words = pictures.UNREADABLE[name]
        (tmp_path / name).write_bytes(content)
        _upload(opened, tmp_path / name)
        opened.wait_for_function(
            "w => document.querySelector('#problem')?.innerText.includes(w)", arg=words, timeout=20 * SECONDS
        )
        assert "Traceback" not in opened.inner_text("body")
        assert opened.inner_text("#sentence .sentence") == before[0]
        assert np.array_equal(_canvas(opened, "heatmap"), before[1])
    assert "espresso" in _changed(opened, lambda: _upload(opened, cup))
    assert not opened.locator("#problem").is_visible()


def test_a_model_that_cannot_be_had_leaves_the_answer(
    opened: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cut_the_network(monkeypatch, tmp_path)
    before = opened.inner_text("#sentence .sentence")
    opened.click("#model input")
    opened.get_by_role("option", name="MobileNetV3-Large").click()
    opened.wait_for_selector("#problem [role=alert]")
    assert "could not be downloaded (no network in this test)" in opened.inner_text("#problem")
    assert opened.inner_text("#sentence .sentence") == before
    assert opened.input_value("#model input").startswith("EfficientNet-Lite0")


# what the page shows in every frame: the sentence, the bar that is pressed, the note of the map that is drawn
WATCH_FRAMES = """() => {
  window.frames_seen = [];
  const look = () => {
    window.frames_seen.push([
      document.querySelector('#sentence .sentence')?.innerText ?? '',
      document.querySelector('#bars [aria-pressed=true] .name')?.innerText ?? '',
      document.querySelector('#stage [aria-label^=Heatmap]')?.ariaLabel ?? '',
    ]);
    window.frame_watch = requestAnimationFrame(look);
  };
  look();
}"""


def test_the_last_of_many_changes_wins(opened: Any) -> None:
    """Twenty changes a second for two seconds, as somebody drags through a menu."""
    bars = opened.locator("#bars button")
    labels = opened.locator("#bars .name").all_inner_texts()
    opened.evaluate(WATCH_FRAMES)
    order = [*((number * 3 + number // 5) % 5 for number in range(39)), 3]
    opened.evaluate(
        """async order => {
          for (const number of order) {
            document.querySelectorAll('#bars button')[number].click();
            await new Promise(done => setTimeout(done, 50));
          }
        }""",
        order,
    )
    assert bars.count() == len(labels)
    opened.wait_for_function(
        "t => document.querySelector('#sentence').innerText.includes(t)", arg=f"“{labels[3]}”", timeout=20 * SECONDS
    )
    opened.wait_for_timeout(1500)
    seen = opened.evaluate("() => { cancelAnimationFrame(window.frame_watch); return window.frames_seen; }")
    assert f"“{labels[3]}”" in opened.inner_text("#sentence")
    assert opened.locator("#bars [aria-pressed=true]").inner_text().startswith(labels[3])
    assert opened.input_value("#target input") == labels[3]
    # whatever was answered on the way, sentence, bars and map were of one question in every frame
    assert len(seen) > 20
    assert all(f"“{pressed}”" in sentence and sentence in label for sentence, pressed, label in seen)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = []
    with tab(browser, address, width=390, height=900) as view:
        view.goto(f"{address}?__theme={theme}")
        view.wait_for_selector(DRAWN, timeout=60 * SECONDS)
        for width in (390, 1440):
            view.set_viewport_size({"width": width, "height": 900})
            view.wait_for_timeout(500)
            violations = axe.Axe().run(view).response["violations"]
            found += [(width, rule["id"], [node["target"] for node in rule["nodes"]]) for rule in violations]
            assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    assert found == []


def test_every_name_is_found_in_the_menu_of_models(opened: Any) -> None:
    """Opened for the first time the menu gets more than a thousand names, while somebody is typing already."""
    opened.click("#model input")
    opened.locator("#model input").press_sequentially("convnext_nano.in12k_ft", delay=20)
    opened.wait_for_function("document.querySelectorAll('ul[role=listbox] li').length === 1", timeout=30_000)
    assert opened.inner_text("ul[role=listbox] li").startswith("convnext_nano.in12k_ft_in1k · ")
    opened.keyboard.press("Escape")
