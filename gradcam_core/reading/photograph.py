"""From a file, bytes, a PIL image or an array to an upright RGB photograph, past every guard.

Public names: `Photograph`, `content_of`, `read_photograph`, `digest_of`, `MAX_PIXELS`, `SCREEN_PIXELS`.
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from threading import BoundedSemaphore
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..errors import ImageError
from ..languages import Finding, Noted
from .arrays import making_image
from .containers import Frames, checked, described_tiff, without_texts
from .deep_colours import brightened
from .pixels import is_deep, orientation, plain, rgb, shades, upright_size
from .uploads import PHOTOGRAPH_FILE, Upload

__all__ = [
    "MAX_PIXELS",
    "MAX_SIDE",
    "SCREEN_PIXELS",
    "ImageSource",
    "Photograph",
    "content_of",
    "digest_of",
    "read_photograph",
]

# what is no path, though it may look like one
ADDRESS = re.compile(r"(https?|ftp|file|data|s3|gs|hf)(?=:)", re.IGNORECASE)
# bytes of a photograph that a visitor hands in
MAX_UPLOAD_BYTES = 20_000_000
# 64 megapixels: above every phone's usual mode; decoded as RGB this is 192 MB
MAX_PIXELS = 64_000_000
# decoders of these hold the picture several times over
MAX_PIXELS_OF = {"WEBP": 40_000_000}
# longer than any phone's panorama; very long images cost far more than their area suggests
MAX_SIDE = 32_000
# of larger photographs the file is kept instead of the pixels, and only a few are decoded at the same time
LARGE_PIXELS = 8_000_000
LARGE_AT_ONCE = 2
# the longer side of a picture that fills half a screen
SCREEN_PIXELS = 960
# the shorter side with which a reduced decode is still twice as fine as most networks' input
PREVIEW_SHORT = 600
# Pillow reads MPO, the stereo JPEG of some phones, as JPEG and has no opener of that name
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")

ImageSource: TypeAlias = "str | os.PathLike[str] | Upload | bytes | Image.Image | NDArray[np.uint8]"
# what Pillow's decoders raise on damaged data, depending on the format
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Photograph(Noted):
    """An upright photograph of `size` (width, height) in pixels; `remarks` say what was done to get there.

    Of a large one `preview` is reduced to 1/2, 1/4 or 1/8, all that a screen and most networks need; `encoded` is the
    file then. A JPEG is decoded so, several times as fast as the whole. Otherwise `preview` holds all pixels. `ready`
    is the file where any browser shows it just as it is here and no larger than a screen needs.
    """

    size: tuple[int, int]
    remarks: tuple[Finding, ...]
    digest: str
    preview: NDArray[np.uint8]
    encoded: bytes = b""
    ready: bytes = b""

    def __repr__(self) -> str:
        width, height = self.size
        return f"<Photograph: {width} × {height} pixels>"  # noqa: RUF001

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB, decoded when they are first asked for; raises ImageError."""
        if not self.encoded:
            return self.preview
        with _decoding(self.size):
            image, _ = _open(self.encoded)
            turned = _decoded(image, self.encoded)
            brightened(image, partial(_opened, self.encoded))
            return rgb(image, turned)

    def at_least(self, short: int) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB: the preview where its shorter side has `short` pixels, else all pixels."""
        return self.pixels if self.reduction(short) == 1 else self.preview

    def reduction(self, short: int) -> int:
        """How many pixels of the photograph, along a side, become one of `at_least(short)`: 1, 2, 4 or 8."""
        finest = max(self.preview.shape[:2])
        return round(max(self.size) / finest) if min(self.preview.shape[:2]) >= short else 1

    def at_most(self, pixels: int) -> Photograph:
        """A smaller copy, for drawing, of at most so many pixels: the preview, further reduced where it has more."""
        height, width = self.preview.shape[:2]
        times = math.ceil(math.sqrt(width * height / pixels))
        image = Image.fromarray(self.preview)
        # the last pixels of a preview may stand for fewer: its size is that of the photograph, rounded up
        preview = np.asarray(image.reduce(times)) if times > 1 else self.preview
        return Photograph((preview.shape[1], preview.shape[0]), self.remarks, self.digest, preview)

    @property
    def nbytes(self) -> int:
        """What it may come to hold, all pixels included."""
        width, height = self.size
        files = len(self.encoded) + len(self.ready)
        return width * height * 3 + files + (self.preview.nbytes if self.encoded else 0)


def read_photograph(source: ImageSource | None, digest: str = "") -> Photograph:
    """Read `source` as an upright RGB photograph; a file's extension is ignored, its content decides.

    EXIF orientation is applied, transparency is put on white, of an animation the first frame is taken,
    16 bits become 8. Colour profiles are ignored, as in the models' training.
    Raises ImageError with what is wrong and what can be done.
    """
    content = content_of(source)
    digest = digest or digest_of(content)
    if isinstance(content, np.ndarray):
        pixels = _array_pixels(content)
        return Photograph((pixels.shape[1], pixels.shape[0]), (), digest, pixels)
    image, frames = _open(content) if isinstance(content, bytes) else (content, None)
    stored = image.size
    _check_size(*stored, image.format)
    # an image that somebody else opened is left as it is
    file = content if isinstance(content, bytes) else b""
    with _decoding(stored):
        remarks = _remarks_on(image, frames)
        times = _draft(image) if file else 1
        turned = _decoded(image, file)
        if image.format == "TIFF":
            # until it is decoded, its size is that of the turned picture
            stored = image.size
        if image.has_transparency_data and not is_deep(image):
            remarks.append(Finding("note.transparent"))
        grey = shades(image)
        colours = brightened(image, partial(_opened, file)) if file else None
        remarks += [remark for scale in (grey, colours) if scale for remark in scale.remarks]
        preview = rgb(image, turned, times, grey)
    reduced = times > 1 or image.size != stored
    size = upright_size(stored, turned)
    ready = file if not reduced and turned == 1 and _is_ready(image) else b""
    return Photograph(size, tuple(remarks), digest, preview, file if reduced else b"", ready)


def _remarks_on(image: Image.Image, counted: Frames | None) -> list[Finding]:
    # of some formats counting is reading all: those have been counted with a bound
    frames = counted or Frames(getattr(image, "n_frames", 1))
    if frames.count == 1 or image.format == "MPO":
        return []
    return [Finding("note.first_picture_of_more" if frames.more else "note.first_picture", count=frames.count)]


def _draft(image: Image.Image) -> int:
    """Let a JPEG be decoded at a part of its size, and say by how much any other large image is to be reduced."""
    width, height = image.size
    # the smallest that the preview may be
    least = (SCREEN_PIXELS, PREVIEW_SHORT) if width >= height else (PREVIEW_SHORT, SCREEN_PIXELS)
    if image.format in {"JPEG", "MPO"}:
        image.draft(None, least)
        return 1
    if width * height <= LARGE_PIXELS:
        return 1
    return max((times for times in (2, 4, 8) if width >= times * least[0] and height >= times * least[1]), default=1)


def _decoded(image: Image.Image, file: bytes) -> int:
    """Decode `image`, read from `file` where it was opened here, and tell how it has to be turned."""
    image.load()
    if file and image.format == "TIFF":
        # what it believes to be its size once it is turned
        image._size = image.im.size
    return orientation(image, file)


@contextmanager
def _decoding(size: tuple[int, int]) -> Iterator[None]:
    """A place among the large images that are in memory as a whole; raises ImageError for damage found within."""
    with _LARGE if size[0] * size[1] > LARGE_PIXELS else nullcontext():
        try:
            yield
        except ImageError:
            raise
        except DAMAGE as error:
            raise _damaged(error) from error


_LARGE = BoundedSemaphore(LARGE_AT_ONCE)


def _is_ready(image: Image.Image) -> bool:
    """Whether a browser would show the file of `image` as it is read here: nothing to turn, no profile to apply."""
    plain = image.format == "JPEG" and image.mode == "RGB" and "icc_profile" not in image.info
    return plain and max(image.size) <= SCREEN_PIXELS


def digest_of(source: ImageSource | None) -> str:
    """A fingerprint of the content, the same for the same bytes or the same pixels."""
    content = content_of(source)
    if isinstance(content, bytes):
        return blake2b(content, digest_size=16).hexdigest()
    array = content if isinstance(content, np.ndarray) else _loaded(content)
    described: tuple[object, ...] = (array.shape, str(array.dtype))
    if isinstance(content, Image.Image):
        described += (
            content.mode,
            content.getpalette(),
            content.info.get("transparency"),
            orientation(content),
        )
    return blake2b(array.tobytes(), digest_size=16, person=b"pixels", salt=_short(described)).hexdigest()


def _short(described: object) -> bytes:
    return blake2b(repr(described).encode(), digest_size=16).digest()


def _loaded(image: Image.Image) -> NDArray[np.generic]:
    _check_size(*image.size)
    try:
        return np.asarray(plain(image))
    except DAMAGE as error:
        raise _damaged(error) from error


def content_of(source: ImageSource | None) -> bytes | Image.Image | NDArray[np.uint8]:
    """The bytes of a file, read here alone; a PIL image or an array as it is. Raises ImageError, UploadError."""
    if source is None:
        raise ImageError("photograph.missing")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (Image.Image, np.ndarray)):
        return source
    if isinstance(source, Upload):
        return source.read(limit=MAX_UPLOAD_BYTES, what=PHOTOGRAPH_FILE)
    if isinstance(source, (str, os.PathLike)):
        path = Path(os.fsdecode(source))
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            if address := ADDRESS.match(os.fsdecode(source)):
                raise ImageError("photograph.address", scheme=address[1]) from error
            # the folder may be private: only the file's own name is repeated
            raise ImageError("photograph.not_readable", file=path.name, reason=_reason(error)) from error
    kind, code = type(source).__name__, making_image(source)
    raise (
        ImageError("photograph.other_type", kind=kind)
        if code is None
        else ImageError("photograph.other_type_made", kind=kind, code=code)
    )


def _array_pixels(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        code = making_image(array)
        remedy = (
            Finding("photograph.other_array_made", code=code) if code else Finding("photograph.other_array_unknown")
        )
        raise ImageError("photograph.other_array", shape=array.shape, dtype=array.dtype, remedy=remedy)
    _check_size(array.shape[1], array.shape[0])
    return np.array(array, np.uint8)


def _open(data: bytes) -> tuple[Image.Image, Frames | None]:
    """The image, not yet decoded, and how many pictures its file holds where that was counted here."""
    if not data:
        raise ImageError("photograph.empty_file")
    refused = _refused_by_name(data)
    if refused:
        raise ImageError("photograph.other_kind", kind=refused)
    frames = checked(data)
    try:
        return _opened(data), frames
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("photograph.too_many_pixels", megapixels=MAX_PIXELS // 1_000_000) from error
    except UnidentifiedImageError as error:
        if found := described_tiff(data):
            raise ImageError("photograph.tiff", **found) from error
        raise ImageError("photograph.not_an_image") from error
    except DAMAGE as error:
        raise _damaged(error) from error


def _opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(without_texts(data)), formats=FORMATS)
    if image.format == "TIFF":
        # Pillow would turn it and write all notes anew, which fails where one of them is broken
        image.load_end = lambda: None  # type: ignore[method-assign]
    return image


def _refused_by_name(data: bytes) -> Finding | None:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}:
        kind = "kind.heic"
    elif data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis"}:
        kind = "kind.avif"
    elif head.startswith(b"%pdf"):
        kind = "kind.pdf"
    elif b"<svg" in head:
        kind = "kind.svg"
    elif head.startswith((b"<!doctype", b"<html", b"<?xml")):
        kind = "kind.web_page"
    elif b"\0" not in data[:1024] and _is_text(data[:1024]):
        kind = "kind.text"
    else:
        return None
    return Finding(kind)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character cut in two by the end of the sample is still text
        return error.start > len(data) - 4
    return True


def _check_size(width: int, height: int, kind: str | None = None) -> None:
    if width < 1 or height < 1:
        raise ImageError("photograph.no_pixel", width=width, height=height)
    if max(width, height) > MAX_SIDE and width * height <= MAX_PIXELS:
        raise ImageError("photograph.side_too_long", width=width, height=height, max_side=MAX_SIDE)
    limit = min(MAX_PIXELS, MAX_PIXELS_OF.get(kind or "", MAX_PIXELS))
    if width * height > limit:
        raise ImageError("photograph.too_large", width=width, height=height, megapixels=limit // 1_000_000)


def _damaged(error: BaseException) -> ImageError:
    return ImageError("photograph.damaged", reason=_reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
