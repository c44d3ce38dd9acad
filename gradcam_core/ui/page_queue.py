"""Gradio's queue with lanes and shares: see `serving.lanes`. Public name: `PageQueue`."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import fastapi
from gradio.block_function import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, EventQueue, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import CloseStreamMessage, ProcessCompletedMessage
from gradio.utils import run_coro_in_background

from ..errors import ServingError
from ..languages import Finding, in_language, say
from ..methods import METHODS
from ..serving.guard import Visitor
from ..serving.lanes import BESIDE, CHEAP, COSTLY, Lanes, Listening

__all__ = ["PageQueue"]

# how many visitors who are gone have the answers kept that they did not fetch
KEPT_ANSWERS = 500
COSTLY_METHODS = frozenset(key for key, method in METHODS.items() if method.costly)
UNHEARD = Finding("door.unheard")
# a browser opens its next stream so long after the last: one that is told to have been forgotten listens no more
RETURNS_SECONDS = 60.0
# the lanes that a job of each lane lets go first, between two of its passes
BEFORE = {COSTLY: (CHEAP,), BESIDE: (CHEAP, COSTLY)}
# so long after its last answer a browser's stream is left open: closed at once, it would miss what is being asked
LINGER_SECONDS = 5.0
# so long after it was told to, a stream has ended, or its client means to keep it
ENDS_SECONDS = 5.0
# stands among the jobs of a visitor while his stream is left open
OPEN = "open"
JOIN = "/queue/join"
# a costly job waits at most so long between two passes while cheap ones run: it goes on slowly, not never
GIVE_WAY_SECONDS = 0.5


class _QueuedEvent:
    """An event of gradio's, as the lanes see it."""

    def __init__(self, event: Event) -> None:
        visitor = event.request.scope.get("visitor") or Visitor("")
        self.event = event
        self.address = visitor.address
        self.caller = visitor.caller
        self.language = visitor.language
        self.visitor = event.session_hash
        self.since = time.monotonic()
        self.is_ended = False


@dataclass
class _Session:
    """What gradio has to tell a visitor, when he last asked or listened, and when something was last under way.

    `ends` says that he has been told that his stream ends.
    """

    messages: Any
    since: float
    busy: float
    ends: bool = False


# for which this thread computes
job_now: ContextVar[_QueuedEvent | None] = ContextVar("job_now", default=None)


