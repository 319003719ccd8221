"""How good the answers are: F1 by class, confusion, and whether confidence means what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.workloads.comments.heads import THEME, Head
from service.workloads.comments.messages import Analysis
from service.workloads.comments.recipe.corpus import Labelled, labels_of


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 of one label, and how often the label is true."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head on one part of the data."""

    head: Head
    scores: tuple[Score, ...]
    confusion: dict[tuple[str, str], int]
    """(true, told) to comments, for exclusive heads."""
    calibration_error: float

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the labels that occur."""
        present = [score.f1 for score in self.scores if score.support]
        return sum(present) / len(present) if present else float("nan")


def told_labels(analysis: Analysis, head: Head) -> tuple[str, ...]:
    """The labels of ``analysis`` under ``head``; a language that cannot be told counts as Spanish."""
    if head is THEME:
        return tuple(theme.name for theme in analysis.themes)
    if head.name == "language":
        return ("es" if analysis.language.code == "und" else analysis.language.code,)
    return (analysis.sentiment.label if head.name == "sentiment" else analysis.emotion.label,)


def _confidence(analysis: Analysis, head: Head) -> float:
    if head.name == "sentiment":
        return analysis.sentiment.confidence
    return analysis.emotion.confidence if head.name == "emotion" else analysis.language.confidence


def report(head: Head, truth: Sequence[Labelled], told: Sequence[Analysis]) -> HeadReport:
    """``told`` against ``truth``, comment by comment."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    confusion: Counter[tuple[str, str]] = Counter()
    hits, confidences = [], []
    for comment, analysis in zip(truth, told, strict=True):
        expected, given = set(labels_of(comment, head.name)), set(told_labels(analysis, head))
        right.update(expected & given)
        wrong.update(given - expected)
        missed.update(expected - given)
        hits.append(expected == given)
        if head.exclusive:
            confusion[next(iter(expected)), next(iter(given))] += 1
            confidences.append(_confidence(analysis, head))
    scores = tuple(_score(label, right[label], wrong[label], missed[label]) for label in head.labels)
    error = calibration_error(np.array(confidences), np.array(hits)) if head.exclusive else float("nan")
    return HeadReport(head, scores, dict(confusion), error)


def _score(label: str, right: int, wrong: int, missed: int) -> Score:
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    f1 = 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 0.0
    return Score(label, precision, recall, f1, right + missed)


def calibration_error(confidences: npt.NDArray[np.float64], hits: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over ``bins`` of equal width, by size."""
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [abs(confidences[places == i].sum() - hits[places == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(confidences))
