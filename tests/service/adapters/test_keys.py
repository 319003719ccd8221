"""Keys in a real PostgreSQL: made once, found by their public part, ended for all processes."""

from __future__ import annotations

import json

import asyncpg
import pytest

from service.adapters import queries
from service.adapters.database import Database
from service.adapters.keys import KeyEntry, PostgresKeys
from service.adapters.migrations import migrate
from service.adapters.postgres import Pool
from service.core.bucket import Rate
from service.core.errors import DependencyError, UnauthenticatedError
from service.core.identity import Role
from service.core.keyring import EXPIRED, FRESH_SECONDS, REVOKED, Keyring
from service.core.keys import NewKey, Seal, Secret, new_key
from service.core.metrics import Metrics, layout_of
from tests.service.doubles import FakeClock

SEAL, OLDER = Seal(Secret("s" * 32)), Seal(Secret("o" * 32))


@pytest.fixture
def keys(pool: Pool) -> PostgresKeys:
    return PostgresKeys(Database(pool))


async def made(
    keys: PostgresKeys,
    *,
    seal: Seal = SEAL,
    tenant: str = "acme",
    role: Role = Role.WRITE,
    name: str = "a test",
    lasts: float | None = None,
    rate: Rate | None = None,
) -> tuple[NewKey, KeyEntry]:
    key = new_key()
    return key, await keys.create(key, seal, tenant=tenant, role=role, name=name, lasts=lasts, rate=rate)


def ring_on(keys: PostgresKeys, clock: FakeClock) -> Keyring:
    return Keyring(keys, [SEAL, OLDER], Metrics(layout_of((), (), ())), clock=clock)


async def test_a_key_is_found_as_it_was_made(keys: PostgresKeys) -> None:
    rate = Rate.parse("100/s", 200)
    key, entry = await made(keys, tenant="acme", role=Role.ADMIN, lasts=60.0, rate=rate)
    record = await keys.find(key.id)

    assert record is not None
    assert (record.id, record.tenant, record.role, record.rate) == (key.id, "acme", Role.ADMIN, rate)
    assert (record.digest, record.sealed_by) == (SEAL.digest(key.text.encode()), SEAL.id)
    assert record.expires_in is not None
    assert 0 < record.expires_in <= 60
    assert not record.is_revoked
    assert (entry.role, entry.rate, entry.state) == ("admin", "100/s burst 200", "good")
    assert entry.expires_at == pytest.approx(entry.created_at + 60)
    assert await keys.find("nothing1") is None


async def test_nothing_in_the_database_opens_anything(pool: Pool, keys: PostgresKeys) -> None:
    key, _ = await made(keys)
    row = await pool.fetchrow("SELECT api_keys::text AS all_of_it FROM api_keys")

    assert row is not None
    assert key.id in row["all_of_it"]
    assert key.text[12:] not in row["all_of_it"]


async def test_a_revoked_key_is_refused_by_every_process_within_the_promised_time(keys: PostgresKeys) -> None:
    clock = FakeClock()
    key, _ = await made(keys)
    token = key.text.encode()
    rings = [ring_on(keys, clock) for _ in range(3)]
    for ring in rings:
        assert (await ring.identify(token)).tenant == "acme"

    assert await keys.revoke(key.id) == ("a test", "acme")
    clock.now += FRESH_SECONDS
    for ring in rings:
        assert ring.known(token) is None
        with pytest.raises(UnauthenticatedError, match=REVOKED):
            await ring.identify(token)
        await ring.close()
    assert await keys.revoke(key.id) == ("a test", "acme"), "twice is as good as once"
    assert await keys.revoke("nothing1") is None


async def test_a_key_expires_by_the_time_of_the_database(pool: Pool, keys: PostgresKeys) -> None:
    ring = ring_on(keys, FakeClock())
    key, _ = await made(keys, lasts=3600.0)
    await pool.execute("UPDATE api_keys SET expires_at = now()")

    with pytest.raises(UnauthenticatedError, match=EXPIRED):
        await ring.identify(key.text.encode())


async def test_uses_are_noted_and_an_older_one_changes_nothing(keys: PostgresKeys) -> None:
    key, entry = await made(keys)
    assert entry.last_used_at is None
    await keys.note_uses({key.id: 10.0, "nothing1": 1.0})
    await keys.note_uses({key.id: 3600.0})

    (listed,) = await keys.entries()
    assert listed.last_used_at == pytest.approx(listed.created_at - 10, abs=60)


async def test_a_key_under_an_older_secret_moves_under_the_newest(keys: PostgresKeys) -> None:
    key, _ = await made(keys, seal=OLDER)
    ring = ring_on(keys, FakeClock())
    await ring.identify(key.text.encode())
    await ring.close()

    (entry,) = await keys.entries()
    assert entry.sealed_by == SEAL.id
    assert entry.last_used_at is not None
    assert (await ring_on(keys, FakeClock()).identify(key.text.encode())).tenant == "acme"


async def test_all_keys_are_listed_in_the_order_of_their_making(keys: PostgresKeys) -> None:
    ids = [(await made(keys, tenant=tenant))[0].id for tenant in ("one", "two")]
    await keys.revoke(ids[0])
    gone, _ = await made(keys, lasts=1e-6)

    listed = await keys.entries()
    assert [(entry.id, entry.state) for entry in listed] == [
        (ids[0], "revoked"),
        (ids[1], "good"),
        (gone.id, "expired"),
    ]


@pytest.mark.parametrize("changes", [{"tenant": "a b"}, {"tenant": ""}, {"name": ""}, {"rate": Rate(0, 1.0, 1)}])
async def test_the_database_refuses_what_would_break_the_rules(keys: PostgresKeys, changes: dict[str, str]) -> None:
    with pytest.raises(DependencyError, match="violates check constraint"):
        await made(keys, **changes)  # type: ignore[arg-type]  # one of them is a rate


async def test_a_key_is_looked_up_by_an_index(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "INSERT INTO api_keys (id, digest, sealed_by, tenant, role, name) "
            "SELECT n::text, sha256(n::text::bytea), '', 'acme', 'read', 'x' FROM generate_series(1, 5000) AS n;"
            "ANALYZE api_keys"
        )
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {queries.load('keys.sql')['find_key'].text}", "7")
    finally:
        await connection.close()

    assert json.loads(plan)[0]["Plan"]["Node Type"] == "Index Scan"


ROLES = ("loadstone_tenant", "loadstone_worker")


async def test_who_may_not_make_roles_is_told_what_is_needed_and_goes_on_with_it(empty_database: str) -> None:
    owner = "plain_" + empty_database.rpartition("empty_")[2].partition("?")[0]
    name = empty_database.rpartition("/")[2].partition("?")[0]
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(f"CREATE ROLE {owner} LOGIN; ALTER DATABASE {name} OWNER TO {owner}")
        url = empty_database.replace("postgres@", f"{owner}@", 1)
        with pytest.raises(DependencyError) as caught:
            await migrate(url)
        command = str(caught.value).partition("let an administrator of the server run: ")[2]
        assert f"GRANT {', '.join(ROLES)} TO {owner};" in command
        await connection.execute(command.rpartition("; ")[2])

        assert "0004_tenants" in await migrate(url)
        for role in ROLES:
            one = await asyncpg.connect(url, server_settings={"role": role})
            assert await one.fetchval("SELECT current_user") == role
            await one.close()
    finally:
        await connection.execute(
            f"ALTER DATABASE {name} OWNER TO postgres; REASSIGN OWNED BY {owner} TO postgres; DROP OWNED BY {owner};"
            f"DROP ROLE {owner}"
        )
        await connection.close()
