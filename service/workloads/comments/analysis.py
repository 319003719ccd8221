"""Analyses comments on either path and words the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from service.workloads.comments.embedding import READ_CHARACTERS, embedded
from service.workloads.comments.features import Features, Floats, extract
from service.workloads.comments.heads import EMOTION, LANGUAGE, SENTIMENT, THEME, UNDETERMINED
from service.workloads.comments.messages import (
    Analysis,
    Emotion,
    EmotionLabel,
    Language,
    LanguageCode,
    Quality,
    Sentiment,
    SentimentLabel,
    Theme,
    ThemeName,
)
from service.workloads.comments.model import CommentsModel

FAST_CHARACTERS = 2_000
"""The fast path reads so much of a comment."""
CHUNK_CHARACTERS = 4_096
"""Text analysed at once; more would leave the processor's cache."""
SURE = {"es": 0.5, UNDETERMINED: 0.8}
"""From this confidence in its judgement on, the analysis of a comment in the language is called reliable."""


def analysed(texts: Sequence[str], quality: Quality, model: CommentsModel) -> list[Analysis]:
    """One analysis per text, in order."""
    limit = FAST_CHARACTERS if quality == "fast" else READ_CHARACTERS
    outcomes: list[Analysis] = []
    for chunk in _chunks(texts, limit):
        features = extract([text[:limit] for text in chunk], model.lexicon)
        chances = fast_chances(features, model) if quality == "fast" else good_chances(chunk, features, model)
        cut = [len(text) > limit for text in chunk]
        outcomes.extend(_worded(chances, features, model.thresholds[quality], cut))
    return outcomes


def fast_chances(features: Features, model: CommentsModel) -> Floats:
    """Probabilities of all labels by the linear path."""
    return model.fast.finish.probabilities(model.fast.scores(features))


def good_chances(texts: Sequence[str], features: Features, model: CommentsModel) -> Floats:
    """Probabilities of all labels by embeddings and the linear path together."""
    by_kernel = model.good.scores(embedded(texts), features.signals)
    return model.good.finish.probabilities(np.hstack([by_kernel, model.fast.scores(features)]))


def _chunks(texts: Sequence[str], limit: int) -> Iterator[Sequence[str]]:
    begin = characters = 0
    for position, text in enumerate(texts):
        length = min(len(text), limit)
        if characters + length > CHUNK_CHARACTERS and position > begin:
            yield texts[begin:position]
            begin, characters = position, 0
        characters += length
    if begin < len(texts):
        yield texts[begin:]


def _worded(chances: Floats, features: Features, thresholds: Floats, cut: list[bool]) -> Iterator[Analysis]:
    rounded = np.round(chances.astype(np.float64), 3)
    sentiment, emotion, language = (rounded[:, head.columns] for head in (SENTIMENT, EMOTION, LANGUAGE))
    scores = np.round(sentiment[:, 2] - sentiment[:, 0], 3).tolist()
    told: list[list[bool]] = (chances[:, THEME.columns] >= thresholds).tolist()
    themes = rounded[:, THEME.columns].tolist()
    labels = [part.argmax(axis=1).tolist() for part in (sentiment, emotion, language)]
    sure = [part.max(axis=1).tolist() for part in (sentiment, emotion, language)]
    wordless = (features.words == 0).tolist()
    for i, score in enumerate(scores):
        code, code_sure = LANGUAGE.labels[labels[2][i]], sure[2][i]
        if wordless[i]:
            code, code_sure = UNDETERMINED, 1.0
        yield Analysis(
            sentiment=Sentiment(
                label=cast("SentimentLabel", SENTIMENT.labels[labels[0][i]]), score=score, confidence=sure[0][i]
            ),
            themes=_themes(themes[i], told[i]) if True in told[i] else (),
            emotion=Emotion(label=cast("EmotionLabel", EMOTION.labels[labels[1][i]]), confidence=sure[1][i]),
            language=Language(code=cast("LanguageCode", code), confidence=code_sure),
            reliable=sure[0][i] >= SURE.get(code, 2.0),
            truncated=cut[i],
        )


def _themes(chances: list[float], told: list[bool]) -> tuple[Theme, ...]:
    found = [
        Theme(name=cast("ThemeName", name), confidence=chance)
        for name, chance, tell in zip(THEME.labels, chances, told, strict=True)
        if tell
    ]
    found.sort(key=lambda theme: -theme.confidence)
    return tuple(found)
