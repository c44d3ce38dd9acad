"""What the server remembers of uploads under way, whatever it is asked about them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from gradio.route_utils import FileUploadProgressNotTrackedError

from gradcam_core.ui.uploads import LONGEST_NUMBER, MOST_FOLLOWED, _UploadProgress


async def ask(progress: _UploadProgress, number: str) -> None:
    """As the page asks how far an upload is, which may not have begun."""
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(progress.is_tracked(number), timeout=0.01)


def test_an_upload_is_followed_by_whoever_asked_before_it_began() -> None:
    async def follow() -> list[int]:
        progress = _UploadProgress()
        asked = asyncio.create_task(progress.is_tracked("a"))
        await asyncio.sleep(0)
        progress.track("a")
        assert await asyncio.wait_for(asked, 5)
        progress.append("a", "cat.jpg", bytes(10))
        progress.append("a", "cat.jpg", bytes(5))
        sizes = [progress.pop("a").chunk_size]
        assert not progress.is_done("a")
        progress.set_done("a")
        assert progress.is_done("a")
        progress.stop_tracking("a")
        with pytest.raises(FileUploadProgressNotTrackedError):
            progress.is_done("a")
        return sizes

    assert asyncio.run(follow()) == [15]


def test_what_nobody_uploads_and_what_nobody_follows_is_forgotten() -> None:
    progress = _UploadProgress()

    async def many() -> None:
        await asyncio.gather(*(ask(progress, f"asked {number}") for number in range(50)))
        await ask(progress, "a" * (LONGEST_NUMBER + 1))
        for number in range(3 * MOST_FOLLOWED):
            progress.track(str(number))
            progress.append(str(number), "cat.jpg", b"x")

    asyncio.run(many())
    assert len(progress._statuses) == MOST_FOLLOWED
    assert set(progress._signals) == set(progress._statuses)
    # the last ones are still followed
    assert progress.pop(str(3 * MOST_FOLLOWED - 1)).chunk_size == 1
    progress.append("0", "cat.jpg", b"x")
    assert "0" not in progress._statuses


def test_a_number_that_no_page_makes_is_not_remembered() -> None:
    progress = _UploadProgress()
    number = "a" * (LONGEST_NUMBER + 1)
    progress.track(number)
    progress.append(number, "cat.jpg", b"x")
    progress.set_done(number)
    assert not progress._statuses
    assert not progress._signals
