"""The endpoint's request and answer as Pydantic models, with the service's own rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from service.workloads.comments import WORKLOAD, messages
from service.workloads.comments.messages import (
    LONGEST_IDENTIFIER,
    LONGEST_TEXT,
    MOST_CHARACTERS,
    MOST_COMMENTS,
    Analysis,
    EmotionLabel,
    LanguageCode,
    SentimentLabel,
    ThemeName,
)

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")
]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_IDENTIFIER, pattern=r"^[^\x00]*$")]
Confidence = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]


class Comment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Text
    id: Identifier | None = None


class CommentsRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comments: Annotated[list[Text | Comment], Field(min_length=1, max_length=MOST_COMMENTS)]
    quality: Literal["fast"] = "fast"

    @model_validator(mode="after")
    def check_length(self) -> CommentsRequest:
        if sum(map(len, self.texts)) > MOST_CHARACTERS:
            raise ValueError(f"at most {MOST_CHARACTERS} characters at a time")
        return self

    @property
    def texts(self) -> list[str]:
        return [comment.text if isinstance(comment, Comment) else comment for comment in self.comments]

    @property
    def structs(self) -> tuple[str | messages.Comment, ...]:
        """The comments as the service's own code takes them."""
        return tuple(
            messages.Comment(text=comment.text, id=comment.id) if isinstance(comment, Comment) else comment
            for comment in self.comments
        )


class Sentiment(BaseModel):
    label: SentimentLabel
    score: Score
    confidence: Confidence


class Theme(BaseModel):
    name: ThemeName
    confidence: Confidence


class Emotion(BaseModel):
    label: EmotionLabel
    confidence: Confidence


class Language(BaseModel):
    code: LanguageCode
    confidence: Confidence


class Result(BaseModel):
    sentiment: Sentiment
    themes: list[Theme]
    emotion: Emotion
    language: Language
    reliable: bool
    truncated: bool = False
    id: Identifier | None = None


class Model(BaseModel):
    name: str
    version: str


class Summary(BaseModel):
    comments: int
    mean_score: Score
    sentiment: dict[SentimentLabel, int]
    emotion: dict[EmotionLabel, int]
    themes: dict[ThemeName, int]
    language: dict[LanguageCode, int]
    reliable: int


class CommentsAnswer(BaseModel):
    model: Model
    quality: Literal["fast"]
    results: list[Result]
    summary: Summary


MODEL = Model(name="loadstone-comments", version=WORKLOAD.version)


def answered(payload: CommentsRequest, outcomes: Sequence[Analysis]) -> CommentsAnswer:
    results = [Result.model_validate(outcome, from_attributes=True) for outcome in outcomes]
    for comment, result in zip(payload.comments, results, strict=True):
        if isinstance(comment, Comment):
            result.id = comment.id
    summary = Summary(
        comments=len(results),
        mean_score=round(sum(result.sentiment.score for result in results) / len(results), 3),
        sentiment=dict(Counter(result.sentiment.label for result in results).most_common()),
        emotion=dict(Counter(result.emotion.label for result in results).most_common()),
        themes=dict(Counter(theme.name for result in results for theme in result.themes).most_common()),
        language=dict(Counter(result.language.code for result in results).most_common()),
        reliable=sum(result.reliable for result in results),
    )
    return CommentsAnswer(model=MODEL, quality=payload.quality, results=results, summary=summary)
