"""Small networks with random weights of every image-classification architecture that transformers has.

network = small("vit")       # for inputs of 96 x 96 pixels unless `SIZES` says otherwise
"""

from __future__ import annotations

from typing import Any

SIZE = 96
SIZES = {"hiera": 224, "levit": 224, "perceiver": 56}
CLASSES = 10
PLAIN = {
    "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64, "image_size": SIZE,
    "patch_size": 8,
}  # fmt: skip
FOUR = {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 2, 1]}
SWIN = {"image_size": SIZE, "embed_dim": 16, "depths": [1, 2, 1], "num_heads": [2, 4, 8], "window_size": 6}
WORDS = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 99}
TWO = {"vision_config": PLAIN, "text_config": WORDS}
# what makes each small; where there is none it is refused, which is a line of the report
SMALL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("beit", "data2vec-vision", "deit", "ijepa", "vit", "vit_msn"), PLAIN),
    **{name: {**PLAIN, "mlp_ratio": 2} for name in ("dinov2", "dinov2_with_registers")},
    **dict.fromkeys(("clip", "metaclip_2", "siglip"), TWO),
    **dict.fromkeys(("swin", "swinv2", "donut-swin"), SWIN),
    **dict.fromkeys(("convnext", "convnextv2", "poolformer"), FOUR),
    **{name: {"depth_multiplier": 0.25, "image_size": SIZE} for name in ("mobilenet_v1", "mobilenet_v2")},
    "bit": {**FOUR, "embedding_size": 16, "num_groups": 2},
    "cvt": {"embed_dim": [16, 32, 48], "depth": [1, 2, 3], "num_heads": [1, 2, 3]},
    "efficientnet": {"image_size": SIZE, "width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320},
    "focalnet": {"image_size": SIZE, "embed_dim": 16, "depths": [1, 1, 2, 1]},
    "hgnet_v2": {"embedding_size": 8, "stem_channels": [3, 8, 8], "hidden_sizes": [16, 32, 48, 64],
                 "stage_in_channels": [8, 16, 32, 48], "stage_mid_channels": [8, 8, 16, 16],
                 "stage_out_channels": [16, 32, 48, 64], "stage_num_blocks": [1, 1, 1, 1],
                 "stage_numb_of_layers": [2, 2, 2, 2]},
    "hiera": {"embed_dim": 16, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 4, 8]},
    "imagegpt": {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 65, "n_positions": 64},
    "levit": {"hidden_sizes": [32, 48, 64], "num_attention_heads": [2, 3, 4], "depths": [1, 1, 1]},
    "mobilevit": {"image_size": SIZE, "hidden_sizes": [32, 48, 64], "neck_hidden_sizes": [8, 16, 24, 32, 40, 48, 64]},
    "mobilevitv2": {"image_size": SIZE, "width_multiplier": 0.5},
    "perceiver": {"num_latents": 8, "d_latents": 32, "d_model": 32, "num_blocks": 1, "num_self_attends_per_block": 1,
                  "num_self_attention_heads": 4, "num_cross_attention_heads": 1, "image_size": 56},
    "pp_lcnet": {"scale": 0.25},
    "pvt": {**FOUR, "image_size": SIZE, "num_attention_heads": [1, 2, 3, 4]},
    "pvt_v2": {**FOUR, "image_size": SIZE, "num_attention_heads": [1, 2, 3, 4]},
    "regnet": {**FOUR, "embedding_size": 8, "groups_width": 8},
    "resnet": {**FOUR, "embedding_size": 16},
    "segformer": {**FOUR, "num_attention_heads": [1, 2, 3, 4]},
    "siglip2": TWO,
    "swiftformer": {"image_size": SIZE, "embed_dims": [16, 32, 48, 64], "depths": [1, 1, 2, 1]},
    "textnet": {},
    "timm_wrapper": {"architecture": "resnet10t"},
}  # fmt: skip


def every() -> tuple[str, ...]:
    """All architectures by the name that their descriptions have."""
    from transformers import AutoModelForImageClassification

    return tuple(kind.model_type for kind in AutoModelForImageClassification._model_mapping)


def small(name: str, **options: Any) -> Any:
    """The network in eval mode, with `options` of its description changed.

    Raises what transformers raises where it lacks something.
    """
    import torch
    from transformers import AutoConfig, AutoModelForImageClassification

    torch.manual_seed(0)
    config = AutoConfig.for_model(name, **SMALL.get(name, {}))
    config.num_labels = CLASSES
    for key, value in options.items():
        setattr(config, key, value)
    kinds = AutoModelForImageClassification._model_mapping[type(config)]
    return (kinds[0] if isinstance(kinds, (list, tuple)) else kinds)(config).eval()
