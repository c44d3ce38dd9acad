"""Gradio's own words in the languages of the page, where gradio itself lacks them.

Public names: `added_to_dictionaries`, `english_only`.
"""

from __future__ import annotations

import gradio as gr

from ..languages import ENGLISH, LANGUAGES
from .wording import word

__all__ = ["added_to_dictionaries", "english_only"]

# what gradio's dictionaries lack, some of it the English one as well: pages show the key instead
LACKING = {
    "common.progress": "gradio.progress",
    "common.stop_recording": "gradio.recording_stop",
    "common.upload": "gradio.upload",
    "image.no_webcam_support": "gradio.camera_missing",
    "status.queue_position": "gradio.queue",
}
# what stands in gradio's scripts in English; so do these keys in our English
WRITTEN_IN = (
    "gradio.camera",
    "gradio.camera_access",
    "gradio.camera_allow",
    "gradio.camera_source",
    "gradio.camera_take",
    "gradio.close",
    "gradio.empty",
    "gradio.file_remove",
    "gradio.file_upload",
    "gradio.files_drop",
    "gradio.footer",
    "gradio.fullscreen",
    "gradio.fullscreen_exit",
    "gradio.image_remove",
    "gradio.paste",
    "gradio.tabs_more",
    "gradio.upload_file",
)


def added_to_dictionaries() -> gr.I18n:
    """What is to be added to gradio's dictionaries; what they have they keep."""
    words = {
        language: {theirs: str(sentences[ours]) for theirs, ours in LACKING.items()}
        for language, sentences in LANGUAGES.items()
    }
    return gr.I18n(**words)


def english_only() -> list[tuple[str, str]]:
    """What gradio says in English whatever the language, and the same in that of the page."""
    return [(str(LANGUAGES[ENGLISH][key]), word(key)) for key in WRITTEN_IN]
