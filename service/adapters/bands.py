"""Hashes cut into bands, so that an index of equal values finds all that differ in a few bits.

Each band has a slack, and (slack + 1) summed over the bands makes ``within + 1``. So two hashes that differ in at most
``within`` bits differ in at most the slack of one of their bands: were it more in each, it would be too much together.
Whoever looks up every value within the slack of each band therefore misses none (Norouzi, Punjani, Fleet: "Fast Exact
Search in Hamming Space With Multi-Index Hashing", 2014). Few wide bands have few strangers to a value, and many values
to look up.

Neighbouring bits of a perceptual hash are often alike. Band ``i`` therefore has bits ``i``, ``i + count`` and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations


def bands_of(digest: bytes, count: int) -> list[int]:
    """The values of the ``count`` bands of ``digest``."""
    bits = f"{int.from_bytes(digest, 'big'):0{8 * len(digest)}b}"
    return [int(bits[band::count], 2) for band in range(count)]


def bands_around(digest: bytes, count: int, within: int) -> list[list[int]]:
    """For each band its values in all hashes that may differ from ``digest`` in at most ``within`` bits.

    Every such hash has one of them in that band, for at least one band.
    """
    values = bands_of(digest, count)
    flips = _flips(8 * len(digest), count, within)
    return [[value ^ flip for flip in some] for value, some in zip(values, flips, strict=True)]


@lru_cache(maxsize=8)
def _flips(bits: int, count: int, within: int) -> Sequence[Sequence[int]]:
    """For each band all changes of at most its slack of bits."""
    least, more = divmod(within + 1, count)
    found = []
    for band in range(count):
        width = len(range(band, bits, count))
        slack = least - (band < count - more)
        found.append(
            [
                sum(1 << bit for bit in chosen)
                for size in range(slack + 1)
                for chosen in combinations(range(width), size)
            ]
        )
    return found
