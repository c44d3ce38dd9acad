"""English: running networks. Public name: `ENGINE`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["ENGINE"]


def _not_finite(layer: str | None) -> str:
    where = "" if layer is None else f" The first layer with such values is {layer!r}."
    return (
        f"The model's class scores are not finite (NaN or infinity), so nothing can be explained.{where} Try"
        " full precision, or check the weights."
    )


ENGINE: Mapping[str, str | Callable[..., str]] = {
    "cache.negative_size": ("`max_bytes` must not be negative, got {max_bytes!r}; 0 switches the cache off."),
    "device.no_such_number": ("`device` {name!r} does not exist: there are {device_count} CUDA devices."),
    "device.not_here": ("`device` {name!r} is not available on this machine; use 'auto' or 'cpu'."),
    "device.not_supported": "`device` {name!r} is not supported; choose one of {known:list}.",
    "device.unknown": "`device` {name!r} is unknown; choose one of {known:list}.",
    "engine.cannot_be_handed_over": "It cannot be handed to another process ({first_line}).",
    "engine.classes_differ": "Its most probable classes differ from those of its graph.",
    "engine.converting_too_slow": "Tracing and converting it takes longer than {seconds:.0f} seconds.",
    "engine.failed": "{error}",
    "engine.gradient_differs": "The gradients at its layer {layer!r} differ from those of its graph.",
    "engine.gradient_unknown": "Its gradient needs that of a kind of {operation} that is not known here.",
    "engine.hook_on_all_modules": ("Somebody's hook hangs on all modules, and it would no longer be called."),
    "engine.hook_on_module": ("Somebody's hook hangs on the module {name!r}, and it would no longer be called."),
    "engine.layer_differs": "The outputs of its layer {layer!r} differ from those of its graph.",
    "engine.layer_left_out": "In its graph the scores do not depend on the layer {absent!r}.",
    "engine.no_gradient": "Its scores are no tensor that depends on its layers by a gradient.",
    "engine.no_memory": "There is no memory to convert it: {free:.1f} GB are free.",
    "engine.no_python_program": ("Python does not know its own program, so no other process can be started."),
    "engine.no_single_operation": "It needs {target}, which is no single operation.",
    "engine.not_asked": "Nothing else was asked for, or knows this device.",
    "engine.not_loaded": "OpenVINO cannot be loaded ({error})",
    "engine.part_not_written": "It holds a part of its own, {target!r}, that cannot be written down.",
    "engine.process_failed": ("The process that traces and converts it ended with {returncode} ({words})."),
    "engine.processor_unknown": "OpenVINO does not know this processor",
    "engine.random_scores": "It gives other scores each time that it is run.",
    "engine.reads_values": "Its code reads numbers that depend on the picture, and may do otherwise for another one.",
    "engine.scores_differ": "Its scores differ from those of its graph.",
    "engine.stopped": "It was stopped before it was done.",
    "engine.trying_too_slow": "Trying it out takes longer than {seconds:.0f} seconds.",
    "engine.undecided": "It is not decided yet.",
    "engine.value_differs": "The values between its layers, {name!r}, differ from those of its graph.",
    "engine.value_not_written": ("It needs an operation with {value}, a {kind}, which cannot be written down."),
    "engine.weights_too_large": ("Its weights take {held:.1f} GB, more than are converted beside other work."),
    "engine.writes_other_type": "It writes {written_dtype} into {held_dtype} in place.",
    "engine.writes_to_itself": "It writes to {written!r} as it runs, so that no two runs are the same.",
    "layer.gradient_fails": (
        "The gradient at `layer` {layer!r} cannot be computed: {error_type} ({first_line}). If the network"
        " checkpoints its"
        " activations, switch that off: it saves memory in training only."
    ),
    "layer.no_influence": ("`layer` {layer!r} has no influence on the score; choose a layer in the main path."),
    "layer.no_places": (
        "`layer` {name!r} has no spatial positions (its output is {shape}), so there is no map to draw; "
        "choose a layer in front of the global pooling."
    ),
    "layer.follows_no_place": (
        "The cells of `layer` {layer!r} of {title} follow no places of the photograph, so its map could not be drawn"
        " where it belongs; choose another."
    ),
    "layer.not_captured": "`layer` {layer!r} was not captured; captured: {captured:list}.",
    "layer.not_run": "`layer` {name!r} takes no part in the forward pass; choose another.",
    "layer.follows_no_place_here": (
        "{title} decides by what it sees where it looks, and warps or mixes this photograph: the cells of `layer`"
        " {layer!r} follow none of its places, so the map could not be drawn where it belongs; choose another layer or"
        " photograph."
    ),
    "layers.follow_no_place": (
        "{name} has no layer whose cells follow places of the photograph: it warps or mixes what it is given, or"
        " keeps it in an order of its own, so a map could not be drawn where it belongs."
    ),
    "layers.inference_mode": (
        "{name} runs under torch.inference_mode, so nothing can be explained; use torch.no_grad around its call"
        " instead of"
        " inference_mode in its forward."
    ),
    "layers.no_gradient": (
        "{name} has scores that depend on none of its layers: they are the same whatever these return. Is its end a "
        "ReLU that lets nothing through, or does it detach, round or choose?"
    ),
    "layers.none_called": (
        "{name} calls none of its modules: it computes with functions alone, so there is no layer to look at. Put what "
        "makes its maps into a module, such as nn.Conv2d, or lead it through an nn.Identity; of an exported program "
        "give the module that it was made from."
    ),
    "layers.none_with_places": (
        "{name} has no layer that shows places: for an input of {size} none of its modules returns a map "
        "(convolutions do) or a grid of tokens (transformers do), so there is no map to draw."
    ),
    "layers.of_volumes": (
        "{name} is made for volumes (3-D convolutions), and those are not taken: only maps of one image are"
        " shown. Give a"
        " network of 2-D convolutions, or one that looks at one slice."
    ),
    "layers.several_pictures": (
        "{name} makes {count} pictures of the one that it is given (crops, mirrored copies, tiles) and looks at them "
        "at once, so no map is that of the photograph. Add the network that looks at one picture, without what "
        "multiplies it."
    ),
    "layers.transformed": (
        "{name} runs its layers inside a transform of torch.func, such as vmap, where nobody can look at them; call"
        " them on the batch of images itself."
    ),
    "memory.none_left": (
        "There is not enough memory on the device, even after everything that was kept has been let go; "
        "choose a smaller model or a deeper layer, or start with device='cpu'."
    ),
    "memory.one_input_too_large": (
        "Out of memory even for one input at a time; choose a smaller model or a deeper layer."
    ),
    "method.needs_relu": (
        "`method` 'guided_backprop' and 'guided_gradcam' need a network with ReLU, and this one has none; "
        "choose 'gradcam'."
    ),
    "passes.stopped": ("Stopped after {done} of {count} steps, as asked; ask again to start over."),
    "score.ruled_out": (
        "{title} rules the class {label!r} out: its score is minus infinity whatever the input shows, so nothing speaks"
        " for or against it; choose another class."
    ),
    "score.step_out_of_range": ("`step` {step!r} is out of range: the output has the steps 0 to {steps}."),
    "score.target_out_of_range": ("`target` {index!r} is out of range: the model has the classes 0 to {classes}."),
    "scores.not_as_many_as_labels": (
        "{model_title} returned {probabilities_count} class scores, but has {labels_count} labels."
    ),
    "scores.not_finite": _not_finite,
    "scores.wrong_shape": ("The model should return class scores of shape (1, classes), but returned {found}."),
    "scores.wrong_shape_again": ("The model returned scores of shape {logits_shape} for {changed_count} inputs."),
}
