"""How an upload is taken in: a path of its own, a limit for its kind. Public name: `take_in_uploads`.

Gradio names an upload's folder after its content: two visitors' equal files were one, and whoever's was read and
deleted took the other's away. It has one limit for all kinds of files, and never forgets the number of an upload that
it was once asked about.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradio import route_utils, routes
from gradio.route_utils import FileUploadProgress, GradioMultiPartParser, GradioUploadFile
from gradio_client.utils import strip_invalid_filename_characters
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from ..reading.archive import MAX_ARCHIVE_BYTES
from ..reading.photograph import MAX_UPLOAD_BYTES
from ..serving.room import megabytes
from .panels.own_model import ENDINGS
from .wording import word

__all__ = ["take_in_uploads"]

FILES, FIELDS = 200, 4
ARCHIVE = ".zip"
# the field of the form that holds the files
FIELD = "files"
# letters of an upload's number, which the page makes of eleven, and uploads whose progress is remembered at once
LONGEST_NUMBER, MOST_FOLLOWED = 64, 1000


class _OwnFile(GradioUploadFile):
    """An upload whose folder is named after a number that nobody can guess."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sha.update(secrets.token_bytes(32))
        if strip_invalid_filename_characters(Path(self.filename or "").name).strip(".") == "":
            # a name that is none would be refused when all of the file lies there, and stay
            self.filename = "upload"


class _UploadProgress(FileUploadProgress):
    """How far uploads are, of so many; of one with a number that no page makes nothing is said."""

    def track(self, upload_id: str) -> None:
        if len(upload_id) > LONGEST_NUMBER:
            return
        super().track(upload_id)
        while len(self._statuses) > MOST_FOLLOWED:
            self.stop_tracking(next(iter(self._statuses)))

    async def is_tracked(self, upload_id: str) -> bool:
        try:
            return await super().is_tracked(upload_id)
        finally:
            if upload_id not in self._statuses:
                self._signals.pop(upload_id, None)

    def append(self, upload_id: str, filename: str, message_bytes: bytes) -> None:
        if upload_id in self._statuses:
            super().append(upload_id, filename, message_bytes)

    def set_done(self, upload_id: str) -> None:
        if upload_id in self._statuses:
            super().set_done(upload_id)

    def stop_tracking(self, upload_id: str) -> None:
        super().stop_tracking(upload_id)
        self._signals.pop(upload_id, None)


class _Parser(GradioMultiPartParser):
    """Gradio's own, with so many files in a form, and more than a photograph's bytes only for weights and archives."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options |= {"max_files": FILES, "max_fields": FIELDS}
        super().__init__(*args, **options)
        self._most = self._file_limit = options["max_file_size"]
        self._has_ended = False

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        file = self._current_part.file
        name = "" if file is None else (file.filename or "").lower()
        if name.endswith(ARCHIVE):
            self._most = min(self._file_limit, MAX_ARCHIVE_BYTES)
        else:
            self._most = self._file_limit if name.endswith(tuple(ENDINGS)) else MAX_UPLOAD_BYTES

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        super().on_part_data(data, start, end)
        file = self._current_part.file
        # what is read in one piece is not written yet
        size = end - start + (len(self._current_part.data) if file is None else file.size or 0)
        if size > self._most:
            raise MultiPartException(
                word("door.photograph_too_large", most=megabytes(int(self._most)), endings=(*ENDINGS, ARCHIVE))
            )

    def on_end(self) -> None:
        self._has_ended = True

    async def parse(self) -> FormData:
        try:
            form = await super().parse()
            if not self._has_ended:
                # a form without its last line would be taken, and its last file belong to nobody
                raise ClientDisconnect
        except (ClientDisconnect, OSError) as error:
            self._delete(self._files_to_close_on_error)
            if isinstance(error, OSError):
                raise
            raise MultiPartException(word("door.upload_ended")) from None
        # under another name nobody takes them
        others = [value.file for name, value in form.multi_items() if name != FIELD and isinstance(value, UploadFile)]
        self._delete(others)
        return form

    @staticmethod
    def _delete(files: Iterable[Any]) -> None:
        for file in files:
            with suppress(OSError):
                # what is still to be written is tried again
                file.close()
            with suppress(OSError):
                Path(file.name).unlink()


def take_in_uploads() -> None:
    """Let gradio's upload use these classes; there is no parameter for them."""
    route_utils.GradioUploadFile = _OwnFile  # type: ignore[misc]
    route_utils.GradioMultiPartParser = _Parser  # type: ignore[misc]
    routes.file_upload_statuses = _UploadProgress()
