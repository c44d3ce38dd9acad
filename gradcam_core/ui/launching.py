"""The page for an explainer of one's own, from a notebook or a script.

    explainer = Explainer()
    explainer.add_model("mine", module, labels=["cat", "cup"])
    page = launch(explainer, examples=["cat.jpg"], title="Why did it say so?")
    page            # the address
    page.close()    # frees the port, and deletes what visitors handed in

Public names: `Address`, `launch`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ServingError
from ..explainer import Explainer
from ..reading.photograph import MAX_UPLOAD_BYTES
from ..serving.demo import Demo, pictures_in
from ..serving.folder import ServerFolder
from ..serving.hosts import Hosts
from ..serving.room import MAX_WEIGHTS
from .page import build, serve

__all__ = ["Address", "launch"]

HERE = "127.0.0.1"
# where a page's files go is read from the environment when it is made: one at a time
_making = Lock()


class Address(str):
    """The address of a page that is served, a text; `shared` is its public one, None where it has none."""

    shared: str | None
    _close: Callable[[], None]

    __slots__ = ("_close", "shared")

    def close(self) -> None:
        """Stop serving the page, free its port and delete its files; again it does nothing."""
        self._close()

    def __enter__(self) -> Address:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def launch(
    explainer: Explainer,
    *,
    examples: Sequence[str | Path | Image.Image | NDArray[np.uint8]] = (),
    title: str | None = None,
    introduction: str | None = None,
    first: str | None = None,
    only: bool = False,
    own_models: bool = False,
    hub_models: bool = False,
    allow_host: Sequence[str] = (),
    **options: Any,
) -> Address:
    """Serve the page for `explainer` beside what else runs; returns its address, which has `close()`.

    It opens with `first`, None for the model that was added first; with `only` it offers none but those that were
    added. `examples` are photographs: paths, folders, PIL images or (H, W, 3) uint8 arrays; `title` and `introduction`
    stand above it. With `own_models` visitors may upload weights, with `hub_models` choose any classifier of the
    Hugging Face hub. `allow_host` are names under which a proxy asks for the page. `options` go to gradio's launch:
    `inline`, `share`, `server_name`, `server_port`, `inbrowser`, `height`, `width`, `quiet`, ...

    The weights of models that were added are looked at anew: launch again after training further. Raises ServingError,
    ModelError.
    """
    added = explainer.own_models
    if only and not added:
        raise ServingError("launch.only_without_models")
    if first is not None:
        explainer.load(first)
    explainer.refresh()
    with _making:
        folder = ServerFolder()
        before = os.environ.get("GRADIO_TEMP_DIR")
        os.environ["GRADIO_TEMP_DIR"] = str(folder.path)
        try:
            pictures = pictures_in(_paths(examples, folder.path))
            folder.keep(pictures)
            demo = Demo(
                title=title, introduction=introduction, examples=pictures,
                first=first or (added[0] if added else None), only=only, hub_models=hub_models,
            )  # fmt: skip
            page = build(explainer, own_models=own_models, demo=demo)
            given = {"server_name": HERE, "server_port": None, "quiet": True, **options}
            # such a page may run for as long as its notebook: it ends with it, or when it is closed
            given["prevent_thread_lock"] = True
            serve(
                page, hosts=Hosts.of(str(given["server_name"]), allow=tuple(allow_host)), folder=folder,
                max_file=MAX_WEIGHTS if own_models else MAX_UPLOAD_BYTES, **given,
            )  # fmt: skip
        except BaseException:
            folder.close()
            raise
        finally:
            # above the folders of all pages that run at the same time
            os.environ["GRADIO_TEMP_DIR"] = before or str(folder.path.parent)
    address = Address(page.local_url)
    address.shared = page.share_url
    address._close = _closing(page, folder)
    return address


def _closing(page: gr.Blocks, folder: ServerFolder) -> Callable[[], None]:
    def close() -> None:
        with suppress(OSError, RuntimeError):
            page.close(verbose=False)
        folder.close()

    return close


def _paths(examples: Sequence[Any], folder: Path) -> list[str | Path]:
    """The examples as files; pictures that are in memory are written into the `folder`."""
    found: list[str | Path] = []
    for number, one in enumerate(examples, 1):
        if isinstance(one, (str, Path)):
            found.append(one)
            continue
        try:
            image = one if isinstance(one, Image.Image) else Image.fromarray(np.asarray(one))
        except (TypeError, ValueError, LookupError) as error:
            raise ServingError("launch.no_picture", number=number, kind=type(one).__name__) from error
        path = folder / "examples" / f"{number}-example-{number}.png"
        path.parent.mkdir(exist_ok=True)
        image.save(path)
        found.append(path)
    return found
