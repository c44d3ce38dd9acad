"""Image classifiers of the Hugging Face hub by their id, and those in a folder that `save_pretrained` wrote.

"owner/name" is a model of transformers or timm; "owner/name@revision" the same at a commit, a branch or a tag. Nothing
is asked of the hub before a model is loaded. Public names: `at_hand`, `fetched`,
`folder`, `spec`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..errors import ModelError
from . import hub
from .base import ModelSpec
from .hub import Access, Snapshot
from .labels_file import Labels
from .pretrained import BESIDE, NEEDED, network_in

__all__ = ["at_hand", "fetched", "folder", "spec"]

# well-known ones by their megabytes, shown where anybody may choose of the hub: float32, as many as there are weights
FEATURED = {
    "google/vit-base-patch16-224": 346,
    "microsoft/resnet-50": 103,
    "microsoft/swin-tiny-patch4-window7-224": 113,
    "facebook/convnext-tiny-224": 114,
    "facebook/deit-tiny-patch16-224": 23,
}
# whose models timm knows by itself, with what is right for each
TIMM = "timm/"


def spec(name: str, access: Access) -> ModelSpec | None:
    """The model of that id, None where `name` is no id or may not be used."""
    found = hub.parsed(name)
    if found is None or access is Access.NOTHING or found[0].startswith(TIMM):
        return None
    repository, revision = found

    def files() -> Snapshot:
        return hub.snapshot_of(repository, NEEDED, beside=BESIDE, revision=revision, access=access)

    def is_offline() -> bool:
        return hub.stored(repository, NEEDED, beside=BESIDE, revision=revision, access=access) is not None

    full = repository if revision is None else f"{repository}@{revision}"
    settled = cache(lambda: network_in(files(), full))
    return ModelSpec(
        name=full,
        title=full,
        source="hub",
        identity=("hub", access, full),
        build=lambda: settled().build(),
        preprocessing=lambda: settled().preprocessing(),
        labels=lambda: settled().labels(),
        is_offline=is_offline,
        download_mb=FEATURED.get(repository, 0.0),
        settled=settled,
    )


def fetched(text: str, name: str, labels: Labels | None = None) -> ModelSpec:
    """The model of the id `text`, fetched now as the host; raises ModelError."""
    found = hub.parsed(text)
    if found is None:
        raise ModelError("hub.no_folder_or_id", text=text)
    snapshot = hub.snapshot_of(found[0], NEEDED, beside=BESIDE, revision=found[1])
    return network_in(snapshot, name, text if name == text else f"{name} ({text})", labels)


def folder(path: str | Path, name: str, labels: Labels | None = None) -> ModelSpec:
    """The model that `save_pretrained` wrote to the folder `path`, read now; raises ModelError."""
    return network_in(hub.folder_of(path, NEEDED, beside=BESIDE), name, name, labels)


def at_hand(access: Access) -> tuple[ModelSpec, ...]:
    """Those that are kept here, and where visitors may use the hub a few well-known ones."""
    found = [one for name in hub.at_hand(access) if (one := spec(name, access)) is not None and one.is_offline()]
    here = {one.name for one in found}
    shown = FEATURED if access is Access.PUBLIC else ()
    return (*found, *(one for name in shown if name not in here and (one := spec(name, access)) is not None))
