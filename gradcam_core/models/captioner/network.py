"""A network that describes a photograph, one word after another.

    network = CaptionNetwork(vocabulary_size, concepts)
    logits = network(image, words)   # image (1, 3, 224, 224), words (1, T) int64 that begin with START; (1, T, V)

`logits[0, t]` are those of the word at t + 1: the one after `words[0, : t + 1]`. Three things make them:

- an LSTM over the words before, which begins with what the concept votes found;
- attention of its state over the 7 x 7 places of the backbone's last maps (Lu et al. 2017, arXiv:1612.01887, sec. 3.1);
- concept votes: each place votes for the commonest words of captions, a word's sum is the log-mean-exp over the places
  (Fang et al. 2015, arXiv:1411.4952, section 3), and the LSTM's state decides how much they count.

The layer to explain is `backbone.bn2`, (N, 1280, 7, 7). Public names: `CaptionNetwork`, `CaptionShape`, `Picture`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..features import CHANNELS, Standardise
from ..vocabulary import PAD

__all__ = ["CaptionNetwork", "CaptionShape", "Picture"]

State = tuple[Tensor, Tensor]
# (n,) words and the state before them to (n, V) logits of what follows and the state behind
Speller = Callable[[Tensor, State], tuple[Tensor, State]]


@dataclass(frozen=True)
class CaptionShape:
    """Sizes of a `CaptionNetwork`; `limit` is the number of words that it reads and writes."""

    embedding: int = 256
    hidden: int = 320
    width: int = 256
    limit: int = 24


@dataclass(frozen=True)
class Picture:
    """What the words are made from: (N, P, D) values of the places, (N, K) concept logits."""

    values: Tensor
    concepts: Tensor


class WordLSTM(nn.Module):
    """A long short-term memory over words, written out step by step, so that any exporter can follow it.

    (N, T, E) vectors and a state to (N, T, H) and the state behind them; a state is two (N, H).
    """

    def __init__(self, embedding: int, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(embedding, 4 * hidden)
        self.recurrent = nn.Linear(hidden, 4 * hidden, bias=False)

    def forward(self, vectors: Tensor, state: State) -> tuple[Tensor, State]:
        found, state = self.one_by_one(vectors, state)
        return torch.stack(found, dim=1), state

    def one_by_one(self, vectors: Tensor, state: State) -> tuple[list[Tensor], State]:
        """The same with (N, H) behind each word: the gradient of one goes back through no later word."""
        hidden, cell = state
        found = []
        for gates in self.input(vectors).unbind(1):
            entry, forget, new, out = (gates + self.recurrent(hidden)).chunk(4, dim=-1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * torch.tanh(new)
            hidden = torch.sigmoid(out) * torch.tanh(cell)
            found.append(hidden)
        return found, (hidden, cell)


class CaptionNetwork(nn.Module):
    """An LSTM with attention and concept votes on a frozen backbone.

    `concepts` are the numbers of the words that places vote for. `backbone` may be left out where maps are handed in,
    as in training.
    """

    def __init__(
        self,
        words: int,
        concepts: Sequence[int],
        shape: CaptionShape | None = None,
        backbone: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.shape = shape or CaptionShape()
        embedding, hidden, width = self.shape.embedding, self.shape.hidden, self.shape.width
        self.backbone = backbone if backbone is not None else nn.Identity()
        self.standardise = Standardise(CHANNELS)
        self.place = nn.Linear(CHANNELS, width)
        self.key = nn.Linear(width, width, bias=False)
        self.votes = nn.Linear(width, len(concepts))
        # the column of each word's votes; one column more, of zeros, serves the words that nobody votes for
        columns = torch.full((words,), len(concepts))
        columns[list(concepts)] = torch.arange(len(concepts))
        self.register_buffer("columns", columns, persistent=False)
        self.columns: Tensor
        self.begin = nn.Linear(len(concepts), 2 * hidden)
        self.embedding = nn.Embedding(words, embedding, padding_idx=PAD)
        self.lstm = WordLSTM(embedding, hidden)
        self.query = nn.Linear(hidden, width)
        self.trust = nn.Linear(hidden, 1)
        self.mix = nn.Linear(hidden + width, embedding)
        self.bias = nn.Parameter(torch.zeros(words))
        self.dropout = nn.Dropout(0.3)

    def look(self, places: Tensor) -> Picture:
        """(N, P, C) maps to what the words are made from."""
        values = torch.relu(self.place(self.standardise(places)))
        votes = self.votes(self.dropout(values))
        concepts = torch.logsumexp(votes, dim=1) - math.log(votes.shape[1])
        return Picture(self.dropout(values), concepts)

    def first_state(self, picture: Picture) -> State:
        """The LSTM's (N, H) hidden and cell state before the first word."""
        hidden, cell = torch.tanh(self.begin(torch.sigmoid(picture.concepts))).chunk(2, dim=-1)
        return hidden, cell

    def attend(self, states: Tensor, picture: Picture) -> tuple[Tensor, Tensor]:
        """(N, T, H) states to what they look at, (N, T, D), and how much at each place, (N, T, P)."""
        # a key of each place, key.weight @ value, would have to be made and gone back through for all of them
        scores = self.query(states) @ self.key.weight @ picture.values.transpose(1, 2) / math.sqrt(self.shape.width)
        shares = scores.softmax(-1)
        return shares @ picture.values, shares

    def mixed(self, states: Tensor, picture: Picture) -> Tensor:
        """(N, T, H) states to (N, T, E): compared with each word's vector, this gives its logit."""
        context, _ = self.attend(states, picture)
        return self.mix(self.dropout(torch.cat([states, context], dim=-1)))

    def score(self, mixed: Tensor, trust: Tensor, concepts: Tensor) -> Tensor:
        """(..., E), (..., 1) and (..., K) to (..., V) logits."""
        logits = mixed @ self.embedding.weight.transpose(0, 1) + self.bias
        votes = nn.functional.pad(concepts, (0, 1)).index_select(-1, self.columns)
        return logits + nn.functional.softplus(trust) * votes

    def step(self, picture: Picture, words: Tensor, state: State) -> tuple[Tensor, State]:
        """(N, T) words on from `state` to (N, T, V) logits and the state behind them."""
        states, state = self.lstm(self.dropout(self.embedding(words)), state)
        return self.spoken(states, picture), state

    def spoken(self, states: Tensor, picture: Picture) -> Tensor:
        """(N, T, H) states to the (N, T, V) logits of what follows."""
        concepts = picture.concepts.unsqueeze(1).expand(-1, states.shape[1], -1)
        return self.score(self.mixed(states, picture), self.trust(states), concepts)

    def speller(self, picture: Picture) -> Speller:
        """What `step` computes of one photograph and one word each, in a fraction of the time.

        What is the same for every word is computed once, and no modules are called: each of their calls asks for hooks.
        """
        values = picture.values[0]
        keys = self.key(values).T / math.sqrt(self.shape.width)
        votes = nn.functional.pad(picture.concepts, (0, 1)).index_select(-1, self.columns)
        linear, vectors = nn.functional.linear, self.embedding.weight
        lstm, query, trust, mix = self.lstm, self.query, self.trust, self.mix

        def following(words: Tensor, state: State) -> tuple[Tensor, State]:
            hidden, cell = state
            gates = linear(vectors[words], lstm.input.weight, lstm.input.bias) + linear(hidden, lstm.recurrent.weight)
            entry, forget, new, out = gates.chunk(4, dim=-1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * torch.tanh(new)
            hidden = torch.sigmoid(out) * torch.tanh(cell)
            seen = (linear(hidden, query.weight, query.bias) @ keys).softmax(-1) @ values
            mixed = linear(torch.cat([hidden, seen], dim=-1), mix.weight, mix.bias)
            sure = nn.functional.softplus(linear(hidden, trust.weight, trust.bias))
            return linear(mixed, vectors, self.bias) + sure * votes, (hidden, cell)

        return following

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        """(N, 3, H, W) float32 and (N, T) int64 to (N, T, V) logits."""
        return self.say(self.backbone(image), words)

    def say(self, maps: Tensor, words: Tensor) -> Tensor:
        """The same from the backbone's (N, C, h, w) maps."""
        return self.in_steps(maps, words)[0]

    def in_steps(self, maps: Tensor, words: Tensor) -> tuple[Tensor, Callable[[int], Tensor]]:
        """`say`, and what gives the (N, 1, V) logits of one step again, whose gradient goes back through no other."""
        picture = self.look(maps.flatten(2).transpose(1, 2))
        states, _ = self.lstm.one_by_one(self.dropout(self.embedding(words)), self.first_state(picture))

        def again(step: int) -> Tensor:
            return self.spoken(states[step].unsqueeze(1), picture)

        return self.spoken(torch.stack(states, dim=1), picture), again
