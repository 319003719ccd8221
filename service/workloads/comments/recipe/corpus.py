"""Reads the labelled comments."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from service.workloads.comments.features import folded
from service.workloads.comments.heads import COLUMNS, EMOTION, HEADS, LANGUAGE, SENTIMENT, THEME
from service.workloads.comments.messages import EmotionLabel, SentimentLabel, ThemeName

FOLDER = Path(__file__).parent
TRAINING = ("telecom_train", "phrases", "general_train", "everyday_train")
"""Parts that are trained on; by other writers, or on other matters."""
THEMED = ("telecom_train", "phrases")
"""Training parts whose themes are labelled."""
TESTS = ("telecom_test", "general_test")


class Labelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A comment and what a reader said of it."""

    text: str
    sentiment: SentimentLabel
    emotion: EmotionLabel
    themes: tuple[ThemeName, ...]
    language: Literal["es", "jopara", "gn", "other"]


_DECODER = msgspec.json.Decoder(Labelled)


def read(name: str) -> list[Labelled]:
    """The comments of the part ``name``; an error says in which line it is."""
    comments = []
    path = FOLDER / f"{name}.jsonl"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            comments.append(_DECODER.decode(line))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error
    return comments


def training() -> list[list[Labelled]]:
    """The training parts, without what a test part says too or an earlier part said already."""
    seen = {folded(comment.text) for name in TESTS for comment in read(name)}
    parts = []
    for name in TRAINING:
        fresh = []
        for comment in read(name):
            plain = folded(comment.text)
            if plain not in seen:
                seen.add(plain)
                fresh.append(comment)
        parts.append(fresh)
    return parts


def hashes() -> dict[str, str]:
    """SHA-256 of every file that the model depends on or is measured on."""
    names = [f"{name}.jsonl" for name in (*TRAINING, *TESTS)] + ["lexicon.txt"]
    return {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in names}


def targets(comments: Sequence[Labelled]) -> npt.NDArray[np.float64]:
    """(comments, columns): 1 where the label of the column applies, else 0."""
    table = np.zeros((len(comments), COLUMNS))
    for row, comment in enumerate(comments):
        for head in HEADS:
            for label in labels_of(comment, head.name):
                table[row, head.start + head.labels.index(label)] = 1
    return table


def labels_of(comment: Labelled, head: str) -> tuple[str, ...]:
    """The labels of ``comment`` under ``head``."""
    single = {SENTIMENT.name: comment.sentiment, EMOTION.name: comment.emotion, LANGUAGE.name: comment.language}
    return comment.themes if head == THEME.name else (single[head],)
