"""API keys in PostgreSQL: looked up by the service, made and ended by its administrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from service.adapters import queries
from service.adapters.database import Database, Record
from service.core.bucket import Rate
from service.core.identity import ROLES, Role
from service.core.keys import NewKey, Seal
from service.core.ports import KeyRecord

_SQL = queries.load("keys.sql")


class KeyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A key as its administrator sees it. Times are Unix seconds, None where nothing happened."""

    id: str
    tenant: str
    role: str
    name: str
    state: str = "good"
    """``good``, ``expired`` or ``revoked``."""
    rate: str | None = None
    """Such as ``100/s burst 200``; None for the service's own."""
    sealed_by: str
    """Names the secret under which it is kept."""
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None


class PostgresKeys:
    """The store of keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, identifier: str) -> KeyRecord | None:
        """The key with this public part, if there is one."""
        row = await self._database.fetch_row(_SQL["find_key"], identifier)
        if row is None:
            return None
        fields = dict(row)
        return KeyRecord(rate=_rate(fields), role=ROLES[fields.pop("role")], **fields)

    async def note_uses(self, ages: Mapping[str, float]) -> None:
        """Remember that keys were used, each so many seconds ago; unknown ones are passed over."""
        await self._database.execute(_SQL["note_key_uses"], list(ages), list(ages.values()))

    async def reseal(self, record: KeyRecord, digest: bytes, sealed_by: str) -> None:
        """Keep the key under another secret, unless it was changed meanwhile."""
        await self._database.execute(_SQL["reseal_key"], record.id, record.digest, digest, sealed_by)

    async def create(
        self, key: NewKey, seal: Seal, *, tenant: str, role: Role, name: str, lasts: float | None, rate: Rate | None
    ) -> KeyEntry:
        """Keep ``key``, for ``lasts`` seconds or without end; ``rate`` is None for the service's own."""
        row = await self._database.fetch_row(
            _SQL["create_key"],
            *(key.id, seal.digest(key.text.encode("ascii")), seal.id, tenant, role.word, name, lasts),
            *((None, None, None) if rate is None else (rate.requests, rate.window, rate.burst)),
        )
        if row is None:
            raise AssertionError("PostgreSQL returns the row that it inserted")
        return _entry(row)

    async def entries(self) -> Sequence[KeyEntry]:
        """All keys, the newest last."""
        return [_entry(row) for row in await self._database.fetch(_SQL["list_keys"])]

    async def revoke(self, identifier: str) -> tuple[str, str] | None:
        """End a key for good; its name and its tenant, None when there is no such key."""
        row = await self._database.fetch_row(_SQL["revoke_key"], identifier)
        return None if row is None else (row["name"], row["tenant"])


def _entry(row: Record) -> KeyEntry:
    fields = dict(row)
    rate = _rate(fields)
    return KeyEntry(rate=None if rate is None else rate.text, **fields)


def _rate(fields: dict[str, Any]) -> Rate | None:
    """The rate that ``fields`` speak of, which are taken out of them."""
    requests, window, burst = (fields.pop(f"rate_{part}") for part in ("requests", "window", "burst"))
    return None if requests is None else Rate(requests, window, burst)
