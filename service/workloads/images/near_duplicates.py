"""Near duplicates: a picture meets those that its tenant sent before, and is one of them from then on."""

from __future__ import annotations

import msgspec

from service.core.known import KnownStore, Likeness
from service.core.workload import Postscript
from service.workloads.images.items import Item
from service.workloads.images.likeness import NEARNESS, PDQ_LEAST_QUALITY
from service.workloads.images.messages import MOST_NEAR_DUPLICATES, NearDuplicate, Picture


async def with_near_duplicates(item: Item, picture: Picture, known: KnownStore, tenant: str) -> Picture:
    """``picture`` with those that look the same. One that has too little in it to be compared meets none."""
    if picture.pdq_quality < PDQ_LEAST_QUALITY:
        return msgspec.structs.replace(picture, near_duplicates=())
    likeness = Likeness(
        sha256=bytes.fromhex(picture.sha256),
        fine=bytes.fromhex(picture.pdq),
        coarse=bytes.fromhex(picture.phash),
        url=item.url,
    )
    met = await known.meet(likeness, NEARNESS, MOST_NEAR_DUPLICATES, tenant)
    near = [NearDuplicate(sha256=each.sha256.hex(), distance=each.distance, url=each.url) for each in met]
    return msgspec.structs.replace(picture, near_duplicates=tuple(near))


NEAR_DUPLICATES: Postscript[Item, Picture] = Postscript(is_wanted=lambda item: item.known, write=with_near_duplicates)
