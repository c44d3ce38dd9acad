"""The table of endpoints: what each takes, in which order, how it is documented, and what comes back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from gradcam_core import Explainer, OptionError, StoppedError, TargetError
from gradcam_core import request as request_module
from gradcam_core.engine.watch import Watch
from gradcam_core.reading.uploads import Upload
from gradcam_core.request import Request
from gradcam_core.serving.endpoint import EVERY_OPTION, Endpoint
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.serving.services import Services
from tests.helpers import noise
from tests.pictures import photo, zipped

# as programs send them, some without names: never to be changed, only added to
WIRE = {
    "explain": "image model layer target method counterfactual detail question caption word sharper view lang both",
    "contrast": "image model layer target rival method counterfactual detail question caption word sharper view lang "
    "both",
    "check": "image model layer target method detail counterfactual rival curves question caption word sharper "
    "view lang both",
    "describe": "image model caption word layer target method counterfactual rival detail sharper view lang both",
    "ask": "image question model target layer method counterfactual rival detail sharper view lang both",
    "ask_place": "image x y model layer detail question caption word view lang",
    "without": "image strokes model target detail question caption word view lang",
    "compare": "image model targets methods layers counterfactual hide rival detail question caption word sharper "
    "view models lang both",
    "audit": "archive model layer method detail sharper view lang",
    "explain_text": "text target method counterfactual contrast lang",
    "report_text": "text target check method counterfactual contrast lang",
    "report": "image model target check layer method counterfactual rival detail question caption word sharper view "
    "lang both",
    "stop": "",
}
TABLE = {endpoint.name: endpoint for endpoint in ENDPOINTS}
each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.name for endpoint in ENDPOINTS])


@pytest.fixture(scope="module")
def services(explainer: Explainer) -> Services:
    return Services.of(explainer)


@pytest.fixture
def ask(services: Services) -> Callable[..., Any]:
    def answer(name: str, *values: Any, **named: Any) -> Any:
        return TABLE[name].bound(services)(*values, **named)

    return answer


def test_the_order_of_what_is_given_stays() -> None:
    assert {name: [one.name for one in TABLE[name].inputs][: len(WIRE[name].split())] for name in TABLE} == {
        name: names.split() for name, names in WIRE.items()
    }


@each
def test_everything_that_is_given_is_documented_on_a_line_of_its_own(endpoint: Endpoint, services: Services) -> None:
    function = endpoint.bound(services)
    assert function.__name__ == endpoint.name
    assert list(inspect.signature(function).parameters) == [one.name for one in endpoint.inputs]
    lines = inspect.getdoc(function).splitlines()  # type: ignore[union-attr]
    assert lines[0].endswith(".")
    for one in endpoint.inputs:
        assert f"    {one.name}: {one.description}" in lines
        assert "\n" not in one.description
    assert ("Returns:" in lines) == bool(endpoint.returns)


@each
def test_each_option_is_taken_or_left_out_on_purpose(endpoint: Endpoint) -> None:
    """With the same words as everywhere, but for what means something else there."""
    assert endpoint.lacks <= EVERY_OPTION
    assert endpoint.options == EVERY_OPTION - endpoint.lacks
    options, meant_otherwise = Request.options(), {("contrast", "counterfactual"), ("without", "target")}
    meant_otherwise |= {("describe", "model"), ("ask", "model"), ("ask", "target")}
    for one in endpoint.inputs:
        if one.name in endpoint.options and (endpoint.name, one.name) not in meant_otherwise:
            assert one.description == options[one.name].description


def test_a_new_option_comes_behind_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    new = replace(request_module.OPTIONS["detail"], name="newest")
    monkeypatch.setitem(request_module.OPTIONS, "newest", new)
    for name in TABLE.keys() - {"explain_text", "report_text", "stop"}:
        assert [one.name for one in TABLE[name].inputs] == [*WIRE[name].split(), "newest"]


def test_only_what_takes_many_passes_is_costly() -> None:
    assert {endpoint.name for endpoint in ENDPOINTS if endpoint.costly} == {"audit", "check", "compare", "report"}
    assert [endpoint.name for endpoint in ENDPOINTS if not endpoint.queued] == ["stop"]


def test_values_are_given_in_order_or_by_name(ask: Callable[..., Any], explainer: Explainer) -> None:
    image = noise(240, 240)
    overlay, heatmap, record = ask("explain", image, "auto", "blocks.4", "7", "hirescam", "yes", detail="false")
    expected = explainer.explain(image, layer="blocks.4", target=7, method="hirescam", counterfactual=True)
    assert np.array_equal(record["map"]["values"], expected.cam.tolist())
    assert np.array_equal(np.asarray(overlay), np.asarray(expected.overlay()))
    assert np.array_equal(np.asarray(heatmap), np.asarray(expected.heatmap_picture()))
    _, _, contrast = ask("contrast", image, target="7")
    assert contrast["request"] == explainer.explain(image, target=7, rival="auto").record()["request"]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("explain", {"counterfactual": "perhaps"}, "`counterfactual` 'perhaps' is neither on nor off"),
        ("check", {"curves": "perhaps"}, "`curves` 'perhaps' is neither on nor off"),
        ("ask_place", {"x": "left", "y": 3}, "`x` 'left' is not a number"),
        ("ask_place", {"x": 3, "y": float("nan")}, "`y` 'nan' is not a number"),
        ("ask_place", {"x": None, "y": 3}, "`x` 'None' is not a number"),
        ("compare", {"targets": ["1", "2"]}, "`targets` is a list, but should be a text"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(
    ask: Callable[..., Any], name: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        ask(name, noise(240, 240), **values)


def test_a_class_that_is_none_is_refused(ask: Callable[..., Any]) -> None:
    with pytest.raises(TargetError, match="0 to 999"):
        ask("contrast", noise(240, 240), target="1000")


# of each that takes its time, what is given beside the photograph or the zip
ASKED: dict[str, dict[str, Any]] = {
    "explain": {},
    "contrast": {},
    "check": {},
    "report": {},
    "ask_place": {"x": 120, "y": 120},
    "without": {"strokes": [{"points": [[120, 120]], "radius": 20}]},
    "compare": {"methods": "gradcam;hirescam"},
    "explain_text": {"text": "좋다"},
    "report_text": {"text": "좋다"},
    "describe": {},
    "ask": {"question": "what is this?"},
    "audit": {},
}


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What is given to an endpoint by its name, with the photograph of that seed."""

    def found(name: str, seed: int = 0) -> dict[str, Any]:
        handed: dict[str, Any] = {}
        for one in TABLE[name].inputs:
            if one.kind == "image":
                handed[one.name] = noise(240, 240, seed)
            elif one.kind == "archive":
                path = tmp_path / "all.zip"
                path.write_bytes(zipped(*((f"{number}.png", photo("PNG", 60, 80)) for number in range(4))))
                handed[one.name] = Upload(str(path), str(tmp_path))
        return {**handed, **ASKED[name]}

    return found


