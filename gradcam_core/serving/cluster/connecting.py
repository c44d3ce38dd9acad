"""Begins and ends it: Ray, the replicas on it, and what asks them.

    with connected("auto", options) as (explainer, demo):
        ui.serve(ui.build(explainer, demo=demo, services=FarServices.of))

    serve deploy cluster.yaml      # with `import_path: gradcam_core.serving.cluster.connecting:application`

Public names: `HERE`, `ROOT`, `application`, `connected`, `reached`, `take_share`.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ...engine.memory import share_one_arena
from ...errors import ServingError, first_line
from ..demo import Demo, pictures_in
from ..options import OPTIONS
from .asking import Asking
from .far import FarExplainer
from .replica import Opened, Replica, Report

__all__ = ["HERE", "ROOT", "application", "connected", "reached", "take_share"]

# the name of the application in Ray, by which a page finds one that runs already
NAME = "gradcam"
# what its status is where it has to be started
GONE = frozenset(("NOT_STARTED", "DEPLOY_FAILED"))
HERE = "local"
ROOT = Path(__file__).parents[3]
# questions that one replica computes beside each other; what waits behind them makes Ray start another one
AT_ONCE = 4
SETTINGS: Mapping[str, Any] = {
    "max_ongoing_requests": AT_ONCE,
    # one that is taken away ends what it computes
    "graceful_shutdown_timeout_s": 60,
    "health_check_period_s": 5,
    "health_check_timeout_s": 30,
}
AUTOSCALING: Mapping[str, Any] = {"min_replicas": 1, "max_replicas": 100, "target_ongoing_requests": 2}
# until replicas that another page is starting are there, or one that was lost is replaced
WAIT_SECONDS, PAUSE_SECONDS = 900, 0.5
# the same photograph to the same replica, while that one has room for it
ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"


def application(options: dict[str, Any]) -> Any:
    """The application for Ray Serve; `options` are those of the command line, by name. Raises ServingError."""
    return _application(options, None)


def _application(options: Mapping[str, Any], replicas: int | None) -> Any:
    """With so many `replicas`, None: as many as what is asked needs."""
    _, serve = _ray()
    from ray.serve.config import RequestRouterConfig  # noqa: PLC0415

    number = {"autoscaling_config": dict(AUTOSCALING)} if replicas is None else {"num_replicas": replicas}
    made = serve.deployment(
        _FetchingReplica,
        name=Replica.__name__,
        request_router_config=RequestRouterConfig(request_router_class=ROUTER),
        ray_actor_options={"num_cpus": 1, "runtime_env": {"env_vars": {"PYTHONPATH": str(ROOT)}}},
        **SETTINGS,
        **number,
    )
    usual = {name: option.default for name, option in OPTIONS.items()}
    return made.bind({**usual, **options})


class _FetchingReplica(Replica):
    def __init__(self, options: Mapping[str, Any]) -> None:
        ray, _ = _ray()
        take_share()
        super().__init__(options, AT_ONCE, ray.get)


def take_share() -> None:
    """Compute on the share of this machine that Ray has given this process."""
    share_one_arena()
    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))


@contextmanager
def connected(
    address: str, options: Mapping[str, Any], *, replicas: int | None = None
) -> Iterator[tuple[FarExplainer, Demo]]:
    """What a page is built on: the replicas at `address`, started where there are none yet.

    "local" starts Ray on this machine alone, and ends it afterwards; another address is that of a cluster, where the
    replicas stay for other pages. Raises ServingError.
    """
    _, serve = _ray()
    with ExitStack() as after:
        ray = after.enter_context(reached(address))
        if address == HERE:
            after.callback(serve.shutdown)
        found = _running(serve) or _started(serve, options, replicas)
        asking = after.enter_context(closing(Asking(_Served(ray, found))))
        # it reads photographs to show them, and computes nothing
        usual = FarExplainer(asking, Opened(Demo(), ()), device="cpu", engine="torch", cache_mb=options["cache_mb"])
        opened: Opened = asking.ask(usual, "opened")
        explainer = FarExplainer(asking, opened, device="cpu", engine="torch", cache_mb=options["cache_mb"])
        said = {name: options[name] for name in ("title", "introduction") if options.get(name)}
        yield explainer, replace(opened.demo, **said, examples=pictures_in(options.get("examples") or ()))


@contextmanager
def reached(address: str) -> Iterator[Any]:
    """The package Ray, connected to the cluster at `address`, as in `connected`. Raises ServingError."""
    ray, _ = _ray()
    with ExitStack() as after:
        if not ray.is_initialized():
            _begin(ray, address)
            after.callback(ray.shutdown)
        yield ray


def _ray() -> tuple[Any, Any]:
    # what is computed here is nobody else's business
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415
        from ray import serve  # noqa: PLC0415
    except ImportError:
        raise ServingError("cluster.ray_missing") from None
    return ray, serve


def _begin(ray: Any, address: str) -> None:
    # it would end the process in its own way
    before = signal.getsignal(signal.SIGTERM)
    own = {"include_dashboard": False} if address == HERE else {}
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **own)
    except Exception as error:
        # Ray raises many kinds, some of them bare
        raise ServingError("cluster.not_reached", address=address, error=first_line(error)) from None
    finally:
        with suppress(ValueError):
            # only the main thread may
            signal.signal(signal.SIGTERM, before)


def _running(serve: Any) -> Any:
    """The replicas of an application that is there already, None where there is none; raises ServingError.

    While one replica is replaced, or the first are started, it is waited for: whoever started the application anew
    would end what the others compute for other pages.
    """
    until = time.monotonic() + WAIT_SECONDS
    while (known := serve.status().applications.get(NAME)) is not None and known.status not in GONE:
        computing = any(one.replica_states.get("RUNNING") for one in known.deployments.values())
        if known.status == "RUNNING" or (computing and known.status != "DELETING"):
            return serve.get_app_handle(NAME)
        if time.monotonic() >= until:
            raise ServingError("cluster.not_started", error=first_line(RuntimeError(known.message), known.status))
        time.sleep(PAUSE_SECONDS)
    return None


def _started(serve: Any, options: Mapping[str, Any], replicas: int | None) -> Any:
    # pages are reached, replicas only by them
    serve.start(http_options={"location": "NoServer"}, logging_config={"log_level": "WARNING"})
    try:
        return serve.run(_application(options, replicas), name=NAME, route_prefix=None)
    except RuntimeError as error:
        raise ServingError("cluster.not_started", error=first_line(error)) from None


class _Served:
    """Replicas of Ray Serve."""

    def __init__(self, ray: Any, handle: Any) -> None:
        self._ray = ray
        self._handle = handle

    async def reports(
        self, key: str, question: bytes, photographs: Mapping[str, bytes], private: Mapping[str, Any]
    ) -> AsyncIterator[Report]:
        asked = self._handle.options(stream=True, session_id=key).answer.remote(question, photographs, private)
        try:
            async for report in asked:
                yield report
        except BaseException:
            asked.cancel()
            raise

    def is_loss(self, error: BaseException) -> bool:
        kinds = self._ray.exceptions
        return isinstance(error, kinds.RayError) and not isinstance(error, kinds.RayTaskError)

    def keep(self, value: Any) -> Any:
        return self._ray.put(value)
