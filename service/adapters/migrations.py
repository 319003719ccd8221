"""Brings a database to the shape this version needs: numbered SQL files, each applied once.

Any number of starters may migrate at once: each file is applied in a transaction of its own that
holds an advisory lock. What was applied is recorded with its checksum, so that a file that changed
afterwards is found out instead of being silently different from the database.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.resources.abc import Traversable

import asyncpg
import msgspec

from service.adapters import queries
from service.adapters.connection import NAME, Connection, answering, connect
from service.core.errors import DependencyError

MIGRATIONS = queries.SQL / "migrations"
LOCK = 0x10AD570E
"""Key of the advisory lock: any number, the same for every starter."""

_FILE = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_SQL = queries.load("migrations.sql")


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One step; ``name`` is its file's without the ending."""

    name: str
    statements: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, hexadecimal."""
        return hashlib.sha256(self.statements.encode()).hexdigest()


def read(folder: Traversable = MIGRATIONS) -> Sequence[Migration]:
    """The migrations in ``folder``, in order."""
    files = sorted((file for file in folder.iterdir() if _FILE.fullmatch(file.name)), key=lambda file: file.name)
    return [
        Migration(name=file.name.removesuffix(".sql"), statements=file.read_text(encoding="utf-8")) for file in files
    ]


async def migrate(url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Apply what ``url``'s database lacks; the names of what this call applied, in order."""
    connection = await connect(url, application="loadstone-migrate")
    try:
        with answering():
            steps = read() if migrations is None else migrations
            return [step.name for step in steps if await _apply(connection, step)]
    finally:
        await connection.close(timeout=5)


async def _apply(connection: Connection, migration: Migration) -> bool:
    async with connection.transaction():
        await connection.execute(_SQL["lock"].text, LOCK)
        await connection.execute(_SQL["create_record"].text)
        checksum = await connection.fetchval(_SQL["applied_checksum"].text, migration.name)
        if checksum == migration.checksum:
            return False
        if checksum is not None:
            reason = f"migration {migration.name} was changed after it was applied; restore it and add a new one"
            raise DependencyError(NAME, reason)
        try:
            await connection.execute(migration.statements)
        except asyncpg.PostgresError as error:
            raise DependencyError(NAME, f"migration {migration.name} failed: {error}") from error
        await connection.execute(_SQL["record"].text, migration.name, migration.checksum)
        return True
