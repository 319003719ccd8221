"""Fits the model: two ridge regressions with exact leave-one-out scores, and a logistic finish on those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize, sparse, special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from service.workloads.comments.alphabet import Flags
from service.workloads.comments.features import CHARACTER_SIZES, NOTHING, ROWS, TOKEN_KINDS, Features
from service.workloads.comments.heads import COLUMNS, EMOTION, HEADS, LANGUAGE, SENTIMENT, THEME, Head
from service.workloads.comments.model import quantised
from service.workloads.comments.signals import Floats

Table = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]
Ordinals = npt.NDArray[np.int64]

FAST_PENALTY = 0.4
FAST_SIGNAL_SCALE = 0.5
GOOD_PENALTY = 0.2
GOOD_SIGNAL_SCALE = 0.25
GOOD_WIDTH = 0.7
FINISH_STRENGTH = 1.0
"""All chosen by cross-validation within and across the two training parts, never on a test part."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A ridge regression: dual weights and bias, and scores of the training comments by other fits."""

    weights: Table
    bias: Table
    left_out: Table
    """Scores of each comment by a fit without it."""
    crossed: Table
    """Scores of each comment by a fit on the other parts of the data alone: by other authors, on other matters."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the comments are fitted to."""

    targets: Table
    """(comments, columns)."""
    parts: Ordinals
    """Which part of the data each comment is from."""
    themed: Flags
    """Comments whose themes were labelled; the others say nothing of themes, not even that they have none."""


def ridge(similarity: Table, truth: Truth, penalty: float) -> Fit:
    """Fit all columns on a kernel matrix: the themes on comments labelled with themes, the rest on all."""
    fit = _solved(similarity, truth.targets, penalty, truth.parts)
    rows = truth.themed
    themes = _solved(similarity[np.ix_(rows, rows)], truth.targets[rows], penalty, truth.parts[rows])
    columns = THEME.columns
    fit.weights[:, columns] = 0
    fit.bias[columns] = themes.bias[columns]
    for whole, share in ((fit.weights, themes.weights), (fit.left_out, themes.left_out)):
        whole[rows, columns] = share[:, columns]
    return fit


def _solved(similarity: Table, targets: Table, penalty: float, parts: Ordinals) -> Fit:
    """With G = (K + penalty I)^-1 and dual weights a = G y, the residual of a comment that is left out is
    a / diagonal of G (the usual leave-one-out identity).
    """
    bias = targets.mean(axis=0)
    inverse = linalg.inv(similarity + penalty * np.eye(len(similarity)), overwrite_a=True, check_finite=False)
    weights = inverse @ (targets - bias)
    left_out = targets - weights / np.diag(inverse)[:, None]
    crossed = np.empty_like(targets)
    for part in np.unique(parts):
        here, others = parts == part, parts != part
        foreign = targets[others].mean(axis=0)
        system = similarity[np.ix_(others, others)] + penalty * np.eye(others.sum())
        partial = linalg.solve(system, targets[others] - foreign, assume_a="pos", overwrite_a=True, check_finite=False)
        crossed[here] = similarity[np.ix_(here, others)] @ partial + foreign
    return Fit(weights, bias, left_out, crossed)


def design(features: Features) -> sparse.csr_matrix:
    """The features as the linear path weights them: (comments, table rows and then signals)."""
    characters = _counted(features.characters, features.character_starts, len(CHARACTER_SIZES))
    tokens = _counted(features.tokens, features.token_starts, TOKEN_KINDS)
    signals = sparse.csr_matrix(features.signals.astype(np.float64) * FAST_SIGNAL_SCALE)
    return sparse.csr_matrix(sparse.hstack([characters + tokens, signals]))


def _counted(rows: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], width: int) -> sparse.csr_matrix:
    borders = np.append(starts, len(rows)) * width
    counts = np.diff(borders)
    flat = rows.reshape(-1)
    values = np.where(flat == NOTHING, 0.0, np.repeat(1 / np.sqrt(counts), counts))
    matrix = sparse.csr_matrix((values, flat, borders), shape=(len(starts), ROWS))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def fit_fast(features: Features, truth: Truth) -> tuple[Arrays, Fit]:
    """(arrays of the fast path, the fit behind them)."""
    matrix = design(features)
    fit = ridge((matrix @ matrix.T).toarray(), truth, FAST_PENALTY)
    primal = np.asarray(matrix.T @ fit.weights)
    table, step = quantised(primal[: ROWS - 1], axis=0)
    signals = (primal[ROWS:] * FAST_SIGNAL_SCALE).astype(np.float32)
    arrays: Arrays = {"table": table, "table_step": step, "fast_signals": signals, "fast_bias": fit.bias}
    return arrays, fit


