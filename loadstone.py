"""The front door: one command, ``loadstone``, that lists what the rooms offer and starts it when asked.

Nothing of a room is imported before its command runs, so ``loadstone --help`` is quick and a missing
extra hurts only the command that needs it. Whatever goes wrong is one sentence and an exit code.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import rich_click as click

from slo.exits import EXIT_CODES, ExitCode

if TYPE_CHECKING:
    from service.settings import Settings
    from slo.model import Judgement
    from slo.spec import Specifications

RUNS = Path(".loadstone/runs")
"""Where runs are kept unless told otherwise: a folder each, with the record, the logs and the reports."""

click.rich_click.USE_MARKDOWN = True
click.rich_click.SHOW_ARGUMENTS = True
click.rich_click.COMMAND_GROUPS = {
    "loadstone": [
        {"name": "The service", "commands": ["serve", "worker", "migrate", "settings", "openapi"]},
        {"name": "The evidence", "commands": ["gate", "load", "check", "report"]},
    ]
}

_environment_option = click.option(
    "--environment",
    type=click.Choice(["development", "staging", "production"]),
    default="development",
    show_default=True,
    help="Whose thresholds to judge by.",
)
_strict_option = click.option("--strict", is_flag=True, help="Exit 4, not 0, when the data do not decide.")
_objectives_option = click.option(
    "--objectives",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of objective and budget files to use in place of the shipped ones.",
)
_seed_option = click.option(
    "--seed",
    type=click.IntRange(-(2**53), 2**53),
    help="Repeat a run: same arrivals, same payloads. [default: the plan's]",
)
_scale_option = click.option(
    "--scale",
    "scales",
    multiple=True,
    metavar="time=X|rate=X",
    help="Stretch or shrink the plan, such as `time=0.1` or `rate=2`. May be given twice.",
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="**Exit codes**: " + "; ".join(f"**{code.value}** {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)
@click.version_option(package_name="loadstone")
def cli() -> None:
    """An analysis service that proves its own performance.

    `loadstone gate` is the whole story in one go: it starts the service on embedded PostgreSQL and Valkey,
    loads it by a plan, judges what it saw by the objectives in `slo/`, and writes the report.
    Its parts can be run alone: `serve`, `load`, `check`, `report`.
    """


@cli.command()
@click.option("--host", help="Address to listen on. [default: 127.0.0.1 in development]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [default: 8000]")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--data-dir", type=click.Path(file_okay=False), help="Folder of the embedded servers' data.")
def serve(host: str | None, port: int | None, workers: int | None, data_dir: str | None) -> None:
    """Run the HTTP service.

    `DATABASE_URL` and `REDIS_URL` choose real servers; without them embedded ones start, and stop with it.
    Every other setting is a `LOADSTONE_*` variable (`loadstone settings` lists them); an unknown one is refused.
    Open `/docs` in a browser to see what it answers.
    """
    with _service() as room:
        room.serve(_settings(HOST=host, PORT=port, WORKERS=workers, DATA_DIR=data_dir))


@cli.command()
def worker() -> None:
    """Work off jobs (`Prefer: respond-async`) of the database in `DATABASE_URL`; any number may run.

    A service on embedded servers brings its own worker.
    """
    with _service() as room:
        room.worker(_settings())


@cli.command()
@click.option("--data-dir", type=click.Path(file_okay=False), help="Folder of the embedded servers' data.")
def migrate(data_dir: str | None) -> None:
    """Bring the database's tables to this version; `serve` does so by itself on embedded servers."""
    with _service() as room:
        applied = room.migrate(_settings(DATA_DIR=data_dir))
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("the tables are up to date")


@cli.command()
def settings() -> None:
    """List the environment variables that the service reads, with meanings and defaults."""
    from service.settings import described

    click.echo(described())


@cli.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write. [default: standard output]"
)
def openapi(out: Path | None) -> None:
    """Print the OpenAPI document."""
    with _service() as room:
        document = room.openapi()
    if out is None:
        sys.stdout.buffer.write(document + b"\n")
    else:
        out.write_bytes(document + b"\n")


@cli.command()
@click.argument("plan", required=False)
@click.option("--list", "listing", is_flag=True, help="List the plans, a line each.")
@click.option("--host", envvar="HOST", help="Address of the service under load. [default: start one here for the run]")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Run record to write.")
@_seed_option
@_scale_option
def load(
    plan: str | None, listing: bool, host: str | None, record: Path | None, seed: int | None, scales: tuple[str, ...]
) -> None:
    """Load a service by PLAN (a name or a TOML file) and write the run record.

    Arrivals are an open model: requests start when the plan says so, not when the service has time,
    and latency counts from that moment. `loadstone check` judges the record.
    """
    if listing:
        _list_plans()
        return
    if plan is None:
        raise click.UsageError("Which plan? `loadstone load --list` shows them.")
    folder = record.parent if record else _new_folder(plan)
    path = record or folder / "record.jsonl"
    loss = _load(plan, host, path, seed, scales)
    click.echo(f"run record: {path}")
    if loss:
        _refuse(loss, ExitCode.MISSED)


@cli.command()
@click.argument("record", type=click.Path(dir_okay=False, path_type=Path))
@_environment_option
@_objectives_option
@_strict_option
def check(record: Path, environment: str, objectives: Path | None, strict: bool) -> None:
    """Judge a run RECORD by the objectives; the exit code is the verdict."""
    judgement = _judge(record, environment, objectives, strict, reports_in=None)
    sys.exit(judgement.exit_code)


