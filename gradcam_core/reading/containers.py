"""How an image file is built, looked at before a decoder does: small files can ask for hours and for all memory.

Decoders read one header after the other in Python, draw a picture as often as it comes, and take every length at its
word. What is far beyond any file that somebody made for being looked at is refused. Public names: `Frames`,
`check_notes`, `checked`, `described_tiff`, `turn_in`, `turn_of`, `without_texts`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..errors import CamError, ImageError
from ..languages import Finding

__all__ = ["Frames", "check_notes", "checked", "described_tiff", "turn_in", "turn_of", "without_texts"]

# parts of a file that are read one after the other in Python: headers, comments, pieces of the picture
MOST_PARTS = 20_000
# pictures that are counted in a file: only the first one is shown
MOST_FRAMES = 1000
# how often a progressive JPEG may draw all of 64 megapixels; encoders draw ten times
MOST_DRAWN = 20 * 64_000_000
MOST_SCANS = 1000
# numbers that a decoder keeps of a progressive JPEG, two bytes each
MOST_COEFFICIENTS = 192_000_000
# run lengths of a BMP are read one by one in Python
MOST_RUNS_BYTES = 2_000_000
# the tables of a TIFF may together be this many times as long as the file: some overlap a little
TWICE = 2

JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# bytes of a value by its TIFF type
TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TIFF_LETTERS = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 12: "d", 13: "L", 16: "Q", 17: "q"}
ORIENTATION = 0x0112
# characters of an orientation that is kept as a text
MOST_LETTERS = 64
TIFFS = (b"II\x2a\0", b"MM\0\x2a", b"II\0\x2a", b"MM\x2a\0", b"II\x2b\0", b"MM\0\x2b")
MOST_BANDS = 1024
# parts of a PNG that hold texts or colour profiles, and how those begin that may tell how the picture is turned
TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})
ON_TURNING = (b"Raw profile type exif", b"XML:com.adobe.xmp")
MOST_OF_TURN = 65_536
# where the strips and tiles of a TIFF lie
PIECES = frozenset({273, 279, 324, 325})


@dataclass(frozen=True)
class Frames:
    """How many pictures a file holds, as far as they were counted; `more` says that the counting was given up."""

    count: int = 1
    more: bool = False


def checked(data: bytes) -> Frames | None:
    """The pictures in a file, None where its decoder counts them at no cost; raises ImageError for what is refused.

    A file that is damaged passes: its decoder says what is wrong with it.
    """
    for start, look in BUILT.items():
        if data.startswith(start):
            try:
                return look(data)
            except (IndexError, struct.error):
                return Frames()
    return None


def _refused(key: str, **values: int) -> ImageError:
    return ImageError("container.too_slow", what=Finding(key, **values))


def _jpeg(data: bytes) -> None:
    notes, scans, drawn = bytearray(), 0, 0
    for parts, (marker, start, end) in enumerate(_jpeg_parts(data)):
        if parts > MOST_PARTS // 10:
            raise _refused("container.thousands_of_parts")
        body = data[start:end]
        if marker == 0xDA:
            scans += 1
            if scans > MOST_SCANS or scans * drawn > MOST_DRAWN:
                raise _refused("container.many_scans", scans=scans - 1)
        elif marker in JPEG_FRAMES:
            height, width, components = struct.unpack_from(">xHHB", body)
            drawn = max(drawn, height * width)
            if marker in PROGRESSIVE and drawn * components > MOST_COEFFICIENTS:
                raise ImageError(
                    "container.progressive_jpeg",
                    width=width,
                    height=height,
                    components=components,
                    megapixels=MOST_COEFFICIENTS // components // 1_000_000,
                )
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            notes += body[6:]
        elif marker == 0xE2 and body.startswith(b"MPF\0"):
            check_notes(body[4:])
    check_notes(bytes(notes))


def _jpeg_parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the segments of the first picture; the data of a scan are skipped."""
    at, scanning = 2, False
    while at < len(data):
        if scanning:
            found = JPEG_MARKER.search(data, at)
            if found is None:
                return
            at = found.start()
        marker = data[at + 1] if data[at] == 0xFF else -1
        if marker == 0xD9:
            return
        if marker <= 0x01 or marker == 0xFF or 0xD0 <= marker <= 0xD8:
            # filling, and what stands alone
            yield marker, at, at
            at += 1 if marker in {-1, 0xFF} else 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        yield marker, at + 4, end
        scanning |= marker == 0xDA
        at = max(end, at + 4)


