"""English: what was asked: options, classes, methods, places. Public name: `QUESTIONS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["QUESTIONS"]

QUESTIONS: Mapping[str, str] = {
    "answers.method_looks_class": (
        "`method` {method_key!r} looks at no class, so nothing in its map speaks against one or for one "
        "rather than another; choose 'gradcam', or switch counterfactual and rival off."
    ),
    "caption.missing": "`caption` is empty; hand in a caption, or ask {model} to write one.",
    "classes.class_index_label": "`{name}` {target!r} is not a class; give an index or a label.",
    "classes.class_whole_number": (
        "`{name}` {text!r} is not a class of {title}: neither a whole number from 0 to {last} nor a label. {near}"
    ),
    "classes.head_unknown": "`head` {key_!r} is unknown. {near}",
    "classes.label_whose_labels": (
        "`{name}` {text!r} is no label of {title}, whose labels are numbers themselves, and as an index it is"
        " the class {labels!r}; give the label, or the index as a whole number instead of a text."
    ),
    "classes.names_several_classes": "`{name}` {text!r} names several classes; give one index of {found}.",
    "classes.out_range_knows": ("`{name}` {text} is out of range: {title} knows the classes 0 to {last}."),
    "classes.rival_explained_class": (
        "`rival` {rival!r} is the explained class itself, so there is no difference to show; choose another, "
        "or {auto!r} for the most probable one."
    ),
    "classes.rival_possible_knows": "`rival` {rival!r} is not possible: {title} knows a single class.",
    "compare.name_least_each": "{empty} must name at least one each; leave them out for the default.",
    "compare.targets_methods_layers": (
        "`targets`, `methods` and `layers` have several each; a grid has two sides: give one a single."
    ),
    "correlation.second_shape_expected": (
        "`second` has shape {second_shape}, expected {first_shape}: choose maps of one layer."
    ),
    "evidence.map_layer_finite": (
        "The map at `layer` {layer!r} is not finite (NaN or infinity); try another layer or full precision."
    ),
    "evidence.needs_gradients_these": ("{error} {method_title} needs gradients; these methods do not: {without}."),
    "examiner.hiding_unknown": "`hiding` {hiding!r} is unknown; choose one of {hiding2}.",
    "examiner.map_coloured_place": "The map has no coloured place, so there is nothing to hide; {choose}",
    "examiner.map_coloured_place_2": "The map has no coloured place, so none can move; {choose}",
    "examiner.shares_lie_between": "`shares` {shares!r} must lie between 0 and 1, at least one of them.",
    "explainer.engine_unknown": "`engine` {engine!r} is unknown; choose one of {engines}.",
    "explainer.number_negative_keeps": ("`{name}` {value!r} must be a number that is not negative; 0 keeps nothing."),
    "layers.words": "`layer` {layer!r} holds words, not places of the photograph; choose another.",
    "maps.method_unknown": "`method` {key_!r} is unknown. {near}",
    "place.whole_caption": "A place speaks for words one by one; choose a word of the caption first.",
    "places.mask_covers_everything": (
        "`mask` covers everything that the model saw, so nothing is left to judge; brush over less."
    ),
    "places.mask_covers_nothing": (
        "`mask` covers nothing of what the model saw; brush over a part that is not striped."
    ),
    "places.mask_shape_expected": ("`mask` has shape {mask_shape}, expected {expected}: that of the photograph."),
    "places.strokes_empty_nothing": (
        "`strokes` is empty, so there is nothing to hide; brush over a part of the photograph first."
    ),
    "places.strokes_holds_points": (
        "`strokes` holds {count} points; at most {most_points} are drawn. Brush with fewer of them."
    ),
    "places.strokes_holds_stroke": (
        '`strokes` holds {stroke}, which is no stroke; give {{"points": [[x, y], ...], "radius": r}} in '
        "pixels of the photograph."
    ),
    "places.strokes_holds_strokes": (
        "`strokes` holds {strokes_count} strokes; at most {most_strokes} are drawn. Brush with fewer of them."
    ),
    "places.x_y_lies": (
        "`x` {x!r}, `y` {y!r} lies outside what the model saw (x {columns_start} to {columns_last}, y "
        "{rows_start} to {rows_last}); choose a place that is not striped."
    ),
    "question.missing": "`question` is empty; ask {model} something about the photograph, in English.",
    "render.colormap_unknown": "`colormap` {colormap!r} is unknown; choose one of {colormaps}.",
    "render.lie_between_got": "`{name}` must lie between 0 and 1, got {value!r}.",
    "request.class_index_label": "`{name}` {shown} is not a class; give an index or a label.",
    "request.key_method_text": ("`{name}` {shown} is not the key of a method; give a text, such as 'gradcam'."),
    "request.not_a_model": "`{name}` {shown} is not a model; give its name as a text, or 'auto'.",
    "request.not_a_module": "`{name}` {shown} is not a module of the model; give its name as a text, or 'auto'.",
    "request.off_true_false": "`{name}` {shown} is neither on nor off; give true or false.",
    "request.option": "`{name}` is not an option. {near}",
    "request.text_type_few": "`{name}` {shown} is not a text; type a few words in English.",
    "request.word_place_word": ("`{name}` {shown} is not a word; give its place, from 0, or the word itself."),
    "stage.view_unknown": "`view` {view!r} is unknown; choose one of {views}.",
    "word.not_there": "`word` {word!r} is not in the caption; its words are {words:list}.",
    "word.out_of_range": "`word` {word!r} is out of range: the caption has the words 0 to {last}.",
    "word.several_times": "`word` {word!r} stands in the caption at the places {places:list}; give one of them.",
}
