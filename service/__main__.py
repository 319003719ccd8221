"""``python -m service``: serve, worker, migrate, keys, openapi, duties."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import rich_click as click
from rich.console import Console

from service.core.errors import ServiceError, SettingsError
from service.key_commands import keys
from service.settings import Settings, described

BAD_USAGE = 2
"""The exit code when the service cannot start as it is configured."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; starts embedded servers where ``settings`` name none."""
    from service import supervisor

    supervisor.serve(settings)


def worker(settings: Settings) -> None:
    """Become the small parent of a worker, which starts it again when it ends by itself; does not return.

    Until SIGTERM or SIGINT; needs the database that the service uses.
    """
    if settings.database_url is None:
        raise SettingsError(["DATABASE_URL is missing: the worker shares the service's database"])
    from service.adapters import restarter

    python = sys.executable
    own = [python, "-m", "service.worker", restarter.RECYCLED_SO_FAR, restarter.LOST_SO_FAR]
    os.execv(python, [python, "-I", "-S", restarter.__file__, *own])  # noqa: S606 - on purpose


def migrate(settings: Settings) -> list[str]:
    """Bring the database's schema up to date; the names of what was applied."""
    from service.adapters.postgres import migrate as apply
    from service.supervisor import with_servers

    with with_servers(settings) as complete:
        return asyncio.run(apply(complete.database_url or ""))


def openapi() -> bytes:
    """The OpenAPI document as JSON."""
    from service.app import openapi_document

    return openapi_document()


def duties(seconds: float, *, as_json: bool) -> None:
    """Measure for about ``seconds`` what each duty adds to a request, and print it."""
    from service.duties import table, trials

    found = trials.measure(seconds)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        table.show(found, Console())


@contextmanager
def _one_sentence_each() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"loadstone: {problem}", err=True)
        sys.exit(BAD_USAGE)
    except ServiceError as error:
        click.echo(f"loadstone: {error}", err=True)
        sys.exit(BAD_USAGE)


class _Main(click.RichGroup):
    """What its commands refuse is a sentence each, and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        with _one_sentence_each():
            return super().invoke(ctx)


@click.group(cls=_Main)
def main() -> None:
    """The Loadstone service; its settings come from the environment, see `settings`."""


main.add_command(keys)


@main.command("settings")
def _settings() -> None:
    """List the environment variables with their meanings and defaults."""
    click.echo(described())


def _command(name: str, act: Callable[[Settings], object], text: str) -> None:
    @main.command(name, help=text)
    def run() -> None:
        act(Settings.from_environment(os.environ))


@main.command("openapi")
def _openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(openapi().decode())


@main.command("duties")
@click.option("--seconds", type=click.FloatRange(0, 600), default=5.0, show_default=True, help="How long to measure.")
@click.option("--json", "as_json", is_flag=True, help="Every round's figures, for a program.")
def _duties(seconds: float, as_json: bool) -> None:
    """Measure what each duty adds to a request."""
    duties(seconds, as_json=as_json)


_command("serve", serve, "Serve until SIGTERM or Ctrl-C, on embedded servers where none are named.")
_command("worker", worker, "Work off the batches and jobs in DATABASE_URL until SIGTERM or Ctrl-C.")
_command("migrate", migrate, "Bring the database's schema up to date.")

if __name__ == "__main__":
    main(prog_name="python -m service")