# a new endpoint has to be put into ASKED before this passes
@pytest.mark.parametrize("name", [endpoint.name for endpoint in ENDPOINTS if endpoint.queued])
def test_everything_tells_how_far_it_is_and_can_be_stopped(
    ask: Callable[..., Any], given: Callable[..., dict[str, Any]], name: str, tmp_path: Path
) -> None:
    heard: list[float] = []
    ask(name, **given(name), watch=Watch(lambda done, count: heard.append(done / count)))
    assert heard[0] == 0
    assert heard[-1] == 1
    end = Event()
    end.set()
    with pytest.raises(StoppedError):
        ask(name, **given(name), watch=Watch(stop=end))
    # nor is anything of it left
    assert {path.name for path in tmp_path.iterdir()} <= {"all.zip"}


COSTLY = [endpoint.name for endpoint in ENDPOINTS if endpoint.costly]


@pytest.mark.parametrize("name", COSTLY)
def test_what_takes_many_passes_is_stopped_between_two_of_them(
    ask: Callable[..., Any], given: Callable[..., dict[str, Any]], name: str, tmp_path: Path
) -> None:
    """Before the first and behind the last each is told and can be stopped by what calls it."""
    end = Event()
    heard: list[float] = []

    def told(done: int, count: int, *_said: Any) -> None:
        heard.append(done / count)
        if 0 < heard[-1] < 1:
            end.set()

    with pytest.raises(StoppedError):
        # nobody has asked of this photograph: what is remembered takes no time, and is told of at its end alone
        ask(name, **given(name, seed=1 + COSTLY.index(name)), watch=Watch(told, end))
    assert heard == sorted(heard)
    assert 0 < heard[-1] < 1
    assert {path.name for path in tmp_path.iterdir()} <= {"all.zip"}


def test_a_caption_can_be_stopped_between_two_of_its_words(ask: Callable[..., Any]) -> None:
    end = Event()
    heard: list[float] = []

    def told(done: int, count: int) -> None:
        heard.append(done / count)
        if len(heard) == 4:
            end.set()

    with pytest.raises(StoppedError):
        ask("describe", noise(230, 250), watch=Watch(told, end))
    assert heard == sorted(heard)
    assert 0 < heard[-1] < 0.5


def test_stop_ends_what_is_computed_for_its_visitor_alone(ask: Callable[..., Any], services: Services) -> None:
    with services.running.task("one") as mine, services.running.task("other", slot="check") as other:
        ask("stop")
        assert not mine.watch.stopped
        ask("stop", visitor="one")
        assert (mine.watch.stopped, other.watch.stopped) == (True, False)


def test_a_method_for_text_may_be_left_open(ask: Callable[..., Any]) -> None:
    assert ask("explain_text", "좋다", method="auto") == ask("explain_text", "좋다")
