"""What a caller sends and gets back. What comes by the thousand cannot hold itself and is not watched for cycles."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LONGEST_TEXT = 5_000
MOST_COMMENTS = 1_000
MOST_CHARACTERS = 500_000
LONGEST_IDENTIFIER = 200

Quality = Literal["fast", "good"]
SentimentLabel = Literal["negative", "neutral", "positive"]
EmotionLabel = Literal["joy", "anger", "sadness", "fear", "surprise", "disgust", "none"]
LanguageCode = Literal["es", "gn", "jopara", "other", "und"]
ThemeName = Literal[
    "service",
    "speed",
    "outages",
    "billing",
    "price",
    "support",
    "installation",
    "coverage",
    "equipment",
    "cancellation",
]

Text = Annotated[
    str,
    Meta(
        description="What the customer wrote: 1 to 5,000 characters, not counting space around it.",
        examples=["Muy lento el internet, todos los días se corta 😡"],
        extra_json_schema={"minLength": 1, "pattern": r"^[^\u0000]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"},
    ),
]
Confidence = Annotated[
    float,
    Meta(ge=0, le=1, description="How sure the model is, 0 to 1, calibrated: of answers at 0.8, 8 in 10 are right."),
]
Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_IDENTIFIER,
        description="Your own name for the comment; comes back with its result.",
        examples=["nps-2024-0173"],
        extra_json_schema={"pattern": r"^[^\u0000]*$"},
    ),
]


class Comment(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A comment with a name of its own."""

    text: Text
    id: Identifier | None = None


class CommentsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Comments to be analysed together."""

    comments: Annotated[
        tuple[Text | Comment, ...],
        Meta(
            min_length=1,
            max_length=MOST_COMMENTS,
            description="1 to 1,000 comments, each a text or an object; 500,000 characters altogether at most.",
        ),
    ]
    quality: Annotated[
        Quality | None,
        Meta(
            description="`fast`: a linear model, microseconds a comment. `good`: sentence embeddings, better, and "
            "some 15 milliseconds a comment. Left out: `good` for up to 8 comments where its engine is installed, "
            "else `fast`."
        ),
    ] = None


class Sentiment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How the customer judges."""

    label: Annotated[SentimentLabel, Meta(description="The likeliest judgement.")]
    score: Annotated[
        float, Meta(ge=-1, le=1, description="Probability of positive less probability of negative: -1 to 1.")
    ]
    confidence: Confidence


class Theme(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something the comment is about."""

    name: Annotated[ThemeName, Meta(description="The theme.")]
    confidence: Confidence


class Emotion(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The feeling that shows; `none` where none does. Joy, anger and sadness are the dependable ones."""

    label: Annotated[EmotionLabel, Meta(description="The likeliest emotion.")]
    confidence: Confidence


class Language(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The language of the comment."""

    code: Annotated[
        LanguageCode,
        Meta(
            description="`es` Spanish, `gn` Guaraní, `jopara` Spanish and Guaraní mixed, `other`, "
            "`und` too little text to tell."
        ),
    ]
    confidence: Confidence


class Analysis(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What one comment says."""

    sentiment: Sentiment
    themes: Annotated[
        tuple[Theme, ...], Meta(description="What it is about, surest first; often nothing in particular.")
    ]
    emotion: Emotion
    language: Language
    reliable: Annotated[
        bool,
        Meta(
            description="False where the analysis is a guess: Guaraní, jopara or another language, nothing to read, "
            "or a judgement little better than chance."
        ),
    ]
    truncated: Annotated[bool, Meta(description="True where only the beginning of a long comment was read.")] = False


class Result(Analysis, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What one comment says, with the name it came with."""

    id: Identifier | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Which model answered."""

    name: Annotated[str, Meta(description="Name of the model.", examples=["loadstone-comments"])]
    version: Annotated[str, Meta(description="Version; changes with data and recipe.", examples=["1-2f7c9ab1"])]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The comments together."""

    comments: Annotated[int, Meta(ge=1, description="Number of comments.")]
    mean_score: Annotated[float, Meta(ge=-1, le=1, description="Mean sentiment score.")]
    sentiment: Annotated[dict[SentimentLabel, int], Meta(description="Comments per judgement.")]
    emotion: Annotated[dict[EmotionLabel, int], Meta(description="Comments per emotion.")]
    themes: Annotated[dict[ThemeName, int], Meta(description="Comments per theme, most frequent first.")]
    language: Annotated[dict[LanguageCode, int], Meta(description="Comments per language.")]
    reliable: Annotated[int, Meta(ge=0, description="Comments whose analysis is reliable.")]


class CommentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The analysis of all comments of a request."""

    model: Model
    quality: Annotated[Quality, Meta(description="The path that was taken.")]
    results: Annotated[tuple[Result, ...], Meta(description="One result per comment, in the order of the request.")]
    summary: Summary
