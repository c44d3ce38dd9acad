"""Two replicas of a real Ray on this machine; skipped where it is not installed.

pip install -r gradcam_core/serving/requirements.txt && python -m pytest tests/serving/cluster
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from gradcam_core import Explainer, StoppedError, TargetError, audit
from gradcam_core.engine.watch import Watch
from gradcam_core.errors import ServingError
from gradcam_core.languages import Finding
from gradcam_core.serving.cluster.connecting import NAME, connected
from gradcam_core.serving.cluster.far import FarServices
from gradcam_core.serving.cluster.rows import far_rows
from gradcam_core.serving.endpoints import ENDPOINTS
from gradcam_core.serving.services import Services
from tests.ui.visits import connected as visiting

from .replicas import OPTIONS_HERE, jpeg
from .test_rows import opened

ROOT = Path(__file__).parents[3]
TABLE = {endpoint.name: endpoint for endpoint in ENDPOINTS}
OBJECT_STORE_BYTES = 200_000_000
SECONDS = 300
# Ray itself warns of these
IGNORED = ("ignore::DeprecationWarning", "ignore::ResourceWarning")
pytestmark = [pytest.mark.filterwarnings(one) for one in IGNORED]


def free_ports(count: int) -> list[int]:
    """As many different ones."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """Ray with two cores for replicas and two for a folder's workers, connected to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # a cluster of its own, for this test alone: it needs no token
        patch.setenv("RAY_AUTH_MODE", "disabled")
        ray = pytest.importorskip("ray", reason="ray is not installed: gradcam_core/serving/requirements.txt names it")
        heads: list[subprocess.Popen[bytes]] = []
        try:
            until = time.monotonic() + SECONDS
            while not ray.is_initialized():
                # it gives each of its own processes 30 s to start, which a machine with much else to do does not keep
                if not heads or heads[-1].poll() is not None:
                    head, port = begun()
                    heads.append(head)
                try:
                    ray.init(
                        address=f"{ray.util.get_node_ip_address()}:{port}",
                        log_to_driver=False,
                        logging_level="CRITICAL",
                    )
                except Exception:
                    assert time.monotonic() < until
                    time.sleep(1)
            yield ray
            ray.shutdown()
        finally:
            for head in heads:
                head.terminate()
                head.wait(60)


def begun() -> tuple[subprocess.Popen[bytes], int]:
    """Ray's first process, and the port at which it is reached."""
    # with ports of their own none of its processes waits for another one, which it does for 15 s at most
    port, *agents = free_ports(4)
    names = ("dashboard-agent-grpc-port", "dashboard-agent-listen-port", "runtime-env-agent-port")
    given = [f"--{name}={number}" for name, number in zip(names, agents, strict=True)]
    usual = ["--block", "--num-cpus=4", f"--object-store-memory={OBJECT_STORE_BYTES}", "--include-dashboard=false"]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", f"--port={port}", *usual, *given]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL), port


@pytest.fixture(scope="module")
def far(ray: Any) -> Iterator[Services]:
    with connected("local", OPTIONS_HERE, replicas=2) as (explainer, demo):
        yield FarServices.of(explainer.offering(demo.offer))
    # nothing of it is left
    assert not [one for one in ray.util.list_named_actors(all_namespaces=True) if NAME in one["name"]]


def replicas_of(ray: Any) -> dict[str, Any]:
    """Name -> handle of each replica that is alive."""
    names = [one for one in ray.util.list_named_actors(all_namespaces=True) if f"{NAME}#Replica" in one["name"]]
    return {one["name"]: ray.get_actor(one["name"], one["namespace"]) for one in names}


def test_answers_are_those_of_the_plain_app(far: Services, explainer: Explainer) -> None:
    image = jpeg(1)
    known = explainer.explain(image)
    assert np.array_equal(far.explainer.explain(image).cam, known.cam)
    assert far.bound(TABLE["explain"])(image)[2]["sentence"] == known.sentence
    with pytest.raises(TargetError, match="nowhere"):
        far.bound(TABLE["explain"])(image, target="nowhere")


def test_a_photographs_questions_go_to_one_replica(far: Services) -> None:
    asked = far.explainer.asking  # type: ignore[attr-defined]
    at = Counter[str]()
    for seed in range(20, 28):
        before = asked.sent
        who = {asked.ask(far.explainer, "who", key=f"photograph {seed}") for _ in range(4)}
        assert len(who) == 1
        at.update(who)
        image = jpeg(seed, 600, 800)
        for target in (1, 2, 3):
            far.explainer.explain(image, target=target)
        # a replica that does not remember it would have asked for it again
        assert asked.sent - before < 2 * len(image)
    assert len(at) == 2


def test_progress_and_stop_reach_the_replica(far: Services) -> None:
    stop, told = Event(), list[tuple[int, int]]()

    def progress(done: int, count: int) -> None:
        told.append((done, count))
        if done:
            stop.set()

    with pytest.raises(StoppedError):
        far.bound(TABLE["explain"])(jpeg(6), method="scorecam", watch=Watch(progress, stop))
    assert told[-1][1] > 100
    # it computes no more: a replica that still did would be busy for minutes
    asked = far.explainer.asking  # type: ignore[attr-defined]
    until = time.monotonic() + 60
    while busy := sum(asked.ask(far.explainer, "busy", key=f"anyone {seed}") > 1 for seed in range(8)):
        assert time.monotonic() < until, busy
        time.sleep(0.2)


