"""Whether two products are one product, listed twice: by the vectors of their pictures and of their texts together.

The vectors are taken as they come from the engines, through no lens, so that the same two products are judged alike in
every catalogue.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.network import Floats

PICTURE_SAME: Final = 0.95
"""Cosine from which two pictures are one, cropped, scaled or compressed anew."""
PICTURE_LIKE: Final = 0.85
TEXT_LIKE: Final = 0.95
"""Cosines that are together enough."""
TEXT_SAME: Final = 0.985
"""Cosine from which texts are one, where a product has no picture."""


def likeness(one: Floats | None, others: Floats) -> Floats:
    """The cosines of ``one`` (d,) with ``others`` (n, d), of unit length; -1 with what is missing (None, or zeros)."""
    if one is None:
        return np.full(len(others), -1, np.float32)
    found: Floats = np.where(others.any(axis=1), others @ one, np.float32(-1))
    return found


def are_same(picture: Floats, text: Floats) -> NDArray[np.bool_]:
    """The verdict by `likeness` of pictures and of texts (n,)."""
    by_picture = (picture >= PICTURE_SAME) | ((picture >= PICTURE_LIKE) & (text >= TEXT_LIKE))
    without = (picture == -1) & (text >= TEXT_SAME)
    verdict: NDArray[np.bool_] = by_picture | without
    return verdict
