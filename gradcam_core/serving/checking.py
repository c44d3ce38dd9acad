"""The endpoints that look into maps: does one hold, what does a place speak for, where does a folder's class cheat?

Plain functions, as `endpoints.ENDPOINTS` lists them. Public names: `ask_place`, `audit`, `check`, `explained`,
`hidden_record`, `report`, `report_text`, `without`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..checks import Curve, Curves, HideAndLook, brushed, found_without
from ..engine.watch import Watch
from ..errors import UploadError
from ..explanation import Explanation
from ..folders import LEFT_OUT
from ..reading.uploads import NOT_UPLOADED, Carried, Upload
from ..report import Checked, report_page
from ..request import Request
from .services import Services

__all__ = ["ask_place", "audit", "check", "explained", "hidden_record", "report", "report_text", "without"]


def audit(services: Services, archive: Any, request: Request, watch: Watch) -> tuple[dict[str, Any], bytes, bytes]:
    """Look at all photographs in a zip, and find where a CNN classifier decides a class by a place that it should not.

    Returns:
        A record with the most suspicious groups of photographs first, each with its sentence, its average map and what
        hiding its place costs; the report as one HTML file; a row for each photograph as a Parquet file.
    """
    if not isinstance(archive, (Carried, Upload)):
        raise UploadError(NOT_UPLOADED)
    options = {name: value for name, value in request.record().items() if name not in LEFT_OUT}
    *_, last = services.audited([archive], archive.folder, watch, **options)
    return dict(last.record), last.report, last.table


def check(services: Services, image: Any, curves: bool, request: Request, watch: Watch) -> dict[str, Any]:
    """Check whether a map holds: hide its hottest places and ask again, and make the network forget.

    Returns:
        The probabilities with shares of the seen area hidden, and the sanity check, each with a sentence; the curves
        with the areas under them, or null.
    """
    examiner = services.examiner
    explanation = explained(services, image, request, watch)
    parts = 3 if curves else 2
    hidden = examiner.hide_and_look(explanation, watch=watch.part(0, parts))
    sanity = examiner.sanity(explanation, watch=watch.part(1, parts))
    return {
        "hide_and_look": hidden_record(hidden),
        "sanity": {"sentence": sanity.sentence, "passed": sanity.passed, **asdict(sanity)},
        "curves": _areas(examiner.curves(explanation, watch=watch.part(2, parts))) if curves else None,
    }


def report(services: Services, image: Any, check: bool, request: Request, watch: Watch) -> str:
    """Write all about an explanation of an image as one HTML page to hand on, with its pictures inside.

    Returns:
        The page as text, to be saved as a file: photograph, maps, sentence, the most probable classes, the checks that
        were made, what the map does not mean, and the record.
    """
    explanation = explained(services, image, request, watch.part(0, 3) if check else watch)
    checks: list[Checked] = []
    if check and not explanation.blank:
        checks.append(services.examiner.hide_and_look(explanation, watch=watch.part(1, 3)))
        checks.append(services.examiner.sanity(explanation, watch=watch.part(2, 3)))
    return report_page(explanation, checks=checks)


def report_text(
    services: Services,
    text: str,
    target: str,
    check: bool,
    method: str,
    counterfactual: bool,
    contrast: bool,
    watch: Watch,
) -> str:
    """Write all about an explanation of a Korean film review as one HTML page to hand on.

    Returns:
        The page as text, to be saved as a file: the shaded text, sentence, both probabilities, what leaving the
        strongest words out does, what the numbers do not mean, and the record.
    """
    texts, sides = services.texts, {"counterfactual": counterfactual, "contrast": contrast}
    explanation = texts.explain(text, target, method=method, watch=watch.part(0, 2) if check else watch, **sides)
    checks = texts.checks(explanation, watch=watch.part(1, 2)) if check else ()
    return report_page(explanation, checks=checks)


def ask_place(services: Services, image: Any, x: float, y: float, request: Request, watch: Watch) -> dict[str, Any]:
    """Say which classes one place of an image speaks for and against.

    Returns:
        The classes with what the place adds to their logits, strongest first.
    """
    explanation = explained(services, image, request, watch.part(0, 2))
    watch.at(1, 2)
    return asdict(services.examiner.ask_place(explanation, int(x), int(y)))


def without(services: Services, image: Any, strokes: Any, request: Request, watch: Watch) -> dict[str, Any]:
    """Say what a CNN classifier sees without a region of an image, which is blurred beyond recognition.

    Returns:
        A sentence, and the most probable classes with their probabilities before and without the region.
    """
    explanation = explained(services, image, request, watch.part(0, 2))
    region = brushed(strokes, explanation.placement, watch=watch.part(1, 2))
    changes = services.examiner.without(explanation, region)
    return {
        "sentence": str(found_without(explanation.target, changes)),
        "changes": [{**asdict(one.prediction), "after": one.after} for one in changes],
    }


def explained(services: Services, image: Any, request: Request, watch: Watch) -> Explanation:
    """The explanation that `request` asks for; raises what `Explainer.answer` raises."""
    return services.explainer.answer(image, request, watch=watch)


def hidden_record(found: HideAndLook) -> dict[str, Any]:
    """What hiding the hottest places did, as plain JSON values."""
    return {"sentence": found.sentence, "holds": found.holds, **asdict(found)}


def _areas(curves: Curves) -> dict[str, Any]:
    drawn = {name: value for name, value in vars(curves).items() if isinstance(value, Curve)}
    return {"shares": curves.shares, **{name: {"values": one.values, "area": one.area} for name, one in drawn.items()}}
