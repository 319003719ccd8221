"""A process that reads pictures for others, who survive it: ``python -m service.workloads.recipes.reading.cell``."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from service.cells.cell import serve
from service.core.errors import AnalysisError
from service.workloads.recipes.messages import EngineWish
from service.workloads.recipes.page import Page

if TYPE_CHECKING:
    from service.workloads.recipes.reading.reader import Reader

MOST_MEMORY: Final = 3 * 2**30
"""Bytes of address space, most of it never touched."""
MOST_THREADS: Final = 4
"""Each takes memory of its own."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """A picture to be read."""

    content: bytes
    engine: EngineWish


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What was read, or why nothing was."""

    page: Page | None
    kind: str = ""
    """Of the error; empty for none."""
    reason: str = ""
    may_pass: bool = False


def _reply(order: Order) -> Reply:
    try:
        return Reply(_reader().page(order.content, order.engine))
    except AnalysisError as error:
        return Reply(None, error.kind, error.reason, error.may_pass)
    except MemoryError:
        return Reply(None, "too-large", "reading the picture takes more memory than there may be")


@lru_cache(maxsize=1)
def _reader() -> Reader:
    import cv2

    from service.workloads.recipes.reading.reader import Reader

    cv2.setNumThreads(1)
    return Reader(threads=min(MOST_THREADS, len(os.sched_getaffinity(0))))


if __name__ == "__main__":
    serve(Order, _reply, MOST_MEMORY)
