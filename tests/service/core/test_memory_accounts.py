"""Where the limits of memory are found: in control groups of both versions, wherever a container sees them."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from service.core.memory_accounts import memory_accounts

MIB = 1 << 20
ENDLESS = str(0x7FFFFFFFFFFFF000)


def tree(root: Path, cgroup: str, **groups: dict[str, str]) -> Path:
    """A machine of 1000 MiB and 200 MiB of swap space with these files in the folders of its control groups."""
    files = {
        "proc/meminfo": f"MemTotal: {1000 * 1024} kB\nMemFree: 1 kB\nMemAvailable: {300 * 1024} kB\n"
        f"SwapTotal: {200 * 1024} kB\nSwapFree: {150 * 1024} kB\nVmallocTotal: 1 kB\n",
        "proc/self/cgroup": cgroup,
    }
    for folder, content in groups.items():
        files |= {f"sys/fs/cgroup/{folder}/{name}": text for name, text in content.items()}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def second(limit: str, current: int) -> dict[str, str]:
    return {
        "memory.max": f"{limit}\n",
        "memory.current": f"{current * MIB}\n",
        "memory.stat": f"anon 5\ninactive_file {40 * MIB}\nactive_file 3\n",
    }


def first(limit: str, usage: int) -> dict[str, str]:
    return {
        "memory.limit_in_bytes": f"{limit}\n",
        "memory.usage_in_bytes": f"{usage * MIB}\n",
        "memory.stat": f"inactive_file 1\ntotal_inactive_file {40 * MIB}\n",
    }


def found(root: Path, own_limit: int | None = None) -> list[tuple[str, int, int]]:
    return [(one.name, one.limit // MIB, one.taken() // MIB) for one in memory_accounts(own_limit, root)]


MACHINE = ("machine", 1200, 750)


@pytest.mark.parametrize(
    ("cgroup", "groups", "group"),
    [
        pytest.param("0::/pod/one\n", {"pod/one": second(f"{500 * MIB}", 240)}, ("group", 500, 200), id="v2"),
        pytest.param(
            "0::/pod/one\n",
            {"pod": second(f"{400 * MIB}", 340), "pod/one": second("max", 10)},
            ("group", 400, 300),
            id="v2, the limit is the parent's",
        ),
        pytest.param(
            "0::/pod/one\n",
            {"pod": second(f"{400 * MIB}", 340), "pod/one": second(f"{300 * MIB}", 140)},
            ("group", 300, 100),
            id="v2, the tighter limit",
        ),
        pytest.param("0::/\n", {".": second(f"{500 * MIB}", 240)}, ("group", 500, 200), id="v2 in a container"),
        pytest.param("0::/pod\n", {"pod": second("max", 240)}, None, id="v2 without a limit"),
        pytest.param("0::/pod\n", {"pod": second(f"{9000 * MIB}", 240)}, None, id="a limit above the machine's"),
        pytest.param(
            "9:cpu,cpuacct:/x\n4:memory:/pod\n0::/\n",
            {"memory/pod": first(f"{500 * MIB}", 240)},
            ("group", 500, 200),
            id="v1",
        ),
        pytest.param(
            "4:memory:/docker/abc\n",
            {"memory": first(f"{500 * MIB}", 30)},
            ("group", 500, 0),
            id="v1 in a container, most of it unused pages of files",
        ),
        pytest.param("4:memory:/pod\n", {"memory/pod": first(ENDLESS, 240)}, None, id="v1 without a limit"),
        pytest.param("", {}, None, id="no control groups"),
    ],
)
def test_the_limit_of_the_control_group_is_found(
    tmp_path: Path, cgroup: str, groups: dict[str, dict[str, str]], group: tuple[str, int, int] | None
) -> None:
    assert found(tree(tmp_path, cgroup, **groups)) == ([MACHINE] if group is None else [group, MACHINE])


def test_a_limit_of_ones_own_is_held_against_the_process() -> None:
    account = memory_accounts(123 * MIB)[0]
    assert (account.name, account.limit) == ("worker", 123 * MIB)
    assert account.taken() == pytest.approx(psutil.Process(os.getpid()).memory_info().rss, rel=0.2)


def test_this_machine_is_read_as_others_read_it() -> None:
    machine = memory_accounts()[-1]
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    assert machine.limit == memory.total + swap.total
    assert machine.taken() == pytest.approx(memory.total - memory.available + swap.used, rel=0.5, abs=64 * MIB)
