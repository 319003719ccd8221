"""The comments workload as the pipeline sees it. Importing it loads neither NumPy nor an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

from service.core.errors import AnalysisError
from service.core.workload import CachePolicy, Lane, Workload
from service.workloads.comments.messages import (
    Analysis,
    Comment,
    CommentsAnswer,
    CommentsRequest,
    Model,
    Quality,
    Result,
    Summary,
)
from service.workloads.comments.policy import Item, items_of, quality_of
from service.workloads.comments.rows import BATCH

NAME = "loadstone-comments"
RULES = 1
"""Counts up when the code changes what is answered; the model's file speaks for itself."""


def _version() -> str:
    file = Path(__file__).with_name("model.npz")
    digest = sha256(file.read_bytes()).hexdigest()[:8] if file.exists() else "untrained"
    return f"{RULES}-{digest}"


_MODEL = Model(name=NAME, version=_version())
_PREFIX = {"fast": b"f ", "good": b"g "}
_HOUR = 3600.0

Label = TypeVar("Label", bound=str)


@cache
def _analyst() -> Callable[[Sequence[str], Quality], list[Analysis]]:
    """What analyses texts, with the model loaded."""
    from service.workloads.comments.analysis import analysed
    from service.workloads.comments.model import shipped

    return partial(analysed, model=shipped())


def _analyse(lane: str, items: Sequence[Item]) -> list[Analysis | AnalysisError]:
    return [*_analyst()([item.text for item in items], cast("Quality", lane))]


def _join(request: CommentsRequest, outcomes: Sequence[Analysis]) -> CommentsAnswer:
    results = tuple(
        [
            Result(
                id=comment.id if isinstance(comment, Comment) else None,
                sentiment=outcome.sentiment,
                themes=outcome.themes,
                emotion=outcome.emotion,
                language=outcome.language,
                reliable=outcome.reliable,
                truncated=outcome.truncated,
            )
            for comment, outcome in zip(request.comments, outcomes, strict=True)
        ]
    )
    return CommentsAnswer(model=_MODEL, quality=quality_of(request), results=results, summary=_summary(outcomes))


def _summary(outcomes: Sequence[Analysis]) -> Summary:
    return Summary(
        comments=len(outcomes),
        mean_score=round(sum([outcome.sentiment.score for outcome in outcomes]) / len(outcomes), 3),
        sentiment=_counts([outcome.sentiment.label for outcome in outcomes]),
        emotion=_counts([outcome.emotion.label for outcome in outcomes]),
        themes=_counts([theme.name for outcome in outcomes for theme in outcome.themes]),
        language=_counts([outcome.language.code for outcome in outcomes]),
        reliable=[outcome.reliable for outcome in outcomes].count(True),
    )


def _counts(labels: Sequence[Label]) -> dict[Label, int]:
    """How often each of ``labels`` occurs, the most frequent first."""
    return {labels[0]: 1} if len(labels) == 1 else dict(Counter(labels).most_common())


def _prepare() -> None:
    # The engine of `good` takes 17 MiB and a twentieth of a second: it is loaded when somebody asks for it.
    _analyse("fast", [Item("Excelente servicio", "fast")])


WORKLOAD: Workload[CommentsRequest, Item, Analysis, CommentsAnswer] = Workload(
    name="comments",
    summary="Sentiment, themes, emotion and language of short Spanish customer comments",
    version=_MODEL.version,
    request=CommentsRequest,
    outcome=Analysis,
    answer=CommentsAnswer,
    lanes=(
        Lane(
            name="fast",
            batch_items=64,
            batch_wait=0.0,
            threads=0,
            queue_items=100_000,
            cache=CachePolicy(ttl=24 * _HOUR, far=False),  # a round trip costs more than the work
            batch_seconds=0.005,
        ),
        Lane(
            name="good",
            batch_items=32,
            batch_wait=0.004,
            threads=2,
            queue_items=4_000,
            cache=CachePolicy(ttl=24 * _HOUR, stale=24 * _HOUR, negative=60.0),
            batch_seconds=0.025,
        ),
    ),
    split=items_of,
    lane_of=lambda item: item.quality,
    key_of=lambda item: _PREFIX[item.quality] + item.text.encode("utf-8"),
    analyse=_analyse,
    join=_join,
    prepare=_prepare,
    body_bytes=8 * 1_048_576,
    batch=BATCH,
    examples={
        "one comment": {"comments": ["Excelente atención, muy rápidos y amables 👏"]},
        "a survey": {
            "comments": [
                {"id": "nps-1", "text": "Muy lento el internet, todos los días se corta 😡"},
                {"id": "nps-2", "text": "Me cobraron dos veces la misma factura y nadie me atiende"},
                {"id": "nps-3", "text": "Iporã la servicio, aguyje"},
                {"id": "nps-4", "text": "Caro pero anda bien"},
            ],
            "quality": "fast",
        },
        "at best quality": {
            "comments": ["El técnico vino puntual pero la señal no llega a la pieza"],
            "quality": "good",
        },
    },
)
