"""How PostgreSQL runs the queries of batches that are asked again and again, on tables as in a busy month.

The planner chooses freely: nothing is switched off. A plan is right when it reads by the indexes that were made for the
query, reads nothing from end to end, and looks into the batch's own month alone where it asks for one batch.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from service.adapters import queries
from service.adapters.jobs import time_ordered_id
from service.adapters.migrations import migrate
from service.adapters.queries import Query

TENANT_ROLE, WORKER_ROLE = "loadstone_tenant", "loadstone_worker"
THIS_MONTH = datetime.now(UTC).replace(day=1, hour=1, minute=0, second=0, microsecond=0)
LAST_MONTH = (THIS_MONTH - timedelta(days=2)).replace(day=1)
QUERIES: Mapping[str, Query] = {query.name: query for query in queries.every()}

FILL = """
INSERT INTO batches (id, tenant, name, workload, state, auto_start, priority, options, items, chunks, finished_at)
SELECT id, CASE WHEN number % 4 = 0 THEN 'acme' ELSE 'bolt' END, 'b', 'images',
    CASE WHEN number <= 3 THEN 'running' ELSE 'completed' END, true, 0, '{}', 0, 0,
    CASE WHEN number > 3 THEN now() END
FROM unnest($1::uuid[]) WITH ORDINALITY AS batch (id, number);

INSERT INTO batch_chunks (batch_id, number, tenant, items, rows, state, lease_until, succeeded)
SELECT id, chunk, 'acme', 1, 'rows',
    CASE WHEN number > 3 OR chunk < 6000 THEN 'done' WHEN chunk < 6010 THEN 'running' ELSE 'pending' END,
    CASE WHEN number <= 3 AND chunk BETWEEN 6000 AND 6009 THEN now() + interval '1 hour' END,
    CASE WHEN number > 3 OR chunk < 6000 THEN 1 ELSE 0 END
FROM unnest($1::uuid[]) WITH ORDINALITY AS batch (id, number),
    generate_series(0, CASE WHEN number <= 3 THEN 9999 WHEN number <= 400 THEN 49 ELSE 0 END) AS chunk;

INSERT INTO batch_results (batch_id, line, tenant, subject, result, error, attempts, seconds)
SELECT id, line, 'acme', 'a subject like others', CASE WHEN line % 20 > 0 THEN '{}'::bytea END,
    CASE WHEN line % 20 = 0 THEN 'dns' END, 1, 0
FROM unnest($1::uuid[]) WITH ORDINALITY AS batch (id, number), generate_series(1, 200) AS line
WHERE number <= 400;

