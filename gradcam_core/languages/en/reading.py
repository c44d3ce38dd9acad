"""English: photographs, texts and files that somebody hands in. Public name: `READING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["READING"]

READING: Mapping[str, str] = {
    "containers.file_built_way": (
        "The file is built in a way that takes too long to read: {what}. Open it and save it again."
    ),
    "containers.image_progressive_jpeg": (
        "The image is a progressive JPEG of {width} x {height} pixels in {components} colours; the limit is "
        "{most_coefficients} megapixels. Make it smaller, or save it again as a usual JPEG."
    ),
    "named_files.data_address_holds": ("The data: address holds no base64; encode the file so, or upload it first."),
    "photograph.bomb": ("The image exceeds the limit of {megapixels} megapixels. Make it smaller and try again."),
    "photograph.damaged": "The image is cut off or damaged ({reason}). Save or download it again.",
    "photograph.file_empty_bytes": "The file is empty (0 bytes). Save or download it again.",
    "photograph.file_image_read": "The file is not an image that can be read here: {readable}.",
    "photograph.file_read": "The file {Path_name!r} cannot be read: {reason}.",
    "photograph.image_array_shape": (
        "`image` is an array of shape {array_shape} and type {array_dtype}; expected (height, width, 3) uint8"
        " in RGB order. Scale floats by 255 and convert them first."
    ),
    "photograph.image_photograph_take": "There is no image: choose a photograph, take one, or pick an example.",
    "photograph.image_type_expected": (
        "`image` is of type {source_type!r}; expected a path, bytes, a PIL image or an array of shape "
        "(height, width, 3)."
    ),
    "photograph.no_pixel": "The image is {width} x {height} pixels; it needs at least one pixel.",
    "photograph.other_kind": "The file is {kind}; {readable}.",
    "photograph.side_too_long": (
        "The image is {width} x {height} pixels; a side may have at most {max_side}. Cut a part out and try again."
    ),
    "photograph.too_large": (
        "The image is {width} x {height} pixels and exceeds the limit of {megapixels} megapixels. Make it "
        "smaller and try again."
    ),
    "preprocess.positive": "`{name}` {value!r} must be positive.",
    "probed_transform.image_x_pixels": (
        "The image is {width} x {height} pixels: too small to find out where the model's own transform looks;"
        " {smallest} pixels a side are enough."
    ),
    "probed_transform.picture_x_pixels": (
        "A picture of {width} x {height} pixels was given for one of {size!r}; give all pixels."
    ),
    "probed_transform.transform_called_function": (
        "`transform` {transform!r} cannot be called; give a function from an image to a tensor."
    ),
    "probed_transform.transform_fails_picture": (
        "`transform` fails on a picture of {pixels_shape} x {pixels_shape2} pixels: {error_type} ({text}). It"
        " gets an RGB PIL image, or an (H, W, 3) uint8 array where it cannot take that."
    ),
    "probed_transform.transform_leaves_little": (
        "`transform` leaves too little of the picture to find out where it looks."
    ),
    "probed_transform.transform_makes_same": (
        "`transform` makes the same of a black and a white picture, so where it looks cannot be found; does "
        "it adapt the brightness to each picture? Give one that scales by fixed numbers."
    ),
    "probed_transform.transform_mirrors_picture": (
        "`transform` mirrors the picture; give one that resizes, crops and pads only."
    ),
    "probed_transform.transform_random_same": (
        "`transform` is random: the same picture comes out differently. Give the one for evaluation, without "
        "random crops, flips or colours."
    ),
    "probed_transform.transform_return_tensor": (
        "`transform` should return a tensor of shape (channels, height, width), but returned {what}."
    ),
    "probed_transform.transform_turns_bends": (
        "`transform` turns, bends or repeats the picture, or changes its brightness by more than a factor and"
        " an offset, so its map could not be drawn where it belongs; give one that resizes, crops and pads "
        "with a colour."
    ),
    "text.first_characters_spaces": ("The first {limit} characters are all spaces; put the sentence in front."),
    "text.method_unknown_text": "`method` {key_!r} is unknown for text. {near}",
    "text.text_empty_type": ("The text is empty; type a sentence, for example a film review in Korean."),
    "text.text_string_type": "`text` should be a string, but is {text_type}; type a sentence.",
    "text.text_valid_unicode": ("The text is no valid Unicode at character {error_start}; type or paste it again."),
    "uploads.larger_mb_make": "{what} is larger than {limit:g} MB; make it smaller.",
    "uploads.not_here": (
        "There is no such upload on this server: it was never handed in here, or has been deleted since. "
        "Choose the file again; a program uploads it first and then names the path that the upload answered."
    ),
    "words.leaving_words_out": "Leaving words out needs at least two words; write a longer sentence.",
    "words.none": "`{name}` {text!r} holds no word; type a few words in English.",
    "words.not_english": "`{name}` {text!r} is not in English, the only language that this network knows.",
    "words.not_text": "`{name}` must be a text, not {value!r}.",
    "words.too_many": "`{name}` has {count} words; this network reads at most {limit}. Shorten it.",
    "words.unknown": "This network knows no word of `{name}` {text!r}; use simple English words.",
}