@cli.command()
@click.argument("record", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to. [default: the record's]"
)
@_environment_option
@_objectives_option
@_strict_option
def report(record: Path, out: Path | None, environment: str, objectives: Path | None, strict: bool) -> None:
    """Write the report on a run RECORD: HTML, Markdown, JSON, JUnit. Exits 0 whatever the verdict."""
    _judge(record, environment, objectives, strict, reports_in=out or record.parent)


@cli.command()
@click.argument("plan", default="gate")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the run. [default: a new one]")
@_environment_option
@_objectives_option
@_strict_option
@_seed_option
@_scale_option
def gate(
    plan: str,
    out: Path | None,
    environment: str,
    objectives: Path | None,
    strict: bool,
    seed: int | None,
    scales: tuple[str, ...],
) -> None:
    """Start the service, load it by PLAN, judge it, write the report; the exit code is the verdict."""
    _check_objectives(plan, environment, objectives)
    folder = out or _new_folder(plan)
    record = folder / "record.jsonl"
    loss = _load(plan, None, record, seed, scales)
    judgement = _judge(record, environment, objectives, strict, reports_in=folder)
    if loss:
        _refuse(loss, ExitCode.MISSED)
    sys.exit(judgement.exit_code)


def main() -> None:
    """Run the command line; SIGTERM ends it like Ctrl-C does, so that no child is left behind."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        cli()
    except KeyboardInterrupt:
        _refuse("stopped")


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _refuse(sentence: object, code: ExitCode = ExitCode.USAGE) -> NoReturn:
    click.echo(f"loadstone: {sentence}", err=True)
    sys.exit(code)


@contextmanager
def _refusing(*kinds: type[Exception], code: ExitCode = ExitCode.USAGE) -> Iterator[None]:
    """Turn errors of ``kinds`` into one sentence and an exit code."""
    try:
        yield
    except kinds as error:
        if isinstance(error, OSError) and error.filename and error.strerror:
            _refuse(f"{error.filename}: {error.strerror}", code)
        _refuse(error, code)


@contextmanager
def _service() -> Iterator[ModuleType]:
    """The service's own commands; what they refuse is a sentence here."""
    import service.__main__ as room
    from service.core.errors import ServiceError

    with _refusing(ServiceError):
        yield room


def _settings(**given: str | int | None) -> Settings:
    from service.settings import Settings

    options = {f"LOADSTONE_{name}": str(value) for name, value in given.items() if value is not None}
    return Settings.from_environment({**os.environ, **options})


def _new_folder(plan: str) -> Path:
    return RUNS / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{Path(plan).stem}"


def _list_plans() -> None:
    from loadtests import _plan

    for name, description in _plan.plans().items():
        click.echo(f"{name:<14} {description}")


def _load(plan: str, host: str | None, record: Path, seed: int | None, scales: tuple[str, ...]) -> str:
    """Run the load and write ``record``, on a service of our own when no ``host`` is given; how that one was lost."""
    from loadtests import _plan
    from slo import conductor, live

    factors = _scale_factors(scales)
    with _refusing(_plan.PlanError):
        _plan.load(plan).scaled(**factors)
    if record.exists():
        _refuse(f"{record} is there already; a run record is never overwritten")
    arguments = ["--plan", plan]
    for what, factor in factors.items():
        arguments += [f"--{what}-scale", str(factor)]
    if seed is not None:
        arguments += ["--seed", str(seed)]
    with (
        _refusing(conductor.ConductorError, OSError),
        _refusing(conductor.LoadCutShortError, code=ExitCode.UNJUDGED),
    ):
        if host is not None:
            with live.view() as show:
                conductor.load([*arguments, "--host", host], record, show)
            return ""
        click.echo("starting the service on embedded servers", err=True)
        with conductor.service(record.parent / "service") as service:
            with live.view() as show:
                conductor.load([*arguments, "--host", service.url], record, show)
            return service.loss


def _scale_factors(scales: tuple[str, ...]) -> dict[str, float]:
    factors: dict[str, float] = {}
    for scale in scales:
        what, _, text = scale.partition("=")
        try:
            factor = float(text)
        except ValueError:
            factor = 0.0
        if what not in {"time", "rate"} or not 1e-6 <= factor <= 1e6:
            reason = f"{scale!r} is neither time=X nor rate=X with X from 0.000001 to 1000000"
            raise click.BadParameter(reason, param_hint="--scale")
        factors[what] = factor
    return factors


def _specifications(objectives: Path | None) -> Specifications:
    from slo.spec import load

    return load((objectives,)) if objectives else load()


def _check_objectives(plan: str, environment: str, objectives: Path | None) -> None:
    """Refuse what could not be judged anyway, before a minute of load."""
    from loadtests import _plan
    from slo.spec import SpecError

    with _refusing(_plan.PlanError, SpecError, OSError):
        specifications = _specifications(objectives)
        for name in _plan.load(plan).objectives:
            specifications.budget(name, environment)


def _judge(record: Path, environment: str, objectives: Path | None, strict: bool, reports_in: Path | None) -> Judgement:
    """Read, judge, tell; with ``reports_in`` the reports are written there and their places told."""
    from slo import reports
    from slo.evaluate import judge
    from slo.record import RecordError, read
    from slo.spec import SpecError

    with _refusing(RecordError, SpecError, OSError):
        run = read(record)
        judgement = judge(run, _specifications(objectives), environment=environment, strict=strict)
        written = reports.write(run, judgement, reports_in) if reports_in else {}
    click.echo(reports.terminal(run, judgement, written), nl=False)
    return judgement


if __name__ == "__main__":
    main()
