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
from typing import IO, TYPE_CHECKING, NoReturn

import rich_click as click

from slo.exits import EXIT_CODES, ExitCode

if TYPE_CHECKING:
    from service.remote import RemoteService
    from service.settings import Settings
    from slo.model import Judgement
    from slo.spec import Specifications

RUNS = Path(".loadstone/runs")
"""Where runs are kept unless told otherwise: a folder each, with the record, the logs and the reports."""

click.rich_click.USE_MARKDOWN = True
click.rich_click.SHOW_ARGUMENTS = True
click.rich_click.COMMAND_GROUPS = {
    "loadstone": [
        {"name": "The service", "commands": ["serve", "worker", "migrate", "keys", "settings", "openapi", "cache"]},
        {"name": "The evidence", "commands": ["gate", "load", "check", "report", "duties"]},
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

_url_option = click.option(
    "--url",
    envvar="LOADSTONE_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="The running service.",
)
_api_key_option = click.option(
    "--api-key", envvar="LOADSTONE_API_KEY", show_envvar=True, help="Key to show, if the service wants one."
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


class _Keys(click.RichGroup):
    """The commands are the service's own, imported when one of them is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self._room().commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The one with this name."""
        return self._room().commands.get(cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        with _service():
            return super().invoke(ctx)

    @staticmethod
    def _room() -> click.Group:
        from service.key_commands import keys

        return keys


@cli.group(cls=_Keys)
def keys() -> None:
    """Make, list and revoke the API keys of a service.

    They lie in the database in `DATABASE_URL`, or else in the embedded one, whether the service runs or not.
    What is kept of a key is a digest under `LOADSTONE_KEY_SECRET`; `loadstone keys secret` makes one.
    """


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


@cli.group()
def cache() -> None:
    """Look into the cache of a running service, invalidate it, warm it; needs an administrator's key."""


@cache.command("show")
@_url_option
@_api_key_option
@click.option("--json", "as_json", is_flag=True, help="All figures, for a program.")
def show_cache(url: str, api_key: str | None, as_json: bool) -> None:
    """Tell what each tier found, holds and lost since the service started."""
    with _service_at(url, api_key) as (commands, service):
        click.echo(commands.show(service, as_json=as_json))


@cache.command("invalidate")
@_url_option
@_api_key_option
@click.option("--workload", help="All entries of a workload.")
@click.option("--pattern", help="All entries whose key `workload:version:lane:...` matches: `*` any text, `?` a sign.")
@click.option("--entry", "entries", multiple=True, metavar="KEY", help="This entry. May be given again.")
def invalidate_cache(
    url: str, api_key: str | None, workload: str | None, pattern: str | None, entries: tuple[str, ...]
) -> None:
    """Have entries forgotten in every tier and every worker; exits 2 when one of them could not be reached."""
    wish = {"workload": workload, "pattern": pattern, "keys": entries}
    with _service_at(url, api_key) as (commands, service):
        told, missed = commands.invalidate(service, {name: value for name, value in wish.items() if value})
    click.echo(told)
    if missed:
        _refuse(missed)


@cache.command("warm")
@click.argument("file", type=click.File("rb"), required=False)
@_url_option
@_api_key_option
@click.option("--workload", help="Whose requests FILE holds, or whose entries to load.")
@click.option("--at-once", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests in flight.")
@click.option("--most-frequent", type=click.IntRange(1, 10_000), metavar="N", help="Load the N most used entries.")
def warm_cache(
    file: IO[bytes] | None,
    url: str,
    api_key: str | None,
    workload: str | None,
    at_once: int,
    most_frequent: int | None,
) -> None:
    """Fill the cache with the answers to FILE (JSON lines, a request each; `-` reads standard input).

    With `--most-frequent` it is filled from the database instead, with what is used most.
    """
    if (file is None) == (most_frequent is None):
        raise click.UsageError("Give either FILE or --most-frequent.")
    if file is not None and workload is None:
        raise click.UsageError("Say with --workload whose requests the file holds.")
    missed = ""
    with _service_at(url, api_key) as (commands, service):
        if file is not None:
            told = commands.warm_from(service, file, workload, at_once)
        else:
            told, missed = commands.warm_most_frequent(service, most_frequent, workload)
    click.echo(told)
    if missed:
        _refuse(missed)


@cli.command()
@click.option("--seconds", type=click.FloatRange(0, 600), default=5.0, show_default=True, help="How long to measure.")
@click.option("--json", "as_json", is_flag=True, help="Every round's figures, for a program.")
def duties(seconds: float, as_json: bool) -> None:
    """Measure what each duty of the service adds to a request: the key, the rate limit, the metrics …

    In process, without a socket or a server; leave the machine alone meanwhile. The gate measures the same.
    """
    with _service() as room:
        room.duties(seconds, as_json=as_json)


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
    asks_for_duties = _check_objectives(plan, environment, objectives)
    folder = out or _new_folder(plan)
    record = folder / "record.jsonl"
    with _duties_measured(record, asked_for=asks_for_duties):
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


@contextmanager
def _service_at(url: str, api_key: str | None) -> Iterator[tuple[ModuleType, RemoteService]]:
    """A running service and what can be told of its cache; what it refuses is a sentence here."""
    from service import cache_commands
    from service.core.errors import ServiceError
    from service.remote import RemoteService

    with _refusing(ServiceError):
        yield cache_commands, RemoteService(url, api_key)


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


def _check_objectives(plan: str, environment: str, objectives: Path | None) -> bool:
    """Refuse what could not be judged anyway, before a minute of load; whether the service's duties are judged."""
    from loadtests import _plan
    from slo.model import DutyCost
    from slo.spec import SpecError

    with _refusing(_plan.PlanError, SpecError, OSError):
        specifications = _specifications(objectives)
        budgets = [specifications.budget(name, environment) for name in _plan.load(plan).objectives]
    return any(isinstance(objective.source, DutyCost) for budget in budgets for objective in budget.objectives)


@contextmanager
def _duties_measured(record: Path, *, asked_for: bool) -> Iterator[None]:
    """Measure the service's duties first, while nothing else runs, and add them to the ``record`` of the block."""
    from slo import conductor
    from slo.record import add_duties

    if not asked_for or record.exists():
        yield
        return
    click.echo("measuring what the duties of the service cost", err=True)
    with _refusing(conductor.ConductorError, OSError):
        found = conductor.duties(record.parent)
    try:
        yield
    finally:
        if record.exists():
            add_duties(record, found)


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
