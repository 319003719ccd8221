"""A plan's table as TOML, with a head that names what was not taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from loadtests._planning import _writing
from slo.promises import Remark


def toml(table: dict[str, Any], head: Iterable[str]) -> str:
    """``table`` as TOML, below ``head`` as comments."""
    return "\n".join((*comments(head), _writing.toml(_plain_table(table))))


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


def _plain_table(value: Any) -> Any:
    """``value`` with nothing but plain texts in it: foreign files hold all kinds of signs."""
    if isinstance(value, dict):
        return {key: _plain_table(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_table(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    """``text`` without what a comment or a string of TOML or YAML may not hold."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