class PageQueue(Queue):
    """Takes a job only within the shares, starts it only when somebody listens, and ends it when nobody does."""

    def __init__(self, *args: Any, lanes: Lanes[_QueuedEvent], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lanes = lanes
        self.listening = Listening()
        self._jobs: dict[str, _QueuedEvent] = {}
        self._sessions: dict[str, _Session] = {}
        self.event_queue_per_concurrency_id = {name: EventQueue(name, lane.run) for name, lane in lanes.lanes.items()}
        # gradio keeps these of the last 10,000 events, for a page that is not offered here
        self.ANALYTICS_MAX_EVENTS = 1
        # whoever waits is looked for as often
        self.sleep_when_free = 0.003

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Nothing: gradio makes a table of all events at each, in a thread that the answers need."""
        return self.cached_event_analytics_summary

    async def push(
        self, body: PredictBodyInternal, request: fastapi.Request, username: str | None
    ) -> tuple[bool, Any, Literal["success", "error", "queue_full", "validator_error"]]:
        """Gradio's own, into the lane of the job. Raises fastapi.HTTPException where a share is used up."""
        if body.fn_index is None:
            return await super().push(body, request, username)
        await self._until_ended(str(body.session_hash))
        function = get_fn(self.blocks, None, body)
        lane = _lane(function, body.data)
        visitor = request.scope.get("visitor") or Visitor("")
        waiting = [self._job(event) for event in self.event_queue_per_concurrency_id[lane].queue]
        try:
            place = self.lanes.admit(lane, visitor.address, body.session_hash, waiting, self._is_heard)
        except ServingError as error:
            raise fastapi.HTTPException(429, str(error)) from None
        if place is not None:
            self._drop(place)
        success, event_id, state = await super().push(body, request, username)
        event = self.event_ids_to_events.get(str(event_id)) if success else None
        if event is not None:
            before = self.event_queue_per_concurrency_id[event.concurrency_id].queue
            if event in before:
                before.remove(event)
                event.concurrency_id = lane
                self.event_queue_per_concurrency_id[lane].queue.append(event)
            self._job(event)
        self._remember(str(body.session_hash), request.url.path.endswith(JOIN))
        return success, event_id, state

    async def _until_ended(self, session: str) -> None:
        """Between the end of a visitor's stream, of which he is told, and the next stream, take no question of his.

        He would never hear the answer: a browser that has yet to read that its stream ends opens no other one, the old
        stream takes messages that nobody reads any more, and what is left unread in it would end the next one.
        """
        until = time.monotonic() + ENDS_SECONDS
        while (known := self._sessions.get(session)) is not None:
            heard = self.listening.hears(session)
            if known.ends and not heard:
                while not known.messages.empty():
                    known.messages.get_nowait()
            if not (known.ends and heard) or time.monotonic() > until:
                # and from now on no stream of his is ended
                known.ends, known.busy = False, time.monotonic()
                return
            await asyncio.sleep(0.005)

    def _remember(self, session: str, has_one_stream: bool) -> None:
        """Note that a visitor was there, the last of all, and whether he hears of all that he asks in one stream."""
        self._sessions.pop(session, None)
        if session in self.pending_messages_per_session:
            now = time.monotonic()
            self._sessions[session] = _Session(self.pending_messages_per_session[session], now, now)
            if has_one_stream:
                self.pending_event_ids_session.setdefault(session, set()).add(OPEN)

    async def clean_events(self, *, session_hash: str | None = None, event_id: str | None = None) -> None:
        """Gradio's own for one event. Of a stream that ended, the visitor may open the next one and has asked already.

        Gradio would forget what he asked meanwhile; what nobody comes to listen to is ended by `_look_after`.
        """
        known = self._sessions.get(str(session_hash))
        if event_id is not None or known is None:
            await super().clean_events(session_hash=session_hash, event_id=event_id)
        elif session_hash not in self.pending_messages_per_session:
            self.pending_messages_per_session[str(session_hash)] = known.messages

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next job of the lane that has a free place: see `Lanes.next`."""
        for lane, queue in self.event_queue_per_concurrency_id.items():
            if not queue.queue:
                continue
            if lane == BESIDE and self.lanes.gives_way and any(map(self._is_busy, self._before(lane))):
                continue
            if queue.concurrency_limit is None or queue.current_concurrency < queue.concurrency_limit:
                job = self.lanes.next([self._job(event) for event in queue.queue], self._running(), self._is_heard)
                if job is not None:
                    queue.queue.remove(job.event)
                    return [job.event], False, lane
        return None

    async def process_events(self, events: list[Event], *args: Any, **options: Any) -> None:
        """Gradio's own; then forgets what only this job needed."""
        token = job_now.set(self._job(events[0]))
        try:
            with in_language(self._job(events[0]).language):
                await super().process_events(events, *args, **options)
        finally:
            job_now.reset(token)
            for event in events:
                self._jobs.pop(event._id, None)
                if event.session_hash == event._id and self.server_app is not None:
                    # asked without a session: nobody can come back to this one
                    self.server_app.state_holder.session_data.pop(event._id, None)
                    self.server_app.state_holder.time_last_used.pop(event._id, None)

    def send_message(self, event: Event, event_message: Any) -> None:
        # gradio tells whoever waits of their places, and some have gone meanwhile
        with suppress(KeyError):
            super().send_message(event, event_message)

    def start(self) -> None:
        super().start()
        run_coro_in_background(self._look_after)

    def between_passes(self) -> bool:
        """Let what is cheap, or asked for, go first for a while; whether somebody still listens for the job of this
        thread."""
        job = job_now.get()
        if job is None:
            return True
        until = time.monotonic() + GIVE_WAY_SECONDS
        first = self._before(job.event.concurrency_id) if self.lanes.gives_way else []
        while not job.is_ended and time.monotonic() < until and any(one.current_concurrency for one in first):
            time.sleep(0.01)
        return not job.is_ended

    def _is_busy(self, queue: EventQueue) -> bool:
        """Whether one of its jobs runs, or waits to: what nobody listens to is not waited for."""
        return queue.current_concurrency > 0 or any(self._is_heard(self._job(event)) for event in queue.queue)

    def _before(self, lane: str) -> list[EventQueue]:
        """The queues whose jobs go first."""
        return [self.event_queue_per_concurrency_id[one] for one in BEFORE.get(lane, ())]

    async def _look_after(self) -> None:
        """Twice a second: who listens, what nobody listens to, what is no longer needed."""
        while not self.stopped:
            await asyncio.sleep(0.5)
            queues = self.event_queue_per_concurrency_id.values()
            waiting = [self._job(event) for queue in queues for event in queue.queue]
            running = self._running()
            self._jobs = {job.event._id: job for job in (*waiting, *running)}
            for job in self._jobs.values():
                if self._is_heard(job):
                    job.since = time.monotonic()
            silent = self.lanes.unheard(waiting, running=False) + self.lanes.unheard(running, running=True)
            for job in silent:
                self._drop(job)
            self._close_streams()
            self._forget()

    def _running(self) -> list[_QueuedEvent]:
        return [self._job(event) for events in self.active_jobs if events for event in events]

    def _job(self, event: Event) -> _QueuedEvent:
        known = self._jobs.get(event._id)
        if known is None:
            known = self._jobs[event._id] = _QueuedEvent(event)
        return known

    def _is_heard(self, job: _QueuedEvent) -> bool:
        if job.caller and not self.listening.hears(job.caller):
            return False
        return self.listening.hears(job.event.session_hash, job.event._id)

    def _drop(self, job: _QueuedEvent) -> None:
        """End a job; whoever comes to listen after all is told."""
        event = job.event
        queue = self.event_queue_per_concurrency_id[event.concurrency_id].queue
        if event not in queue:
            job.is_ended = True
            return
        queue.remove(event)
        self.event_ids_to_events.pop(event._id, None)
        self._jobs.pop(event._id, None)
        self.send_message(
            event, ProcessCompletedMessage(output={"error": say(UNHEARD, self._job(event).language)}, success=False)
        )

    def _close_streams(self) -> None:
        """End the streams of those for whom nothing has been under way for a while: gradio would end them at once."""
        now = time.monotonic()
        for session, known in self._sessions.items():
            events = self.pending_event_ids_session.get(session, set())
            if self.listening.hears(session, *events):
                known.since = now
            if events - {OPEN}:
                known.busy = now
            elif OPEN in events and now - known.busy > LINGER_SECONDS:
                events.remove(OPEN)
                if self.listening.hears(session):
                    known.ends = True
                    known.messages.put_nowait(CloseStreamMessage())

    def _forget(self) -> None:
        """Gradio notes down every visitor of the queue, and never forgets one."""
        now = time.monotonic()
        unheard = [
            session
            for session in self._sessions
            if not self.listening.hears(session, *self.pending_event_ids_session.get(session, ()))
        ]
        surplus = len(unheard) - KEPT_ANSWERS
        # whoever has been quiet for longest comes first
        for session in sorted(unheard, key=lambda session: self._sessions[session].since):
            events = self.pending_event_ids_session.get(session, set())
            gone = not events and now - self._sessions[session].since > RETURNS_SECONDS
            if gone or (surplus > 0 and not events & self.event_ids_to_events.keys()):
                surplus -= 1
                del self._sessions[session]
                self.pending_event_ids_session.pop(session, None)
                self.pending_messages_per_session.pop(session, None)


def _lane(function: BlockFunction, data: list[Any]) -> str:
    """The function's own, but costly where it is asked for a method that is."""
    if any(isinstance(value, str) and value in COSTLY_METHODS for value in data):
        return COSTLY
    return str(function.concurrency_id)
