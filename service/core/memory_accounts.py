"""How much memory there is to take, and how much is taken: by this process, its control group, the machine.

Sources: cgroup-v2.rst and cgroup-v1/memory.rst of the kernel, proc_meminfo(5). Pages of files that lie unused are
not counted as taken: the kernel drops them before it kills anybody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.core.processes import resident_bytes

_ENDLESS = 1 << 60
"""Version 1 of control groups says a number near 2**63 where there is no limit."""


@dataclass(frozen=True, slots=True)
class MemoryAccount:
    """Somebody who may take ``limit`` bytes. ``taken`` reads how many are; it raises OSError or ValueError."""

    name: str
    limit: int
    taken: Callable[[], int]


def memory_accounts(own_limit: int | None = None, root: Path = Path("/")) -> Sequence[MemoryAccount]:
    """The accounts to keep an eye on: this process, if it has a limit, its control group, if it has, the machine."""
    accounts = []
    if own_limit is not None:
        accounts.append(MemoryAccount("worker", own_limit, lambda: resident_bytes(os.getpid())))
    machine = _machine(root / "proc/meminfo")
    group = min(_groups(root), key=lambda group: group.limit, default=None)
    if group is not None and group.limit < machine.limit:
        accounts.append(group)
    return [*accounts, machine]


def _machine(meminfo: Path) -> MemoryAccount:
    """Memory and swap space together: only when both are used up does the kernel kill."""
    total, free = ("MemTotal:", "SwapTotal:"), ("MemAvailable:", "SwapFree:")
    limit = sum(_fields(meminfo, *total).values()) * 1024
    return MemoryAccount("machine", limit, lambda: limit - sum(_fields(meminfo, *free).values()) * 1024)


def _groups(root: Path) -> Iterator[MemoryAccount]:
    """The control groups with a limit that this process is in, of both versions."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            mount, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            mount = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # A container sees its own group at the mount itself, under whatever path the host knows it.
        folder = mount / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group.is_relative_to(mount) and (account := _group(group, *names)) is not None:
                yield account


def _group(folder: Path, limit: str, usage: str, unused: str) -> MemoryAccount | None:
    try:
        text = (folder / limit).read_text().strip()
    except OSError:
        return None
    if text == "max" or int(text) >= _ENDLESS:
        return None

    def taken() -> int:
        used = int((folder / usage).read_text())
        return max(0, used - _fields(folder / "memory.stat", unused)[unused])

    return MemoryAccount("group", int(text), taken)


def _fields(path: Path, *names: str) -> dict[str, int]:
    """The numbers of these names in a file of lines that begin with a name and a number; ValueError without one."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name in names:
            found[name] = int(rest.split()[0])
    if len(found) < len(names):
        raise ValueError(f"{path} does not tell {' and '.join(names)}")
    return found
