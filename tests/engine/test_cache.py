"""A cache bounded in bytes: what goes first, what is never kept, and one computation for all who wait."""

from __future__ import annotations

import contextlib
import gc
import time
import weakref
from dataclasses import dataclass
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest

from gradcam_core.engine.cache import ByteCache

from ..helpers import in_threads


@dataclass(frozen=True, eq=False)
class Weight:
    nbytes: int


def cache(size: int = 100, ttl: float = 60) -> ByteCache[Weight]:
    return ByteCache(size, ttl)


def forbidden() -> Any:
    raise AssertionError("was computed again")


def test_the_least_recently_used_goes_first() -> None:
    values = cache(100)
    kept = {name: values.get(name, partial(Weight, 40)) for name in "ab"}
    assert values.get("a", forbidden) is kept["a"]
    values.get("c", partial(Weight, 40))
    # b was used longest ago; a had been asked for again
    assert values.get("a", forbidden) is kept["a"]
    assert len(values) == 2
    assert values.nbytes == 80
    assert values.get("b", partial(Weight, 40)) is not kept["b"]


def test_one_large_value_takes_the_place_of_several() -> None:
    values = cache(100)
    for name in "abc":
        values.get(name, partial(Weight, 30))
    values.get("large", partial(Weight, 80))
    assert values.nbytes == 80
    assert len(values) == 1


def test_never_more_bytes_than_allowed() -> None:
    values = cache(100)
    for index in range(200):
        values.get(index, partial(Weight, index % 37))
        assert values.nbytes <= 100


def test_what_is_larger_than_the_cache_is_returned_but_not_kept() -> None:
    values = cache(100)
    values.get("small", partial(Weight, 60))
    assert values.get("large", partial(Weight, 101)).nbytes == 101
    assert values.get("small", forbidden).nbytes == 60
    assert len(values) == 1


def test_no_bytes_switch_the_cache_off() -> None:
    values = cache(0)
    first, second = (values.get("a", partial(Weight, 1)) for _ in range(2))
    assert first is not second
    assert values.nbytes == 0


def test_values_end_with_their_time() -> None:
    values = cache(ttl=0.05)
    first = values.get("a", partial(Weight, 10))
    assert values.get("a", forbidden) is first
    time.sleep(0.06)
    assert values.nbytes == 0
    assert values.get("a", partial(Weight, 10)) is not first


def test_clear_forgets_everything() -> None:
    values = cache()
    first = values.get("a", partial(Weight, 10))
    values.clear()
    assert values.nbytes == len(values) == 0
    assert values.get("a", partial(Weight, 10)) is not first


def test_all_who_ask_for_a_missing_value_get_one_computation() -> None:
    values, made, all_asked = cache(), [], Barrier(8)

    def make() -> Weight:
        made.append(1)
        time.sleep(0.1)
        return Weight(5)

    def ask() -> Weight:
        all_asked.wait()
        return values.get("a", make)

    assert len(set(in_threads([ask] * 8))) == 1
    assert made == [1]


def test_other_keys_go_on_while_one_is_computed() -> None:
    values, started, release = cache(), Event(), Event()

    def slow() -> Weight:
        started.set()
        assert release.wait(10)
        return Weight(1)

    def quick() -> Weight:
        assert started.wait(10)
        values.get("other", partial(Weight, 2))
        release.set()
        return Weight(2)

    assert [value.nbytes for value in in_threads([lambda: values.get("slow", slow), quick])] == [1, 2]


def test_failure_reaches_all_who_waited_and_nothing_is_kept() -> None:
    values, all_asked = cache(), Barrier(4)

    def fail() -> Weight:
        time.sleep(0.1)
        raise ValueError("no weights")

    def ask() -> str:
        all_asked.wait()
        with pytest.raises(ValueError, match="no weights") as caught:
            values.get("a", fail)
        return str(caught.value)

    assert in_threads([ask] * 4) == ["no weights"] * 4
    assert len(values) == 0
    assert values.get("a", partial(Weight, 3)).nbytes == 3


def test_failure_leaves_no_reference_behind() -> None:
    """What a failed computation had in its hands is freed at once, not when the collector comes by."""
    values = cache()
    held: list[weakref.ref[Weight]] = []

    def fail() -> Weight:
        large = Weight(10**9)
        held.append(weakref.ref(large))
        raise ValueError("too large")

    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            values.get("a", fail)
        assert held[0]() is None
    finally:
        gc.enable()


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="`max_bytes` must not be negative, got -1; 0 switches"):
        ByteCache(-1, 1)
