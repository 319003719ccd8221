"""Decoding in processes of their own: a file that ends its decoder, or never lets it end, costs one picture.

A cell decodes one picture after the other, is started when it is needed first, and replaced after many pictures, so
that what a decoder loses of its memory comes back.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Final

import msgspec
import numpy as np

from service.core.errors import AnalysisError
from service.workloads.images.cell import LENGTH_BYTES, Order, Reply, read
from service.workloads.images.messages import PictureFormat
from service.workloads.images.pixels import Decoded

LONGEST_SECONDS = 20.0
"""No picture within the bounds takes a fifth of it."""
MOST_PICTURES = 500

_ROOT: Final = Path(__file__).parents[3]
_COMMAND: Final = (sys.executable, "-m", "service.workloads.images.cell")
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_END_SECONDS: Final = 5.0

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Reply).decode


class CellLostError(Exception):
    """The cell ended before it answered."""


class Cell:
    """One process; for one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=-1,
        )
        self._left = MOST_PICTURES

    @property
    def is_worn(self) -> bool:
        """Whether it has decoded as much as it may, or was ended by somebody."""
        return self._left <= 0 or self._process.poll() is not None

    def decoded(self, order: Order) -> Reply:
        """The answer to ``order``; raises `CellLostError`."""
        self._left -= 1
        message = _encode(order)
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None
        limit = Timer(LONGEST_SECONDS, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            requests.write(len(message).to_bytes(LENGTH_BYTES, "big"))
            requests.write(message)
            requests.flush()
            reply = read(replies)
        except OSError as error:
            raise CellLostError from error
        finally:
            limit.cancel()
        if not reply:
            raise CellLostError
        return _decode(reply)

    def end(self) -> None:
        """End the process, by force if need be."""
        self._process.kill()
        self._process.wait(_END_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


class Cells:
    """Cells that wait for work; as many are started as pictures come at once."""

    def __init__(self) -> None:
        self._idle: list[Cell] = []
        self._lock = Lock()

    def decoded(self, order: Order) -> Reply:
        """The answer to ``order``; raises `CellLostError`."""
        cell = self._waiting() or Cell()
        try:
            reply = cell.decoded(order)
        except BaseException:
            cell.end()
            raise
        with self._lock:
            self._idle.append(cell)
        return reply

    def _waiting(self) -> Cell | None:
        """One that waits and may go on; those that may not are ended."""
        while True:
            with self._lock:
                cell = self._idle.pop() if self._idle else None
            if cell is None or not cell.is_worn:
                return cell
            cell.end()

    def end(self) -> None:
        """End those that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for cell in idle:
            cell.end()


_CELLS: Final = Cells()
atexit.register(_CELLS.end)


def decoded(content: bytes, form: PictureFormat, edge: int, *, with_gps: bool) -> Decoded:
    """As `formats.decoded`, in another process; AnalysisError also when the picture ends that."""
    try:
        reply = _CELLS.decoded(Order(content, form, edge, with_gps))
    except CellLostError as error:
        raise AnalysisError(f"the {form.upper()} data ended its decoder, or took it too long", "damaged") from error
    if reply.kind:
        raise AnalysisError(reply.reason, reply.kind)
    return Decoded(
        pixels=np.frombuffer(reply.pixels, np.uint8).reshape(reply.rows, reply.columns, 3),
        format=form,
        width=reply.width,
        height=reply.height,
        orientation=reply.orientation,
        is_animated=reply.is_animated,
        is_damaged=False,
        exif=reply.exif,
    )
