"""How the outcomes of one lane lie in the cache: under which keys, and in which form."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar

import msgspec

from service.core.cache import Cache
from service.core.entries import Entry
from service.core.errors import AnalysisError
from service.core.flight import Flight
from service.core.workload import Lane, Workload

Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)

_KEY_BYTES: Final = 16
_log = logging.getLogger(__name__)


class Shelf(Generic[Item, Outcome]):
    """The place of one lane in ``cache``."""

    def __init__(self, workload: Workload[Any, Item, Outcome, Any], lane: Lane, cache: Cache) -> None:
        self._prefix = f"{workload.name}:{workload.version}:{lane.name}:"
        self._shared = workload.shares_outcomes
        self._policy = lane.cache
        self._cache = cache
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(workload.outcome).decode

    def keys(self, names: Sequence[bytes], tenant: str) -> list[str]:
        """Where the outcomes of items with these ``names`` lie for ``tenant``, in order."""
        prefix = f"{self._prefix}{'' if self._shared else tenant}:"
        return [prefix + blake2b(name, digest_size=_KEY_BYTES).hexdigest() for name in names]

    def outcome(self, entry: Entry) -> Outcome | AnalysisError | None:
        """What ``entry`` holds."""
        value = entry.value
        if isinstance(value, AnalysisError):
            return value
        try:
            return self._decode(value)
        except msgspec.DecodeError:
            return None  # somebody else's bytes under our key are as good as none

    def keep(self, batch: Sequence[Flight[Item, Outcome]], outcomes: Sequence[Outcome | AnalysisError]) -> None:
        """Have the cache keep what became of ``batch``; never raises."""
        encode = self._encode
        try:
            entries = {
                flight.key: outcome if isinstance(outcome, AnalysisError) else encode(outcome)
                for flight, outcome in zip(batch, outcomes, strict=True)
            }
            self._cache.keep(entries, self._policy)
        except Exception:
            _log.exception("%d outcomes were not kept", len(batch))