def test_where_a_replica_is_killed_under_load_nothing_is_wrong_or_lost(
    far: Services, ray: Any, explainer: Explainer
) -> None:
    asked = far.explainer.asking  # type: ignore[attr-defined]
    images = {seed: jpeg(seed) for seed in range(40, 48)}
    known = {seed: explainer.explain(image, target=7).cam for seed, image in images.items()}
    before, begun, stop, said = asked.asked_again, set[int](), Event(), list[str]()

    def progress(seed: int, done: int, _: int, *findings: Finding) -> None:
        said.extend(map(str, findings))
        if done:
            begun.add(seed)
        if asked.asked_again > before:
            # all of it takes minutes, and that it was asked again is enough
            stop.set()

    def slow(seed: int) -> object:
        watch = Watch(partial(progress, seed), stop)
        return far.bound(TABLE["explain"])(images[seed], method="scorecam", watch=watch)

    def ask(number: int) -> bool:
        seed = 40 + number % len(images)
        if number == 20:
            until = time.monotonic() + SECONDS
            while len(begun) < 2:
                assert time.monotonic() < until
                time.sleep(0.1)
            # each of them computes something that is half done
            ray.kill(next(iter(replicas_of(ray).values())), no_restart=True)
        return np.array_equal(far.explainer.explain(images[seed], target=7).cam, known[seed])

    # a photograph at each of them
    at = {
        asked.ask(far.explainer, "who", key=far.explainer.photograph(image).digest): seed
        for seed, image in images.items()
    }
    assert len(at) == 2
    with ThreadPoolExecutor(8) as visitors:
        waiting = [visitors.submit(slow, seed) for seed in at.values()]
        assert all(visitors.map(ask, range(60)))
        for one in waiting:
            with pytest.raises(StoppedError):
                one.result(SECONDS)
    assert asked.asked_again > before
    assert any("computed again elsewhere" in one for one in said), said


def test_a_page_that_comes_while_a_replica_is_replaced_leaves_the_others(far: Services, ray: Any) -> None:
    from ray import serve

    until = time.monotonic() + SECONDS
    while len(there := replicas_of(ray)) < 2 or serve.status().applications[NAME].status != "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.2)
    image = jpeg(60)
    known = far.explainer.explain(image)
    lost, stays = there
    ray.kill(there[lost], no_restart=True)
    while serve.status().applications[NAME].status == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.2)
    address = ray.get_runtime_context().gcs_address
    with connected(address, {**OPTIONS_HERE, "cache_mb": 150}) as (second, _):
        assert np.array_equal(second.explain(image).cam, known.cam)
        while serve.status().applications[NAME].status != "RUNNING":
            assert time.monotonic() < until
            time.sleep(0.2)
        assert stays in replicas_of(ray)
    assert stays in replicas_of(ray)


def test_a_folders_rows_are_made_and_written_by_workers(ray: Any, tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(20):
        (folder / f"{seed:02}.jpg").write_bytes(jpeg(seed))
    (folder / "broken.jpg").write_bytes(b"nothing")
    here = audit(opened(), folder, model="own", rows=tmp_path / "here.parquet")
    told: list[int] = []
    with far_rows("local", opened) as making:
        there = audit(
            opened(),
            folder,
            model="own",
            rows=tmp_path / "there.parquet",
            making=making,
            watch=Watch(lambda done, count: told.append(done)),
        )
    assert list(there.rows()) == list(here.rows())
    assert told[:22] == list(range(22))


def test_other_weights_on_a_worker_are_told(ray: Any, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(jpeg(1))
    with far_rows("local", partial(opened, 1)) as making, pytest.raises(ServingError, match="other weights"):
        audit(opened(), tmp_path, model="own", rows=tmp_path / "rows.parquet", making=making)


@pytest.fixture(scope="module")
def page(ray: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The app itself, on the replicas that are there."""
    (port,) = free_ports(1)
    address = ray.get_runtime_context().gcs_address
    options = ["--ray", address, "--port", str(port), "--cache-mb", "100", "--no-own-models"]
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("page"))}
    server = subprocess.Popen(
        [sys.executable, "app.py", *options], cwd=ROOT, text=True, stderr=subprocess.PIPE, env=environment
    )
    yield server, port
    server.kill()
    server.wait()


def test_the_app_asks_the_replicas_that_are_there_and_leaves_them(
    page: tuple[subprocess.Popen[str], int], far: Services, ray: Any, explainer: Explainer, tmp_path: Path
) -> None:
    from gradio_client import handle_file

    server, port = page
    until = time.monotonic() + SECONDS
    # another one is started for the one that was killed
    while len(there := replicas_of(ray)) < 2:
        assert time.monotonic() < until
        time.sleep(0.5)
    path = tmp_path / "photograph.jpg"
    path.write_bytes(jpeg(50))
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            break
        except OSError:
            assert time.monotonic() < until
            assert server.poll() is None
            time.sleep(0.5)
    client = visiting(f"http://127.0.0.1:{port}")
    _, _, record = client.predict(handle_file(str(path)), api_name="/explain")
    assert record["sentence"] == explainer.explain(path).sentence
    client.close()
    server.send_signal(signal.SIGTERM)
    _, said = server.communicate(timeout=60)
    assert server.returncode == 0, said
    # others go on
    assert replicas_of(ray).keys() == there.keys()
    assert np.array_equal(far.explainer.explain(path).cam, explainer.explain(path).cam)
