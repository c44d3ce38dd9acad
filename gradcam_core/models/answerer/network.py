"""A network that answers a question about a photograph by letting every place of it vote.

    network = AnswerNetwork(vocabulary_size, answer_count)
    logits = network(image, question)   # image (1, 3, 224, 224), question (1, 16) int64, filled up with 0 on the right

Each of the 7 x 7 places of the backbone's last maps votes for the answers, together with the question; the logit of
an answer is the log-mean-exp of its votes over the places plus a term of the question alone. Nothing else of the
picture reaches the answer, so that a map shows where the votes come from. The layers to explain are `backbone.bn2`
(the picture, (N, 1280, 7, 7)) and `embedding` (the question, (N, T, E)). Public names: `AnswerNetwork`, `AnswerShape`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..features import CHANNELS, Standardise
from ..vocabulary import PAD

__all__ = ["AnswerNetwork", "AnswerShape"]


@dataclass(frozen=True)
class AnswerShape:
    """Sizes of an `AnswerNetwork`; `limit` is the number of words that it reads."""

    embedding: int = 256
    question: int = 512
    width: int = 256
    hidden: int = 256
    limit: int = 20


class QuestionEncoder(nn.Module):
    """A question's word vectors as one vector: their mean, and the maxima of windows of three words.

    (N, T, E) vectors and (N, T) numbers to (N, Q).
    """

    def __init__(self, shape: AnswerShape) -> None:
        super().__init__()
        self.windows = nn.Conv1d(shape.embedding, shape.question, 3, padding=1)
        self.first = nn.Linear(shape.embedding, shape.question)
        self.mean = nn.Linear(shape.embedding, shape.question)
        self.dropout = nn.Dropout(0.3)

    def forward(self, vectors: Tensor, numbers: Tensor) -> Tensor:
        known = (numbers != PAD).unsqueeze(-1).to(vectors.dtype)
        vectors = vectors * known
        mean = vectors.sum(1) / known.sum(1).clamp_min(1.0)
        # a window counts where its middle is a word; relu makes zero the smallest value
        windows = torch.relu(self.windows(vectors.transpose(1, 2))) * known.transpose(1, 2)
        return self.dropout(torch.tanh(windows.amax(-1) + self.mean(mean) + self.first(vectors[:, :2].mean(1))))


class Votes(nn.Module):
    """Votes of every place for every answer: (N, P, C) standardised maps and (N, Q) questions to (N, P, A)."""

    def __init__(self, shape: AnswerShape, answers: int) -> None:
        super().__init__()
        self.standardise = Standardise(CHANNELS)
        self.place = nn.Linear(CHANNELS, shape.width)
        self.question = nn.Linear(shape.question, shape.width)
        self.hidden = nn.Linear(shape.width, shape.hidden)
        self.shift = nn.Linear(shape.question, shape.hidden)
        self.out = nn.Linear(shape.hidden, answers)
        self.dropout = nn.Dropout(0.3)

    def project(self, places: Tensor) -> Tensor:
        """(N, P, C) maps to (N, P, width): what does not depend on the question."""
        return self.dropout(torch.relu(self.place(self.standardise(places))))

    def forward(self, projected: Tensor, question: Tensor) -> Tensor:
        return self.out(self._hidden(projected, question))

    def votes_for(self, projected: Tensor, question: Tensor, answers: Tensor) -> Tensor:
        """The same for some of the answers, by number, alone."""
        return nn.functional.linear(self._hidden(projected, question), self.out.weight[answers], self.out.bias[answers])

    def _hidden(self, projected: Tensor, question: Tensor) -> Tensor:
        joined = projected * self.question(question).unsqueeze(1)
        return self.dropout(torch.relu(self.hidden(joined) + self.shift(question).unsqueeze(1)))


class AnswerNetwork(nn.Module):
    """Votes by place on a frozen backbone; `backbone` may be left out where maps are handed in, as in training."""

    def __init__(
        self, words: int, answers: int, shape: AnswerShape | None = None, backbone: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.shape = shape or AnswerShape()
        self.backbone = backbone if backbone is not None else nn.Identity()
        self.embedding = nn.Embedding(words, self.shape.embedding, padding_idx=PAD)
        self.encoder = QuestionEncoder(self.shape)
        self.votes = Votes(self.shape, answers)
        # temperature of the mean over places: 1 takes the log of the mean of exp(votes)
        self.sharpness = nn.Parameter(torch.zeros(()))
        self.prior = nn.Sequential(
            nn.Linear(self.shape.question, self.shape.hidden), nn.ReLU(), nn.Linear(self.shape.hidden, answers)
        )

    def encode_question(self, question: Tensor) -> Tensor:
        """(N, T) int64 to (N, Q)."""
        return self.encoder(self.embedding(question), question)

    def pool(self, votes: Tensor) -> Tensor:
        """(N, P, A) votes to (N, A): the log of their mean exponential over places, at the learnt sharpness."""
        scale = self.sharpness.exp()
        return (torch.logsumexp(votes * scale, dim=1) - math.log(votes.shape[1])) / scale

    def answer(self, projected: Tensor, question: Tensor) -> Tensor:
        """(N, P, width) from `votes.project` and (N, T) numbers to (N, A) logits."""
        encoded = self.encode_question(question)
        return self.pool(self.votes(projected, encoded)) + self.prior(encoded)

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        """(N, 3, H, W) float32 and (N, T) int64 to (N, A) logits."""
        return self.say(self.backbone(image), question)

    def say(self, maps: Tensor, question: Tensor) -> Tensor:
        """The same from the backbone's (N, C, h, w) maps."""
        return self.answer(self.votes.project(maps.flatten(2).transpose(1, 2)), question)
