"""What the model tells about a comment: four heads, side by side in one row of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from service.workloads.comments.messages import EmotionLabel, SentimentLabel, ThemeName

SENTIMENTS: tuple[str, ...] = get_args(SentimentLabel)
THEMES: tuple[str, ...] = get_args(ThemeName)
EMOTIONS: tuple[str, ...] = get_args(EmotionLabel)
LANGUAGES = ("es", "jopara", "gn", "other")
UNDETERMINED = "und"
"""The language of a comment that says too little to tell."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question to the model. An exclusive head names exactly one label; another any number of them."""

    name: str
    labels: tuple[str, ...]
    start: int
    exclusive: bool

    @property
    def columns(self) -> slice:
        """Where this head's scores stand in a row."""
        return slice(self.start, self.start + len(self.labels))


SENTIMENT = Head("sentiment", SENTIMENTS, 0, True)
THEME = Head("themes", THEMES, 3, False)
EMOTION = Head("emotion", EMOTIONS, 13, True)
LANGUAGE = Head("language", LANGUAGES, 20, True)
HEADS = (SENTIMENT, THEME, EMOTION, LANGUAGE)
COLUMNS = 24
"""Scores in a row."""
