"""Decoding in processes of their own: a file that ends its decoder, or never lets it end, costs one picture."""

from __future__ import annotations

from typing import Final

import numpy as np

from service.cells.cells import CellLostError, Cells
from service.core.errors import AnalysisError
from service.pictures.cell import Order, Reply
from service.pictures.pixels import Decoded
from service.pictures.sniffing import PictureFormat

LONGEST_SECONDS: Final = 20.0
"""No picture within the bounds takes a fifth of it."""
MOST_PICTURES: Final = 500

_CELLS: Final = Cells("service.pictures.cell", Reply, longest_seconds=LONGEST_SECONDS, most_orders=MOST_PICTURES)


def decoded(content: bytes, form: PictureFormat, edge: int, *, with_gps: bool) -> Decoded:
    """As `formats.decoded`, in another process; AnalysisError also when the picture ends that."""
    try:
        reply = _CELLS.answer(Order(content, form, edge, with_gps))
    except CellLostError as error:
        raise AnalysisError(f"the {form.upper()} data ended its decoder, or took it too long", "damaged") from error
    if reply.kind:
        raise AnalysisError(reply.reason, reply.kind)
    return Decoded(
        pixels=np.frombuffer(reply.pixels, np.uint8).reshape(reply.rows, reply.columns, 3),
        format=form,
        width=reply.width,
        height=reply.height,
        orientation=reply.orientation,
        is_animated=reply.is_animated,
        is_damaged=False,
        exif=reply.exif,
    )
