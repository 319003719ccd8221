"""A fixed piece of work, of the kind that a request is made of: how fast the machine is at this moment.

Never change it: budgets are ratios to it. One turn takes about 10 µs on the cloud cores of the 2020s.
"""

from __future__ import annotations

from bisect import bisect_left
from hashlib import blake2b
from typing import Any, Final

_PAIRS: Final = [(b"name-%d" % number, b"value-%d" % number) for number in range(12)]
_EDGES: Final = tuple(float(number) for number in range(16))
_TEXT: Final = b"a request's body, more or less, " * 8


class _Notes:
    __slots__ = ("added", "count", "table")

    def __init__(self, table: dict[bytes, bytes]) -> None:
        self.table = table
        self.added: list[tuple[bytes, bytes]] = []
        self.count = 0

    def note(self, name: bytes, value: bytes) -> None:
        self.added.append((name, value))
        self.count += bisect_left(_EDGES, float(len(value)))


async def _pass(notes: _Notes, message: dict[str, Any]) -> int:
    message["headers"] = [*message["headers"], *notes.added]
    return len(message["headers"])


async def reference(turns: int) -> None:
    """Do it so many times."""
    for turn in range(2 * turns):
        notes = _Notes(dict(_PAIRS))
        for name, value in _PAIRS:
            if name in notes.table and value.startswith(b"value"):
                notes.note(name, value)
        key = f"{turn}:{blake2b(_TEXT, digest_size=16).hexdigest()}"
        notes.note(key.encode("ascii"), b"%d" % notes.count)
        await _pass(notes, {"type": "start", "status": 200, "headers": _PAIRS})
        await _pass(notes, {"type": "body", "status": 200, "headers": _PAIRS})
