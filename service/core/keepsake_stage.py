"""What outcomes bring beside themselves is kept here, before anybody reads of it: whoever reads of it shall find it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
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
        bare: list[Outcome | AnalysisError] = list(outcomes)
        brought: dict[int, Sequence[Keepsake]] = {}
        for place, outcome in enumerate(outcomes):
            if not isinstance(outcome, AnalysisError):
                bare[place], keepsakes = self._parted(outcome)
                if keepsakes:
                    brought[place] = keepsakes
        if brought and self._store is not None:
            self._begin(self._keep(self._store, batch, bare, brought, began_at, seconds))
        else:
            self._land(batch, bare, began_at, seconds)

    async def _keep(
        self,
        store: KeepsakeStore,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: list[Outcome | AnalysisError],
        brought: Mapping[int, Sequence[Keepsake]],
        began_at: float,
        seconds: float,
    ) -> None:
        """Land ``outcomes`` once the files that some of them brought, by their places, are kept."""
        for place, keepsakes in brought.items():
            try:
                await store.keep(keepsakes, batch[place].tenant)
            except Exception as error:
                _log.exception("%d files were not kept", len(keepsakes))
                failure = AnalysisError("what was made of it could not be kept", "not-kept", may_pass=True)
                failure.__cause__ = error if isinstance(error, DependencyError) else None
                outcomes[place] = failure
        self._land(batch, outcomes, began_at, seconds)
