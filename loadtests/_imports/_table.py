"""A mapping of a foreign file, asked key by key: what has a wrong value, and what nobody asked for, is remarked on."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from slo.promises import Remark

LARGEST = 1e9
LONGEST_TEXT = 80
MOST_REMARKS = 500

_PART = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[a-z]*)")
_SECONDS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
}
_Value = TypeVar("_Value")


class Expression(NamedTuple):
    """A value that is only known when the script runs."""

    code: str
    line: int

    def __str__(self) -> str:
        return f"{self.code} (line {self.line})"


class Remarks:
    """Remarks as they come up, each place once, and not without end."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Remark] = {}
        self._untold = 0

    def add(self, where: str, says: object, why: str, *, lost: bool = True) -> None:
        """Take down that what ``says`` something did not become what it was."""
        if (where, why) in self._found:
            return
        if len(self._found) < MOST_REMARKS:
            self._found[where, why] = Remark(where=where, says=shown(says), why=why, lost=lost)
        else:
            self._untold += 1

    def all(self) -> tuple[Remark, ...]:
        """In the order in which they came up."""
        more = Remark(where="the file", says=f"{self._untold:,} more", why="too many to tell one by one")
        return (*self._found.values(), *([more] if self._untold else ()))


class Table:
    """The mapping at ``path``."""

    def __init__(self, data: dict[Any, Any], path: str, remarks: Remarks) -> None:
        self.path = path
        self.remarks = remarks
        self._data = {str(key): value for key, value in data.items()}
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return self._data.get(key) is not None

    def at(self, key: str) -> str:
        """The path of ``key``."""
        if not key.replace("-", "_").isidentifier():
            return f"{self.path}[{key!r}]"
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> Any:
        """The value as it is, None where there is none."""
        self._asked.add(key)
        return self._data.get(key)

    def number(self, key: str) -> float | None:
        """A number that is not negative."""
        return self._read(key, number, "not a number from 0 on")

    def whole(self, key: str) -> int | None:
        """A whole number from 1 on."""
        found = self._read(key, lambda value: _whole(number(value)), "not a whole number from 1 on")
        return None if found is None else int(found)

    def seconds(self, key: str, *, of_number: float = 1.0) -> float | None:
        """A time: ``90s``, ``1m30s``, ``2 minutes``, or a number that counts ``of_number`` seconds each."""
        return self._read(key, lambda value: seconds(value, of_number), "not a time such as 90s or 1m30s")

    def text(self, key: str) -> str | None:
        """A text that is not empty."""
        return self._read(key, lambda value: value if isinstance(value, str) and value else None, "not a text")

    def table(self, key: str) -> Table | None:
        """A mapping."""
        found = self._read(key, lambda value: value if isinstance(value, dict) else None, "not a mapping")
        return None if found is None else Table(found, self.at(key), self.remarks)

    def tables(self, key: str) -> list[Table]:
        """A list of mappings; what else it holds is remarked on."""
        found = self._read(key, lambda value: value if isinstance(value, list) else None, "not a list")
        return [
            table for index, value in enumerate(found or []) if (table := self._item(key, index, value)) is not None
        ]

    def items(self) -> Iterator[tuple[str, Any]]:
        """All keys and values; they count as asked for."""
        for key, value in self._data.items():
            self._asked.add(key)
            yield key, value

    def lose(self, key: str, why: str, *, lost: bool = True) -> None:
        """Remark on ``key``, if it is there."""
        value = self.raw(key)
        if value is not None:
            self.remarks.add(self.at(key), value, why, lost=lost)

    def pass_over(self, *keys: str) -> None:
        """Let ``keys`` be: they say nothing of the load or of what is promised."""
        self._asked.update(keys)

    def close(self, why: str) -> None:
        """Remark on every key that nobody asked for."""
        for key in list(self._data):
            if key not in self._asked:
                self.lose(key, why)

    def _item(self, key: str, index: int, value: Any) -> Table | None:
        path = f"{self.at(key)}[{index}]"
        if isinstance(value, dict):
            return Table(value, path, self.remarks)
        self.remarks.add(path, value, known_late(value) or "not a mapping")
        return None

    def _read(self, key: str, read: Callable[[Any], _Value | None], wrong: str) -> _Value | None:
        value = self.raw(key)
        if value is None:
            return None
        found = read(value)
        if found is None:
            self.remarks.add(self.at(key), value, known_late(value) or wrong)
        return found


def known_late(value: object) -> str:
    """Why ``value`` is nothing that a plan could hold, if it is only known at run time; else empty."""
    if isinstance(value, Expression):
        return "the script computes it when it runs, and it is not run"
    if isinstance(value, str) and ("{{" in value or "${" in value):
        return "a template that is filled in when the test runs"
    return ""


def shown(value: object) -> str:
    """``value`` in one short line."""
    text = _written(value)
    plain = "".join(sign if sign.isprintable() else " " for sign in text[: LONGEST_TEXT * 4])
    line = " ".join(plain.split())
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


def _written(value: object) -> str:
    """``value`` as the file has it, or nearly."""
    if isinstance(value, str | Expression):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return json.dumps(value, ensure_ascii=False, default=str)


def number(value: object) -> float | None:
    """A number from 0 up to a thousand million, also one in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and 0.0 <= found <= LARGEST else None


def seconds(value: object, of_number: float) -> float | None:
    """A time in seconds; see `Table.seconds`."""
    plain = number(value)
    if plain is not None:
        return plain * of_number
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    total, position = 0.0, 0
    stripped = value.strip().lower()
    while position < len(stripped):
        found = _PART.match(stripped, position)
        if found is None or found["unit"] not in _SECONDS:
            return None
        total += float(found["number"]) * _SECONDS[found["unit"]]
        position = found.end()
    return total if stripped and total <= LARGEST else None


def _whole(value: float | None) -> float | None:
    return value if value is not None and value >= 1.0 and value.is_integer() else None
