"""When two pictures count as copies of one another, by how far their hashes are apart.

PDQ within 31 bits is its authors' rule: it finds what was compressed, converted or resized, and nothing else. A picture
that lost its margins is further away; the coarser pHash still knows it, and both together take no stranger for it.
"""

from __future__ import annotations

from service.core.known import Nearness

PDQ_NEAR = 31
PDQ_FAR = 48
"""Of 256 bits; strangers are 128 apart, give or take 20, and pictures of two cartons of one brand 50."""
PHASH_NEAR = 8
"""Of 64 bits."""
PDQ_LEAST_QUALITY = 50
"""Below it a picture has too little in it to be compared (PDQ's authors' figure)."""

NEARNESS = Nearness(near=PDQ_NEAR, far=PDQ_FAR, coarse=PHASH_NEAR)
"""`is_near`, as a store of known pictures is told it."""


def is_near(pdq_distance: int, phash_distance: int) -> bool:
    """Whether pictures are copies whose hashes differ in so many bits."""
    return pdq_distance <= PDQ_NEAR or (pdq_distance <= PDQ_FAR and phash_distance <= PHASH_NEAR)
