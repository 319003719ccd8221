"""``loadstone keys``: what an administrator does with API keys.

The keys lie in the database of the service: that of DATABASE_URL, or else the embedded one, of the service that runs
on the data folder or started for the command alone.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import rich_click as click

from service.core.bucket import LARGEST_RATE, Rate
from service.core.errors import DependencyError, SettingsError, UnknownResourceError
from service.core.identity import ROLES, is_tenant_name
from service.core.keys import SMALLEST_SECRET, Seal, id_in, new_key, redacted
from service.settings import SECRET_MISSING, Settings, of_this_process

if TYPE_CHECKING:
    from service.adapters.keys import KeyEntry, PostgresKeys

LONGEST_NAME = 100
_SPANS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|min|h|d)")
_T = TypeVar("_T")

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")
_data_option = click.option(
    "--data-dir", type=click.Path(file_okay=False), help="Folder of the embedded servers' data."
)


class _Span(click.ParamType[float]):
    """A time such as ``90d``, in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if isinstance(value, float):
            return value
        match = _SPAN.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no time such as 90d, 12h, 30min or 45s", param, ctx)
        return int(match[1]) * _SPANS[match[2]]


def _tenant(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_tenant_name(value):
        raise click.BadParameter("a letter or digit, then up to 63 more or any of _ . -")
    return value


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not 1 <= len(value) <= LONGEST_NAME or not value.isprintable() or value != value.strip():
        raise click.BadParameter(f"1 to {LONGEST_NAME} printable characters, no space at the ends")
    return value


@click.group("keys")
def keys() -> None:
    """Make, list and revoke the API keys of a service.

    They lie in the database in `DATABASE_URL`, or else in the embedded one, whether the service runs or not.
    What is kept of a key is a digest under `LOADSTONE_KEY_SECRET`; `loadstone keys secret` makes one.
    """


@keys.command("create")
@click.option("--tenant", required=True, callback=_tenant, help="Whose key it is: jobs and answers are the tenant's.")
@click.option("--name", required=True, callback=_name, help="What it is for, so that you know it in the list.")
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="write",
    show_default=True,
    help="`read` sees jobs, `write` has things analysed too, `admin` looks after the cache too.",
)
@click.option("--expires", "lasts", type=_Span(), metavar="TIME", help="After so long, such as `90d`. [default: never]")
@click.option("--rate", metavar="RATE", help="How often, such as `100/s`, `5000/min`. [default: the service's]")
@click.option("--burst", type=click.IntRange(1, LARGEST_RATE), help="How many at once. [default: as many as in RATE]")
@click.option("--quiet", is_flag=True, help="Print the key and nothing else.")
@_json_option
@_data_option
def create(
    tenant: str,
    name: str,
    role: str,
    lasts: float | None,
    rate: str | None,
    burst: int | None,
    quiet: bool,
    as_json: bool,
    data_dir: str | None,
) -> None:
    """Make a key. It is printed once, on standard output, and can never be shown again."""
    limit = _limit(rate, burst)
    settings = of_this_process(DATA_DIR=data_dir)
    if not settings.key_secrets:
        raise SettingsError([SECRET_MISSING])
    key, seal = new_key(), Seal(settings.key_secrets[0])
    entry = _done(
        settings,
        lambda store: store.create(key, seal, tenant=tenant, role=ROLES[role], name=name, lasts=lasts, rate=limit),
    )
    if as_json:
        click.echo(msgspec.json.encode({"key": key.text, **msgspec.structs.asdict(entry)}))
        return
    click.echo(key.text)
    if not quiet:
        ends = f"until {_moment(entry.expires_at)}" if entry.expires_at else "without end"
        click.echo(f"key {key.id} of {tenant}, role {role}, {ends}; it is shown this once", err=True)


