"""Analyses comments on either path and words the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from service.sentences.engine import READ_CHARACTERS, passages
from service.workloads.comments.features import Features, extract
from service.workloads.comments.messages import Analysis, Quality
from service.workloads.comments.model import CommentsModel
from service.workloads.comments.signals import Floats
from service.workloads.comments.wording import worded

FAST_CHARACTERS = 2_000
"""The fast path reads so much of a comment."""
CHUNK_CHARACTERS = 4_096
"""Text analysed at once; more would leave the processor's cache."""


def analysed(texts: Sequence[str], quality: Quality, model: CommentsModel) -> list[Analysis]:
    """One analysis per text, in order."""
    limit = FAST_CHARACTERS if quality == "fast" else READ_CHARACTERS
    outcomes: list[Analysis] = []
    for chunk in _chunks(texts, limit):
        features = extract([text[:limit] for text in chunk], model.lexicon)
        chances = fast_chances(features, model) if quality == "fast" else good_chances(chunk, features, model)
        cut = [len(text) > limit for text in chunk]
        outcomes.extend(worded(chances, features, model.thresholds[quality], cut))
    return outcomes


def fast_chances(features: Features, model: CommentsModel) -> Floats:
    """Probabilities of all labels by the linear path."""
    return model.fast.finish.probabilities(model.fast.scores(features))


def good_chances(texts: Sequence[str], features: Features, model: CommentsModel) -> Floats:
    """Probabilities of all labels by embeddings and the linear path together."""
    by_kernel = model.good.scores(passages(texts), features.signals)
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