def fit_good(embeddings: Table, signals: Table, truth: Truth) -> tuple[Arrays, Fit]:
    """(arrays of the good path, the fit behind them)."""
    mean = embeddings.mean(axis=0)
    scale = float(1 / np.sqrt(((embeddings - mean) ** 2).sum(axis=1).mean()))
    by_embedding, embedding_step = quantised((embeddings - mean) * scale)
    by_signals, signal_step = quantised(signals * GOOD_SIGNAL_SCALE)
    centres = np.hstack([by_embedding * embedding_step, by_signals * signal_step]).astype(np.float64)
    squares = np.einsum("ij,ij->i", centres, centres)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * centres @ centres.T, 0)
    fit = ridge(np.exp(-GOOD_WIDTH * distances), truth, GOOD_PENALTY)
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
    return arrays, fit


def fit_finish(left_out: Table, crossed: Table, truth: Truth) -> tuple[Table, Table]:
    """(weights, bias) from scores, one or more blocks of columns side by side, to log odds, head by head.

    Fitted on scores of comments left out; then made as unsure as fits both these and the harder crossed scores.
    """
    weights = np.zeros((left_out.shape[1], COLUMNS))
    bias = np.zeros(COLUMNS)
    blocks = np.arange(left_out.shape[1]).reshape(-1, COLUMNS)
    for head in HEADS:
        spans = [head.columns] if head.exclusive else [slice(i, i + 1) for i in range(head.start, head.columns.stop)]
        rows = np.ones(len(left_out), dtype=np.bool_) if head.exclusive else truth.themed
        for columns in spans:
            sources = blocks[:, columns].reshape(-1)
            told = truth.targets[rows, columns]
            label = told.argmax(axis=1) if head.exclusive else told[:, 0].astype(int)
            fitted = LogisticRegression(C=FINISH_STRENGTH, max_iter=2_000)
            fitted.fit(left_out[np.ix_(rows, sources)], label, sample_weight=_importance(head, label))
            warmth = 1.0
            if head in (SENTIMENT, EMOTION):
                logits = np.vstack([fitted.decision_function(scores[:, sources]) for scores in (left_out, crossed)])
                warmth = temperature(logits, np.tile(label, 2))
            weights[np.ix_(sources, np.arange(columns.start, columns.stop))] = fitted.coef_.T / warmth
            bias[columns] = fitted.intercept_ / warmth
    return weights, bias


def temperature(logits: Table, truth: Ordinals) -> float:
    """What to divide ``logits`` by for the greatest likelihood of the ``truth``."""

    def surprise(warmth: float) -> float:
        log_chances = special.log_softmax(logits / warmth, axis=1)
        return -float(log_chances[np.arange(len(truth)), truth].mean())

    return float(optimize.minimize_scalar(surprise, bounds=(0.5, 5.0), method="bounded").x)


def _importance(head: Head, truth: Ordinals) -> Table:
    """Weights by class: equal classes for the sentiment, half way there for emotion and language, else as they come."""
    power = {SENTIMENT: 1.0, EMOTION: 0.5, LANGUAGE: 0.5}.get(head, 0.0)
    counts = np.bincount(truth).astype(float)
    weights: Table = (len(truth) / counts[truth] / np.count_nonzero(counts)) ** power
    return weights


def theme_thresholds(chances: Floats, truth: Truth) -> Table:
    """Per theme the chance from which telling it gives the best F1 on comments left out, 0.15 to 0.4.

    New writers word things differently, so that chances come out lower for them: hence the low bound above.
    """
    thresholds = np.full(len(THEME.labels), 0.5)
    for i, column in enumerate(range(THEME.start, THEME.columns.stop)):
        precision, recall, cuts = precision_recall_curve(
            truth.targets[truth.themed, column], chances[truth.themed, column]
        )
        quality = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        thresholds[i] = np.clip(cuts[quality[:-1].argmax()], 0.15, 0.4)
    return thresholds
