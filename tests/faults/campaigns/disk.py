"""A small disk of its own for a server's data, that can be filled to the last byte. Mounting one takes root."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BYTES = 256 * 2**20
BLOCK = bytes(2**16)
BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """``folder`` is a disk of `BYTES` bytes, in memory, for the length of the block."""
    folder.mkdir(parents=True)
    options = f"size={BYTES},mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "loadstone-faults", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / BALLAST).open("ab", buffering=0) as ballast:
        width = len(BLOCK)
        while width:
            try:
                ballast.write(BLOCK[:width])
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                width //= 2


def make_room(disk: Path) -> None:
    """Take back what `fill` has put there."""
    (disk / BALLAST).unlink()
