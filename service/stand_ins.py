"""What stands in for the servers in a replay: answers at once from memory, and tells every question it is asked.

The adapters above are the service's own, so that what they do, and how often they ask, is counted as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from service.adapters.cache_table import CacheTable
from service.adapters.database import Database
from service.adapters.queries import Query
from service.adapters.redis import RedisTier
from service.core.ports import KeyRecord
from service.duties.ways import OneKey
from service.pipelines import SharedCache

CACHE_ROWS = 1_000_000
"""More than any replay keeps."""

Tell = Callable[[str], None]


def telling(hearers: Sequence[Tell]) -> Tell:
    """What tells a question to all ``hearers`` that there are at that moment."""

    def tell(question: str) -> None:
        for hear in hearers:
            hear(question)

    return tell


def shared_cache(tell: Tell) -> SharedCache:
    """The tiers that processes share, on stand-ins that ``tell`` the commands and statements they get."""
    table = CacheTable(Tables(tell), CACHE_ROWS)
    client = cast("Redis", Commands(tell))
    return SharedCache(tiers=(RedisTier(client, "replay"), table), uses=table)


class Commands:
    """As much of a client of Redis or Valkey as a tier of the cache uses; a client of its own pipelines too."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._values: dict[str, bytes] = {}

    async def mget(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys``."""
        self._tell("MGET")
        return [self._values.get(key) for key in keys]

    async def get(self, key: str) -> bytes | None:
        """The value of ``key``."""
        self._tell("GET")
        return self._values.get(key)

    async def unlink(self, *keys: str) -> int:
        """Forget ``keys``; how many there were."""
        self._tell("UNLINK")
        return sum(self._values.pop(key, None) is not None for key in keys)

    def pipeline(self, *, transaction: bool) -> Commands:
        """Itself: what is kept is kept at once."""
        return self

    def set(self, key: str, value: bytes, *, px: int) -> None:
        """Keep ``value``, for good."""
        self._values[key] = value

    async def execute(self) -> None:
        """Send what was gathered."""
        self._tell("SET")

    async def __aenter__(self) -> Commands:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


class Tables(Database):
    """The database, as far as a cache's table is in it; whatever else it is asked it has no rows for."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._entries: dict[str, bytes] = {}

    @property
    def is_exhausted(self) -> bool:
        """Never."""
        return False

    async def fetch(self, query: Query, *arguments: object) -> list[Any]:
        """All rows."""
        self._tell(query.text)
        if query.name != "find_cached":
            return []
        keys = cast("Sequence[str]", arguments[0])
        return [{"key": key, "value": self._entries[key]} for key in keys if key in self._entries]

    async def fetch_row(self, query: Query, *arguments: object) -> Any:
        """No row."""
        self._tell(query.text)
        return None

    async def fetch_value(self, query: Query, *arguments: object) -> Any:
        """Nothing was there to be counted."""
        self._tell(query.text)
        return 0

    async def execute(self, query: Query, *arguments: object) -> str:
        """Do it."""
        self._tell(query.text)
        if query.name == "keep_cached":
            keys, values = cast("tuple[Sequence[str], Sequence[bytes]]", arguments[:2])
            self._entries.update(zip(keys, values, strict=True))
        return ""

    async def execute_many(self, query: Query, rows: Iterable[Sequence[object]]) -> None:
        """Do it for each of ``rows``."""
        self._tell(query.text)


class Keys(OneKey):
    """The store of one key, which tells what it is asked."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    async def find(self, identifier: str) -> KeyRecord | None:
        """It, if it is the one."""
        self._tell("find_key")
        return await super().find(identifier)

    async def note_uses(self, ages: Mapping[str, float]) -> None:
        """Nobody asks for them."""
        self._tell("note_key_uses")
