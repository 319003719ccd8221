"""The trained model: its file, and the scores it gives to features and embeddings.

Both paths are ridge regressions on all heads at once. The fast one is linear in the hashed features; the good
one is linear in the similarity (a Gaussian kernel) of a comment to each training comment, by sentence embedding
and signals. A finish, logistic and fitted on scores of comments left out, turns scores into probabilities;
the good finish sees the scores of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from service.workloads.comments.features import Features
from service.workloads.comments.heads import COLUMNS, HEADS
from service.workloads.comments.lexicon import Lexicon
from service.workloads.comments.signals import Floats

MODEL = Path(__file__).with_name("model.npz")


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is recorded in the model file about itself."""

    data_sha256: dict[str, str]
    """Hash of each file the model was made from, and of those it is measured on."""
    training_comments: int


_STARTS = np.array([head.start for head in HEADS])
_HEAD_OF = np.repeat(np.arange(len(HEADS)), [len(head.labels) for head in HEADS])
_ONE, _LARGEST, _SMALLEST = (np.array(number, dtype=np.float32) for number in (1, 30, -30))
_EXCLUSIVE = [head.columns for head in HEADS if head.exclusive]
_SEPARATE = [head.columns for head in HEADS if not head.exclusive]


@dataclass(frozen=True, slots=True)
class Finish:
    """Raw scores to the probabilities of all labels, head by head."""

    weights: Floats
    """(scores, columns)."""
    bias: Floats

    def probabilities(self, scores: Floats) -> Floats:
        """(comments, columns): a distribution over the labels of an exclusive head, one chance each for others."""
        logits = scores @ self.weights
        logits += self.bias
        powers = logits - np.maximum.reduceat(logits, _STARTS, axis=1).take(_HEAD_OF, axis=1)
        for columns in _SEPARATE:
            np.negative(np.minimum(np.maximum(logits[:, columns], _SMALLEST), _LARGEST), out=powers[:, columns])
        chances: Floats = np.exp(powers, out=powers)
        for columns in _EXCLUSIVE:
            part = chances[:, columns]
            part /= np.add.reduce(part, axis=1, keepdims=True)
        for columns in _SEPARATE:
            part = chances[:, columns]
            part += _ONE
            np.reciprocal(part, out=part)
        return chances


@dataclass(frozen=True, slots=True)
class Fast:
    """The linear path."""

    table: Floats
    """(feature rows, columns); the last row is zero."""
    signals: Floats
    bias: Floats
    finish: Finish

    def scores(self, features: Features) -> Floats:
        """(comments, columns), each feature group weighted by the root of its number."""
        starts, ends = features.borders[:-1], features.borders[1:]
        sums = np.add.reduceat(self.table.take(features.rows, axis=0), starts, axis=0)
        sums /= np.sqrt(ends - starts).astype(np.float32)[:, None]
        count = len(features.words)
        scores: Floats = sums[:count] + sums[count:]
        scores += features.signals @ self.signals
        scores += self.bias
        return scores


@dataclass(frozen=True, slots=True)
class Good:
    """The path by sentence embeddings."""

    mean: Floats
    """Mean embedding of the training comments."""
    embedding_scale: float
    signal_scale: float
    width: float
    """Of the kernel exp(-width * squared distance)."""
    centres: Floats
    """(training comments, embedding and signals), centred and scaled."""
    lengths: Floats
    """Squared length of each centre."""
    weights: Floats
    bias: Floats
    finish: Finish

    def scores(self, embeddings: Floats, signals: Floats) -> Floats:
        """(comments, columns)."""
        points = self.points(embeddings, signals)
        own = np.einsum("ij,ij->i", points, points)[:, None]
        kernel = np.exp(-self.width * np.maximum(own + self.lengths - 2 * points @ self.centres.T, 0))
        scores: Floats = kernel @ self.weights + self.bias
        return scores

    def points(self, embeddings: Floats, signals: Floats) -> Floats:
        """Where comments lie in the space of the kernel."""
        return np.hstack([(embeddings - self.mean) * self.embedding_scale, signals * self.signal_scale])


@dataclass(frozen=True, slots=True)
class CommentsModel:
    """All that is learnt."""

    facts: Facts
    lexicon: Lexicon
    fast: Fast
    good: Good
    thresholds: dict[str, Floats]
    """Per path the chance from which a theme is told."""


def quantised(values: npt.NDArray[Any], axis: int | None = None) -> tuple[npt.NDArray[np.int8], Floats]:
    """``values`` as whole steps of one byte, and the size of a step, over all or along ``axis``."""
    largest = np.maximum(np.abs(values).max(axis=axis, keepdims=axis is not None), 1e-9)
    step = (largest / 127).astype(np.float32)
    return np.round(values / step).astype(np.int8), step


def save(path: Path, arrays: dict[str, npt.NDArray[Any]], facts: Facts) -> None:
    """Write the model file; the same model gives the same bytes."""
    encoded = np.frombuffer(msgspec.json.encode(facts), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, facts=encoded, **arrays)


def load(path: Path = MODEL) -> CommentsModel:
    """The model in ``path``."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}

    def floats(name: str) -> Floats:
        values: Floats = arrays[name].astype(np.float32)
        return values * arrays[f"{name}_step"] if f"{name}_step" in arrays else values

    table = np.zeros((len(arrays["table"]) + 1, COLUMNS), dtype=np.float32)
    table[:-1] = floats("table")
    embedding_scale, signal_scale, width = (float(value) for value in arrays["kernel"])
    centres = np.hstack([floats("embeddings"), floats("centre_signals")])
    return CommentsModel(
        facts=msgspec.json.decode(arrays["facts"].tobytes(), type=Facts),
        lexicon=Lexicon(*(arrays[name] for name in ("words", "word_categories", "stems", "stem_categories"))),
        fast=Fast(
            table=table,
            signals=floats("fast_signals"),
            bias=floats("fast_bias"),
            finish=Finish(floats("fast_finish"), floats("fast_finish_bias")),
        ),
        good=Good(
            mean=floats("mean"),
            embedding_scale=embedding_scale,
            signal_scale=signal_scale,
            width=width,
            centres=centres,
            lengths=np.einsum("ij,ij->i", centres, centres),
            weights=floats("good_weights"),
            bias=floats("good_bias"),
            finish=Finish(floats("good_finish"), floats("good_finish_bias")),
        ),
        thresholds={"fast": floats("fast_thresholds"), "good": floats("good_thresholds")},
    )


@lru_cache(maxsize=1)
def shipped() -> CommentsModel:
    """The model that comes with the service, loaded once."""
    return load()
