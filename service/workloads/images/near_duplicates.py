"""Near duplicates: a picture meets those that its tenant sent before, and is one of them from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from service.core.errors import DependencyError
from service.core.known import KnownStore, Likeness
from service.core.postscripts import AT_ONCE, Stores, each_alone
from service.workloads.images.items import Item
from service.workloads.images.likeness import NEARNESS, PDQ_LEAST_QUALITY
from service.workloads.images.messages import MOST_NEAR_DUPLICATES, NearDuplicate, Picture


class NearDuplicates:
    """The postscripts of pictures of which ``known`` was asked; an answer with them holds for its moment alone."""

    def __init__(self, stores: Stores) -> None:
        self._known = stores.known
        self._turns = asyncio.Semaphore(AT_ONCE)

    def is_wanted(self, item: Item) -> bool:
        """Whether it was asked for."""
        return item.known

    def life(self, item: Item) -> float:
        """None."""
        return 0.0

    def edition(self, tenant: str) -> str:
        """There is one alone."""
        return ""

    async def write(self, pairs: Sequence[tuple[Item, Picture]], tenant: str) -> Sequence[Picture | DependencyError]:
        """The pictures with those that look the same."""
        if self._known is None:
            return [DependencyError("postgres", "there is none")] * len(pairs)
        return await each_alone(pairs, partial(with_near_duplicates, known=self._known, tenant=tenant), self._turns)


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
