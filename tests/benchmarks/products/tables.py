"""What was found, as tables for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from loadtests._running._machine import facts
from slo.documentation import put

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "products.md"
RESULTS: Final = Path(".loadstone/products")

Item = TypeVar("Item")


class Titled(msgspec.Struct, frozen=True):
    """A table and what stands above it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(tables: Iterable[Titled], misses: Iterable[str], console: Console) -> None:
    """Everything, for the terminal."""
    for titled in tables:
        table = Table(*titled.head, title=titled.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for row in titled.rows:
            table.add_row(*row)
        console.print(table)
    for miss in misses:
        console.print(f"! {miss}", style="yellow")


def written(tables: Iterable[Titled]) -> str:
    """The tables in Markdown."""
    return "\n\n".join(f"{each.title}:\n\n{_markdown(each)}" for each in tables)


def write(place: str, introduction: str, tables: Iterable[Titled], page: Path = PAGE) -> None:
    """Put the tables into the place of that name in ``page``."""
    text = f"{introduction}\n\n{written(tables)}"
    page.write_text(put(page.read_text(encoding="utf-8"), place, text), encoding="utf-8")


def keep(name: str, found: msgspec.Struct) -> Path:
    """Write the findings as JSON beside those of other runs; where they are."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    return path


def machine() -> str:
    """What computes here."""
    return facts().cpu


def percent(share: float | None) -> str:
    """A share with one digit after the point; empty for None."""
    return "" if share is None else f"{share:.1%}"


def of(items: Iterable[Item], *cells: Callable[[Item], str]) -> list[list[str]]:
    """One row an item."""
    return [[cell(item) for cell in cells] for item in items]


def _markdown(titled: Titled) -> str:
    lines = (titled.head, ["---" for _ in titled.head], *titled.rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
