"""A page of one's own: which models it opens with, its examples, its heading.

Public names: `Demo`, `explainer_for`, `pictures_in`, `prepared`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CamError, ServingError
from ..explainer import Explainer
from ..languages import Finding
from ..models import DEFAULT_MODEL, Access, hub_source
from ..models.catalogue import Offer
from ..models.labels_file import read_labels
from ..reading.photograph import read_photograph
from .shelf import BOUND

__all__ = ["Demo", "explainer_for", "pictures_in", "prepared", "warm_up"]

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
# more make a page that is slow to open
MOST_EXAMPLES = 24
# what a file of weights may be given beside its architecture
BESIDE = ("input_size", "mean", "std", "head")
# what was converted before is only tried at a restart, which takes a second or two: the page waits so long at most, for
# the first visitors would wait longer beside it
KEPT_SECONDS = 5.0


@dataclass(frozen=True)
class Demo:
    """How a page differs from the usual one; None and nothing for what does not differ.

    `first` is the model that it opens with; with `only`, those of the host are all that it offers. With `hub_models`
    visitors may choose any of the hub.
    """

    title: str | None = None
    introduction: str | None = None
    examples: tuple[Path, ...] = ()
    first: str | None = None
    only: bool = False
    hub_models: bool = False

    @property
    def offer(self) -> Offer:
        """What visitors may use: what the host may use is more."""
        access = Access.PUBLIC if self.hub_models else Access.NOTHING
        return Offer(access, self.first or DEFAULT_MODEL, self.only)


def explainer_for(
    options: Mapping[str, Any], borrow: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None
) -> Explainer:
    """What computes for a page with these `options`, large inputs bounded. Raises DeviceError, OptionError."""
    return Explainer(
        device=options["device"],
        cache_mb=options["cache_mb"],
        borrow=borrow,
        engine=options["engine"],
        bound=BOUND,
    )


def warm_up(explainer: Explainer, demo: Demo) -> None:
    """Load the model that the page opens with, so that nobody's first click waits for it; raises CamError.

    Where it has to be converted, that goes on behind the page.
    """
    explainer.warm_up(demo.first, seconds=0, kept_seconds=KEPT_SECONDS)


def prepared(options: Mapping[str, Any], explainer: Explainer) -> Demo:
    """Add the models of the host to `explainer` and look at the examples; raises ServingError with what is wrong."""
    models = options.get("models", [])
    if options.get("only") and not models:
        raise ServingError("config.only_without_models")
    names = [_added(model, explainer) for model in models]
    return Demo(
        title=options.get("title"),
        introduction=options.get("introduction"),
        examples=pictures_in(options.get("examples") or ()),
        first=names[0] if names else None,
        only=bool(options.get("only")),
        hub_models=bool(options.get("hub_models")),
    )


def _added(model: Mapping[str, Any], explainer: Explainer) -> str:
    """The name of a model of the host, which is loaded now."""
    text, name = model["model"], model.get("name")
    place = model.get("place") or Finding("config.option", text=text)
    try:
        labels = read_labels(model["labels"]) if "labels" in model else None
        path = Path(text)
        if "architecture" in model:
            beside = {key: model[key] for key in BESIDE if key in model}
            info = explainer.add_checkpoint(path, model["architecture"], labels, name=name, title=name, **beside)
        elif unused := next((key for key in BESIDE if key in model), None):
            raise ServingError("config.needs_architecture", key=unused)
        elif path.is_file():
            raise ServingError("config.needs_architecture", key="model")
        elif path.is_dir() or hub_source.spec(text, Access.HOST):
            info = explainer.add_pretrained(text, name=name, labels=labels)
        else:
            info = explainer.add_known(text, name=name, labels=labels)
    except CamError as error:
        raise ServingError("config.failed", place=place, problem=error.finding) from error
    return info.name


def pictures_in(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    """The photographs that `paths`, files and folders, name, in order; raises ServingError where one is none."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = _inside(path) if path.is_dir() else [path]
        if not inside:
            raise ServingError("config.no_examples", path=str(path), endings=", ".join(ENDINGS))
        found += inside
    for path in found[:MOST_EXAMPLES]:
        try:
            read_photograph(path)
        except (CamError, OSError) as error:
            problem = error.finding if isinstance(error, CamError) else error.strerror
            raise ServingError("config.example_failed", path=str(path), problem=problem) from error
    return tuple(found[:MOST_EXAMPLES])


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
