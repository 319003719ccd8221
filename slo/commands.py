"""What ``loadstone`` offers of the judging room: check and report; the gate judges by the same functions."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import rich_click as click

from slo import options, reports, spec
from slo.evaluate import judge
from slo.model import Judgement
from slo.record import FILE_NAME, RecordError, located, read
from slo.spec import SpecError, Specifications

REFUSALS: tuple[type[Exception], ...] = (RecordError, SpecError, reports.ComparisonError, OSError)
"""What these commands raise instead of doing their work; the message is a sentence."""


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
@options.environment
@options.objectives
@options.strict
def check(record: Path, environment: str, objectives: Path | None, strict: bool) -> None:
    """Judge a run RECORD by the objectives; the exit code is the verdict.

    A RECORD is a file or the folder of a run.
    """
    judgement = judged(located(record), environment, objectives, strict, reports_in=None)
    sys.exit(judgement.exit_code)


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to. [default: the last record's]"
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["html", "markdown", "json", "junit", "terminal"]),
    help="Only this form; may be given again. `terminal` writes no file. [default: all there are]",
)
@options.environment
@options.objectives
@options.strict
def report(
    records: tuple[Path, ...],
    out: Path | None,
    formats: tuple[str, ...],
    environment: str,
    objectives: Path | None,
    strict: bool,
) -> None:
    """Write the report on a run RECORD, or compare up to five, the first of them being the baseline.

    A RECORD is a file or the folder of a run. One is told as HTML, Markdown, JSON and JUnit; several, side by side,
    as HTML and Markdown. Exits 0 whatever the verdict.
    """
    places = [located(path) for path in records]
    folder = out or places[-1].parent
    if len(places) == 1:
        judged(places[0], environment, objectives, strict, reports_in=folder, formats=formats)
    else:
        _compare(places, environment, objectives, strict, folder, formats)


def specifications(objectives: Path | None) -> Specifications:
    """The objectives in ``objectives``, or the shipped ones."""
    return spec.load((objectives,)) if objectives else spec.load()


def judged(
    record: Path,
    environment: str,
    objectives: Path | None,
    strict: bool,
    reports_in: Path | None,
    formats: tuple[str, ...] = (),
) -> Judgement:
    """Read, judge, tell; with ``reports_in`` the reports are written there, in ``formats`` or all, and places told."""
    run = read(record)
    judgement = judge(run, specifications(objectives), environment=environment, strict=strict)
    wanted = _files_of(formats, reports.FORMATS, "the report on one run")
    written = reports.write(run, judgement, reports_in, wanted) if reports_in and wanted else {}
    click.echo(reports.terminal(run, judgement, written), nl=False)
    return judgement


def _compare(
    records: list[Path],
    environment: str,
    objectives: Path | None,
    strict: bool,
    folder: Path,
    formats: tuple[str, ...],
) -> None:
    """Read and judge every record, tell them side by side, write that to ``folder``."""
    wanted = _files_of(formats, reports.COMPARISON_FORMATS, "a comparison")
    reports.check_number(len(records))
    known = specifications(objectives)
    runs = [read(record) for record in records]
    judgements = [judge(run, known, environment=environment, strict=strict) for run in runs]
    names = [record.parent.name if record.name == FILE_NAME else record.stem for record in records]
    comparison = reports.compare(list(zip(names, runs, judgements, strict=True)))
    written = reports.write_comparison(comparison, folder, wanted) if wanted else {}
    click.echo(reports.terminal_comparison(comparison, written), nl=False)


def _files_of(formats: tuple[str, ...], known: Iterable[str], what: str) -> tuple[str, ...]:
    """The forms of ``what`` that are files, of those that were asked for."""
    unknown = [name for name in formats if name not in known and name != "terminal"]
    if unknown:
        raise click.BadParameter(f"{what} has the forms {', '.join(known)} and terminal", param_hint="--format")
    return tuple(name for name in known if not formats or name in formats)
