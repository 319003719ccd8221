"""Named queries over a pool: what is sent once, what is sent again, and what is measured, against real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from service.adapters import lending
from service.adapters.connection import open_pool
from service.adapters.database import Database, Statements, open_database
from service.adapters.lending import Lender
from service.adapters.queries import Query
from service.core.call import Timing
from service.core.errors import DependencyError
from service.core.exposition import render
from service.core.metrics import Metrics, layout_of
from service.core.retries import Retries
from service.core.timeline import TIMING
from tests.service.doubles import FakeClock
from tests.service.waiting import comes_true
from tests.support.fault_proxy import Fault, FaultProxy

ECHO = Query(name="echo", description="", text="SELECT $1::int AS number", is_read=True)
NOTE = Query(name="note", description="", text="INSERT INTO notes VALUES ($1)")
NOTES = Query(name="notes", description="", text="SELECT number FROM notes ORDER BY number", is_read=True)
SLEEP = Query(name="sleep", description="", text="SELECT pg_sleep(60)")
WRONG = Query(name="wrong", description="", text="SELECT 1 / 0")
CREATE = Query(name="create", description="", text="CREATE TABLE notes (number int PRIMARY KEY)")
WHO = Query(name="who", description="", text="SELECT current_user, current_setting('loadstone.tenant', true)")


class Servers(Protocol):
    def database(self, name: str) -> str: ...


def new_metrics() -> Metrics:
    return Metrics(layout_of((), (), (), ("echo", "note", "sleep", "wrong")))


def series(metrics: Metrics) -> dict[str, float]:
    text = render(metrics, version="1", environment="staging", started_at=0.0).decode()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")}


def connections(metrics: Metrics) -> tuple[float, float, float]:
    """Used, idle, waited for."""
    found = series(metrics)
    states = [
        found[f'db_client_connection_count{{db_client_connection_state="{state}"}}'] for state in ("used", "idle")
    ]
    return states[0], states[1], found["db_client_connection_pending_requests"]


@pytest.fixture
async def notes(empty_database: str) -> str:
    """The URL of a database with an empty table of notes."""
    async with open_database(empty_database, size=1, application="tests") as database:
        await database.execute(CREATE)
    return empty_database


@asynccontextmanager
async def through_proxy(
    url: str, *, size: int = 2, draw: Callable[[FaultProxy], float] = lambda _: 0.0
) -> AsyncIterator[tuple[Database, FaultProxy, Metrics]]:
    """The database by a connection that can be made bad; ``draw`` is called before each retry."""
    parts = urlsplit(url)
    socket = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
    metrics = new_metrics()
    with FaultProxy(socket) as proxy:
        place = f"postgresql://postgres@127.0.0.1:{proxy.port}{parts.path}?sslmode=disable"
        pool = await open_pool(place, size=size, application="tests", kept=0, tidies=False)
        try:
            yield Database(pool, metrics, retries=Retries(draw=lambda: draw(proxy))), proxy, metrics
        finally:
            pool.terminate()


async def test_each_method_gives_what_it_says(notes: str) -> None:
    async with open_database(notes, size=2, application="tests") as database:
        await database.execute_many(NOTE, [(1,), (2,)])
        assert await database.execute(NOTE, 3) == "INSERT 0 1"
        assert [row["number"] for row in await database.fetch(NOTES)] == [1, 2, 3]
        row = await database.fetch_row(ECHO, 7)
        assert row is not None
        assert row["number"] == 7
        assert await database.fetch_value(ECHO, 7) == 7
        with pytest.raises(DependencyError, match="duplicate key"):
            await database.execute_many(NOTE, [(4,), (1,)])
        assert len(await database.fetch(NOTES)) == 3


async def test_a_query_is_measured_by_its_name_and_failures_by_their_kind(notes: str) -> None:
    metrics = new_metrics()
    async with open_database(notes, size=2, application="tests", metrics=metrics) as database:
        await database.fetch(ECHO, 1)
        await database.fetch_row(ECHO, 2)
        await database.fetch(NOTES)
        with pytest.raises(DependencyError, match="division by zero"):
            await database.fetch(WRONG)
        found = series(metrics)
    duration = "db_client_operation_duration_seconds"
    counts = {key: value for key, value in found.items() if key.startswith(f"{duration}_count")}
    assert counts == {
        f'{duration}_count{{db_operation_name="echo"}}': 2,
        f'{duration}_count{{db_operation_name="wrong"}}': 1,
        f'{duration}_count{{db_operation_name="_OTHER"}}': 1,
    }
    errors = {key: value for key, value in found.items() if key.startswith("loadstone_database_errors")}
    assert errors == {'loadstone_database_errors_total{db_operation_name="wrong",error_type="refused"}': 1}
    assert found["db_client_connection_max"] == 2
    assert found["db_client_connection_wait_time_seconds_count"] == 4


async def test_the_time_of_a_call_that_wants_to_know_is_added_up(notes: str) -> None:
    async with open_database(notes, size=1, application="tests") as database:
        await database.fetch(ECHO, 1)
        timing = Timing()
        token = TIMING.set(timing)
        await database.fetch(ECHO, 1)
        once = timing.db
        async with database.transaction() as statements:
            await statements.fetch(ECHO, 1)
        TIMING.reset(token)
        both = timing.db
        await database.fetch(ECHO, 1)
    assert 0 < once < both == timing.db


async def test_a_reader_whose_answer_is_lost_is_answered_anyway(notes: str) -> None:
    async with through_proxy(notes) as (database, proxy, metrics):
        await database.fetch(ECHO, 0)
        proxy.inflict(to_client=Fault(stalled=True))
        asking = asyncio.create_task(database.fetch_value(ECHO, 5))
        await comes_true(lambda: connections(metrics)[0] == 1)
        proxy.sever()
        proxy.heal()
        assert await asking == 5
        assert series(metrics)['loadstone_database_retries_total{db_operation_name="echo"}'] == 1


async def test_a_write_whose_answer_is_lost_is_not_sent_again(notes: str) -> None:
    async with through_proxy(notes) as (database, proxy, metrics):
        await database.execute(NOTE, 0)
        async with open_database(notes, size=1, application="tests") as observer:
            proxy.inflict(to_client=Fault(stalled=True))
            asking = asyncio.create_task(database.execute(NOTE, 5))
            async with asyncio.timeout(30):
                while len(await observer.fetch(NOTES)) < 2:
                    pass
            proxy.sever()
            proxy.heal()
            with pytest.raises(DependencyError, match="closed in the middle"):
                await asking
            assert [row["number"] for row in await observer.fetch(NOTES)] == [0, 5]
        assert 'loadstone_database_retries_total{db_operation_name="note"}' not in series(metrics)
        assert await database.execute(NOTE, 6) == "INSERT 0 1"


async def test_a_write_that_found_no_connection_is_tried_again(notes: str) -> None:
    def heal(proxy: FaultProxy) -> float:
        proxy.heal()
        return 0.0

    async with through_proxy(notes, draw=heal) as (database, proxy, metrics):
        proxy.refuse()
        assert await database.execute(NOTE, 1) == "INSERT 0 1"
        proxy.sever()
        await comes_true(lambda: connections(metrics) == (0, 0, 0))
        proxy.refuse()
        async with database.transaction() as statements:
            await statements.execute(NOTE, 2)
        assert len(await database.fetch(NOTES)) == 2


async def test_who_finds_no_free_connection_in_time_is_told_so_and_the_others_go_on(notes: str) -> None:
    metrics = new_metrics()
    pool = await open_pool(notes, size=1, application="tests", kept=0)
    async with pool:
        database = Database(pool, metrics, patience=0.01)
        async with database.transaction() as statements:
            assert database.is_exhausted
            with pytest.raises(DependencyError, match="all 1 connections are in use, none came free"):
                await database.fetch(ECHO, 1)
            assert connections(metrics) == (1, 0, 0)
            assert await statements.fetch_value(ECHO, 2) == 2
        assert await database.fetch_value(ECHO, 3) == 3
        assert connections(metrics) == (0, 1, 0)
        key = 'loadstone_database_errors_total{db_operation_name="echo",error_type="saturated"}'
        assert series(metrics)[key] == 1


async def test_borrowers_have_their_turn_in_the_order_of_asking(notes: str) -> None:
    metrics = new_metrics()
    async with await open_pool(notes, size=1, application="tests", kept=0) as pool:
        lender = Lender(pool, metrics)
        first = await lender.borrow()
        order: list[int] = []

        async def borrow(number: int) -> None:
            connection = await lender.borrow()
            order.append(number)
            await lender.give_back(connection)

        waiting = [asyncio.create_task(borrow(number)) for number in range(5)]
        await comes_true(lambda: connections(metrics) == (1, 0, 5))
        waiting[2].cancel()
        await lender.give_back(first)
        await borrow(5)
        await asyncio.wait(waiting)
    assert order == [0, 1, 3, 4, 5]


async def test_a_connection_that_died_in_a_pause_is_replaced_before_it_is_relied_on(
    notes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "CHECK_SECONDS", 0.05)
    clock = FakeClock()
    async with through_proxy(notes) as (database, proxy, metrics):
        monkeypatch.setattr(database._lender, "_clock", clock)
        await database.execute(NOTE, 1)
        clock.now += lending.CHECK_AFTER_SECONDS
        assert await database.execute(NOTE, 2) == "INSERT 0 1"
        assert proxy.accepted == 1, "it still answers, so it is used again"

        clock.now += lending.CHECK_AFTER_SECONDS
        proxy.inflict(to_client=Fault(stalled=True))
        writing = asyncio.create_task(database.execute(NOTE, 3))
        pool: Any = database._lender._pool
        await comes_true(lambda: pool._generation == 1)  # the check has failed
        proxy.heal()
        assert await writing == "INSERT 0 1"
        assert proxy.accepted > 1
        assert connections(metrics) == (0, 1, 0)


async def test_a_caller_that_leaves_keeps_no_connection(notes: str) -> None:
    metrics = new_metrics()
    async with open_database(notes, size=1, application="tests", metrics=metrics) as database:
        asking = asyncio.create_task(database.fetch(SLEEP))
        await comes_true(lambda: connections(metrics)[0] == 1)
        waiting = asyncio.create_task(database.fetch(SLEEP))
        await comes_true(lambda: connections(metrics)[2] == 1)
        for task in (waiting, asking):
            task.cancel()
        await asyncio.wait((waiting, asking))
        assert await database.fetch_value(ECHO, 1) == 1
        assert connections(metrics) == (0, 1, 0)


async def test_a_transaction_takes_effect_as_a_whole(notes: str) -> None:
    async with open_database(notes, size=1, application="tests") as database:
        async with database.transaction() as statements:
            await statements.execute(NOTE, 1)
            await statements.execute_many(NOTE, [(2,), (3,)])
        assert [row["number"] for row in await database.fetch(NOTES)] == [1, 2, 3]


async def leave(statements: Statements) -> None:
    raise ZeroDivisionError("left")


async def break_a_rule(statements: Statements) -> None:
    await statements.execute(NOTE, 1)


async def break_a_rule_and_hide_it(statements: Statements) -> None:
    with suppress(DependencyError):
        await statements.execute(NOTE, 1)


async def be_ended_by_the_server(statements: Statements) -> None:
    await statements.execute(Query(name="end", description="", text="SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize(
    ("act", "error", "reason"),
    [
        (leave, ZeroDivisionError, "left"),
        (break_a_rule, DependencyError, "duplicate key"),
        (break_a_rule_and_hide_it, DependencyError, "undone because a statement in it had failed"),
        (be_ended_by_the_server, DependencyError, "terminating connection"),
    ],
)
async def test_a_transaction_that_fails_leaves_no_trace(
    notes: str, act: Callable[[Statements], Awaitable[None]], error: type[Exception], reason: str
) -> None:
    metrics = new_metrics()
    async with open_database(notes, size=1, application="tests", metrics=metrics) as database:
        await database.execute(NOTE, 1)

        async def transact() -> None:
            async with database.transaction() as statements:
                await statements.execute(NOTE, 2)
                await act(statements)

        with pytest.raises(error, match=reason):
            await transact()
        assert [row["number"] for row in await database.fetch(NOTES)] == [1]
        assert connections(metrics) == (0, 1, 0)


async def test_a_tenants_rights_last_as_long_as_its_transaction(servers: Servers, migrated: str) -> None:
    async with open_database(servers.database(migrated), size=1, application="tests") as database:
        owner = await database.fetch_row(WHO)
        async with database.transaction("north.wind-1") as statements:
            assert tuple(await statements.fetch_row(WHO) or ()) == ("loadstone_tenant", "north.wind-1")
        after = await database.fetch_row(WHO)
        assert after is not None
        assert owner is not None
        assert after["current_user"] == owner["current_user"] == "postgres"
        assert not after["current_setting"]


@pytest.mark.parametrize("name", ["", "a'b", "a b", "$1", "-a", "é", "x" * 65, "a\n"])
async def test_what_can_be_no_name_of_a_tenant_is_never_sent(notes: str, name: str) -> None:
    async with open_database(notes, size=1, application="tests") as database:
        with pytest.raises(ValueError, match="no name of a tenant"):
            async with database.transaction(name):
                pass


async def test_the_server_ends_what_takes_too_long(notes: str) -> None:
    show = Query(name="show", description="", text="SELECT current_setting($1)", is_read=True)
    async with open_database(notes, size=1, application="tests") as database:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
        assert [await database.fetch_value(show, name) for name in names] == ["10s", "5s", "30s", "tests"]
