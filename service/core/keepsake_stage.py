"""What outcomes bring beside themselves is kept here, before anybody reads of it: whoever reads of it shall find it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from service.core.errors import AnalysisError, DependencyError
from service.core.flight import Flight
from service.core.keepsakes import Keepsake, KeepsakeStore

Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)
Parted: TypeAlias = Callable[[Outcome], tuple[Outcome, Sequence[Keepsake]]]

_log = logging.getLogger(__name__)


class KeepsakeStage(Generic[Item, Outcome]):
    """Between the analysis and the landing of one lane; without a ``store`` what is to be kept is lost.

    ``parted`` takes out of an outcome what it brings, what is left of it goes to ``land``; ``begin`` starts work that
    nobody waits for.
    """

    def __init__(
        self,
        parted: Parted[Outcome],
        store: KeepsakeStore | None,
        land: Callable[[Sequence[Flight[Item, Outcome]], Sequence[Outcome | AnalysisError], float, float], None],
        begin: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._parted = parted
        self._store = store
        self._land = land
        self._begin = begin

    def take(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        """See to a batch that began then and took so long."""
        self._begin(self._keep(batch, outcomes, began_at, seconds))

    async def _keep(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        bare: list[Outcome | AnalysisError] = []
        for flight, outcome in zip(batch, outcomes, strict=True):
            bare.append(outcome if isinstance(outcome, AnalysisError) else await self._bare(flight, outcome))
        self._land(batch, bare, began_at, seconds)

    async def _bare(self, flight: Flight[Item, Outcome], outcome: Outcome) -> Outcome | AnalysisError:
        bare, keepsakes = self._parted(outcome)
        if not keepsakes or self._store is None:
            return bare
        try:
            await self._store.keep(keepsakes, flight.tenant)
        except Exception as error:
            _log.exception("%d files were not kept", len(keepsakes))
            failure = AnalysisError("what was made of it could not be kept", "not-kept", may_pass=True)
            failure.__cause__ = error if isinstance(error, DependencyError) else None
            return failure
        return bare
