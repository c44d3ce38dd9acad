"""English: the server and whoever shares it. Public name: `SERVER`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SERVER"]

SERVER: Mapping[str, str] = {
    "cluster.asked_again": "What computed this was lost; it is computed again elsewhere, which takes longer.",
    "cluster.no_answer": ("What computes for this page does not answer; try again in a minute."),
    "cluster.not_here": "The model is loaded where it is computed, not on this page.",
    "cluster.not_reached": (
        "`ray` {address!r} cannot be reached: {error} Give the address of a Ray cluster that this machine belongs "
        "to, such as auto, or --ray alone to start one here."
    ),
    "cluster.not_started": "The replicas that compute could not be started: {error}",
    "cluster.other_model": (
        "A machine of the cluster has other weights or labels below the same name as this one; copy the same files to"
        " all of them, and begin again."
    ),
    "cluster.ray_missing": (
        "`ray` needs the package Ray, which is not installed; run: pip install -r gradcam_core/serving/requirements.txt"
    ),
    "cluster.rows_failed": (
        "The workers of the cluster have failed: {error} What they have written is kept, and the same command goes on"
        " there."
    ),
    "folder.locked": "it is locked",
    "folder.not_usable": (
        "The folder for uploads, {given!r}, cannot be used: {reason}. Set GRADIO_TEMP_DIR to a folder that "
        "can be written to, with room on its disk."
    ),
    "host.not_a_name": (
        "`allow_host` {name!r} must be a host's name, such as explain.example.org, or *.example.org for all "
        "names below it; without scheme, port or path."
    ),
    "host.not_listening": (
        "Cannot listen on `host` {host!r}, `port` {number}: {reason}. Choose another with --port or --host, "
        "or end what listens there."
    ),
    "host.unknown": ("`host` {host!r} is not known; use an address of this machine, such as 127.0.0.1 or 0.0.0.0."),
    "inputs.number": "`{name}` {value!r} is not a number; give one, such as 12.",
    "inputs.text": "`{name}` is a {value_type}, but should be a text.",
    "lane.cheap": "cheap",
    "lane.costly": "costly",
    "lane.loading": "loading",
    "page.not_served": "The page cannot be served: {error}",
    "queue.full": ("{waiting_count} {lane} questions wait on this server already; try again in a minute."),
    "queue.full_for_address": (
        "{mine_count} {lane} questions from your address wait for an answer already; read those answers first."
    ),
    "queue.full_for_visitor": (
        "{same_count} questions of yours wait for an answer already; wait for one, or stop them."
    ),
    "room.full": (
        "This server's folder for uploads and answers is full ({used} of {most}, or its disk is); try again "
        "in some minutes."
    ),
    "room.share_full": (
        "Your share of this server's room for uploads is full: it holds {files_count} files of {megabytes} "
        "that your address has handed in within minutes, and at most {megabytes2} or {most} files; try again "
        "in some minutes."
    ),
    "room.uploads_under_way": ("{coming_count} uploads from your address are under way; wait for one to end."),
    "shelf.full": (
        "This server holds {max_models} visitors' own models already and has no room for more; try again "
        "later, or run the app on a machine of your own."
    ),
    "shelf.no_weights": "`weights` is missing: choose a file first.",
    "shelf.still_reading": ("Your model before this one is still being read; wait until it can be used."),
    "shelf.visitor_left": ("You left while your model was being read, so it has been forgotten; load it again."),
}
