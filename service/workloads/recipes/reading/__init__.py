"""Pictures to pages in processes of their own: a picture that ends one, or never lets it end, costs one request."""

from __future__ import annotations

import os
from typing import Final

from service.cells.cells import CellLostError, Cells
from service.core.errors import AnalysisError
from service.workloads.recipes.messages import EngineWish
from service.workloads.recipes.page import Page
from service.workloads.recipes.reading.cell import Order, Reply

LONGEST_SECONDS: Final = 40.0
MOST_PICTURES: Final = 200

CELLS: Final = Cells(
    f"{__name__}.cell",
    Reply,
    longest_seconds=LONGEST_SECONDS,
    most_orders=MOST_PICTURES,
    environment={
        "PATH": os.environ.get("PATH", os.defpath),  # where tesseract is looked for
        "MALLOC_MMAP_THRESHOLD_": "1000000",  # what the networks are done with goes back at once: half of the memory
    },
)


def read(content: bytes, engine: EngineWish) -> Page:
    """What stands in a picture's file. Blocks, for any number of threads; AnalysisError when it cannot be read."""
    try:
        reply = CELLS.answer(Order(content, engine))
    except CellLostError as error:
        raise AnalysisError("reading the picture ended its process, or took it too long", "not-read") from error
    if reply.page is None:
        raise AnalysisError(reply.reason, reply.kind, may_pass=reply.may_pass)
    return reply.page
