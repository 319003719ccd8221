"""Migrations: applied once, by one of many starters, whole or not at all, and never changed afterwards."""

from __future__ import annotations

import asyncio

import asyncpg
import msgspec
import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from service.adapters.migrations import Migration, migrate, read
from service.core.errors import DependencyError

NAMES = [step.name for step in read()]


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def test_a_second_migration_finds_nothing_to_do(empty_database: str) -> None:
    assert await migrate(empty_database) == NAMES
    assert {"jobs", "pgqueuer", "schema_migrations"} <= await tables(empty_database)
    assert await migrate(empty_database) == []


async def test_many_starters_apply_each_step_once(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(5)))

    assert sorted(name for names in applied for name in names) == NAMES


async def test_a_step_that_changed_after_it_was_applied_is_refused(empty_database: str) -> None:
    step = Migration(name="0001_first", statements="CREATE TABLE first ()")
    await migrate(empty_database, [step])

    with pytest.raises(DependencyError, match="0001_first was changed after it was applied"):
        await migrate(empty_database, [msgspec.structs.replace(step, statements="CREATE TABLE second ()")])


async def test_a_step_that_fails_leaves_nothing_and_is_tried_again(empty_database: str) -> None:
    first = Migration(name="0001_first", statements="CREATE TABLE first ()")
    broken = Migration(name="0002_second", statements="CREATE TABLE second (); SELECT no_such_column")
    with pytest.raises(DependencyError, match=r"0002_second failed: .*no_such_column"):
        await migrate(empty_database, [first, broken])
    assert await tables(empty_database) == {"schema_migrations", "first"}

    mended = msgspec.structs.replace(broken, statements="CREATE TABLE second ()")
    assert await migrate(empty_database, [first, mended]) == ["0002_second"]


def test_the_queue_is_as_its_library_wants_it() -> None:
    """A release of PgQueuer that wants other tables needs a further migration."""
    statements = next(step.statements for step in read() if step.name == "0001_queue")
    wanted = QueryBuilderEnvironment().build_install_query()

    def without_heading(text: str) -> str:
        return text[text.index("CREATE TYPE") :].strip()

    assert without_heading(statements) == without_heading(wanted)
