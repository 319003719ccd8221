"""A campaign seen many times a second: whether its progress falls, what lies beyond its lease, how lost chunks recover.

Pure: it is shown `Sighting`s, whoever takes them. All times are the database's, in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Held(NamedTuple):
    """An attempt at a chunk, and until when it holds it."""

    number: int
    attempt: int
    worker: str
    lease_end: float


class Sighting(NamedTuple):
    """A batch at one moment."""

    at: float
    done: int
    """Rows that have a result, as its tenant is told."""
    done_chunks: int
    running: Sequence[Held]
    done_attempts: frozenset[tuple[int, int]] = frozenset()
    """Of the chunks that are done, those that were asked for: number, and the attempt that completed it."""
    is_attended: bool = True
    """Whether any worker is connected to the database."""


class Recovery(NamedTuple):
    """A chunk that its worker's end took along, and when it was free again."""

    number: int
    after_lease: float
    """Seconds from the lease's end, or from when there was a worker again; negative where it was given back."""


@dataclass
class Watch:
    """Judges sightings in the order in which they were taken."""

    sightings: int = 0
    falls: list[str] = field(default_factory=list)
    """When progress was less than before."""
    overdue: float = 0.0
    """The longest that a chunk was running past its lease while a worker could do something about it."""
    recoveries: list[Recovery] = field(default_factory=list)
    _last: Sighting | None = None
    _lost: dict[tuple[int, int, str], Held] = field(default_factory=dict)
    _attended_since: float | None = None
    """None until it is seen next."""
    _is_attended: bool = True

    @property
    def done(self) -> int:
        """Rows that had a result when it was seen last."""
        return self._last.done if self._last else 0

    @property
    def awaited(self) -> tuple[int, ...]:
        """The chunks whose recovery is awaited."""
        return tuple(sorted({held.number for held in self._lost.values()}))

    @property
    def running(self) -> Sequence[Held]:
        """What was in hand when it was seen last."""
        return self._last.running if self._last else ()

    def see(self, sighting: Sighting) -> None:
        """Take another look."""
        self.sightings += 1
        if self._attended_since is None or not (self._is_attended and sighting.is_attended):
            self._attended_since = sighting.at
        self._compare(sighting)
        for held in sighting.running:
            self.overdue = max(self.overdue, sighting.at - max(held.lease_end, self._attended_since))
        self._recover(sighting, self._attended_since)
        self._last = sighting

    def leave(self) -> None:
        """From now on nobody can do anything about a lease: the database is away, say."""
        self._is_attended = False
        self._lost.clear()  # their recovery would tell how long that lasted

    def attend(self) -> None:
        """From the next sighting on somebody can again."""
        self._is_attended, self._attended_since = True, None

    def lose(self, worker: str) -> None:
        """The worker of this name was killed: what it has in hand is to be recovered."""
        self._lost |= {held[:3]: held for held in self.running if held.worker == worker}

    def _compare(self, sighting: Sighting) -> None:
        before = self._last
        if before is None:
            return
        for what, earlier, later in (
            ("rows done", before.done, sighting.done),
            ("chunks done", before.done_chunks, sighting.done_chunks),
        ):
            if later < earlier:
                self.falls.append(f"{what} fell from {earlier:,} to {later:,}")

    def _recover(self, sighting: Sighting, attended_since: float) -> None:
        still = {held[:3]: held for held in sighting.running}
        for key, held in [*self._lost.items()]:
            if key in still:
                self._lost[key] = still[key]  # its last extension may have been on its way
            else:
                del self._lost[key]
                if key[:2] not in sighting.done_attempts:  # completed just before its end, and so never lost
                    self.recoveries.append(Recovery(held.number, sighting.at - max(held.lease_end, attended_since)))
