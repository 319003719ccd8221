"""What is added to outcomes each time they are given: it depends on more than their items, so it is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from service.core.call import Call
from service.core.catalogues import CatalogueStore
from service.core.errors import AnalysisError, DependencyError
from service.core.known import KnownStore

Item = TypeVar("Item")
ItemIn = TypeVar("ItemIn", contravariant=True)
Outcome = TypeVar("Outcome", bound=msgspec.Struct)

AT_ONCE: Final = 4
"""Postscripts that one process writes at a time: a server with more to do at once is no quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What postscripts are written from; a store that is None is away for good."""

    known: KnownStore | None = None
    catalogues: CatalogueStore | None = None


class Postscripts(Protocol[ItemIn, Outcome]):
    """Writes the postscripts of one workload, in one process."""

    def is_wanted(self, item: ItemIn) -> bool:
        """Whether an outcome of ``item`` has one."""

    def life(self, item: ItemIn) -> float:
        """Seconds for which an answer with its postscript may be kept, as long as the `edition` is the same."""

    def edition(self, tenant: str) -> str:
        """Differs when what is written for ``tenant`` may differ from what it was."""

    async def write(
        self, pairs: Sequence[tuple[ItemIn, Outcome]], tenant: str
    ) -> Sequence[Outcome | AnalysisError | DependencyError]:
        """The outcomes that are given, for items and their outcomes, in order."""


class PostscriptStage(Generic[Item, Outcome]):
    """Has the postscripts of one workload written; what comes of a server that is away fails whom it would help."""

    def __init__(self, postscripts: Postscripts[Item, Outcome]) -> None:
        self._postscripts = postscripts
        self.edition = postscripts.edition

    async def completed(
        self, items: Sequence[Item], outcomes: Sequence[Outcome | AnalysisError], call: Call
    ) -> Sequence[Outcome | AnalysisError]:
        """``outcomes`` of ``items``, in order, with the postscripts that are wanted; one that fails fails alone."""
        is_wanted = self._postscripts.is_wanted
        places: list[int] = []
        pairs: list[tuple[Item, Outcome]] = []
        for place, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
            if is_wanted(item) and not isinstance(outcome, AnalysisError):
                places.append(place)
                pairs.append((item, outcome))
        if not pairs:
            return outcomes
        call.life = min(call.life, *(self._postscripts.life(item) for item, _ in pairs))
        whole = list(outcomes)
        for place, written in zip(places, await self._postscripts.write(pairs, call.tenant), strict=True):
            whole[place] = _failure(written) if isinstance(written, DependencyError) else written
        return whole


async def each_alone(
    pairs: Sequence[tuple[Item, Outcome]],
    write: Callable[[Item, Outcome], Awaitable[Outcome]],
    turns: asyncio.Semaphore,
) -> Sequence[Outcome | DependencyError]:
    """What ``write`` makes of each pair, some at a time as ``turns`` allow."""

    async def written(item: Item, outcome: Outcome) -> Outcome | DependencyError:
        try:
            async with turns:
                return await write(item, outcome)
        except DependencyError as error:
            return error

    return await asyncio.gather(*(written(item, outcome) for item, outcome in pairs))


def _failure(cause: DependencyError) -> AnalysisError:
    failure = AnalysisError("what you sent before cannot be looked up", "dependency-away", may_pass=True)
    failure.__cause__ = cause
    return failure
