"""The keys that this process has seen lately, and what they open.

A key is asked for in the store once and then every few seconds while it is in use, in the background. In between,
telling a known key costs one digest and one look into a table, and the table holds digests alone.

* A revoked key is refused by every process within `FRESH_SECONDS`, counted from when the process can reach the store.
* While the store is away, keys that were good within the last `GRACE_SECONDS` stay good; others cannot be told.
* What is no key is refused without asking, and an unknown key is asked for once in `REFUSED_SECONDS`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hmac import compare_digest
from typing import Final, NamedTuple

from service.core.bucket import Rate
from service.core.errors import DependencyError, OverloadError, ServiceError, UnauthenticatedError
from service.core.identity import Identity
from service.core.keys import LENGTH, Seal, id_in
from service.core.metrics import KEY_CHECKS, Metrics
from service.core.ports import KeyRecord, KeyStore

FRESH_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 300.0
REFUSED_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 2.0
"""How long the store may take to answer."""
REST_SECONDS: Final = 1.0
"""A store that did not answer is left alone for so long."""
NOTE_SECONDS: Final = 60.0
"""How often the store is told which keys were used; when, it knows to within `FRESH_SECONDS`."""
MOST_KEYS: Final = 10_000
MOST_REFUSED: Final = 1_000
MOST_LOOKS: Final = 64
"""Keys not seen lately that may be asked for at the same time; those that were good lately always may."""

NO_KEY: Final = "Send a key, as Authorization: Bearer KEY or as X-API-Key: KEY."
NOT_A_KEY: Final = "What was sent as a key is none."
UNKNOWN: Final = "The key is not known."
REVOKED: Final = "The key was revoked."
EXPIRED: Final = "The key has expired."

_BEARER: Final = b"bearer"
_log = logging.getLogger(__name__)


def token_in(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The key in a request's headers, whose names are in lower case; None without one.

    ``Authorization: Bearer KEY`` goes before ``X-API-Key: KEY``; another scheme of authorization is passed over.
    """
    authorization = headers.get(b"authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(b" ")
        if scheme == b"Bearer" or scheme.lower() == _BEARER:
            return token.strip()
    return headers.get(b"x-api-key")


class _Entry(NamedTuple):
    """What is known of a good key."""

    identity: Identity
    refresh_at: float
    """From here on it is asked for again, when it is used."""
    fresh_until: float
    grace_until: float
    """It may be used until here while the store is away."""


class Keyring:
    """Tells whose key a token is; belongs to one event loop.

    ``seals`` are those of the service's secrets, newest first: keys under an older one are moved under the newest
    when they are used. ``rate`` is for keys that have none of their own. ``clock`` gives seconds that only rise.
    """

    def __init__(
        self,
        store: KeyStore,
        seals: Sequence[Seal],
        metrics: Metrics,
        *,
        rate: Rate | None = None,
        clock: Callable[[], float] = time.monotonic,
        most_keys: int = MOST_KEYS,
    ) -> None:
        self._store = store
        self._seal = seals[0]
        self._digest = seals[0].digest
        self._seals = {seal.id: seal for seal in seals}
        self._rate = rate
        self._clock = clock
        self._most_keys = most_keys
        self._entries: dict[bytes, _Entry] = {}
        self._refused: dict[bytes, tuple[float, str]] = {}
        self._looks: dict[bytes, asyncio.Task[Identity | ServiceError]] = {}
        self._failed_at = float("-inf")
        self._used: dict[str, float] = {}
        self._outdated: dict[str, tuple[KeyRecord, bytes]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._noting: asyncio.Task[None] | None = None
        self._accepted = metrics.count(KEY_CHECKS, "accepted")
        self._rejected = metrics.count(KEY_CHECKS, "refused")
        self._away = metrics.count(KEY_CHECKS, "away")

    def known(self, token: bytes | None) -> Identity | None:
        """Whose key ``token`` is, if that is known without asking; None says to `identify` it."""
        if token is None or len(token) != LENGTH:
            return None
        digest = self._digest(token)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        now = self._clock()
        if now < entry.refresh_at:
            return entry.identity
        return self._aging(token, digest, entry, now)

    async def identify(self, token: bytes | None) -> Identity:
        """Whose key ``token`` is.

        UnauthenticatedError when it is nobody's, DependencyError when that cannot be known now, OverloadError when
        too many unknown keys are being asked for.
        """
        if token is None:
            raise UnauthenticatedError(NO_KEY)
        identifier = id_in(token)
        if identifier is None:
            raise UnauthenticatedError(NOT_A_KEY)
        identity = self.known(token)
        if identity is not None:
            return identity
        digest = self._digest(token)
        now = self._clock()
        until, reason = self._refused.get(digest, (0.0, ""))
        if now < until:
            raise UnauthenticatedError(reason)
        look = self._looks.get(digest)
        if look is None:
            if now - self._failed_at < REST_SECONDS:
                raise DependencyError("postgres", "is away, and this key was not seen lately")
            if digest not in self._entries and len(self._looks) >= MOST_LOOKS:
                raise OverloadError("Too many keys are being checked.", REST_SECONDS)
            look = self._look(identifier, token, digest)
        # Who goes away leaves the look-up to the others who wait for it.
        found = await asyncio.shield(look)
        if isinstance(found, ServiceError):
            raise found
        return found

    async def note(self) -> None:
        """Tell the store which keys were used since the last time; what it cannot be told now is kept for later."""
        used, self._used = self._used, {}
        outdated, self._outdated = self._outdated, {}
        now = self._clock()
        try:
            if used:
                await self._store.note_uses({identifier: now - at for identifier, at in used.items()})
            for record, digest in outdated.values():
                await self._store.reseal(record, digest, self._seal.id)
        except DependencyError as error:
            _log.warning("the uses of %d keys are noted later: %s", len(used), error)
            self._used = {**used, **self._used}
            self._outdated = {**outdated, **self._outdated}

    async def close(self) -> None:
        """Note what was used, and ask for nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = [*self._looks.values(), *([self._noting] if self._noting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.note()

    def _aging(self, token: bytes, digest: bytes, entry: _Entry, now: float) -> Identity | None:
        """As `known`, for a key that is due to be asked for again."""
        is_away = now - self._failed_at < FRESH_SECONDS
        if now >= (entry.grace_until if is_away else entry.fresh_until):
            return None
        if digest not in self._looks and now - self._failed_at >= REST_SECONDS:
            self._look(entry.identity.key_id, token, digest)
        return entry.identity

    def _look(self, identifier: str, token: bytes, digest: bytes) -> asyncio.Task[Identity | ServiceError]:
        look = asyncio.get_running_loop().create_task(self._found(identifier, token, digest))
        self._looks[digest] = look
        look.add_done_callback(partial(self._looked, digest))
        return look

    def _looked(self, digest: bytes, look: asyncio.Task[Identity | ServiceError]) -> None:
        self._looks.pop(digest, None)
        if not look.cancelled() and (error := look.exception()) is not None:
            _log.error("a key could not be checked", exc_info=error)

    async def _found(self, identifier: str, token: bytes, digest: bytes) -> Identity | ServiceError:
        """Ask the store; an error is handed back, not raised, since there may be nobody to hear it."""
        asked_at = self._clock()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                record = await self._store.find(identifier)
        except (DependencyError, TimeoutError) as error:
            return self._unanswered(digest, error)
        self._failed_at = float("-inf")
        reason = self._objection(record, token)
        if record is None or reason:
            self._refuse(digest, reason)
            return UnauthenticatedError(reason)
        return self._accept(record, digest, asked_at)

    def _unanswered(self, digest: bytes, error: DependencyError | TimeoutError) -> Identity | ServiceError:
        self._away.add()
        now = self._failed_at = self._clock()
        entry = self._entries.get(digest)
        if entry is not None and now < entry.grace_until:
            return entry.identity
        self._entries.pop(digest, None)
        if isinstance(error, DependencyError):
            return error
        return DependencyError("postgres", f"did not say within {LOOK_SECONDS:g} seconds whose key this is")

    def _objection(self, record: KeyRecord | None, token: bytes) -> str:
        """Why the key is not good; empty when it is. Only who holds the whole key learns more than that."""
        seal = self._seals.get(record.sealed_by) if record is not None else None
        if record is None or seal is None or not compare_digest(seal.digest(token), record.digest):
            return UNKNOWN
        if record.is_revoked:
            return REVOKED
        if record.expires_in is not None and record.expires_in <= 0:
            return EXPIRED
        return ""

    def _refuse(self, digest: bytes, reason: str) -> None:
        self._rejected.add()
        self._entries.pop(digest, None)
        self._refused.pop(digest, None)
        if len(self._refused) >= MOST_REFUSED:
            del self._refused[next(iter(self._refused))]
        self._refused[digest] = self._clock() + REFUSED_SECONDS, reason

    def _accept(self, record: KeyRecord, digest: bytes, asked_at: float) -> Identity:
        self._accepted.add()
        self._refused.pop(digest, None)
        # Taken out and put in again: the table stays in the order of use, and the first is the one to go.
        before = self._entries.pop(digest, None)
        identity = Identity(record.id, record.tenant, record.role, record.rate or self._rate)
        if before is not None and before.identity == identity:
            identity = before.identity
        elif len(self._entries) >= self._most_keys:
            del self._entries[next(iter(self._entries))]
        expires_at = asked_at + (float("inf") if record.expires_in is None else record.expires_in)
        self._entries[digest] = _Entry(
            identity,
            min(asked_at + FRESH_SECONDS / 2, expires_at),
            min(asked_at + FRESH_SECONDS, expires_at),
            min(asked_at + GRACE_SECONDS, expires_at),
        )
        self._used[record.id] = asked_at
        if record.sealed_by != self._seal.id:
            self._outdated[record.id] = record, digest
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(NOTE_SECONDS, self._note_now)
        return identity

    def _note_now(self) -> None:
        self._timer = None
        self._noting = asyncio.get_running_loop().create_task(self.note())
