"""Vectors as bytes: numbers of 16 bits, half of what they are computed with, in little-endian order.

What is lost is far below what separates one product from another: unit vectors keep their cosines to some 0.0003.
"""

from __future__ import annotations

import numpy as np

from service.workloads.products.network import Floats


def packed(vector: Floats) -> bytes:
    """``vector`` (d,) as 2 d bytes."""
    return vector.astype("<f2").tobytes()


def unpacked(content: bytes) -> Floats:
    """The vector in ``content``, as numbers of 32 bits (d,)."""
    return np.frombuffer(content, "<f2").astype(np.float32)


def stacked(contents: list[bytes], length: int) -> Floats:
    """Several vectors of one ``length``, as rows (n, d)."""
    return np.frombuffer(b"".join(contents), "<f2").astype(np.float32).reshape(len(contents), length)