INSERT INTO batch_remains (batch_id, tenant) SELECT id, 'acme' FROM unnest($1::uuid[]) AS batch (id) LIMIT 1;
"""
INDEXES = """
SELECT child.relname, coalesce(parent.relname, child.relname) FROM pg_class AS child
LEFT JOIN pg_inherits ON inhrelid = child.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE child.relkind IN ('i', 'r') AND child.relname LIKE 'batch%'
"""


class Ground:
    """A filled database, the batch that is asked for, and the parent of each partition and index."""

    def __init__(self, url: str, batch: uuid.UUID, parents: Mapping[str, str]) -> None:
        self.url = url
        self.batch = batch
        self.parents = parents

    async def plan(self, name: str, role: str, arguments: Sequence[object], *, is_generic: bool = False) -> Plan:
        """How the query is run for ``role`` with these arguments; if ``is_generic``, planned for any."""
        mode = "force_generic_plan" if is_generic else "force_custom_plan"
        values = f"({', '.join(map(_literal, arguments))})" if arguments else ""
        connection = await asyncpg.connect(self.url)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE {role}; SET LOCAL loadstone.tenant = 'acme'")
                await connection.execute(f"SET LOCAL plan_cache_mode = {mode}; PREPARE asked AS {QUERIES[name].text}")
                text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}")
        finally:
            await connection.close()
        return Plan(json.loads(text)[0]["Plan"], self.parents)


class Plan:
    """What a plan reads, and how."""

    def __init__(self, root: dict[str, Any], parents: Mapping[str, str]) -> None:
        nodes = list(_nodes(root))
        self.indexes = {parents[node["Index Name"]] for node in nodes if "Index Name" in node}
        self.whole = {
            node["Relation Name"]
            for node in nodes
            if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("batch")
        }
        self.partitions = {
            node["Relation Name"] for node in nodes if parents.get(node.get("Relation Name", "")) in BY_MONTH
        }
        self.only_indexes = {parents[node["Index Name"]] for node in nodes if node["Node Type"] == "Index Only Scan"}


BY_MONTH = {"batches", "batch_chunks", "batch_results", "batch_refusals"}
FILLED = {f"{table}_{month:%Y_%m}" for table in BY_MONTH for month in (LAST_MONTH, THIS_MONTH)}


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'"


def _identifiers(month: datetime) -> list[uuid.UUID]:
    first = int(month.timestamp())
    return [time_ordered_id(partial(int, second * 10**9)) for second in range(first, first + 20_000)]


@pytest.fixture(scope="module")
def ground(servers: Any) -> Ground:
    """Two months with 20,000 batches each, of which three are at work, with 10,000 chunks each."""

    async def filled() -> Ground:
        connection = await asyncpg.connect(servers.postgres)
        await connection.execute("CREATE DATABASE plans")
        await connection.close()
        url = servers.database("plans")
        await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            this_month = _identifiers(THIS_MONTH)
            for identifiers in (_identifiers(LAST_MONTH), this_month):
                for statement in filter(str.strip, FILL.split(";\n")):
                    await connection.execute(statement, identifiers)
            for table in (*BY_MONTH, "batch_remains"):
                await connection.execute(f"VACUUM ANALYZE {table}")
            return Ground(url, this_month[0], dict(map(tuple, await connection.fetch(INDEXES))))
        finally:
            await connection.close()

    return asyncio.run(filled())


OF_ONE_BATCH = [
    ("lock_batch", TENANT_ROLE, (), {"batches_newest"}),
    ("find_batch", TENANT_ROLE, (), {"batches_newest", "batch_chunks_pkey"}),
    ("grow_batch", TENANT_ROLE, (1, 1, 1), {"batches_uploading"}),
    ("results_after", TENANT_ROLE, (100, 10), {"batch_results_pkey"}),
    ("failures_after", TENANT_ROLE, (100, 10, None), {"batch_results_failed"}),
    ("count_errors", TENANT_ROLE, (), {"batch_results_failed"}),
    ("cancel_chunks", TENANT_ROLE, (), {"batch_chunks_pending"}),
    ("claim_chunks", WORKER_ROLE, (4, "w", 10.0), {"batch_chunks_pending", "batches_running", "batch_chunks_pkey"}),
    ("failed_lines", WORKER_ROLE, (1, 50), {"batch_results_failed"}),
    ("drop_failures", WORKER_ROLE, ("{20,40}",), {"batch_results_failed"}),
    ("suspect_line", WORKER_ROLE, (1, 1, 4), {"batch_chunks_pkey"}),
    ("complete_chunk", WORKER_ROLE, (1, 1, 0), {"batch_chunks_pkey"}),
]
OF_ALL_BATCHES = [
    ("list_batches", TENANT_ROLE, (None, None, 20), {"batches_newest"}),
    ("next_batches", WORKER_ROLE, (8,), {"batches_running", "batch_chunks_pending", "batch_chunks_running"}),
    ("reclaim_chunks", WORKER_ROLE, (3, 2), {"batch_chunks_running", "batch_chunks_pkey", "batches_pkey"}),
    ("finished_batches", WORKER_ROLE, (), {"batches_running", "batch_chunks_pending", "batch_chunks_running"}),
    ("look_ahead", WORKER_ROLE, (), {"batches_running", "batch_chunks_pending", "batch_chunks_running"}),
    ("sweep_remains", WORKER_ROLE, (1_000,), {"batch_results_pkey"}),
    ("interrupt_uploads", WORKER_ROLE, (900.0,), {"batches_uploading"}),
]


@pytest.mark.parametrize("is_generic", [False, True], ids=["planned-for-it", "planned-for-any"])
@pytest.mark.parametrize(("name", "role", "arguments", "indexes"), OF_ONE_BATCH, ids=[case[0] for case in OF_ONE_BATCH])
async def test_what_is_asked_of_one_batch_reads_its_month_by_index(
    ground: Ground, name: str, role: str, arguments: Sequence[object], indexes: set[str], is_generic: bool
) -> None:
    """Also once a statement was run some times and is planned for all arguments together."""
    plan = await ground.plan(name, role, (ground.batch, *arguments), is_generic=is_generic)
    assert plan.indexes == indexes
    assert plan.whole == set()
    assert {partition[-7:] for partition in plan.partitions} == {f"{THIS_MONTH:%Y_%m}"}


@pytest.mark.parametrize(
    ("name", "role", "arguments", "indexes"), OF_ALL_BATCHES, ids=[case[0] for case in OF_ALL_BATCHES]
)
async def test_what_is_asked_of_all_batches_reads_partial_indexes(
    ground: Ground, name: str, role: str, arguments: Sequence[object], indexes: set[str]
) -> None:
    plan = await ground.plan(name, role, arguments)
    assert plan.indexes == indexes
    assert plan.whole & FILLED == set()


async def test_failed_rows_are_counted_by_the_index_alone(ground: Ground) -> None:
    plan = await ground.plan("count_errors", TENANT_ROLE, (ground.batch,))
    assert plan.only_indexes == {"batch_results_failed"}
