"""What an operator reads of the batches that a worker works on: when it begins, how it goes, when it is through."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.core.batches import Chunk, RowResult, RowState

PROGRESS_SECONDS = 15.0
QUIET_SECONDS = 30.0
"""A batch of which nothing came for so long is through, as far as this worker knows."""
_KINDS = 3

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Account:
    tenant: str
    workload: str
    began: float
    told: float
    latest: float
    rows: int = 0
    told_rows: int = 0
    chunks: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        worst = ", ".join(f"{count} {kind}" for kind, count in self.errors.most_common(_KINDS))
        return f"{self.rows} rows in {self.chunks} chunks" + (f", of which failed: {worst}" if worst else "")


class Journal:
    """Keeps book by batch; ``clock`` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def claimed(self, chunk: Chunk) -> None:
        """It is in hand."""
        now = self._clock()
        account = self._accounts.get(chunk.batch)
        if account is None:
            self._accounts[chunk.batch] = _Account(chunk.tenant, chunk.workload, now, now, now)
            _log.info("begins with batch %s of %s (%s)", chunk.batch, chunk.tenant, chunk.workload)
        else:
            account.latest = now
        if chunk.is_suspicious:
            _log.warning(
                "workers were lost at chunk %d of batch %s, its rows are done one by one", chunk.number, chunk.batch
            )

    def completed(self, chunk: Chunk, results: Sequence[RowResult], width: int) -> None:
        """It is done, at so many items at a time."""
        account = self._accounts.get(chunk.batch)
        if account is None:
            return
        now = account.latest = self._clock()
        account.rows += len(results)
        account.chunks += 1
        account.errors.update(result.error or "" for result in results if result.state is RowState.FAILED)
        if now - account.told >= PROGRESS_SECONDS:
            rate = (account.rows - account.told_rows) / (now - account.told)
            account.told, account.told_rows = now, account.rows
            _log.info("batch %s: %s; %.1f rows/s, %d at a time", chunk.batch, account.summary(), rate, width)

    def look(self, *, is_over: bool = False) -> None:
        """Tell of batches that have come to an end here; all when the work ``is_over``."""
        now = self._clock()
        for batch, account in list(self._accounts.items()):
            if is_over or now - account.latest >= QUIET_SECONDS:
                del self._accounts[batch]
                seconds = account.latest - account.began
                _log.info("is through with batch %s here: %s in %.1f s", batch, account.summary(), seconds)
