"""English: the words of an audit of a folder. Public name: `AUDIT`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..numbers import percent

__all__ = ["AUDIT"]


def _points(share: float) -> str:
    """How large a difference of probabilities is, in points of a hundred."""
    points = abs(round(share * 100))
    return f"{points} {'point' if points == 1 else 'points'}"


def _tried(there: float, elsewhere: float, put: float | None, **told: object) -> str:
    does, does_elsewhere = ("adds" if round(cost * 100) < 0 else "costs" for cost in (there, elsewhere))
    other = "" if does == does_elsewhere else f"and {does_elsewhere} "
    hidden = f"hiding it {does} {_points(there)} there, {other}{abs(round(elsewhere * 100))} elsewhere"
    return f"{_cluster(**told)}; {hidden}{_moved(put, str(told['label']))}."  # type: ignore[arg-type]


def _moved(put: float | None, label: str) -> str:
    if put is None:
        return ""
    made = f"it takes {_points(put)} away from" if round(put * 100) < 0 else f"it adds {_points(put)} of"
    return f". Put into photographs of other classes, {made} “{label}”"


def _suspicious(**told: object) -> str:
    return f"{_tried(**told)} Look at what is there."  # type: ignore[arg-type]


def _cluster(count: int, among: int, label: str, place: str) -> str:
    noun = "photograph is" if count == 1 else "photographs are"
    return f"{count:,} of {among:,} “{label}” {noun} decided {place}"


def _left(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute left"
    if minutes < 90:
        return f"{round(minutes)} {'minute' if round(minutes) == 1 else 'minutes'} left"
    return f"{minutes / 60:.1f} hours left"


def _progress(done: int, count: int, minutes: float | None) -> str:
    return f"{done:,} of {count:,} photographs" + ("" if minutes is None else f", {_left(minutes)}")


def _facts(model: str, view: str, accuracy: float | None, made: str) -> str:
    right = "" if accuracy is None else f" {percent(accuracy)} of those whose class is known are right."
    seen = "all of each photograph" if view == "whole" else "the middle of each photograph, as the model was trained"
    return f"{model} saw {seen}.{right} Made on {made}."


AUDIT: Mapping[str, str | Callable[..., str]] = {
    "archive.damaged": "it is no zip, or damaged",
    "archive.file_too_large": "{name!r} in the archive is larger than {limit:.0f} MB; make it smaller.",
    "archive.has_password": "it has a password",
    "archive.no_photographs": "No photograph was handed in; choose several, or a zip of a folder with some.",
    "archive.not_among_them": "{name!r} is not among the photographs that are handed in now.",
    "archive.not_read": "The archive cannot be read ({reason}); pack the folder as a plain zip without a password.",
    "archive.packed_otherwise": "it is packed in a way that is not known here",
    "archive.too_many": "These are more than {most} photographs; hand in fewer, or run the audit on your own machine.",
    "archive.too_much": "Unpacked, the archive has more than {limit:.0f} MB; make the photographs smaller.",
    "archive.two_of_a_name": "{name!r} is a file and a folder in it",
    "audit.bottom": "at the bottom",
    "audit.bottom_left": "in the lower left corner",
    "audit.bottom_right": "in the lower right corner",
    "audit.cluster": lambda **told: f"{_cluster(**told)}.",
    "audit.cluster_suspicious": _suspicious,
    "audit.cluster_tried": _tried,
    "audit.confusion": "“{truth}” taken for “{taken_for}”: {count:,} of {among:,} photographs.",
    "audit.facts": _facts,
    "audit.found": "{worst} (Looked at: {count:,} of {of:,} photographs.)",
    "audit.left": "at the left",
    "audit.middle": "in the middle",
    "audit.no_classes": (
        "{model} names no classes with probabilities, so that its answers to a folder cannot be compared; take a"
        " classifier."
    ),
    "audit.no_folder": "`folder` {folder!r} is no folder; name one that holds photographs.",
    "audit.no_photographs": "`folder` {folder!r} holds no photograph, no file whose name ends in {suffixes:list}.",
    "audit.nothing": (
        "No place looks like a cheat, in {count:,} of {of:,} photographs. That is no proof: what lies on the object"
        " itself, or everywhere, has no place of its own."
    ),
    "audit.other_file": (
        "`rows` {file!r} is there and holds no rows of an audit; choose another name, or delete that file."
    ),
    "audit.outlines_not_read": (
        "`outlines`: {file!r} cannot be read ({reason}); give COCO's JSON, or a folder with a PNG for each photograph."
    ),
    "audit.page_accuracy": "{share} of these are right.",
    "audit.page_all": "Show all again",
    "audit.page_back": "Back",
    "audit.page_alarm": "Looks like a cheat",
    "audit.page_by_cluster": "by group",
    "audit.page_by_right": "by right and wrong",
    "audit.page_class": "Class",
    "audit.page_clusters": "Where classes are decided",
    "audit.page_clusters_meaning": (
        "Photographs of one class whose maps look at the same place. First those that look like a cheat: a small place,"
        " away from where the others look; hiding it costs much there and little elsewhere, and put into photographs of"
        " other classes it makes them more of this class."
    ),
    "audit.page_coloured": "Coloured",
    "audit.page_confusions": "What is taken for what",
    "audit.page_contrast": "Orange speaks for “{label}” rather than “{truth}”, blue the other way.",
    "audit.page_count": "{count} of {of} photographs",
    "audit.page_effect": "Hottest part hidden: {points} points",
    "audit.page_every_class": "every class",
    "audit.page_maps": "Maps",
    "audit.page_mean": "The average map",
    "audit.page_more_clusters": "Show the other {count} groups",
    "audit.page_no_clusters": "No class has several photographs whose maps look at the same place.",
    "audit.page_on": "Next",
    "audit.page_open": "Open {name} in the Photograph tab",
    "audit.page_photographs": "Photographs",
    "audit.page_points": "All maps of a class",
    "audit.page_points_meaning": (
        "Each point is a photograph; near points have like maps, and distances between groups mean nothing. Draw a"
        " rectangle to list what is in it."
    ),
    "audit.page_search": "Search",
    "audit.page_show": "Show",
    "audit.page_show_all": "Show all of these",
    "audit.page_show_every": "all",
    "audit.page_show_right": "right ones",
    "audit.page_show_these": "Show these {count}",
    "audit.page_show_unread": "without an answer",
    "audit.page_show_wrong": "wrong ones",
    "audit.page_sort": "Sort by",
    "audit.page_sort_border": "most at the border",
    "audit.page_sort_effect": "what hiding the hottest 20 % costs",
    "audit.page_sort_inside": "least inside the outline",
    "audit.page_sort_name": "name",
    "audit.page_sort_small": "smallest place",
    "audit.page_sort_unsure": "nearest runner-up",
    "audit.page_true_class": "is “{label}”",
    "audit.progress": _progress,
    "audit.right": "at the right",
    "audit.stopped_kept": (
        "Stopped. What was looked at is kept beside `--rows`; start it again in the same way, and it goes on there."
    ),
    "audit.stopped_lost": "Stopped, and nothing was kept. With `--rows` it would go on here when it is started again.",
    "audit.tab_anew": "“Look at all” begins anew.",
    "audit.tab_files": "Photographs, or a zip of a folder",
    "audit.tab_first": (
        "Hand in several photographs, or a zip. In a zip, folders that are called like a class say which class is true;"
        " so does labels.csv, with a file and a class in each line."
    ),
    "audit.tab_frame": "What was found, photograph by photograph",
    "audit.tab_go": "Look at all",
    "audit.tab_kept": "This report is in the language that it was made in. Look again for one in English.",
    "audit.tab_last": "The last photographs",
    "audit.tab_model": "Model",
    "audit.tab_nothing": "There is nothing to look at yet: hand in photographs first.",
    "audit.tab_report": "Report (HTML), with all photographs, and rows (Parquet)",
    "audit.tab_stop": "Stop",
    "audit.tab_stopped": "Stopped before the first photograph.",
    "audit.tab_stopped_at": "Stopped after {done} of {count} photographs; a report is made of all of them.",
    "audit.tab_title": "Folder",
    "audit.table_not_read": "{file!r} cannot be read ({reason}); each line needs a file and a class: a.jpg,horse.",
    "audit.title": "What decides in “{folder}”?",
    "audit.top": "at the top",
    "audit.top_left": "in the upper left corner",
    "audit.top_right": "in the upper right corner",
    "audit.trying": "All photographs are looked at. Now places are hidden to see what that costs: {at} of {count}.",
}
