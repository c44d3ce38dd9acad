"""The answer to "why?": one map with all that is needed to draw it, to say it and to get it again.

Public names: `Explained`, `Explanation`, `made_with`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvases import render
from .canvases.project import Projection, normalise, project
from .languages import Finding, Noted, Said, say
from .methods import METHODS
from .methods.correlation import rank_correlation
from .reading.photograph import Photograph
from .report import Checked, Figure, Pictures, report_page, summary
from .request import Request
from .tasks.classes import Head
from .types import Box, Placement, Prediction

__all__ = ["Explained", "Explanation", "made_with"]

SMALL_VIEW = 0.5
# a side whose strongest place has less than this part of the other side's says hardly anything
HARDLY = 0.05
# places along the longer side at which maps of different resolutions are compared
COMMON = 64


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Explained(Said, Noted):
    """One class of one input, explained: what pictures and texts have in common.

    `top` holds the most probable classes, most probable first; `target` the class explained. `request` has the model,
    layer, target and rivals as they were chosen; with `rivals` the target's logit less their mean logit is explained.
    `provenance` says what it was made with.
    """

    top: tuple[Prediction, ...]
    target: Prediction
    request: Request
    provenance: dict[str, Any] = field(hash=False)
    rivals: tuple[Prediction, ...] = ()

    @property
    def method(self) -> str:
        """The key of the method."""
        return str(self.request.method)

    @property
    def counterfactual(self) -> bool:
        """Whether it is about what speaks against the class."""
        return self.request.counterfactual

    @property
    def finding(self) -> Finding:
        """What is explained, and what was found."""
        raise NotImplementedError

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about this input and this answer."""
        raise NotImplementedError

    def figure(self, look: render.Look | None = None) -> Figure:
        """What a report shows of it; `look` says how the maps of a photograph are drawn, None: as usual."""
        raise NotImplementedError

    def report(
        self,
        path: str | Path,
        *,
        checks: Iterable[Checked] = (),
        look: render.Look | None = None,
        lang: str | None = None,
    ) -> Path:
        """Write all about it to `path`, one HTML file that needs no other, and return the path.

        `checks` are those that were made of it: `hide_and_look` and `sanity` of an `Examiner`, or `check` of a
        `TextExplainer`. `look` says how the maps of a photograph are drawn. `lang` is "en" or "ko", None for the
        language of `in_language`, or English. Raises OSError.
        """
        written = Path(path)
        written.write_text(report_page(self, checks=checks, look=look, language=lang), "utf-8")
        return written

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return summary(self)

    def record(self) -> dict[str, Any]:
        """What was asked, what was found, and what it was made with, as plain JSON values."""
        return {
            "sentence": self.sentence,
            "request": self.request.record(),
            "target": asdict(self.target),
            "top": [asdict(one) for one in self.top],
            "rivals": [asdict(one) for one in self.rivals],
            "notes": list(self.notes),
            **self.provenance,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Explained):
    """One map of one class at one layer.

    `cam` is the method's map (h, w) float32 at the layer's resolution, signed, before ReLU and
    normalisation, in units of the logit for methods that keep them; with `counterfactual` its weights are
    negated. Where the classes are not `exclusive`, their probabilities need not sum to one. With `detail`, on an input
    of twice the size, or of all of the photograph, `usual` holds the target and the top classes as they are for what
    the network was trained to see. The record calls a `private` model by its title. `on_model` is what was found out
    about its scores. `ceiling` is the strongest value of the other side, of methods that show one of them alone.
    `weights` is the state of the network's weights when it was made (`Weights`), None where that is not known.
    """

    photograph: Photograph
    placement: Placement
    cam: NDArray[np.float32]
    model_title: str
    usual: tuple[Prediction, ...] = ()
    exclusive: bool = True
    private: bool = False
    on_model: tuple[Finding, ...] = ()
    ceiling: float = 0.0
    weights: int | None = None

    @cached_property
    def heatmap(self) -> NDArray[np.float32]:
        """(H, W) float32 in [0, 1] on the original image, NaN where the model did not look.

        1 is `scale`, the strongest place of either side, so that what is weak looks weak.
        """
        return project(self._normalised(render.DEFAULT_LOOK), self.placement)

    @cached_property
    def scale(self) -> float:
        """The strongest value of either side, for or against, at which the colours of both end."""
        own = np.abs(self.cam) if METHODS[self.method].of_class else np.maximum(self.cam, 0)
        return max(self.ceiling, float(own.max()))

    @property
    def strength(self) -> float:
        """How strong the strongest coloured place is as a part of `scale`, from 0 to 1."""
        return max(float(self.cam.max()), 0.0) / self.scale if self.scale > 0 else 0.0

    @property
    def model(self) -> str:
        """The name of the model."""
        return str(self.request.model)

    @property
    def layer(self) -> str:
        """The dotted name of the layer."""
        return str(self.request.layer)

    @property
    def detail(self) -> bool:
        """Whether the network was given more pixels than it was trained on."""
        return self.request.detail

    @property
    def blank(self) -> bool:
        """True where no position has positive evidence, so that there is nothing to colour."""
        return not bool((self.cam > 0).any())

    @property
    def seen_share(self) -> float:
        """The part of the photograph's area that the model saw, from 0 to 1."""
        box, height, width = self.placement.looked_at, self.placement.height, self.placement.width
        wide = min(box.right, width) - max(box.left, 0)
        high = min(box.bottom, height) - max(box.top, 0)
        return wide * high / (width * height)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What a person should know about this image and this map."""
        remarks = [*self.photograph.remarks, *self.on_model]
        if warning := METHODS[self.method].warning:
            remarks.append(warning)
        if not self.exclusive:
            remarks.append(Finding("note.class_by_itself"))
        if HARDLY <= self.strength < 1:
            side, other = self.both_sides
            remarks.append(Finding("note.weaker", side=side, other=other, strength=self.strength))
        if self.placement.looked_at != self.placement.box:
            remarks.append(Finding("note.part_of_input", layer=self.layer, share=self.seen_share))
        elif self.seen_share < SMALL_VIEW:
            remarks.append(Finding("note.small_part", share=self.seen_share))
        if self.usual:
            one, usual = self.target, self.usual[0]
            chances = {"probability": one.probability, "usual": usual.probability}
            remarks.append(Finding("note.detail" if self.detail else "note.whole", label=one.label, **chances))
        if self.request.caption and self.request.word is None:
            remarks.append(Finding("note.caption_mean"))
        if self.request.sharper:
            remarks.append(Finding("note.sharper"))
        if self.request.rivals_by_size:
            remarks.append(Finding("note.rivals_by_size"))
        return tuple(remarks)

    @property
    def finding(self) -> Finding:
        """What is explained, and whether there is a place to show."""
        rows, columns = self.cam.shape
        return Finding(
            self._outcome,
            model=self.model_title,
            target=_chance("class.given", self.target),
            rivals=tuple(_chance("class.sure", rival) for rival in self.rivals),
            layer=self.layer,
            rows=rows,
            columns=columns,
            method=METHODS[self.method].title,
            other_side=self.both_sides[1],
            strength=self.strength,
        )

    @property
    def _outcome(self) -> str:
        """The key of what was found."""
        if not self.blank and self.strength < HARDLY:
            return ("map.hardly_for", "map.hardly_against")[self.counterfactual]
        if self.request.both and not self.blank and (self.cam < 0).any():
            return "map.both"
        if not self.blank:
            of_class = ("map.for", "map.against") if METHODS[self.method].of_class else ("map.any_class",) * 2
            return of_class[self.counterfactual]
        if self.look.signed and self.cam.any():
            return ("map.all_other_side_for", "map.all_other_side_against")[self.counterfactual]
        return ("map.nothing_for", "map.nothing_against")[self.counterfactual]

    @property
    def both_sides(self) -> tuple[Finding, Finding]:
        """What a place speaks for or against whose value lies above zero, and where it lies below."""
        named = _speaks_for([self.target])
        other = _speaks_for(self.rivals) if self.rivals else Finding("side.against", label=self.target.label)
        return (other, named) if self.counterfactual else (named, other)

    @property
    def sides(self) -> tuple[str, str]:
        """`both_sides` in plain English."""
        above, below = self.both_sides
        return say(above), say(below)

    @property
    def look(self) -> render.Look:
        """How it is drawn unless told otherwise: a contrast has two sides, so it shows both, as what asks for both."""
        return replace(render.DEFAULT_LOOK, signed=bool(self.rivals) or self.request.both)

    def rank_correlation(self, other: Explanation) -> float:
        """How alike two maps of one layer are, from -1 to 1: the rank correlation of their raw values.

        For two classes near 1 the maps show what both have in common; ask with one as the `rival` of the other.
        Raises OptionError where the maps differ in size.
        """
        return rank_correlation(self.cam, other.cam)

    def rank_correlation_on_photograph(self, other: Explanation) -> float:
        """How alike two maps of one photograph are where both models look, whatever their resolutions: -1 to 1.

        The rank correlation of what is drawn at about COMMON places along the longer side; 0 where they share none.
        """
        place = self.placement
        times = max(place.width, place.height) / COMMON
        drawn = []
        for one in (self, other):
            box = Box(*(edge / times for edge in one.placement.box))
            small = replace(
                one.placement,
                width=max(round(place.width / times), 1),
                height=max(round(place.height / times), 1),
                box=box,
            )
            drawn.append(project(one.cam, small))
        both = np.isfinite(drawn[0]) & np.isfinite(drawn[1])
        return rank_correlation(drawn[0][both], drawn[1][both])

    def values(self, look: render.Look | None = None) -> NDArray[np.float32]:
        """What `look` (None: `self.look`) draws: `heatmap`, or (H, W) in [-1, 1] where it is signed."""
        return project(self._normalised(look or self.look), self.placement)

    def overlay(self, look: render.Look | None = None) -> Image.Image:
        """The map over the photograph, at the photograph's own size."""
        return render.overlay_picture(self.photograph.pixels, self._drawn(look), look or self.look)

    def heatmap_picture(self, look: render.Look | None = None) -> Image.Image:
        """The map in colours, at the photograph's own size."""
        return render.heatmap_picture(self._drawn(look), look or self.look)

    def masked(self, look: render.Look | None = None) -> Image.Image:
        """The photograph multiplied by the map, at the photograph's own size."""
        return render.masked_picture(self.photograph.pixels, self._drawn(look), look or self.look)

    def figure(self, look: render.Look | None = None) -> Figure:
        """What a report shows of it: its pictures."""
        return Pictures(self, look or self.look)

    def _drawn(self, look: render.Look | None) -> Projection:
        """What `values` gives, made while it is drawn."""
        return Projection(self._normalised(look or self.look), self.placement)

    def _normalised(self, look: render.Look) -> NDArray[np.float32]:
        return normalise(self.cam, signed=look.signed, scale=0.0 if look.stretched else self.scale)

    def at_most(self, pixels: int) -> Explanation:
        """The same on a smaller copy of the photograph, for drawing, where it has more pixels than that."""
        width, height = self.photograph.size
        if width * height <= pixels:
            return self
        smaller = self.photograph.at_most(pixels)
        times = round(max(width, height) / max(smaller.size))
        place = replace(
            self.placement,
            width=smaller.size[0],
            height=smaller.size[1],
            box=Box(*(edge / times for edge in self.placement.box)),
        )
        return replace(self, photograph=smaller, placement=place)

    def record(self) -> dict[str, Any]:
        """All that is needed to get the same map again, as plain JSON values."""
        box, place = self.placement.looked_at, self.placement
        return {
            **super().record(),
            # the name of a private model is like a password
            "request": self.request.record() | ({"model": self.model_title} if self.private else {}),
            "usual": [asdict(one) for one in self.usual],
            "score": "logit of the target class"
            + (" less the mean logit of the rivals" if self.rivals else "")
            + (", at each size of those most probable there" if self.request.rivals_by_size else "")
            + (", negated" if self.counterfactual else ""),
            "map": {
                "shape": list(self.cam.shape),
                "min": float(self.cam.min()),
                "max": float(self.cam.max()),
                "scale": self.scale,
            },
            "image": {
                "width": place.width,
                "height": place.height,
                "fingerprint": self.photograph.digest,
                "seen_box": list(box),
            },
        }


# reads and parses a file
_version = lru_cache(version)


def made_with(head: Head, device: object, *packages: str) -> dict[str, Any]:
    """What of `Explained.provenance` is the same for every kind of input; `packages` are those whose version counts."""
    return {"head": head.title, "device": str(device), "versions": {name: _version(name) for name in packages}}


def _chance(key: str, one: Prediction) -> Finding:
    return Finding(key, label=one.label, probability=one.probability)


def _speaks_for(classes: Sequence[Prediction]) -> Finding:
    return Finding("side.for", classes=tuple(Finding("class.named", label=one.label) for one in classes))
