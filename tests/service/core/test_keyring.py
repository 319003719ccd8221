"""The keyring: a known key costs no question, and no key is good for longer than is promised."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import keyring
from service.core.bucket import Rate
from service.core.errors import DependencyError, OverloadError, UnauthenticatedError
from service.core.identity import Role
from service.core.keyring import (
    EXPIRED,
    FRESH_SECONDS,
    GRACE_SECONDS,
    NO_KEY,
    NOT_A_KEY,
    REFUSED_SECONDS,
    REST_SECONDS,
    REVOKED,
    UNKNOWN,
    Keyring,
    token_in,
)
from service.core.keys import Seal, Secret, id_in, new_key
from service.core.metrics import Metrics, layout_of
from tests.service.doubles import FakeClock, MemoryKeys

DEFAULT = Rate.parse("100/s")
NEW, OLD = (Seal(Secret(letter * 32)) for letter in "no")


class Lock:
    """A keyring, its store, and the time."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.store = MemoryKeys(NEW)
        metrics = Metrics(layout_of((), (), ()))
        self.ring = Keyring(self.store, [NEW, OLD], metrics, rate=DEFAULT, clock=self.clock, **options)

    async def opens(self, token: bytes) -> bool:
        """Whether a request with this key passes now, as a handler asks."""
        try:
            return (self.ring.known(token) or await self.ring.identify(token)) is not None
        except UnauthenticatedError:
            return False

    async def refusal(self, token: bytes | None) -> str:
        with pytest.raises(UnauthenticatedError) as caught:
            await self.ring.identify(token)
        return caught.value.reason


