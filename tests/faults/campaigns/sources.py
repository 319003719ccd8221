"""What campaigns consist of: rows made from a seed, and what the result of each must be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from service.core.batches import Fields, Row
from tests.faults.campaigns import brittle_worker
from tests.faults.campaigns.audit import Truth
from tests.faults.campaigns.workforce import REAL

FIRST_LINE = 2
"""Of a CSV file with a header."""
WORKER_LOST = "worker-lost"


class Source(ABC):
    """``count`` rows, the same for the same ``seed``; ``poisoned`` of them have ``poison`` in what is analysed."""

    workload: str
    chunk_rows: int
    """How many of them are worked off together."""

    def __init__(self, count: int, seed: int, poison: str = "", poisoned: int = 0) -> None:
        self.count = count
        self.seed = seed
        self.poison = poison
        lines = range(FIRST_LINE, FIRST_LINE + count)
        self.poisoned = frozenset(Random(f"poison {seed}").sample(lines, min(poisoned, count) if poison else 0))
        """Their lines."""
        self.settings: Mapping[str, str] = {}
        """What workers must be told besides, while it is `opened`."""
        self.prefix: Sequence[str] = ()
        """What goes before their command, while it is `opened`."""

    @property
    def command(self) -> Sequence[str]:
        """How Python is told to be a worker that works the rows off."""
        return ("-m", brittle_worker.__name__) if self.poison else REAL

    @contextmanager
    def opened(self, folder: Path) -> Iterator[None]:
        """What the rows name is there, for the length of the block."""
        yield

    def rows(self) -> Iterator[Row]:
        """All of them, in order."""
        draw = Random(self.seed)
        for line in range(FIRST_LINE, FIRST_LINE + self.count):
            yield Row(line, self._fields(line, draw))

    def chunks(self) -> Iterator[list[Row]]:
        """The same in portions as they are kept."""
        portion: list[Row] = []
        for row in self.rows():
            portion.append(row)
            if len(portion) == self.chunk_rows:
                yield portion
                portion = []
        if portion:
            yield portion

    def truth_of(self, row: Row) -> Truth:
        """What the result of ``row`` must be: poison is told as that, and harms nobody else."""
        truth = self._truth_of(row)
        return truth._replace(holds={}, error=WORKER_LOST) if row.line in self.poisoned else truth

    @abstractmethod
    def _fields(self, line: int, draw: Random) -> Fields:
        """What the row at ``line`` says."""

    @abstractmethod
    def _truth_of(self, row: Row) -> Truth:
        """What its result must be, if it is not poisoned."""
