"""The folder that embedded servers keep their data in: held by one service at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO

from service.core.errors import SettingsError

LONGEST_SOCKET_PATH_BYTES = 107
"""Of ``sun_path`` in Linux's ``sockaddr_un``, without its closing zero."""
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


class DataFolder:
    """A locked folder. The lock belongs to the process and dies with it, so a killed service leaves none behind."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None
        self._sockets: Path | None = None
        self._temporary: Path | None = None

    def hold(self) -> None:
        """Create the folder and lock it; `SettingsError` when it cannot be used or another service holds it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise SettingsError([f"the data folder {self.path} cannot be used: {error.strerror}"]) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise SettingsError([f"the data folder {self.path} is in use by process {holder}"]) from None
        # A forked child would keep the lock alive after its parent was killed.
        os.register_at_fork(after_in_child=lock.close)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Give the folder up; safe to call twice."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._sockets = self._temporary = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def sockets(self) -> Path:
        """A private folder for sockets: inside, or in the system's temporary folder where the path would be too long.

        A comma moves it too: PostgreSQL and its drivers take one for the end of a path.
        """
        if self._sockets is None:
            inside = self.path / "sockets"
            if _fits(inside):
                inside.mkdir(mode=0o700, exist_ok=True)
                self._sockets = inside
            else:
                self._temporary = Path(tempfile.mkdtemp(prefix="loadstone-"))
                if not _fits(self._temporary):
                    reason = f"neither {self.path} nor {self._temporary} is short enough for a unix socket"
                    raise SettingsError([reason])
                self._sockets = self._temporary
        return self._sockets

    def log(self, server: str) -> Path:
        """A fresh log for ``server``; the one of the start before is kept beside it."""
        path = self.path / f"{server}.log"
        if path.exists():
            path.replace(path.with_suffix(".previous.log"))
        return path


def is_open_to_all(path: Path) -> bool:
    """Whether any account can reach ``path`` and read it."""
    readable = stat.S_IROTH | stat.S_IXOTH
    folders = path.resolve().parents
    return path.stat().st_mode & readable == readable and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in folders
    )


def _fits(folder: Path) -> bool:
    path = folder / LONGEST_SOCKET_NAME
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH_BYTES and "," not in str(path)