async def settle() -> None:
    """Let what runs in the background come to an end."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def lock() -> Lock:
    return Lock()


async def test_a_key_is_asked_for_once_and_then_known(lock: Lock) -> None:
    token = lock.store.add(tenant="acme", role=Role.READ)
    assert lock.ring.known(token) is None

    identity = await lock.ring.identify(token)

    assert (identity.tenant, identity.role, identity.rate) == ("acme", Role.READ, DEFAULT)
    assert all(lock.ring.known(token) is identity for _ in range(100))
    assert await lock.ring.identify(token) is identity
    assert lock.store.calls == 1


async def test_what_cannot_be_a_key_is_refused_without_asking(lock: Lock) -> None:
    forged = new_key().text.encode()[:-1] + b"!"
    for token in (b"", b"secret", b"x" * 100_000, forged):
        assert lock.ring.known(token) is None
        assert await lock.refusal(token) == NOT_A_KEY
    assert lock.ring.known(None) is None
    assert await lock.refusal(None) == NO_KEY
    assert lock.store.calls == 0


async def test_an_unknown_key_is_asked_for_once_in_a_while(lock: Lock) -> None:
    token = new_key().text.encode()
    for _ in range(10):
        assert await lock.refusal(token) == UNKNOWN
    assert lock.store.calls == 1

    lock.clock.now += REFUSED_SECONDS
    assert await lock.refusal(token) == UNKNOWN
    assert lock.store.calls == 2


async def test_who_knows_the_public_part_alone_learns_nothing_and_opens_nothing(lock: Lock) -> None:
    token = lock.store.add()
    lock.store.change(token, is_revoked=True)
    identifier = id_in(token) or ""
    forged = new_key(bytes).text.encode()
    lock.store.records[id_in(forged) or ""] = lock.store.records[identifier]

    assert await lock.refusal(forged) == UNKNOWN
    assert await lock.refusal(token) == REVOKED


async def test_an_expired_key_is_refused_from_that_moment_on(lock: Lock) -> None:
    token = lock.store.add()
    lock.store.change(token, expires_in=3.0)
    assert await lock.opens(token)
    lock.clock.now += 2.9
    assert lock.ring.known(token) is not None
    lock.clock.now += 0.1
    lock.store.change(token, expires_in=0.0)
    assert lock.ring.known(token) is None
    assert await lock.refusal(token) == EXPIRED


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([0.01, 0.5, 3.0, 4.99, 5.0, 9.99, 10.0, 25.0]), st.booleans()), max_size=40
    ),
    revoked_at=st.integers(0, 40),
)
def test_a_revoked_key_is_refused_within_the_promised_time(steps: list[tuple[float, bool]], revoked_at: int) -> None:
    """Steps say how much time passes, and whether the store can be reached then."""

    async def scenario() -> None:
        lock = Lock()
        token = lock.store.add()
        good_until = float("inf")
        last_away = float("-inf")
        for number, (gap, away) in enumerate(steps):
            lock.clock.now += gap
            lock.store.away = away
            if number == revoked_at:
                lock.store.change(token, is_revoked=True)
                good_until = lock.clock.now
            if away:
                last_away = lock.clock.now
            try:
                passed = await lock.opens(token)
            except DependencyError:
                assert lock.clock.now < last_away + REST_SECONDS
            else:
                assert not passed or lock.clock.now < max(good_until, last_away) + FRESH_SECONDS
                assert passed or lock.clock.now >= good_until
            await settle()
        await lock.ring.close()

    asyncio.run(scenario())


async def test_a_key_in_use_is_asked_for_in_the_background_and_changes_take_effect(lock: Lock) -> None:
    token = lock.store.add(role=Role.READ)
    before = await lock.ring.identify(token)
    lock.clock.now += FRESH_SECONDS / 2
    assert lock.ring.known(token) is before
    await settle()
    assert lock.ring.known(token) is before, "nothing changed, so nothing is made anew"
    assert lock.store.calls == 2

    lock.store.change(token, role=Role.ADMIN)
    lock.clock.now += FRESH_SECONDS / 2
    assert lock.ring.known(token) is before
    await settle()
    after = lock.ring.known(token)
    assert after is not None
    assert after.role is Role.ADMIN


async def test_many_who_show_the_same_key_ask_once_and_who_leaves_takes_nothing_away(lock: Lock) -> None:
    token = lock.store.add()
    callers = [asyncio.create_task(lock.ring.identify(token)) for _ in range(50)]
    await asyncio.sleep(0)
    callers[0].cancel()
    found = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert len({id(identity) for identity in found[1:]}) == 1
    assert lock.store.calls == 1


async def test_while_the_store_is_away_keys_seen_lately_stay_good_and_others_cannot_be_told(lock: Lock) -> None:
    token = lock.store.add()
    await lock.ring.identify(token)
    unseen = lock.store.add()
    lock.store.away = True
    first = lock.clock.now

    while lock.clock.now < first + GRACE_SECONDS - 1:
        lock.clock.now += 1.0
        assert await lock.opens(token)
        with pytest.raises(DependencyError):
            await lock.ring.identify(unseen)
        await settle()
    lock.clock.now = first + GRACE_SECONDS
    with pytest.raises(DependencyError):
        await lock.ring.identify(token)

    lock.store.away = False
    lock.clock.now += REST_SECONDS
    assert await lock.opens(token)
    assert await lock.opens(unseen)


async def test_a_key_revoked_while_the_store_was_away_is_refused_soon_after(lock: Lock) -> None:
    token = lock.store.add()
    await lock.ring.identify(token)
    lock.store.away = True
    lock.clock.now += FRESH_SECONDS
    assert await lock.opens(token)

    lock.store.away = False
    lock.store.change(token, is_revoked=True)
    lock.clock.now += FRESH_SECONDS
    assert await lock.refusal(token) == REVOKED


async def test_a_store_that_is_silent_holds_nobody_up_for_long(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOOK_SECONDS", 0.01)
    token = lock.store.add()
    await lock.ring.identify(token)
    lock.store.silent = True

    lock.clock.now += FRESH_SECONDS / 2
    assert lock.ring.known(token) is not None, "a question in the background holds nobody up"
    lock.clock.now += FRESH_SECONDS
    assert await lock.opens(token), "one waits, and goes by grace"
    calls = lock.store.calls
    for _ in range(20):
        assert lock.ring.known(token) is not None, "the others do not wait"
        await settle()
        with pytest.raises(DependencyError, match="not seen lately"):
            await lock.ring.identify(new_key().text.encode())
    assert lock.store.calls == calls


async def test_only_so_many_keys_are_held_and_asked_for_at_once() -> None:
    lock = Lock(most_keys=3)
    tokens = [lock.store.add() for _ in range(5)]
    for token in tokens:
        await lock.ring.identify(token)
    assert [lock.ring.known(token) is not None for token in tokens] == [False, False, True, True, True]

    lock.store.silent = True
    waiting = [asyncio.create_task(lock.ring.identify(new_key().text.encode())) for _ in range(keyring.MOST_LOOKS)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadError):
        await lock.ring.identify(new_key().text.encode())
    await settle()
    calls = lock.store.calls
    lock.clock.now += FRESH_SECONDS / 2
    assert lock.ring.known(tokens[3]) is not None
    lock.clock.now += FRESH_SECONDS / 2
    waiting.append(asyncio.create_task(lock.ring.identify(tokens[4])))
    await settle()
    assert lock.store.calls == calls + 2, "keys that were good lately are asked for all the same"
    lock.store.silent = False
    await lock.ring.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_floods_of_unknown_keys_are_remembered_within_bounds(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "MOST_REFUSED", 10)
    for _ in range(50):
        assert not await lock.opens(new_key().text.encode())
    assert len(lock.ring._refused) == 10


async def test_a_key_under_an_older_secret_moves_under_the_newest_when_it_is_used(lock: Lock) -> None:
    lock.store.seal = OLD
    token = lock.store.add()
    assert await lock.opens(token)
    await lock.ring.note()

    record = lock.store.records[id_in(token) or ""]
    assert (record.sealed_by, record.digest) == (NEW.id, NEW.digest(token))
    lock.clock.now += FRESH_SECONDS
    assert await lock.opens(token)

    lock.store.seal = Seal(Secret("lost" * 8))
    assert await lock.refusal(lock.store.add()) == UNKNOWN


async def test_uses_are_noted_together_and_not_lost_while_the_store_is_away(lock: Lock) -> None:
    tokens = [lock.store.add() for _ in range(3)]
    for token in tokens:
        await lock.ring.identify(token)
    lock.clock.now += 2.0
    lock.store.away = True
    await lock.ring.note()
    assert not lock.store.uses

    lock.store.away = False
    lock.clock.now += 3.0
    calls = lock.store.calls
    await lock.ring.close()
    assert lock.store.uses == {id_in(token): 5.0 for token in tokens}
    assert lock.store.calls == calls + 1


async def test_no_key_is_kept_in_memory_or_shown(lock: Lock) -> None:
    good, bad = lock.store.add(), new_key().text.encode()
    identity = await lock.ring.identify(good)
    await lock.refusal(bad)
    kept = repr(vars(lock.ring)) + repr(identity)

    for token in (good, bad):
        assert token.decode()[12:] not in kept


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({b"authorization": b"Bearer KEY"}, b"KEY"),
        ({b"authorization": b"bearer KEY"}, b"KEY"),
        ({b"authorization": b"BEARER   KEY "}, b"KEY"),
        ({b"x-api-key": b"KEY"}, b"KEY"),
        ({b"authorization": b"Bearer ONE", b"x-api-key": b"TWO"}, b"ONE"),
        ({b"authorization": b"Basic dXNlcjpwYXNz", b"x-api-key": b"KEY"}, b"KEY"),
        ({b"authorization": b"Basic dXNlcjpwYXNz"}, None),
        ({b"authorization": b"Bearer"}, b""),
        ({b"authorization": b"KEY"}, None),
        ({b"authorization": b"Bearer ONE, Bearer TWO"}, b"ONE, Bearer TWO"),
    ],
)
def test_where_a_key_is_looked_for(headers: dict[bytes, bytes], token: bytes | None) -> None:
    assert token_in(headers) == token
