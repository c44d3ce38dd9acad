"""Who is computed for next, and who is told to wait."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gradcam_core.errors import CamError
from gradcam_core.serving.lanes import CHEAP, COSTLY, Lane, Lanes, Listening, usual_lanes


@dataclass
class Asked:
    address: str
    visitor: str
    since: float = 0.0
    heard: bool = True


def heard(job: Asked) -> bool:
    return job.heard


def lanes(now: float = 100.0) -> Lanes[Asked]:
    rules = Lane(run=1, wait=6, of_address=4, of_visitor=2)
    return Lanes({CHEAP: rules, COSTLY: rules}, clock=lambda: now)


def test_a_visitor_has_a_share_of_the_address_and_that_of_all() -> None:
    waiting = [Asked("a", "1"), Asked("a", "1"), Asked("a", "2"), Asked("a", "3")]
    for visitor, address, words in (("1", "a", "yours"), ("4", "a", "your address")):
        with pytest.raises(CamError, match=words):
            lanes().admit(CHEAP, address, visitor, waiting, heard)
    assert lanes().admit(CHEAP, "b", "1", waiting, heard) is None
    full = [*waiting, Asked("b", "1"), Asked("b", "2")]
    with pytest.raises(CamError, match="on this server"):
        lanes().admit(CHEAP, "c", "1", full, heard)


def test_what_nobody_listens_to_makes_place_for_the_next_of_the_same_address() -> None:
    silent = [Asked("a", str(number), since=float(number), heard=number != 1) for number in range(1, 5)]
    assert lanes(50.0).admit(CHEAP, "a", "9", silent, heard) is silent[0]
    # it may be that somebody is about to listen
    with pytest.raises(CamError):
        lanes(1.5).admit(CHEAP, "a", "9", silent, heard)
    # nor does it make place for another address
    with pytest.raises(CamError):
        lanes(50.0).admit(CHEAP, "b", "9", [*silent, Asked("c", "1"), Asked("c", "2")], heard)


def test_only_what_somebody_listens_to_is_started_and_each_address_in_its_turn() -> None:
    silent, first, second, other = Asked("a", "0", heard=False), Asked("a", "1"), Asked("a", "2"), Asked("b", "1")
    waiting = [silent, first, second, other]
    assert lanes().next(waiting, [], heard) is first
    assert lanes().next(waiting, [Asked("a", "1")], heard) is other
    assert lanes().next(waiting, [Asked("a", "1"), Asked("b", "1")], heard) is second
    assert lanes().next([silent], [], heard) is None


def test_a_crowd_from_one_address_does_not_keep_another_waiting() -> None:
    """However many wait, the next of somebody else is second in the row at most."""
    waiting = [Asked("crowd", str(number)) for number in range(50)] + [Asked("b", "1")]
    running: list[Asked] = []
    order = []
    for _ in range(2):
        job = lanes().next(waiting, running, heard)
        assert job is not None
        waiting.remove(job)
        running.append(job)
        order.append(job.address)
    assert "b" in order


def test_unheard_jobs_end_sooner_when_they_run() -> None:
    late = [Asked("a", "1", since=95.0), Asked("a", "2", since=60.0)]
    assert lanes().unheard(late, running=True) == late
    assert lanes().unheard(late, running=False) == late[1:]


def test_streams_are_counted() -> None:
    listening = Listening()
    assert listening.hears("a")
    listening.watched = True
    assert not listening.hears("a", "b")
    with listening.to("a"), listening.to("a"):
        with listening.to("b"):
            assert listening.hears("a")
            assert listening.hears("c", "b")
        assert not listening.hears("b")
    assert not listening.hears("a")


def test_costly_work_has_places_of_its_own() -> None:
    usual = usual_lanes()
    assert usual[COSTLY].run < usual[CHEAP].run
    assert all(lane.of_visitor <= lane.of_address <= lane.wait / 2 for lane in usual.values())
