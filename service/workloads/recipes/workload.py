"""The recipes workload as the pipeline sees it. Importing it loads no engine."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import msgspec

from service.core.errors import AnalysisError
from service.core.workload import CachePolicy, Lane, Workload
from service.pictures.sources import completed
from service.workloads.recipes.items import BATCH, UPLOAD, Item, items_of, key_of
from service.workloads.recipes.messages import Reading, RecipeAnswer, RecipeRequest

VERSION = "1"
"""Counts up when the same picture would get another answer."""

_HOUR = 3600.0
_CARD = b64encode(Path(__file__).with_name("example.png").read_bytes()).decode("ascii")


def _analyse(lane: str, items: Sequence[Item]) -> list[Reading | AnalysisError]:
    from service.workloads.recipes.analysis import outcomes  # vocabularies that only readers of recipes need

    return outcomes(items)


def _join(request: RecipeRequest, outcomes: Sequence[Reading]) -> RecipeAnswer:
    (reading,) = outcomes
    return RecipeAnswer(**msgspec.structs.asdict(reading), url=request.url)


def _prepare() -> None:
    """Nothing: engines are loaded by cells, when somebody sends a picture."""


WORKLOAD: Workload[RecipeRequest, Item, Reading, RecipeAnswer] = Workload(
    name="recipes",
    summary="Ingredients and steps from photos and scans of recipes, in Spanish and English",
    version=VERSION,
    request=RecipeRequest,
    outcome=Reading,
    answer=RecipeAnswer,
    lanes=(
        Lane(
            name="read",
            batch_items=1,
            batch_wait=0.0,
            threads=len(os.sched_getaffinity(0)),
            queue_items=16,
            queue_seconds=10.0,
            cache=CachePolicy(ttl=7 * 24 * _HOUR, negative=300.0),
            fetches=32,
        ),
    ),
    split=items_of,
    lane_of=lambda item: "read",
    key_of=key_of,
    analyse=_analyse,
    join=_join,
    prepare=_prepare,
    body_bytes=28 * 1_048_576,
    bulk_bytes=28 * 1_048_576,
    fetch=completed,
    upload=UPLOAD,
    batch=BATCH,
    examples={"a card": {"data": _CARD}},
)