def _png(data: bytes) -> None:
    at, parts = 8, 0
    while at + 8 <= len(data) and data[at + 4 : at + 8] != b"IEND":
        parts += 1
        if parts > MOST_PARTS:
            raise _refused("container.many_parts", parts=MOST_PARTS)
        at += 12 + struct.unpack_from(">I", data, at)[0]


def without_texts(data: bytes) -> bytes:
    """A PNG without its texts, of which Pillow reads no more than 1 MB, and its colours' profile; else `data` itself.

    Only texts that may say how to turn the picture stay.
    """
    if not data.startswith(b"\x89PNG"):
        return data
    at, kept = 8, [data[:8]]
    while at + 8 <= len(data):
        end = at + 12 + struct.unpack_from(">I", data, at)[0]
        kind, body = data[at + 4 : at + 8], data[at + 8 : min(end, at + MOST_OF_TURN)]
        if kind not in TEXTS or (kind != b"iCCP" and end - at <= MOST_OF_TURN and body.startswith(ON_TURNING)):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def described_tiff(data: bytes) -> dict[str, Any] | None:
    """Bands, their bits, and what kind of numbers they hold, of the first picture in a TIFF; None for other files."""
    if not data.startswith(TIFFS):
        return None
    try:
        _, at = _first_directory(data)
        order, _ = _letters(data)
        tags = dict(_values(data, order, at))
    except (CamError, IndexError, struct.error):
        return None
    bits = tags.get(258, (1,))
    bands = max(tags.get(277, (1,))[0], len(bits))
    formats = {1: "unsigned", 2: "signed", 3: "floating point", 5: "complex", 6: "complex"}
    return {
        "bands": bands,
        "bits": " and ".join(map(str, sorted(set(bits)))),
        "order": "big" if order == ">" else "little",
        "numbers": formats.get(tags.get(339, (1,))[0], "unknown"),
    }


def turn_in(notes: bytes) -> int | None:
    """The orientation that notes, kept like a TIFF, hold in whatever type; None where they have none that is sound."""
    with suppress(CamError, IndexError, struct.error, ValueError, ArithmeticError, LookupError, TypeError):
        order, at = _first_directory(notes)
        count, start, size = _entries(notes, at)
        inline = 8 if size == 20 else 4
        for place in range(start, start + count * size, size):
            tag, kind = struct.unpack_from(order + "HH", notes, place)
            if tag != ORIENTATION:
                continue
            held, width = place + size - inline, TIFF_SIZES[kind]
            values = struct.unpack_from(order + ("Q" if inline == 8 else "L"), notes, place + 4)[0]
            if width * values > inline:
                held = struct.unpack_from(order + ("Q" if inline == 8 else "L"), notes, held)[0]
            if kind in {2, 7}:
                return turn_of(notes[held : held + min(values, MOST_LETTERS)])
            letters = {5: "LL", 10: "ll"}.get(kind, TIFF_LETTERS.get(kind, "B"))
            numbers = struct.unpack_from(order + letters, notes, held) if values else ()
            return turn_of(numbers[0] / numbers[1] if len(numbers) == 2 else numbers[0])
    return None


def turn_of(value: Any) -> int | None:
    """An orientation as a number, however it is kept; raises ValueError and others where it is none."""
    if isinstance(value, (tuple, list)):
        return turn_of(value[0])
    if isinstance(value, bytes):
        # a number in whatever order of bytes, or a digit
        letters = value.strip(b"\0 ")
        return letters[0] if len(letters) == 1 and letters[0] < 9 else int(letters)
    return None if value is None else int(value.strip("\0 ") if isinstance(value, str) else value)


