"""Probabilities in words: one analysis per comment, in whole thousandths of chance.

What is told of a head is one number, its rank: the thousandths first and then, so that of equal chances the first
label wins, how far its column is from the last. There are few ranks, so what each one says is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, cast

import numpy as np

from service.workloads.comments.alphabet import Flags
from service.workloads.comments.features import Features
from service.workloads.comments.heads import COLUMNS, EMOTION, HEADS, LANGUAGE, SENTIMENT, THEME, UNDETERMINED, Head
from service.workloads.comments.messages import (
    Analysis,
    Emotion,
    EmotionLabel,
    Language,
    LanguageCode,
    Sentiment,
    SentimentLabel,
    Theme,
    ThemeName,
)
from service.workloads.comments.signals import Floats, Integers

SURE = {"es": 0.5, UNDETERMINED: 0.8}
"""From this confidence in its judgement on, the analysis of a comment in the language is called reliable."""

Told = TypeVar("Told")
_WHOLE = 1_000
_LAST = COLUMNS - 1
_SCALE, _WIDTH = np.array(float(_WHOLE)), np.array(COLUMNS)
_REVERSED = np.arange(_LAST, -1, -1)
_STARTS = np.array([head.start for head in HEADS])
_JUDGED, _FELT, _SPOKEN = (HEADS.index(head) for head in (SENTIMENT, EMOTION, LANGUAGE))


class _Vocabulary(dict[int, Told], Generic[Told]):
    """What each rank of a head says."""

    def __init__(self, head: Head, say: Callable[[str, float], Told]) -> None:
        super().__init__()
        self._head = head
        self._say = say

    def __missing__(self, rank: int) -> Told:
        thousandths, place = divmod(rank, COLUMNS)
        told = self[rank] = self._say(self._head.labels[_LAST - place - self._head.start], thousandths / _WHOLE)
        return told


_SENTIMENTS = _Vocabulary(SENTIMENT, lambda label, chance: (cast("SentimentLabel", label), chance))
_THEMES = _Vocabulary(THEME, lambda name, chance: Theme(name=cast("ThemeName", name), confidence=chance))
_EMOTIONS = _Vocabulary(EMOTION, lambda label, chance: Emotion(label=cast("EmotionLabel", label), confidence=chance))
_LANGUAGES = _Vocabulary(LANGUAGE, lambda code, chance: Language(code=cast("LanguageCode", code), confidence=chance))
_WORDLESS = Language(code=cast("LanguageCode", UNDETERMINED), confidence=1.0)


def worded(chances: Floats, features: Features, thresholds: Floats, cut: Sequence[bool]) -> Iterator[Analysis]:
    """The analyses of the comments with these ``chances`` of all labels; ``cut`` are those not read to their end."""
    thousandths = np.rint(chances.astype(np.float64) * _SCALE).astype(np.int64)
    ranks = thousandths * _WIDTH + _REVERSED
    tops = np.maximum.reduceat(ranks, _STARTS, axis=1).tolist()
    scores = (thousandths[:, SENTIMENT.start + 2] - thousandths[:, SENTIMENT.start]).tolist()
    themes = _themes(ranks[:, THEME.columns], chances[:, THEME.columns] >= thresholds)
    words = features.words.tolist()
    for i, top in enumerate(tops):
        label, confidence = _SENTIMENTS[top[_JUDGED]]
        language = _LANGUAGES[top[_SPOKEN]] if words[i] else _WORDLESS
        yield Analysis(
            sentiment=Sentiment(label=label, score=scores[i] / _WHOLE, confidence=confidence),
            themes=themes.get(i, ()),
            emotion=_EMOTIONS[top[_FELT]],
            language=language,
            reliable=confidence >= SURE.get(language.code, 2.0),
            truncated=cut[i],
        )


def _themes(ranks: Integers, told: Flags) -> dict[int, tuple[Theme, ...]]:
    """Per comment of which any are ``told`` its themes, surest first."""
    found: dict[int, list[int]] = {}
    for comment, rank in zip(told.nonzero()[0].tolist(), ranks[told].tolist(), strict=True):
        found.setdefault(comment, []).append(rank)
    return {comment: tuple(_THEMES[rank] for rank in sorted(few, reverse=True)) for comment, few in found.items()}
