"""Values that nobody thought of, at every endpoint: an answer or an error in words.

Seconds by default; `pytest --long` looks for minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from gradcam_core import CamError, Explainer, TextExplainer
from gradcam_core.checks import brushed
from gradcam_core.engine.watch import Watch
from gradcam_core.methods import METHODS
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.serving.services import Services
from gradcam_core.types import Box, Placement

from ..helpers import SmallNetwork, noise

LONGEST = 1000
TEXTS = some.text(max_size=12)
NUMBERS = some.one_of(some.integers(), some.floats(), some.integers(-2, 70))
ANYTHING = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXTS),
    lambda inner: some.one_of(some.lists(inner, max_size=4), some.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)
POINTS = some.lists(some.lists(NUMBERS, min_size=1, max_size=3), max_size=6)
STROKES = some.lists(some.fixed_dictionaries({}, optional={"points": POINTS | ANYTHING, "radius": NUMBERS | ANYTHING}))
# what may be meant, by the input's name
MEANT = {
    "model": some.sampled_from(["own", "auto", "efficientnet_lite0", "resnet"]),
    "layer": some.sampled_from(["auto", "features", "features.0", ""]),
    "layers": some.sampled_from(["all", "auto", "features; features.0"]),
    "method": some.sampled_from([*METHODS, "auto"]),
    "methods": some.sampled_from(["gradcam; hirescam", "layercam"]),
    "strokes": STROKES,
    "text": some.sampled_from(["재미있다", "a", ""]),
}
USUAL = some.one_of(
    NUMBERS, TEXTS, some.sampled_from(["auto", "0", "1", "true", "next three", "0; 1"]), some.booleans()
)
# these have models of their own, which take seconds
READY = tuple(endpoint for endpoint in ENDPOINTS if endpoint.name not in {"describe", "ask"})


@pytest.fixture
def services(small: tuple[Explainer, SmallNetwork], toy: TextExplainer) -> Services:
    return Services.of(small[0], toy)


def check_words(error: CamError) -> None:
    assert 0 < len(str(error)) < LONGEST
    assert "\n" not in str(error)


@settings(suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_every_endpoint_takes_any_values(services: Services, data: Any) -> None:
    endpoint = data.draw(some.sampled_from(READY))
    values: dict[str, Any] = {"model": "own"} if "model" in endpoint.options else {}
    for one in endpoint.inputs:
        if one.name == "image":
            values["image"] = data.draw(some.one_of(some.just(noise(30, 40)), some.just(b"x"), ANYTHING))
        elif data.draw(some.booleans()):
            values[one.name] = data.draw(some.one_of(MEANT.get(one.name, USUAL), USUAL, ANYTHING))
    function = endpoint.bound(services)
    try:
        endpoint.signature.bind(**values)
    except TypeError:
        # what has to be given was not: that is said by whoever calls
        return
    try:
        function(**values)
    except CamError as error:
        check_words(error)


@settings(suppress_health_check=list(HealthCheck))
@given(
    strokes=STROKES | ANYTHING,
    height=some.integers(1, 400),
    width=some.integers(1, 400),
    box=some.tuples(*[some.floats(-100, 500) for _ in range(4)]),
)
def test_any_strokes_are_a_region_or_an_error_in_words(
    strokes: Any, height: int, width: int, box: tuple[float, ...]
) -> None:
    steps: list[int] = []
    try:
        found = brushed(strokes, Placement(height, width, Box(*box)), watch=Watch(lambda done, _: steps.append(done)))
    except CamError as error:
        check_words(error)
    else:
        assert found.shape == (height, width)
        assert found.dtype == np.bool_
    assert len(steps) < 100
