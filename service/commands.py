"""What ``loadstone`` offers of the service: serve, worker, migrate, keys, settings, openapi, batch, cache, duties."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import rich_click as click

import service.__main__ as room
from service import cache_commands
from service.batch_commands import batch
from service.core.errors import ServiceError
from service.key_commands import keys
from service.remote import RefusedError, RemoteService
from service.settings import Settings, described, of_this_process

__all__ = ["REFUSALS", "batch", "cache", "duties", "keys", "migrate", "openapi", "serve", "settings", "worker"]

REFUSALS: tuple[type[Exception], ...] = (ServiceError,)
"""What these commands raise instead of doing their work; the message is a sentence."""

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


def _settings(**given: str | int | None) -> Settings:
    return of_this_process(**{name: None if value is None else str(value) for name, value in given.items()})


@click.command()
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
    room.serve(_settings(HOST=host, PORT=port, WORKERS=workers, DATA_DIR=data_dir))


@click.command()
def worker() -> None:
    """Work off batches and jobs (`Prefer: respond-async`) of the database in `DATABASE_URL`; any number may run.

    Told to stop, it finishes what it has begun and gives the rest back. A worker that grows too large, or that a row
    brings down, is started again. A service on embedded servers brings its own.
    """
    room.worker(_settings())


@click.command()
@click.option("--data-dir", type=click.Path(file_okay=False), help="Folder of the embedded servers' data.")
def migrate(data_dir: str | None) -> None:
    """Bring the database's tables to this version; `serve` does so by itself on embedded servers."""
    applied = room.migrate(_settings(DATA_DIR=data_dir))
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("the tables are up to date")


@click.command()
def settings() -> None:
    """List the environment variables that the service reads, with meanings and defaults."""
    click.echo(described())


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write. [default: standard output]"
)
def openapi(out: Path | None) -> None:
    """Print the OpenAPI document."""
    document = room.openapi()
    if out is None:
        sys.stdout.buffer.write(document + b"\n")
    else:
        out.write_bytes(document + b"\n")


@click.command()
@click.option("--seconds", type=click.FloatRange(0, 600), default=5.0, show_default=True, help="How long to measure.")
@click.option("--json", "as_json", is_flag=True, help="Every round's figures, for a program.")
def duties(seconds: float, as_json: bool) -> None:
    """Measure what each duty of the service adds to a request: the key, the rate limit, the metrics …

    In process, without a socket or a server; leave the machine alone meanwhile. The gate measures the same.
    """
    room.duties(seconds, as_json=as_json)


@click.group()
def cache() -> None:
    """Look into the cache of a running service, invalidate it, warm it; needs an administrator's key."""


@cache.command("show")
@_url_option
@_api_key_option
@click.option("--json", "as_json", is_flag=True, help="All figures, for a program.")
def show_cache(url: str, api_key: str | None, as_json: bool) -> None:
    """Tell what each tier found, holds and lost since the service started."""
    click.echo(cache_commands.show(RemoteService(url, api_key), as_json=as_json))


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
    wish: dict[str, object] = {"workload": workload, "pattern": pattern, "keys": entries}
    given = {name: value for name, value in wish.items() if value}
    _tell(*cache_commands.invalidate(RemoteService(url, api_key), given))


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
    remote = RemoteService(url, api_key)
    if file is not None and most_frequent is None:
        if workload is None:
            raise click.UsageError("Say with --workload whose requests the file holds.")
        click.echo(cache_commands.warm_from(remote, file, workload, at_once))
    elif file is None and most_frequent is not None:
        _tell(*cache_commands.warm_most_frequent(remote, most_frequent, workload))
    else:
        raise click.UsageError("Give either FILE or --most-frequent.")


def _tell(told: str, missed: str) -> None:
    click.echo(told)
    if missed:
        raise RefusedError(missed)
