"""A plan's table as TOML, with a head that names what was not taken over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from slo.promises import Remark


def toml(table: dict[str, Any], head: Iterable[str]) -> str:
    """``table`` as TOML, below ``head`` as comments."""
    lines = comments(head)
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lists = {
        key: value for key, value in table.items() if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if key not in inner and key not in lists]
    for key, tables in lists.items():
        for each in tables:
            lines += ["", f"[[{key}]]", *(f"{name} = {_value(value)}" for name, value in each.items())]
    for key, each in inner.items():
        lines += ["", f"[{key}]", *(f"{name} = {_value(value)}" for name, value in each.items())]
    return "\n".join(lines) + "\n"


def comments(head: Iterable[str]) -> list[str]:
    """``head`` as comments of TOML or YAML."""
    return [f"# {_plain(line)}".rstrip() for line in head]


def head(source: str, tool: str, remarks: Sequence[Remark]) -> Iterator[str]:
    """Where a plan comes from, and what became of the rest."""
    yield f"From {source}, a load test of {tool}."
    for title, lost in (("Not taken over", True), ("Taken otherwise", False)):
        found = [remark for remark in remarks if remark.lost is lost]
        if found:
            yield ""
            yield f"{title} ({len(found)}):"
        for why, places in grouped(found):
            yield from (f"- {place}" for place in places)
            yield f"    {why}"


def grouped(remarks: Iterable[Remark]) -> Iterator[tuple[str, list[str]]]:
    """Reasons, each with the places that it holds for and what stands there, in the order of the first of them."""
    places: dict[str, list[str]] = {}
    for remark in remarks:
        places.setdefault(remark.why, []).append(f"{remark.where}: {remark.says}")
    yield from places.items()


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(_plain(value), ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _plain(text: str) -> str:
    """``text`` without what a comment or a string of TOML or YAML may not hold."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
