"""English: what goes wrong with models of the hub and with a page of one's own. Public name: `HOSTING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HOSTING"]

HOSTING: Mapping[str, str] = {
    "config.choice": "{place}: {value} is not known. {near}",
    "config.example_failed": "`examples` {path!r} cannot be shown: {problem}",
    "config.failed": "{place}: {problem}",
    "config.kind": "{place}: must be {expected}, got {value}.",
    "config.kind_number": "a number without quotes",
    "config.kind_numbers": "a list of three numbers",
    "config.kind_switch": "true or false",
    "config.kind_text": "a text in quotes",
    "config.kind_texts": "a text in quotes, or a list of texts",
    "config.model_missing": "{place}: this model has no `model`; say which file of weights, folder, id or name it is.",
    "config.models_table": "{place}: must be tables, each below a line [[models]].",
    "config.needs_architecture": "`{key}` needs an `architecture` beside it, such as resnet18 or timm/resnet18.",
    "config.no_examples": "`examples` {path!r} holds no photograph ({endings}).",
    "config.no_toml": "{name}: {reason}.",
    "config.only_without_models": "`only` offers the models that are named alone, and none is named; give `model`.",
    "config.option": "--model {text!r}",
    "config.place": "{name}, line {line}, `{key}`",
    "config.unknown": "{place}: there is no such option. {near}",
    "config.not_utf8": "it is not UTF-8 text",
    "config.unreadable": "`config` {path!r} cannot be read ({reason}); check the path.",
    "config.value": "{place}: {problem}.",
    "hub.busy": (
        "{name!r} is not on this machine, and {count} other models are being downloaded; try again in a minute, or "
        "choose one that is ready offline."
    ),
    "hub.file_damaged": "The file {file!r} of {model!r} cannot be used ({reason}); choose another model.",
    "hub.folder_lacks": (
        "The folder {folder!r} holds no {needed}; give one that `save_pretrained` wrote for an image classifier."
    ),
    "hub.lacks": "The repository {name!r} holds no {needed}; choose one of an image classifier.",
    "hub.network_unfit": "{model!r} cannot be used: {why}.",
    "hub.no_classifier": "{model!r} is a {kind!r}, which is no image classifier of transformers or timm. {near}",
    "hub.no_folder_or_id": (
        "{text!r} is neither a folder on this machine nor an id of the hub; give a path to what `save_pretrained` "
        "wrote, or an id such as 'google/vit-base-patch16-224'."
    ),
    "hub.no_room": (
        "The download takes {megabytes:.0f} MB and {free:.0f} MB of the disk are free, of which {spare:.0f} MB stay "
        "free; choose a smaller model, or free some room."
    ),
    "hub.no_weight_map": "no `weight_map` of files",
    "hub.no_settings": "too large, or no object of JSON",
    "hub.pass_too_large": (
        "{model!r} would take {nbytes:,.1f} GB of memory and {operations:,.0f} billion operations for one photograph; "
        "the limit is {most:,.1f} GB and {most_operations:,.0f} billion. Choose a smaller one."
    ),
    "hub.revision_unknown": "The repository {name!r} has no revision {revision!r}; leave it out for the newest.",
    "hub.size_unknown": "The hub does not say how large {file!r} of {name!r} is, so it is not downloaded.",
    "hub.switched_off": (
        "`model` {name} is a model of the Hugging Face hub, and these are switched off here; choose one of the menu."
    ),
    "hub.too_large": (
        "{name!r} takes {megabytes:,.0f} MB; at most {most:,.0f} MB are downloaded for one model. Choose a smaller one."
    ),
    "hub.unknown": (
        "The Hugging Face hub has no model {name!r} that may be read here. Check the spelling of owner and name; "
        "whoever runs this program may set HF_TOKEN for a private one."
    ),
    "hub.unreachable": (
        "{name!r} is not on this machine, and the Hugging Face hub could not be asked for it ({reason}). Check the "
        "connection, or choose a model marked as ready offline."
    ),
    "hub.why_arguments": "its `num_classes` or `model_args` are none of a network",
    "hub.why_failed": "{kind}: {reason}",
    "hub.why_no_package": "it needs the package transformers; run: pip install transformers",
    "hub.why_no_processor": "it holds no {file}, which says how photographs are prepared",
    "hub.why_number": "its description holds the number {number:g}; the largest allowed is {largest:,}",
    "hub.why_other_weights": "its weights are not those of {architecture}: {reason}",
    "hub.why_parts": "it has more than {most:,} parts",
    "hub.why_quantised": "its weights are quantised, which leaves no gradients",
    "hub.why_untrained": "its files lack the weights {names:list}: it is not trained yet",
    "launch.no_picture": (
        "`examples` number {number} is a {kind}; give paths, folders, PIL images or (H, W, 3) uint8 arrays."
    ),
    "launch.only_without_models": (
        "`only` offers the models that were added to the explainer alone, and none was; call add_model first."
    ),
}
