from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.core.store import ENTRY_BYTES, LARGEST_SHARE, Store
from tests.service.doubles import FakeClock

ROOM = ENTRY_BYTES + 1
"""What a value of no bytes takes under a key of one letter."""

KEYS = st.sampled_from("abcdefgh")
STEPS = st.one_of(
    st.tuples(st.just("put"), st.tuples(KEYS, st.integers(), st.integers(0, 300), st.sampled_from((5.0, 50.0)))),
    st.tuples(st.just("get"), st.tuples(KEYS)),
    st.tuples(st.just("get_many"), st.tuples(st.lists(KEYS, max_size=4))),
    st.tuples(st.just("drop"), st.tuples(KEYS)),
    st.tuples(st.just("resize"), st.tuples(st.integers(0, 40 * ROOM))),
    st.tuples(st.just("wait"), st.tuples(st.sampled_from((1.0, 5.0, 50.0)))),
)


class PlainStore:
    """The same rules, told with a list: the least lately used first."""

    def __init__(self, capacity: int, clock: FakeClock) -> None:
        self.capacity = capacity
        self.clock = clock
        self.entries: list[tuple[str, int, float, int]] = []

    @property
    def size(self) -> int:
        return sum(size for *_, size in self.entries)

    def put(self, key: str, value: int, size: int, ttl: float) -> bool:
        self.drop(key)
        if size + ROOM > self.capacity * LARGEST_SHARE:
            return False
        self.entries.append((key, value, self.clock.now + ttl, size + ROOM))
        self.make_room()
        return True

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        self.make_room()

    def make_room(self) -> None:
        while self.size > self.capacity:
            self.entries.pop(0)

    def get(self, key: str) -> int | None:
        for entry in self.entries:
            if entry[0] == key:
                self.entries.remove(entry)
                if entry[2] > self.clock.now:
                    self.entries.append(entry)
                    return entry[1]
        return None

    def get_many(self, keys: list[str]) -> list[int | None]:
        return [self.get(key) for key in keys]

    def drop(self, key: str) -> bool:
        others = [entry for entry in self.entries if entry[0] != key]
        dropped = len(others) < len(self.entries)
        self.entries = others
        return dropped


@given(capacity=st.integers(0, 40 * ROOM), steps=st.lists(STEPS, max_size=60))
def test_it_does_what_a_plain_list_would_do(capacity: int, steps: list[tuple[str, Any]]) -> None:
    clock = FakeClock()
    store: Store[int] = Store(capacity, clock)
    plain = PlainStore(capacity, clock)
    for step, arguments in steps:
        if step == "wait":
            clock.now += arguments[0]
        else:
            assert getattr(store, step)(*arguments) == getattr(plain, step)(*arguments)
        assert store.size == plain.size <= plain.capacity
        assert store.count == len(plain.entries)


def test_what_was_used_least_lately_goes_first_and_is_counted() -> None:
    store: Store[int] = Store(20 * ROOM, FakeClock())
    for number in range(20):
        store.put(bytes([number]), number, 0, ttl=60)
    assert store.get(b"\x00") == 0
    store.put(b"x", 20, 0, ttl=60)
    assert (store.get(b"\x00"), store.get(b"\x01"), store.get(b"x")) == (0, None, 20)
    assert (store.count, store.evictions) == (20, 1)


def test_all_that_matches_is_dropped_and_nothing_else() -> None:
    store: Store[int] = Store(100 * ROOM, FakeClock())
    for number, key in enumerate(("a1", "a2", "b1")):
        store.put(key, number, 0, ttl=60)
    assert store.drop_matching(lambda key: str(key).startswith("a")) == 2
    assert store.get_many(["a1", "a2", "b1"]) == [None, None, 2]
    store.clear()
    assert (store.count, store.size, store.get("b1")) == (0, 0, None)
