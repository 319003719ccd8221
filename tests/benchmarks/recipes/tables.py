"""What was found, as tables for the terminal and for the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from tests.benchmarks.recipes import findings
from tests.benchmarks.recipes.findings import (
    FOUND_GOALS,
    GROUPS,
    RECALL_GOAL,
    RIGHT_GOALS,
    Measured,
    Share,
    misses,
    of_group,
)
from tests.benchmarks.recipes.matching import ASPECTS, Aspect
from tests.benchmarks.recipes.printing import LAYOUTS
from tests.benchmarks.recipes.scoring import Score
from tests.benchmarks.recipes.speed import GOALS, Timed
from tests.benchmarks.recipes.words import TONGUES

Row = tuple[str, ...]
Titled = tuple[str, Row, list[Row]]

_TELLS: Final[dict[Aspect, str]] = {
    "quantity": "quantity right",
    "unit": "unit right",
    "name": "name right",
    "spelling": "name right to the accent",
    "preparation": "preparation right",
    "group": "heading above it right",
}
_TONGUES: Final = {"es": "Spanish", "en": "English"}


def show(measured: Measured, console: Console) -> None:
    """Everything, for the terminal."""
    for title, head, rows in _tables(measured):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for miss in misses(measured):
        console.print(f"! {miss}", style="yellow")


def written(measured: Measured) -> str:
    """Everything, for the documentation."""
    packages = ", ".join(f"{name} {version}" for name, version in measured.packages.items())
    told = (
        f"`{measured.command}`, on {measured.machine}, Python {measured.python}, {packages}, "
        f"{measured.started_at[:10]}: {len(measured.scores)} cards of the part that is "
        f"{'reported' if measured.part == 'reported' else 'tuned on'}."
    )
    tables = (f"{title}:\n\n{_markdown(head, rows)}" for title, head, rows in _tables(measured))
    return "\n\n".join((told, *tables))


def _tables(measured: Measured) -> list[Titled]:
    tables = [_quality(measured.scores), _forms(measured.scores)] if measured.scores else []
    if measured.timed:
        tables.append(_speed(measured.timed))
    if measured.receipts:
        tables.append(_receipts(measured))
    return tables


def _quality(scores: Sequence[Score]) -> Titled:
    groups = {group: of_group(scores, group) for group in GROUPS}

    def row(name: str, tell: Callable[[Sequence[Score]], str]) -> Row:
        return (name, *(tell(members) if members else "" for members in groups.values()))

    def shares(name: str, share: Callable[[Sequence[Score]], Share]) -> Row:
        return row(name, lambda members: _percent(share(members)))

    def aspects(aspect: Aspect) -> Row:
        goal = f" (≥ {RIGHT_GOALS[aspect]:.0%})" if aspect in RIGHT_GOALS else ""
        return shares(f"of these, {_TELLS[aspect]}{goal}", lambda members: findings.right(members, aspect))

    rows = [
        row("cards", lambda members: f"{len(members)}"),
        row("ingredients printed", lambda members: f"{findings.found(members).whole}"),
        shares("ingredients found", findings.found),
        *(aspects(aspect) for aspect in ASPECTS),
        shares("returned, but not printed", findings.false),
        shares("steps found", findings.steps),
        *(
            shares(name, lambda members, name=name: findings.whole(members, name))  # type: ignore[misc]
            for name in ("title", "servings", "language", "orientation")
        ),
        row("read by tesseract, by rapidocr", _engines),
    ]
    goals = {group: f"{group} (found ≥ {goal:.0%})" for group, goal in FOUND_GOALS.items()}
    return ("What was understood", ("", *(goals.get(group, group) for group in groups)), rows)


def _engines(scores: Sequence[Score]) -> str:
    engines = Counter(score.engine for score in scores)
    return f"{engines['tesseract']}, {engines['rapidocr']}"


def _forms(scores: Sequence[Score]) -> Titled:
    """By layout and by language."""
    forms: dict[str, list[Score]] = {
        **{layout: [score for score in scores if score.layout == layout] for layout in LAYOUTS},
        **{_TONGUES[tongue]: [score for score in scores if score.language == tongue] for tongue in TONGUES},
    }
    rows: list[Row] = []
    for form, members in forms.items():
        cells = []
        for group in FOUND_GOALS:
            some = of_group(members, group)
            cells += [f"{len(some)}", _percent(findings.found(some)), _percent(findings.right(some, "name"))]
        rows.append((form, *cells))
    head = tuple(f"{group}: {name}" for group in FOUND_GOALS for name in ("cards", "found", "name right"))
    return ("Layouts and languages", ("", *head), rows)


def _speed(timed: Sequence[Timed]) -> Titled:
    rows: list[Row] = [
        (
            f"{each.kind}, {_range(each.megapixels)} MP",
            f"{each.pictures}",
            f"{each.median_seconds:.2f} s",
            f"{each.p95_seconds:.2f} s",
            f"≤ {GOALS[each.kind]:g} s",
            f"{each.cpu_seconds:.2f} s",
            f"{each.peak_bytes / 2**20:.0f} MiB",
            ", ".join(f"{name} {count}" for name, count in sorted(each.engines.items())),
        )
        for each in timed
    ]
    head = ("picture", "number", "median", "p95", "goal", "processor time", "peak memory of a process", "read by")
    return ("One picture on one core, one after the other", head, rows)


def _receipts(measured: Measured) -> Titled:
    share, receipts = findings.recall(measured.receipts), measured.receipts
    row = (
        f"{len(receipts)}",
        f"{share.whole:,}",
        f"{share.value:.3f}",
        f"≥ {RECALL_GOAL:g}",
        f"{min(receipt.read / max(receipt.words, 1) for receipt in receipts):.2f}",
        f"{sum(receipt.cpu_seconds for receipt in receipts) / len(receipts):.2f} s",
    )
    head = ("receipts", "words", "read by rapidocr", "goal", "least of a receipt", "processor time each")
    return ("Scanned receipts", head, [row])


def _percent(share: Share) -> str:
    return f"{share.value:.1%}" if share.whole else ""


def _range(ends: tuple[float, float]) -> str:
    low, high = (f"{end:.1f}" for end in ends)
    return low if low == high else f"{low}–{high}"


def _markdown(head: Row, rows: Sequence[Row]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
