"""Fits the model: two ridge regressions with exact leave-one-out scores, and a logistic finish on those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from service.workloads.comments.features import CHARACTER_SIZES, NOTHING, ROWS, TOKEN_KINDS, Features, extract
from service.workloads.comments.heads import COLUMNS, EMOTION, HEADS, SENTIMENT, THEME, Head
from service.workloads.comments.lexicon import Lexicon
from service.workloads.comments.model import quantised

Table = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

FAST_PENALTY = 0.5
FAST_SIGNAL_SCALE = 0.2
GOOD_PENALTY = 0.2
GOOD_SIGNAL_SCALE = 0.25
GOOD_WIDTH = 0.7
FINISH_STRENGTH = 1.0
"""All chosen by cross-validation within and across the two training parts, never on a test part."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A ridge regression: dual weights, bias, and the scores of each training comment by a fit without it."""

    weights: Table
    bias: Table
    left_out: Table


def ridge(similarity: Table, targets: Table, penalty: float, groups: npt.NDArray[np.int64]) -> Fit:
    """Fit ``targets`` on a kernel matrix. Scores left out are exact, for each of the ``groups`` as a whole.

    With G = (K + penalty I)^-1 and dual weights a = G y, the residuals of a group that is left out are
    (G restricted to the group)^-1 times its a (the block form of the usual leave-one-out identity).
    """
    bias = targets.mean(axis=0)
    inverse = linalg.inv(similarity + penalty * np.eye(len(similarity)), overwrite_a=True, check_finite=False)
    weights = inverse @ (targets - bias)
    left_out = targets.copy()
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        left_out[members] -= linalg.solve(inverse[np.ix_(members, members)], weights[members], assume_a="pos")
    return Fit(weights, bias, left_out)


def design(features: Features) -> sparse.csr_matrix:
    """The features as the linear path weights them: (comments, table rows and then signals)."""
    characters = _counted(features.characters, features.character_starts, len(CHARACTER_SIZES))
    tokens = _counted(features.tokens, features.token_starts, TOKEN_KINDS)
    signals = sparse.csr_matrix(features.signals.astype(np.float64) * FAST_SIGNAL_SCALE)
    return sparse.hstack([characters + tokens, signals]).tocsr()


def _counted(rows: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], width: int) -> sparse.csr_matrix:
    borders = np.append(starts, len(rows)) * width
    counts = np.diff(borders)
    flat = rows.reshape(-1)
    values = np.where(flat == NOTHING, 0.0, np.repeat(1 / np.sqrt(counts), counts))
    matrix = sparse.csr_matrix((values, flat, borders), shape=(len(starts), ROWS))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def fit_fast(
    texts: Sequence[str], targets: Table, groups: npt.NDArray[np.int64], lexicon: Lexicon
) -> tuple[Arrays, Table]:
    """(arrays of the fast path, scores of each comment by a fit without its group)."""
    matrix = design(extract(texts, lexicon))
    fit = ridge((matrix @ matrix.T).toarray(), targets, FAST_PENALTY, groups)
    primal = np.asarray(matrix.T @ fit.weights)
    table, step = quantised(primal[: ROWS - 1], axis=0)
    signals = (primal[ROWS:] * FAST_SIGNAL_SCALE).astype(np.float32)
    arrays: Arrays = {"table": table, "table_step": step, "fast_signals": signals, "fast_bias": fit.bias}
    return arrays, fit.left_out


def fit_good(embeddings: Table, signals: Table, targets: Table) -> tuple[Arrays, Table]:
    """(arrays of the good path, scores of each comment by a fit without it)."""
    mean = embeddings.mean(axis=0)
    scale = float(1 / np.sqrt(((embeddings - mean) ** 2).sum(axis=1).mean()))
    by_embedding, embedding_step = quantised((embeddings - mean) * scale)
    by_signals, signal_step = quantised(signals * GOOD_SIGNAL_SCALE)
    centres = np.hstack([by_embedding * embedding_step, by_signals * signal_step]).astype(np.float64)
    squares = np.einsum("ij,ij->i", centres, centres)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * centres @ centres.T, 0)
    fit = ridge(np.exp(-GOOD_WIDTH * distances), targets, GOOD_PENALTY, np.arange(len(targets)))
    arrays: Arrays = {
        "mean": mean.astype(np.float32),
        "kernel": np.array([scale, GOOD_SIGNAL_SCALE, GOOD_WIDTH]),
        "embeddings": by_embedding,
        "embeddings_step": embedding_step,
        "centre_signals": by_signals,
        "centre_signals_step": signal_step,
        "good_weights": fit.weights.astype(np.float16),
        "good_bias": fit.bias,
    }
    return arrays, fit.left_out


def fit_finish(scores: Table, targets: Table) -> tuple[Table, Table]:
    """(weights, bias) from scores of comments left out, one or more blocks of columns, to log odds, head by head."""
    blocks = scores.shape[1] // COLUMNS
    weights = np.zeros((scores.shape[1], COLUMNS))
    bias = np.zeros(COLUMNS)
    for head in HEADS:
        groups = [head.columns] if head.exclusive else [slice(i, i + 1) for i in range(head.start, head.columns.stop)]
        for columns in groups:
            sources = np.concatenate(
                [np.arange(columns.start, columns.stop) + COLUMNS * block for block in range(blocks)]
            )
            truth = targets[:, columns].argmax(axis=1) if head.exclusive else targets[:, columns.start].astype(int)
            fitted = LogisticRegression(C=FINISH_STRENGTH, max_iter=2_000)
            fitted.fit(scores[:, sources], truth, sample_weight=_importance(head, truth))
            if head.exclusive:
                weights[sources, columns] = fitted.coef_.T
                bias[columns] = fitted.intercept_
            else:
                weights[sources, columns.start] = fitted.coef_[0]
                bias[columns.start] = fitted.intercept_[0]
    return weights, bias


def _importance(head: Head, truth: npt.NDArray[np.int64]) -> Table:
    """Weights by class: equal classes for the sentiment, half way there for the emotion, as they come otherwise."""
    power = {SENTIMENT.name: 1.0, EMOTION.name: 0.5}.get(head.name, 0.0)
    counts = np.bincount(truth).astype(float)
    weights: Table = (len(truth) / counts[truth] / np.count_nonzero(counts)) ** power
    return weights


def theme_thresholds(chances: Table, targets: Table) -> Table:
    """Per theme the chance from which telling it gives the best F1 on comments left out, 0.2 to 0.6."""
    thresholds = np.full(len(THEME.labels), 0.5)
    for i, column in enumerate(range(THEME.start, THEME.columns.stop)):
        precision, recall, cuts = precision_recall_curve(targets[:, column], chances[:, column])
        quality = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        thresholds[i] = np.clip(cuts[quality[:-1].argmax()], 0.2, 0.6)
    return thresholds


Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
