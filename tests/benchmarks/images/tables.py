"""What was found, as tables for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from tests.benchmarks.images.findings import Measured, misses
from tests.benchmarks.images.speed import MEGAPIXELS

Row = tuple[str, ...]
Titled = tuple[str, Row, list[Row]]


def show(measured: Measured, console: Console) -> None:
    """Everything, for the terminal."""
    for title, head, rows in (*_speed(measured), *_accuracy(measured)):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for miss in misses(measured):
        console.print(f"! {miss}", style="yellow")


def speed(measured: Measured) -> str:
    """The tables of speed for the documentation."""
    packages = ", ".join(f"{name} {version}" for name, version in measured.packages.items())
    files = measured.paces[0].files
    pictures = "drawn pictures" if measured.drawn else "photos"
    told = (
        f"Measured on one core of {measured.machine}, Python {measured.python}, {packages}, "
        f"{measured.started_at[:10]}: {files} {pictures} of each size, {measured.rounds} times in turns with Pillow; "
        "medians of processor time."
    )
    return "\n\n".join((told, *(_markdown(head, rows) for _, head, rows in _speed(measured))))


def accuracy(measured: Measured) -> str:
    """The tables of accuracy for the documentation."""
    return "\n\n".join(f"{title}:\n\n{_markdown(head, rows)}" for title, head, rows in _accuracy(measured))


def _speed(measured: Measured) -> list[Titled]:
    paces: list[Row] = [
        (
            f"{pace.megapixels:g} MP, {pace.kilobytes:,.0f} kB",
            pace.thumbnails,
            f"{1 / pace.seconds:.0f}",
            f"{1 / pace.pillow_seconds:.0f}",
            f"{pace.pillow_seconds / pace.seconds:.1f}",
            f"≥ {pace.goal:g}" if pace.goal else "",
        )
        for pace in measured.paces
    ]
    stages: list[Row] = [
        (stage.name, *(f"{1_000 * seconds:.2f}" for seconds in stage.seconds)) for stage in measured.stages
    ]
    head: Row = ("picture", "thumbnails", "pictures/s", "Pillow", "times as many", "goal")
    columns = tuple(f"ms at {megapixels:g} MP" for megapixels in MEGAPIXELS)
    return [("Pictures a second and core", head, paces), ("Where the time goes", ("stage", *columns), stages)]


def _accuracy(measured: Measured) -> list[Titled]:
    tables: list[Titled] = []
    if (labelled := measured.labelled) is not None:
        rows: list[Row] = [
            ("photos called sharp, blurred by people", f"{labelled.sharp}, {labelled.blurred}"),
            ("least sharpness of a sharp one", f"{labelled.weakest_sharp:.1f}"),
            ("greatest sharpness of a blurred one", f"{labelled.strongest_blurred:.1f}"),
            ("threshold that one half would set", f"{labelled.threshold:.1f}"),
            ("of the other half, judged rightly by it", f"{labelled.right} of {labelled.judged}"),
            ("of all, judged rightly as shipped", f"{labelled.shipped_right} of {labelled.sharp + labelled.blurred}"),
        ]
        tables.append(("Blur, labelled photos", ("", "figure"), rows))
    spoiled: list[Row] = [
        (judged.kind, f"{judged.photos}", f"{judged.blurred / judged.photos:.1%}") for judged in measured.spoiled
    ]
    tables.append(("Blur, photos that were spoiled", ("photos", "number", "called blurred"), spoiled))
    copies: list[Row] = [
        (each.kind, f"{each.copies}", *(f"{n / each.copies:.1%}" for n in (each.by_pdq, each.by_phash, each.by_rule)))
        for each in measured.copies
    ]
    strangers = measured.strangers
    copies.append(
        (
            "different photos (pairs taken for copies)",
            f"{strangers.pairs:,}",
            f"{strangers.by_pdq} (nearest {strangers.nearest})",
            f"{strangers.by_phash}",
            f"{strangers.by_rule}",
        )
    )
    tables.append(("Copies that are found", ("copy", "number", "PDQ ≤ 31", "pHash ≤ 8", "as shipped"), copies))
    return tables


def _markdown(head: Row, rows: Sequence[Row]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
