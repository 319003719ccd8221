"""What is added to outcomes each time they are given: it depends on more than their items, so it is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from service.core.call import Call
from service.core.errors import AnalysisError, DependencyError
from service.core.known import KnownStore
from service.core.workload import Postscript

Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)

AT_ONCE: Final = 4
"""Postscripts that one process writes at a time: a server with more to do at once is no quicker."""


class PostscriptStage(Generic[Item, Outcome]):
    """Writes the postscripts of one workload; without a ``store`` what needs one cannot be had."""

    def __init__(self, postscript: Postscript[Item, Outcome], store: KnownStore | None) -> None:
        self._postscript = postscript
        self._store = store
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def completed(
        self, items: Sequence[Item], outcomes: Sequence[Outcome | AnalysisError], call: Call
    ) -> Sequence[Outcome | AnalysisError]:
        """``outcomes`` of ``items``, in order, with the postscripts that are wanted; one that fails fails alone."""
        is_wanted = self._postscript.is_wanted
        wanted = [
            (place, outcome)
            for place, (item, outcome) in enumerate(zip(items, outcomes, strict=True))
            if is_wanted(item) and not isinstance(outcome, AnalysisError)
        ]
        if not wanted:
            return outcomes
        call.is_passing = True
        written = await asyncio.gather(
            *(self._completed(items[place], outcome, call.tenant) for place, outcome in wanted)
        )
        whole = list(outcomes)
        for (place, _), outcome in zip(wanted, written, strict=True):
            whole[place] = outcome
        return whole

    async def _completed(self, item: Item, outcome: Outcome, tenant: str) -> Outcome | AnalysisError:
        if self._store is None:
            return _failure(DependencyError("postgres", "there is none"))
        try:
            async with self._turns:
                return await self._postscript.write(item, outcome, self._store, tenant)
        except DependencyError as error:
            return _failure(error)


def _failure(cause: DependencyError) -> AnalysisError:
    failure = AnalysisError("what you sent before cannot be looked up", "dependency-away", may_pass=True)
    failure.__cause__ = cause
    return failure
