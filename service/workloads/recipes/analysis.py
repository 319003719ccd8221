"""A picture's file to a recipe: read in a process of its own, understood in this one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from service.core.errors import AnalysisError
from service.workloads.recipes.items import Item
from service.workloads.recipes.messages import Reading
from service.workloads.recipes.reading import read
from service.workloads.recipes.understanding import understood


def outcomes(items: Sequence[Item]) -> list[Reading | AnalysisError]:
    """What becomes of each item, in order; a bad one fails alone."""
    return [_outcome(item) for item in items]


def analysed(item: Item) -> Reading:
    """What stands in a picture whose content is there; AnalysisError when it cannot be read."""
    page = read(item.content or b"", item.engine)
    recipe = understood(page)
    return Reading(**msgspec.structs.asdict(recipe), engine=page.engine, reason=page.reason, rotation=page.rotation)


def _outcome(item: Item) -> Reading | AnalysisError:
    try:
        return analysed(item)
    except AnalysisError as error:
        return error
