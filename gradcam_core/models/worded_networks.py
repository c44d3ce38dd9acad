"""transformers' networks for captions and answers, each so that it takes an image and words and returns scores.

    network = BlipCaptions(BlipForConditionalGeneration.from_pretrained(...))
    network(image, words)          # (n, 3, H, W) and (n, T) int64 to (n, T, V): what stands behind each word
    network.look(image)            # what the words are made from, once for many of them: `say(seen, words)`

Nothing of the networks is changed. Public names: `BlipAnswers`, `BlipCaptions`, `GitCaptions`, `ViltAnswers`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["BlipAnswers", "BlipCaptions", "GitCaptions", "ViltAnswers"]


class BlipCaptions(nn.Module):
    """`BlipForConditionalGeneration` (Li et al. 2022, arXiv:2201.12086): the words look at all image tokens."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.outputs = model.config.text_config.vocab_size

    def look(self, image: Tensor) -> Tensor:
        """(n, 1 + places, D) tokens of the image, the class token first."""
        return self.model.vision_model(pixel_values=image)[0]

    def say(self, seen: Tensor, words: Tensor) -> Tensor:
        """(n, T, V) scores of what stands behind each of the (n, T) words."""
        return self.model.text_decoder(
            input_ids=words, encoder_hidden_states=seen, encoder_attention_mask=_all(seen), use_cache=False
        ).logits

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        return self.say(self.look(image), words)


class GitCaptions(nn.Module):
    """`GitForCausalLM` (Wang et al. 2022, arXiv:2205.14100): image tokens and words go through one decoder."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.outputs = model.config.vocab_size

    def look(self, image: Tensor) -> Tensor:
        """(n, 1 + places, D) tokens of the image as the decoder takes them, the class token first."""
        return self.model.git.visual_projection(self.model.git.image_encoder(image).last_hidden_state)

    def say(self, seen: Tensor, words: Tensor) -> Tensor:
        """(n, T, V) scores of what stands behind each of the (n, T) words."""
        git, places = self.model.git, seen.shape[1]
        tokens = torch.cat([seen, git.embeddings(input_ids=words)], dim=1)
        # the image sees all of itself, a word the image and the words before it
        seen_by = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool, device=tokens.device).tril()
        seen_by[:places, :places] = True
        mask = torch.zeros_like(seen_by, dtype=tokens.dtype).masked_fill(~seen_by, torch.finfo(tokens.dtype).min)
        found = git.encoder(tokens, attention_mask=mask[None, None], use_cache=False).last_hidden_state
        return self.model.output(found[:, places:])

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        return self.say(self.look(image), words)


class BlipAnswers(nn.Module):
    """`BlipForQuestionAnswering` (Li et al. 2022, arXiv:2201.12086), which writes its answer.

    A class is the first word of what it writes: (n, V) scores.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.outputs = model.config.text_config.vocab_size

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        seen = self.model.vision_model(pixel_values=image)[0]
        asked = self.model.text_encoder(
            input_ids=question, attention_mask=torch.ones_like(question), encoder_hidden_states=seen,
            encoder_attention_mask=_all(seen), return_dict=False,
        )[0]  # fmt: skip
        begin = torch.full((len(question), 1), self.model.decoder_start_token_id, device=question.device)
        return self.model.text_decoder(
            input_ids=begin, encoder_hidden_states=asked, encoder_attention_mask=_all(asked), use_cache=False
        ).logits[:, -1]


class ImagePart(nn.Module):
    """Hands on the image's part of the tokens that a joint encoder keeps: a module, so that it can be explained."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens


class JointLayer(nn.Module):
    """A layer over the words' tokens and, behind them, the image's."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.image = ImagePart()

    def forward(self, tokens: Tensor, words: int) -> Tensor:
        (found, *_) = self.layer(tokens)
        return torch.cat([found[:, :words], self.image(found[:, words:])], dim=1)


class ViltAnswers(nn.Module):
    """`ViltForQuestionAnswering` (Kim et al. 2021, arXiv:2102.03334): words and image patches through one encoder.

    transformers shuffles the patches, which changes no answer; here they stay in their order, row by row, or no place
    could be found again.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.layers = nn.ModuleList(JointLayer(layer) for layer in model.vilt.encoder.layer)
        self.outputs = model.config.num_labels

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        vilt = self.model.vilt
        count = question.shape[1]
        kinds = vilt.embeddings.token_type_embeddings.weight
        words = vilt.embeddings.text_embeddings(input_ids=question) + kinds[0]
        tokens = torch.cat([words, self._patches(image) + kinds[1]], dim=1)
        for layer in self.layers:
            tokens = layer(tokens, count)
        return self.model.classifier(vilt.pooler(vilt.layernorm(tokens)))

    def _patches(self, image: Tensor) -> Tensor:
        """(n, 1 + places, D): the class token and the patches in order, with the codes of their places."""
        embeddings = self.model.vilt.embeddings
        patches = embeddings.patch_embeddings(image)
        codes = embeddings.position_embeddings
        side = self.model.config.image_size // self.model.config.patch_size
        grid = codes[:, 1:].transpose(1, 2).unflatten(-1, (side, side))
        grid = nn.functional.interpolate(grid, size=patches.shape[-2:], mode="bilinear", align_corners=True)
        placed = (patches + grid).flatten(2).transpose(1, 2)
        first = (embeddings.cls_token + codes[:, :1]).expand(len(image), -1, -1)
        return torch.cat([first, placed], dim=1)


def _all(tokens: Tensor) -> Tensor:
    return torch.ones(tokens.shape[:2], dtype=torch.long, device=tokens.device)
