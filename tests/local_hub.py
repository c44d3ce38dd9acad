"""The Hugging Face hub in miniature, on this machine: repositories are folders, and files misbehave where told to.

hub = LocalHub({"owner/name": folder})
hub.faults["model.safetensors"] = "cut"      # one of FAULTS
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# what a file may do: more or fewer bytes than announced, others of the same number, an end in the middle, silence,
# a number of bytes that no disk has, one that is not told, a refusal
FAULTS = ("more", "fewer", "other", "cut", "silent", "vast", "untold", "refused")


class LocalHub:
    """Serves `repositories`, folders by name; `asked` notes the paths of all requests, with whether a token came."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.faults: dict[str, str] = {}
        self.asked: list[tuple[str, bool]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.private: set[str] = set()

    @contextmanager
    def served(self) -> Iterator[str]:
        """As long as the block runs, whoever asks the hub asks this one."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                token = bool(self.headers.get("Authorization"))
                hub.asked.append((self.path, token))
                # whoever asked has gone
                with suppress(OSError):
                    hub._answer(self, token)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        try:
            with patch.multiple(constants, ENDPOINT=address, HUGGINGFACE_CO_URL_TEMPLATE=template):
                yield address
        finally:
            self.gate.set()
            server.shutdown()
            server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, token: bool) -> None:
        path = request.path.partition("?")[0].strip("/")
        api = path.startswith("api/models/")
        path = path.removeprefix("api/models/")
        name = "/".join(path.split("/")[:2])
        folder = self.repositories.get(name)
        if folder is None or (name in self.private and not token):
            # as the hub says of what it will not tell
            return _say(request, 404, b"{}", **{"X-Error-Code": "RepoNotFound"})
        if api:
            if "/revision/" in path and path.rpartition("/")[2] not in (COMMIT, "main"):
                return _say(request, 404, b"{}", **{"X-Error-Code": "RevisionNotFound"})
            return _say(request, 200, json.dumps(self._about(name, folder)).encode())
        return self._send(request, folder / path.rpartition("/")[2])

    def _about(self, name: str, folder: Path) -> dict[str, Any]:
        files = [self._file(path) for path in sorted(folder.iterdir())]
        return {"id": name, "modelId": name, "sha": COMMIT, "siblings": files, "tags": [], "private": False}

    def _file(self, path: Path) -> dict[str, Any]:
        content, fault = path.read_bytes(), self.faults.get(path.name)
        size = {"vast": 10**15, "untold": None}.get(fault or "", len(content))
        large = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 1}
        return {"rfilename": path.name, "size": size, **({"lfs": large} if len(content) > 10_000 else {})}

    def _send(self, request: BaseHTTPRequestHandler, path: Path) -> None:
        fault = self.faults.get(path.name)
        if fault == "refused" or not path.is_file():
            return _say(request, 503 if fault else 404, b"")
        content = path.read_bytes()
        if fault == "other":
            content = content[:-1] + bytes([content[-1] ^ 1])
        body = {"more": content * 2, "fewer": content[:-1], "cut": content[: len(content) // 2]}.get(
            fault or "", content
        )
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) if fault == "cut" else len(body)))
        request.end_headers()
        if fault == "silent":
            request.wfile.write(body[:10])
            time.sleep(30)
            return None
        half = len(body) // 2
        request.wfile.write(body[:half])
        request.wfile.flush()
        self.gate.wait(30)
        request.wfile.write(body[half:])
        return None


def _say(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
