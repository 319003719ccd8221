"""The outer side: cells are started when they are needed first, used one order after the other, and replaced.

An order that ends its cell, or never lets it end, costs whoever gave it, and nobody else. After many orders a cell is
replaced, so that what an engine loses of its memory comes back.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Final, Generic, TypeVar

import msgspec

from service.cells.cell import read, write

Reply = TypeVar("Reply", bound=msgspec.Struct)

_ROOT: Final = Path(__file__).parents[2]
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_END_SECONDS: Final = 5.0

_encode: Final = msgspec.msgpack.Encoder().encode


class CellLostError(Exception):
    """The cell ended before it answered, or was ended because it took too long."""


class Cell:
    """One process that runs ``module``; for one thread at a time."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", module),
            cwd=_ROOT,
            env={**_ENVIRONMENT, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=-1,
        )
        self.orders = 0

    @property
    def is_alive(self) -> bool:
        """False once it has ended, whoever ended it."""
        return self._process.poll() is None

    def answer(self, message: bytes, seconds: float) -> bytes:
        """The reply to ``message``, within so many seconds; raises `CellLostError`."""
        self.orders += 1
        orders, replies = self._process.stdin, self._process.stdout
        assert orders is not None
        assert replies is not None
        limit = Timer(seconds, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            write(orders, message)
            reply = read(replies)
        except OSError as error:
            raise CellLostError from error
        finally:
            limit.cancel()
        if not reply:
            raise CellLostError
        return reply

    def end(self) -> None:
        """End the process, by force if need be."""
        self._process.kill()
        self._process.wait(_END_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


class Cells(Generic[Reply]):
    """Cells of one kind that wait for work; as many are started as orders come at once."""

    def __init__(
        self,
        module: str,
        reply: type[Reply],
        *,
        longest_seconds: float,
        most_orders: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._module = module
        self._decode = msgspec.msgpack.Decoder(reply).decode
        self._environment = environment or {}
        self.longest_seconds = longest_seconds
        self.most_orders = most_orders
        self._idle: list[Cell] = []
        self._lock = Lock()
        atexit.register(self.end)

    def answer(self, order: msgspec.Struct) -> Reply:
        """The reply to ``order``; raises `CellLostError`. Waits; for any number of threads."""
        message = _encode(order)
        cell = self._waiting() or Cell(self._module, self._environment)
        try:
            reply = cell.answer(message, self.longest_seconds)
        except BaseException:
            cell.end()
            raise
        with self._lock:
            self._idle.append(cell)
        return self._decode(reply)

    def _waiting(self) -> Cell | None:
        """One that waits and may go on; those that may not are ended."""
        while True:
            with self._lock:
                cell = self._idle.pop() if self._idle else None
            if cell is None or (cell.is_alive and cell.orders < self.most_orders):
                return cell
            cell.end()

    def end(self) -> None:
        """End those that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for cell in idle:
            cell.end()
