"""English: what was asked: options, classes, methods, places. Public name: `QUESTIONS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["QUESTIONS"]

QUESTIONS: Mapping[str, str] = {
    "caption.nothing_written": "{model} writes no word about this photograph; hand in a `caption` of your own.",
    "caption.missing": "`caption` is empty; hand in a caption, or ask {model} to write one.",
    "check.count_too_small": "`{name}` {value!r} must be a whole number, {least} at least.",
    "check.nothing_to_hide": (
        "The map has no coloured place, so there is nothing to hide; choose another class, layer or method."
    ),
    "check.nothing_to_move": "The map has no coloured place, so none can move; choose another class, layer or method.",
    "check.of_a_value": (
        "`{model}` returns a number of its own, not a probability, and this check judges probabilities; look at the map"
        " itself, or ask for the sanity check."
    ),
    "check.shares_out_of_range": "`{name}` {shares!r} must lie between 0 and 1, at least one of them.",
    "class.no_index_or_label": "`{name}` {shown} is not a class; give an index or a label.",
    "class.number_or_label": (
        "`{name}` {text!r} is no label of {title}, whose labels are numbers themselves, and as an index it is"
        " the class {label!r}; give the label, or the index as a whole number instead of a text."
    ),
    "class.out_of_range": ("`{name}` {text} is out of range: {title} knows the classes 0 to {last}."),
    "class.several": "`{name}` {text!r} names several classes; give one index of {found}.",
    "class.unknown": (
        "`{name}` {text!r} is not a class of {title}: neither a whole number from 0 to {last} nor a label. {near}"
    ),
    "compare.nothing_to_compare": "{empty:list} must name at least one each; leave them out for the default.",
    "compare.three_sides": ("{several:list} have several each; a grid has two sides: give one of them a single."),
    "explainer.engine_unknown": "`engine` {engine!r} is unknown; choose one of {known:list}.",
    "explainer.negative": ("`{name}` {value!r} must be a number that is not negative; 0 keeps nothing."),
    "head.unknown": "`head` {head!r} is unknown. {near}",
    "hidden.other_shape": "A part of `hidden` has shape {hidden_shape}, expected {expected}: that of the input.",
    "hiding.unknown": "`hiding` {hiding!r} is unknown; choose one of {known:list}.",
    "layers.gradient_says_nothing": (
        "The network's scores depend on its layers, but no gradient says how: it is quantised, rounds,"
        " switches gradients off, or a hook or derivative of its own fails on the way back."
    ),
    "layers.words": "`layer` {layer!r} holds words, not places of the photograph; choose another.",
    "look.colormap_unknown": "`colormap` {colormap!r} is unknown; choose one of {known:list}.",
    "look.out_of_range": "`{name}` must lie between 0 and 1, got {value!r}.",
    "map.not_finite": (
        "The map at `layer` {layer!r} is not finite (NaN or infinity); try another layer or full precision."
    ),
    "maps.other_shape": ("`second` has shape {second_shape}, expected {first_shape}: choose maps of one layer."),
    "mask.covers_everything": (
        "`mask` covers everything that the model saw, so nothing is left to judge; brush over less."
    ),
    "mask.covers_nothing": ("`mask` covers nothing of what the model saw; brush over a part that is not striped."),
    "mask.other_shape": ("`mask` has shape {mask_shape}, expected {expected}: that of the photograph."),
    "method.looks_at_no_class": (
        "`method` {method_key!r} looks at no class, so nothing in its map speaks against one or for one "
        "rather than another; choose 'gradcam', or switch counterfactual, both and rival off."
    ),
    "method.needs_gradients": ("{problem} {method} needs gradients; these methods do not: {without:list}."),
    "method.unknown": "`method` {method!r} is unknown. {near}",
    "place.one_number": "The model returns a single number, so a place speaks for nothing else; see the map.",
    "place.outside": (
        "`x` {x!r}, `y` {y!r} lies outside what the model saw (x {columns_start} to {columns_last}, y "
        "{rows_start} to {rows_last}); choose a place that is not striped."
    ),
    "place.whole_caption": "A place speaks for words one by one; choose a word of the caption first.",
    "question.missing": "`question` is empty; ask {model} something about the photograph, in English.",
    "request.not_several": "`{name}` {shown} is one value, where several may be; put it into a list: [{shown}].",
    "request.language_unknown": "`{name}` {shown} is not spoken here; choose one of {known:list}.",
    "request.not_a_method": ("`{name}` {shown} is not the key of a method; give a text, such as 'gradcam'."),
    "request.not_a_model": "`{name}` {shown} is not a model; give its name as a text, or 'auto'.",
    "request.not_a_module": "`{name}` {shown} is not a module of the model; give its name as a text, or 'auto'.",
    "request.not_a_switch": "`{name}` {shown} is neither on nor off; give true or false.",
    "request.not_a_text": "`{name}` {shown} is not a text; type a few words in English.",
    "request.not_a_word": ("`{name}` {shown} is not a word; give its place, from 0, or the word itself."),
    "request.unknown_option": "`{name}` is not an option. {near}",
    "request.view_unknown": "`{name}` {shown} is unknown; choose one of {known:list}.",
    "rival.no_other_class": "`rival` {rival!r} is not possible: {title} knows a single class.",
    "rival.same_class": (
        "`rival` {rival!r} is the explained class itself, so there is no difference to show; choose another, "
        "or {auto!r} for the most probable one."
    ),
    "stage.view_unknown": "`view` {view!r} is unknown; choose one of {known:list}.",
    "strokes.empty": ("`strokes` is empty, so there is nothing to hide; brush over a part of the photograph first."),
    "strokes.no_stroke": (
        '`strokes` holds {stroke}, which is no stroke; give {{"points": [[x, y], ...], "radius": r}} in '
        "pixels of the photograph."
    ),
    "strokes.too_many": (
        "`strokes` holds {strokes_count} strokes; at most {most_strokes} are drawn. Brush with fewer of them."
    ),
    "strokes.too_many_points": (
        "`strokes` holds {count} points; at most {most_points} are drawn. Brush with fewer of them."
    ),
    "word.not_there": "`word` {word!r} is not in the caption; its words are {words:list}.",
    "word.out_of_range": "`word` {word!r} is out of range: the caption has the words 0 to {last}.",
    "word.several_times": "`word` {word!r} stands in the caption at the places {places:list}; give one of them.",
}
