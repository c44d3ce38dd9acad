"""English: running networks. Public name: `ENGINE`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENGINE"]

ENGINE: Mapping[str, str] = {
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
    "chunks.out_memory_even": ("Out of memory even for one input at a time; choose a smaller model or a deeper layer."),
    "convert.handed_process": "It cannot be handed to another process ({first_line}).",
    "convert.process_traces_converts": ("The process that traces and converts it ended with {returncode} ({words})."),
    "convert.python_know_own": ("Python does not know its own program, so no other process can be started."),
    "convert.stopped_before_done": "It was stopped before it was done.",
    "convert.tracing_converting_takes": "Tracing and converting it takes longer than {seconds:.0f} seconds.",
    "devices.device_available_machine": ("`device` {name!r} is not available on this machine; use 'auto' or 'cpu'."),
    "devices.device_exist_cuda": ("`device` {name!r} does not exist: there are {device_count} CUDA devices."),
    "devices.device_supported": "`device` {name!r} is not supported; choose one of {devices}.",
    "devices.device_unknown": "`device` {name!r} is unknown; choose one of {devices}.",
    "devices.enough_memory_device": (
        "There is not enough memory on the device, even after everything that was kept has been let go; "
        "choose a smaller model or a deeper layer, or start with device='cpu'."
    ),
    "engine.reason": "{reason}",
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
    "replay.model_returned_scores": ("The model returned scores of shape {logits_shape} for {changed_count} inputs."),
    "score.step_out_range": ("`step` {step!r} is out of range: the output has the steps 0 to {steps}."),
    "score.target_out_range": ("`target` {index!r} is out of range: the model has the classes 0 to {classes}."),
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
    "traced.layer_captured_captured": "`layer` {layer!r} was not captured; captured: {layouts}.",
    "tracing.holds_part_own": "It holds a part of its own, {target!r}, that cannot be written down.",
    "tracing.hook_of_others": ("Somebody's hook hangs on all modules, and it would no longer be called."),
    "tracing.needs_single_operation": "It needs {target}, which is no single operation.",
    "tracing.somebodys_hook_hangs": ("Somebody's hook hangs on the module {name!r}, and it would no longer be called."),
    "tracing.writes_place": "It writes {written_dtype} into {held_dtype} in place.",
    "tracing.writes_runs_two": "It writes to {written!r} as it runs, so that no two runs are the same.",
    "watch.stopped_after_passes": ("Stopped after {done} of {count} passes, as asked; ask again to start over."),
}
