"""From a file, bytes, a PIL image or an array to an upright RGB photograph, past every guard.

Public names: `Photograph`, `content_of`, `read_photograph`, `digest_of`, `MAX_PIXELS`, `SCREEN_PIXELS`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ..errors import ImageError
from .uploads import Upload

__all__ = ["MAX_PIXELS", "SCREEN_PIXELS", "ImageSource", "Photograph", "content_of", "digest_of", "read_photograph"]

# of a photograph that a visitor hands in
MAX_UPLOAD_BYTES = 20_000_000

# 64 megapixels: above every phone's usual mode; decoded as RGB this is 192 MB
MAX_PIXELS = 64_000_000
# the longer side of a picture that fills half a screen
SCREEN_PIXELS = 960
# the shorter side with which a reduced decode is still twice as fine as most networks' input
PREVIEW_SHORT = 600
# Pillow reads MPO, the stereo JPEG of some phones, as JPEG and has no opener of that name
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
READABLE = "JPEG, PNG, WebP, GIF, BMP and TIFF files can be read"

ImageSource: TypeAlias = "str | Path | Upload | bytes | Image.Image | NDArray[np.uint8]"
# what Pillow's decoders raise on damaged data, depending on the format
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
# EXIF orientations that swap width and height
QUARTER_TURNS = frozenset({5, 6, 7, 8})
BACKGROUND = (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Photograph:
    """An upright photograph of `size` (width, height) in pixels; `notes` say what was done to get there.

    Of a large JPEG, `preview` is a decode at 1/2, 1/4 or 1/8, all that a screen and most networks need, several
    times as fast as the whole; `encoded` is the file then. Otherwise `preview` holds all pixels. `ready` is the file
    where any browser shows it just as it is here and no larger than a screen needs.
    """

    size: tuple[int, int]
    notes: tuple[str, ...]
    digest: str
    preview: NDArray[np.uint8]
    encoded: bytes = b""
    ready: bytes = b""

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB, decoded when they are first asked for; raises ImageError."""
        if not self.encoded:
            return self.preview
        try:
            return _rgb(_upright(_open(self.encoded)))
        except DAMAGE as error:
            raise _damaged(error) from error

    def at_least(self, short: int) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB: the preview where its shorter side has `short` pixels, else all pixels."""
        return self.pixels if self.reduction(short) == 1 else self.preview

    def reduction(self, short: int) -> int:
        """How many pixels of the photograph, along a side, become one of `at_least(short)`: 1, 2, 4 or 8."""
        finest = max(self.preview.shape[:2])
        return round(max(self.size) / finest) if min(self.preview.shape[:2]) >= short else 1

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
    image = _open(content) if isinstance(content, bytes) else content
    _check_size(*image.size)
    notes: list[str] = []
    try:
        # counting them reads the whole file
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":
            notes.append(f"This file holds {frames} pictures; the first one is shown.")
        stored = image.size
        # an image that somebody else opened is left as it is
        if isinstance(content, bytes) and image.format == "JPEG":
            wide = stored[0] >= stored[1]
            # the smallest that the preview may be
            image.draft(None, (SCREEN_PIXELS, PREVIEW_SHORT) if wide else (PREVIEW_SHORT, SCREEN_PIXELS))
        reduced = image.size != stored
        upright = _upright(image)
    except DAMAGE as error:
        raise _damaged(error) from error
    if upright.has_transparency_data and not _is_deep(upright):
        notes.append("Transparent parts are shown on white.")
    preview = _rgb(upright)
    if not reduced or not isinstance(content, bytes):
        ready = content if isinstance(content, bytes) and _is_ready(image) else b""
        return Photograph(upright.size, tuple(notes), digest, preview, ready=ready)
    size = stored[::-1] if _orientation(image) in QUARTER_TURNS else stored
    return Photograph(size, tuple(notes), digest, preview, content)


def _is_ready(image: Image.Image) -> bool:
    """Whether a browser would show the file of `image` as it is read here: nothing to turn, no profile to apply."""
    plain = image.format == "JPEG" and image.mode == "RGB" and "icc_profile" not in image.info
    return plain and max(image.size) <= SCREEN_PIXELS and _orientation(image) == 1


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    # the tag may turn the picture by a quarter: all that follows sees it upright
    if _orientation(image) == 1:
        # exif_transpose would copy it
        return image
    return ImageOps.exif_transpose(image)


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
            dict(content.getexif()),
        )
    return blake2b(array.tobytes(), digest_size=16, person=b"pixels", salt=_short(described)).hexdigest()


def _short(described: object) -> bytes:
    return blake2b(repr(described).encode(), digest_size=16).digest()


def _loaded(image: Image.Image) -> NDArray[np.generic]:
    _check_size(*image.size)
    try:
        return np.asarray(image)
    except DAMAGE as error:
        raise _damaged(error) from error


def content_of(source: ImageSource | None) -> bytes | Image.Image | NDArray[np.uint8]:
    """The bytes of a file, read here alone; a PIL image or an array as it is. Raises ImageError, UploadError."""
    if source is None:
        raise ImageError("There is no image: choose a photograph, take one, or pick an example.")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (Image.Image, np.ndarray)):
        return source
    if isinstance(source, Upload):
        return source.read(limit=MAX_UPLOAD_BYTES, what="The photograph's file")
    if isinstance(source, (str, Path)):
        try:
            return Path(source).read_bytes()
        except (OSError, ValueError) as error:
            # the folder may be private: only the file's own name is repeated
            raise ImageError(f"The file {Path(source).name!r} cannot be read: {_reason(error)}.") from error
    raise ImageError(
        f"`image` is of type {type(source).__name__!r}; expected a path, bytes, a PIL image"
        " or an array of shape (height, width, 3)."
    )


def _array_pixels(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ImageError(
            f"`image` is an array of shape {array.shape} and type {array.dtype}; expected (height, width, 3)"
            " uint8 in RGB order. Scale floats by 255 and convert them first."
        )
    _check_size(array.shape[1], array.shape[0])
    return np.array(array, np.uint8)


def _open(data: bytes) -> Image.Image:
    if not data:
        raise ImageError("The file is empty (0 bytes). Save or download it again.")
    refused = _refused_by_name(data)
    if refused:
        raise ImageError(refused)
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large("The image")) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"The file is not an image that can be read here: {READABLE}.") from error
    except DAMAGE as error:
        raise _damaged(error) from error


def _refused_by_name(data: bytes) -> str | None:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}:
        kind = "a HEIC photograph. Export it as JPEG (on a phone: share it as 'Most compatible')"
    elif data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis"}:
        kind = "an AVIF image. Save it as JPEG or PNG"
    elif head.startswith(b"%pdf"):
        kind = "a PDF document. Save the page as PNG or JPEG"
    elif b"<svg" in head:
        kind = "an SVG drawing, which has no pixels. Export it as PNG"
    elif head.startswith((b"<!doctype", b"<html", b"<?xml")):
        kind = "a web page, not an image. Open it and save the picture itself"
    elif b"\0" not in data[:1024] and _is_text(data[:1024]):
        kind = "text, not an image"
    else:
        return None
    return f"The file is {kind}; {READABLE}."


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character cut in two by the end of the sample is still text
        return error.start > len(data) - 4
    return True


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"The image is {width} x {height} pixels; it needs at least one pixel.")
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(f"The image is {width} x {height} pixels and"))


def _too_large(subject: str) -> str:
    return f"{subject} exceeds the limit of {MAX_PIXELS // 1_000_000} megapixels. Make it smaller and try again."


def _is_deep(image: Image.Image) -> bool:
    """True for grey of more than 8 bits; a transparent value in it is shown as any other."""
    return image.mode.startswith(("I", "F"))


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    if _is_deep(image):
        return np.repeat(_eight_bits(np.asarray(image))[..., None], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(ground, rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _eight_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """16-bit and floating-point grey values (H, W) to 8 bits; the type says what white is."""
    wide = values.astype(np.float64)
    if values.dtype.kind == "f":
        top = 1.0 if np.nanmax(wide, initial=0) <= 1 else 255.0
    else:
        top = 65535.0 if values.dtype.itemsize == 2 or wide.max() > 255 else 255.0
    return np.clip(np.rint(np.nan_to_num(wide) / top * 255), 0, 255).astype(np.uint8)


def _damaged(error: BaseException) -> ImageError:
    return ImageError(f"The image is cut off or damaged ({_reason(error)}). Save or download it again.")


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
