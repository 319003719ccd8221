"""Products and searches to vectors."""

from __future__ import annotations

from collections.abc import Sequence

from service.core.errors import AnalysisError
from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.halves import packed
from service.workloads.products.items import Item, Placement, Search
from service.workloads.products.messages import Seen


def outcomes(items: Sequence[Item]) -> list[Seen | AnalysisError]:
    """The vectors of what each item has of a picture and a text, in order; one with a bad picture fails alone."""
    seen = iter(pictures.outcomes([item.content for item in items if item.content is not None]))
    looks = [None if item.content is None else next(seen) for item in items]
    words = _words(items)
    found: list[Seen | AnalysisError] = []
    for place, look in enumerate(looks):
        if isinstance(look, AnalysisError):
            found.append(look)
        else:
            found.append(Seen(picture=None if look is None else packed(look), text=words.get(place)))
    return found


def _words(items: Sequence[Item]) -> dict[int, bytes]:
    """The vectors of texts, by the places of items that have one."""
    passages = {place: item.passage for place, item in enumerate(items) if isinstance(item, Placement)}
    asked = [(place, item.request.text) for place, item in enumerate(items) if isinstance(item, Search)]
    queries = {place: text for place, text in asked if text is not None}
    found = [*zip(passages, engine.passages(list(passages.values())), strict=True)]
    found += zip(queries, engine.queries(list(queries.values())), strict=True)
    return {place: packed(vector) for place, vector in found}
