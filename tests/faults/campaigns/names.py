"""The names that workers can look up: a table of their own, which can be taken away. It takes root.

A worker gets it by a mount namespace in which ``/etc/hosts`` and ``/etc/resolv.conf`` are files of the campaign's, so
nothing else on the machine notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_MOUNTED = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
_NOBODY = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
"""Whom to ask for what the table does not know: nobody, who refuses or is silent."""


class Names:
    """``known`` names with their addresses; their files are in ``folder``."""

    def __init__(self, folder: Path, known: Mapping[str, str]) -> None:
        self._table = "".join(f"{address} {name}\n" for name, address in known.items())
        self._hosts = folder / "hosts"
        self._resolver = folder / "resolv.conf"
        self._resolver.write_text(_NOBODY)
        self.learn()

    @property
    def prefix(self) -> tuple[str, ...]:
        """What goes before the command of a process that is to know these names, and no others."""
        return ("unshare", "--mount", "sh", "-c", _MOUNTED, str(self._hosts), str(self._resolver))

    def forget(self) -> None:
        """From now on no name is known."""
        self._hosts.write_text("")

    def learn(self) -> None:
        """From now on all of them are."""
        self._hosts.write_text(self._table)
