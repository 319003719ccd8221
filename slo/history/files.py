"""A history as a file of JSON lines."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slo.history.entries import LARGEST_BYTES, Entry, HistoryError, joined, parsed


def append(path: Path, entry: Entry) -> None:
    """Add ``entry`` to the history at ``path``, which is there whole or as before, whatever happens meanwhile.

    Others who append at the same time wait. An entry of the same commit and time is replaced. Raises `HistoryError`
    where ``path`` holds something else, `OSError` where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        content = joined(_content(path), entry, str(path))
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def read(path: Path) -> tuple[Entry, ...]:
    """The entries at ``path``, in their order; raises `HistoryError` where there is no history."""
    if not path.exists():
        raise HistoryError(f"{path}: there is no history; `loadstone gate --history {path}` begins one")
    try:
        return parsed(_content(path), str(path))
    except OSError as error:
        raise HistoryError(f"{path}: cannot be read: {error.strerror or error}") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return b""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process or thread is inside for the same history; the folder is locked, so no file stays behind."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