@keys.command("list")
@_json_option
@_data_option
def list_keys(as_json: bool, data_dir: str | None) -> None:
    """List all keys, the newest last; what is secret in them is not known."""
    settings = of_this_process(DATA_DIR=data_dir)
    entries = _done(settings, lambda store: store.entries())
    if as_json:
        click.echo(msgspec.json.encode(entries))
    elif not entries:
        click.echo("there are no keys; make one with `loadstone keys create`", err=True)
    else:
        click.echo(_table(entries, [Seal(secret).id for secret in settings.key_secrets]))


@keys.command("revoke")
@click.argument("identifier", metavar="ID")
@_json_option
@_data_option
def revoke(identifier: str, as_json: bool, data_dir: str | None) -> None:
    """End the key ID for good. ID is its public part; a whole key will do."""
    from service.core.keyring import FRESH_SECONDS

    known = id_in(identifier.encode()) or identifier
    ended = _done(of_this_process(DATA_DIR=data_dir), lambda store: store.revoke(known))
    if ended is None:
        raise UnknownResourceError("key", redacted(known))
    name, tenant = ended
    if as_json:
        click.echo(msgspec.json.encode({"id": known, "tenant": tenant, "name": name, "within_seconds": FRESH_SECONDS}))
    else:
        click.echo(f"revoked {known} ({name}) of {tenant}; every worker refuses it within {FRESH_SECONDS:g} seconds")


@keys.command("secret")
def secret() -> None:
    """Print a new secret for `LOADSTONE_KEY_SECRET`, under which a service keeps its keys.

    To replace a secret, put the new one in front, with a comma: keys move under it as they are used.
    """
    click.echo(secrets.token_hex(SMALLEST_SECRET))


def _limit(rate: str | None, burst: int | None) -> Rate | None:
    if rate is None:
        if burst is not None:
            raise click.BadParameter("needs --rate", param_hint="--burst")
        return None
    try:
        return Rate.parse(rate, burst)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--rate") from None


def _done(settings: Settings, act: Callable[[PostgresKeys], Awaitable[_T]]) -> _T:
    """What comes of ``act``, on the keys of the service."""
    with _database(settings) as url:
        return asyncio.run(_acted(url, act))


async def _acted(url: str, act: Callable[[PostgresKeys], Awaitable[_T]]) -> _T:
    from asyncpg import UndefinedTableError

    from service.adapters.database import open_database
    from service.adapters.keys import PostgresKeys

    async with open_database(url, size=1, application="loadstone-keys") as database:
        try:
            return await act(PostgresKeys(database))
        except DependencyError as error:
            if isinstance(error.__cause__, UndefinedTableError):
                raise SettingsError(["the database has no table of keys yet: run `loadstone migrate`"]) from None
            raise


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The URL of the service's database, which is there for as long as the block runs."""
    from service.adapters.embedded import EmbeddedServers, running_postgres
    from service.adapters.postgres import migrate

    url = settings.database_url or running_postgres(settings.data_dir)
    if url is not None:
        yield url
        return
    with ExitStack() as stack:
        try:
            servers = stack.enter_context(EmbeddedServers(settings.data_dir))
        except SettingsError as error:
            reason = f"{error}, and no database answers there: try again when it is up, or name one with DATABASE_URL"
            raise SettingsError([reason]) from None
        url = servers.start_postgres()
        asyncio.run(migrate(url))
        yield url


def _table(entries: Sequence[KeyEntry], seals: Sequence[str]) -> str:
    """The keys, a line each, in columns."""
    rows = [("ID", "TENANT", "ROLE", "STATE", "CREATED", "EXPIRES", "LAST USED", "RATE", "NAME")]
    rows += [
        (
            *(entry.id, entry.tenant, entry.role, _state(entry, seals), _moment(entry.created_at)),
            *(_moment(entry.expires_at), _moment(entry.last_used_at), entry.rate or "default", entry.name),
        )
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _state(entry: KeyEntry, seals: Sequence[str]) -> str:
    """Whether the key is good; one whose secret is not set here is good for nothing, as far as can be seen."""
    if entry.state != "good" or not seals or entry.sealed_by == seals[0]:
        return entry.state
    return "old secret" if entry.sealed_by in seals else "unknown secret"


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(seconds))
