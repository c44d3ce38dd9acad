"""English: photographs, texts and files that somebody hands in. Public name: `READING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["READING"]

READING: Mapping[str, str] = {
    "container.late_picture": "more than {parts} parts stand before its picture",
    "container.long_runs": "it is a run-length BMP of more than {megabytes} MB",
    "container.many_notes": "it has {notes} notes",
    "container.many_parts": "it has more than {parts} parts",
    "container.many_pieces": "its picture is cut into {pieces} pieces",
    "container.many_scans": "it draws its picture more than {scans} times",
    "container.overlapping_notes": "its notes overlap",
    "container.progressive_jpeg": (
        "The image is a progressive JPEG of {width} x {height} pixels in {components} colours; the limit is "
        "{megapixels} megapixels. Make it smaller, or save it again as a usual JPEG."
    ),
    "container.thousands_of_parts": "it has thousands of parts",
    "container.too_slow": (
        "The file is built in a way that takes too long to read: {what}. Open it and save it again."
    ),
    "kind.avif": "an AVIF image. Save it as JPEG or PNG",
    "kind.heic": "a HEIC photograph. Export it as JPEG (on a phone: share it as 'Most compatible')",
    "kind.pdf": "a PDF document. Save the page as PNG or JPEG",
    "kind.svg": "an SVG drawing, which has no pixels. Export it as PNG",
    "kind.text": "text, not an image",
    "kind.web_page": "a web page, not an image. Open it and save the picture itself",
    "method.unknown_for_text": "`method` {method!r} is unknown for text. {near}",
    "photograph.address": (
        "`image` is an address ({scheme}:...), and nothing is fetched from there: download the file, and give its path"
        " or its bytes."
    ),
    "photograph.damaged": "The image is cut off or damaged ({reason}). Save or download it again.",
    "photograph.empty_file": "The file is empty (0 bytes). Save or download it again.",
    "photograph.missing": "There is no image: choose a photograph, take one, or pick an example.",
    "photograph.no_pixel": "The image is {width} x {height} pixels; it needs at least one pixel.",
    "photograph.not_an_image": (
        "The file is not an image that can be read here: JPEG, PNG, WebP, GIF, BMP and TIFF files can be read."
    ),
    "photograph.not_readable": "The file {file!r} cannot be read: {reason}.",
    "photograph.other_array": (
        "`image` is an array of shape {shape} and type {dtype}; expected (height, width, 3) uint8 in RGB order, from 0,"
        " which is black, to 255. {remedy}"
    ),
    "photograph.other_array_made": "{code} is one.",
    "photograph.other_array_unknown": "Bring its values and axes there first.",
    "photograph.other_kind": "The file is {kind}; JPEG, PNG, WebP, GIF, BMP and TIFF files can be read.",
    "photograph.other_type": (
        "`image` is of type {kind!r}; expected a path, bytes, a PIL image or an array of shape (height, width, 3)."
    ),
    "photograph.other_type_made": (
        "`image` is of type {kind!r}; expected a path, bytes, a PIL image or an array of shape (height, width, 3)"
        " uint8 in RGB order. {code} is one."
    ),
    "photograph.side_too_long": (
        "The image is {width} x {height} pixels; a side may have at most {max_side}. Cut a part out and try again."
    ),
    "photograph.tiff": (
        "The TIFF holds {bands} band(s) of {bits} bits, {numbers} numbers, {order}-endian, and those cannot be read."
        " Choose what to show, and save it as PNG, or as a TIFF of 1, 3 or 4 bands of 8 or 16 bits."
    ),
    "photograph.too_large": (
        "The image is {width} x {height} pixels and exceeds the limit of {megapixels} megapixels. Make it "
        "smaller and try again."
    ),
    "photograph.too_many_pixels": (
        "The image exceeds the limit of {megapixels} megapixels. Make it smaller and try again."
    ),
    "preprocessing.not_positive": "`{name}` {value!r} must be positive, a whole number of pixels.",
    "text.empty": ("The text is empty; type a sentence, for example a film review in Korean."),
    "text.no_text": "`text` should be a string, but is {kind}; type a sentence.",
    "text.no_unicode": ("The text is no valid Unicode at character {position}; type or paste it again."),
    "transform.bends": (
        "`transform` turns, bends or repeats the picture, or changes its brightness by more than a factor and"
        " an offset, so its map could not be drawn where it belongs; give one that resizes, crops and pads "
        "with a colour."
    ),
    "transform.fails": (
        "`transform` fails on a picture of {width} x {height} pixels: {error_type} ({text}). It"
        " gets an RGB PIL image, or an (H, W, 3) uint8 array where it cannot take that."
    ),
    "transform.ignores_picture": (
        "`transform` makes the same of a black and a white picture, so where it looks cannot be found; does "
        "it adapt the brightness to each picture? Give one that scales by fixed numbers."
    ),
    "transform.leaves_too_little": ("`transform` leaves too little of the picture to find out where it looks."),
    "transform.mirrors": ("`transform` mirrors the picture; give one that resizes, crops and pads only."),
    "transform.no_tensor": (
        "`transform` should return a tensor of shape (channels, height, width), but returned {what}."
    ),
    "transform.not_callable": (
        "`transform` {transform!r} cannot be called; give a function from an image to a tensor."
    ),
    "transform.picture_too_small": (
        "The image is {width} x {height} pixels: too small to find out where the model's own transform looks;"
        " {smallest} pixels a side are enough."
    ),
    "transform.random": (
        "`transform` is random: the same picture comes out differently. Give the one for evaluation, without "
        "random crops, flips or colours."
    ),
    "transform.reduced_picture": (
        "A picture of {width} x {height} pixels was given for one of {size!r}; give all pixels."
    ),
    "uploads.no_base64": ("The data: address holds no base64; encode the file so, or upload it first."),
    "uploads.not_here": (
        "There is no such upload on this server: it was never handed in here, or has been deleted since. "
        "Choose the file again; a program uploads it first and then names the path that the upload answered."
    ),
    "uploads.the_file": "The file",
    "uploads.the_photograph": "The photograph's file",
    "uploads.too_large": "{what} is larger than {limit:g} MB; make it smaller.",
    "words.no_spaces": (
        "Leaving words out needs at least two words, and words are found by the spaces between them: this text of"
        " {count} characters has none. Put spaces between its words."
    ),
    "words.none": "`{name}` {text!r} holds no word; type a few words in English.",
    "words.not_english": "`{name}` {text!r} is not in English, the only language that this network knows.",
    "words.not_text": "`{name}` must be a text, not {value!r}.",
    "words.too_few": "Leaving words out needs at least two words; write a longer sentence.",
    "words.too_long": "`{name}` has {count:,} characters; this network reads at most {limit} words. Shorten it.",
    "words.too_many": "`{name}` has {count} words; this network reads at most {limit}. Shorten it.",
    "words.unknown": "This network knows no word of `{name}` {text!r}; use simple English words.",
}
