"""Fixtures for all tests: what takes long to make is made once."""

from __future__ import annotations

import ast
import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial, wraps
from pathlib import Path
from threading import RLock
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import torch
from hypothesis import settings
from numpy.typing import NDArray

from gradcam_core import Explainer, TextExplainer
from gradcam_core.engine import cores as spare_cores
from gradcam_core.engine.engines import ENGINES
from gradcam_core.engine.kept_survey import kept_survey
from gradcam_core.engine.runner import LocalRunner
from gradcam_core.engine.store import Store, cache_folder
from gradcam_core.models import MODELS, sizes

from .helpers import SmallNetwork, small_spec
from .reviews import explainer_of, random_network, toy_network

LONGEST = "test_benchmarks.py"
# the folder of the tests that ask one server in a process of its own
ONE_SERVER = "tests/abuse/"


def _parse_alone() -> None:
    """Let one thread at a time parse Python, with nothing collected meanwhile.

    Before 3.11.8 all threads count in one place how deep they are (python/cpython#106905). Where what is collected
    while one parses lets another parse as well, either may end in a SystemError: so did hypothesis and pytest, which
    parse what they import and report, beside the threads of a server.
    """
    parse, lock = ast.parse, RLock()

    @wraps(parse)
    def alone(*given: Any, **options: Any) -> Any:
        with lock:
            collecting = gc.isenabled()
            gc.disable()
            try:
                return parse(*given, **options)
            finally:
                if collecting:
                    gc.enable()

    ast.parse = alone


if sys.version_info < (3, 11, 8):
    _parse_alone()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Set apart all that is imported and collected: it stays for the whole run, and is no test's garbage.

    A full collection looks through 800,000 objects of that, which takes a second, and one is due every few seconds.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers take files in an order of their own: the longest first, browsers and computing mixed.

    In the order of their names all browsers come last, together, and wait for each other.
    """
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(
            key=lambda item: (item.path.name != LONGEST, crc32(str(item.path.relative_to(config.rootpath)).encode()))
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where each file is one worker's, those that share a server are one worker's: it is started once, not twice."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return ONE_SERVER if nodeid.startswith(ONE_SERVER) else super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="look for inputs that do harm for minutes instead of seconds")


def pytest_configure(config: pytest.Config) -> None:
    long = config.getoption("--long")
    # the same examples every time by default: a push does not fail for what was there before it
    settings.register_profile(
        "usual", max_examples=20_000 if long else 150, derandomize=not long, deadline=None, database=None
    )
    settings.load_profile("usual")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Threads of torch beside those of the tests would wait for each other on small machines."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def _torch_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Converting takes a process and seconds a network: tests run in PyTorch, but for those of the engine."""
    before = ENGINES["auto"]
    ENGINES["auto"] = LocalRunner
    os.environ["GRADCAM_CACHE"] = str(tmp_path_factory.mktemp("converted"))
    yield
    ENGINES["auto"] = before


@pytest.fixture
def surveyed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same weights in the same network are tried out once for all tests, as those of a package are for all starts.

    For tests of what comes before that, such as how a file is read, and of what comes behind it.
    """
    monkeypatch.setattr(sizes, "survey", partial(kept_survey, store=Store(cache_folder())))


@pytest.fixture(scope="session")
def explainer() -> Explainer:
    """An explainer whose default model, EfficientNet-Lite0, is loaded once for all tests."""
    return Explainer(device="cpu")


@pytest.fixture(scope="session")
def chelsea() -> NDArray[np.uint8]:
    """A cat, 451 x 300 pixels."""
    from skimage import data

    return data.chelsea()


@pytest.fixture(scope="session")
def coffee() -> NDArray[np.uint8]:
    """A cup of coffee, 600 x 400 pixels."""
    from skimage import data

    return data.coffee()


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are computed one after the other."""
    monkeypatch.setattr(spare_cores, "cores", lambda: 1)


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`offer(network, size=..., ...)` adds a model to the registry for one test and returns its name."""

    def add(network: torch.nn.Module, name: str = "own", **options: Any) -> str:
        monkeypatch.setitem(MODELS, name, small_spec(name, network, **options))
        return name

    return add


@pytest.fixture
def small(offer: Callable[..., str]) -> tuple[Explainer, SmallNetwork]:
    """An explainer of its own that offers the quick `SmallNetwork` as the model "own"."""
    network = SmallNetwork()
    offer(network)
    return Explainer(device="cpu"), network


@pytest.fixture
def toy(tmp_path: Path) -> TextExplainer:
    """A network for text whose answers can be worked out by hand."""
    return explainer_of(toy_network(), tmp_path / "toy.safetensors")


@pytest.fixture
def rich(tmp_path: Path) -> TextExplainer:
    """One with random weights and all filter widths."""
    return explainer_of(random_network(), tmp_path / "rich.safetensors")