def _values(data: bytes, order: str, at: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The tags of a directory whose few values are 8 or 16 bits wide."""
    count, start, size = _entries(data, at)
    inline, head = (8, "HHQ") if size == 20 else (4, "HHL")
    for number in range(count):
        place = start + number * size
        tag, kind, values = struct.unpack_from(order + head, data, place)
        letter = {1: "B", 3: "H"}.get(kind)
        if letter is None or not 0 < values <= MOST_BANDS:
            continue
        held = place + size - inline
        if values * TIFF_SIZES[kind] > inline:
            held = struct.unpack_from(order + ("Q" if inline == 8 else "L"), data, held)[0]
        yield tag, struct.unpack_from(f"{order}{values}{letter}", data, min(held, len(data)))


def _gif(data: bytes) -> Frames:
    frames = 0
    for steps, is_frame in enumerate(_gif_parts(data)):
        frames += is_frame
        if not frames and steps > MOST_PARTS:
            raise _refused("container.late_picture", parts=MOST_PARTS)
        if frames > MOST_FRAMES or steps > 100 * MOST_PARTS:
            return Frames(max(min(frames, MOST_FRAMES), 1), more=True)
    return Frames(max(frames, 1))


def _gif_parts(data: bytes) -> Iterator[bool]:
    """Of each block of a GIF, blocks within blocks too, whether it is the start of a picture."""
    at = 13 + _colors(data[10])
    while at < len(data) and data[at] != 0x3B:
        is_frame = data[at] == 0x2C
        yield is_frame
        if is_frame and at + 9 < len(data):
            at += 11 + _colors(data[at + 9])
        elif data[at] == 0x21:
            at += 2
        else:
            at += 1
            continue
        while at < len(data) and data[at]:
            at += 1 + data[at]
            yield False
        at += 1


def _colors(flags: int) -> int:
    """Bytes of a GIF's table of colours."""
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _tiff(data: bytes) -> Frames:
    _, at = _first_directory(data)
    seen: set[int] = set()
    pieces = 0
    for tag, count, _ in _directory(data, at):
        pieces = max(pieces, count if tag in PIECES else 0)
    if pieces > MOST_PARTS * 4:
        raise _refused("container.many_pieces", pieces=pieces)
    check_notes(data)
    while at and at not in seen and at < len(data):
        if len(seen) == MOST_FRAMES:
            return Frames(len(seen), more=True)
        seen.add(at)
        try:
            at = _next_directory(data, at)
        except struct.error:
            break
    return Frames(max(len(seen), 1))


def check_notes(data: bytes) -> None:
    """Refuse a TIFF, or notes that are kept like one (EXIF), whose values are longer together than the whole.

    Decoders copy every value, also where thousands of them are the same bytes. Raises ImageError.
    """
    try:
        _, at = _first_directory(data)
        total = sum(size for _, _, size in _directory(data, at))
    except (IndexError, struct.error):
        return
    if total > TWICE * len(data) + 65_536:
        raise _refused("container.overlapping_notes")


def _letters(data: bytes) -> tuple[str, bool]:
    """The order of bytes, and whether offsets have eight of them (BigTIFF)."""
    return (">" if data.startswith(b"MM") else "<"), data[2] == 43


def _first_directory(data: bytes) -> tuple[str, int]:
    order, big = _letters(data)
    return order, struct.unpack_from(order + ("Q" if big else "L"), data, 8 if big else 4)[0]


def _entries(data: bytes, at: int) -> tuple[int, int, int]:
    """How many entries a directory has, where they start, and how long one is."""
    order, big = _letters(data)
    # an offset may have eight bytes, more than Python takes for one
    count = struct.unpack_from(order + ("Q" if big else "H"), data, min(at, len(data)))[0]
    start, size = (at + 8, 20) if big else (at + 2, 12)
    if count > MOST_PARTS:
        raise _refused("container.many_notes", notes=count)
    return count, start, size


def _directory(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Tag, number of values, and bytes of them that lie elsewhere in the file, of each entry."""
    order, big = _letters(data)
    count, start, size = _entries(data, at)
    inline = 8 if big else 4
    for number in range(count):
        if start + (number + 1) * size > len(data):
            return
        tag, kind, values = struct.unpack_from(order + ("HHQ" if big else "HHL"), data, start + number * size)
        length = values * TIFF_SIZES.get(kind, 0)
        yield tag, values, min(length, len(data)) if length > inline else 0


def _next_directory(data: bytes, at: int) -> int:
    order, big = _letters(data)
    count, start, size = _entries(data, at)
    return int(struct.unpack_from(order + ("Q" if big else "L"), data, start + count * size)[0])


def _bmp(data: bytes) -> None:
    header, runs = struct.unpack_from("<L", data, 14)[0], struct.unpack_from("<L", data, 30)[0]
    if header >= 40 and runs in {1, 2} and len(data) > MOST_RUNS_BYTES:
        raise _refused("container.long_runs", megabytes=MOST_RUNS_BYTES // 1_000_000)


# how a file starts -> what looks at it; of TIFF also the two that are written the wrong way round
BUILT: dict[bytes, Callable[[bytes], Frames | None]] = {
    b"\xff\xd8": _jpeg,
    b"\x89PNG": _png,
    b"GIF8": _gif,
    b"BM": _bmp,
    **dict.fromkeys(TIFFS, _tiff),
}
