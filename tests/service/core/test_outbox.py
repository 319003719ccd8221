from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from service.core.outbox import BATCH_BYTES, BATCH_LETTERS, Outbox


@dataclass
class Weight:
    size: int


class Post:
    """Sends when its gate is open, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Weight]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, batch: Mapping[str, Weight]) -> None:
        await self.gate.wait()
        self.batches.append(dict(batch))


@given(
    sizes=st.lists(st.integers(0, 120), max_size=12),
    letters=st.integers(1, 12),
    capacity=st.integers(0, 400),
)
async def test_no_more_waits_than_there_is_room_for(sizes: list[int], letters: int, capacity: int) -> None:
    post = Post()
    outbox: Outbox[Weight] = Outbox(post.send, letters=letters, capacity=capacity)
    refused = outbox.post({str(number): Weight(size) for number, size in enumerate(sizes)})
    await outbox.drain(10)
    sent = [letter.size for batch in post.batches for letter in batch.values()]
    assert len(sent) + refused == len(sizes)
    assert len(sent) <= letters
    assert sum(sent) <= capacity
    again = outbox.post({"k": Weight(capacity)})
    await outbox.drain(10)
    assert again == 0, "all room is given back"


async def test_the_newest_of_a_key_is_sent_and_what_is_taken_back_is_not() -> None:
    post = Post()
    post.gate.clear()
    outbox: Outbox[Weight] = Outbox(post.send, letters=10, capacity=100)
    outbox.post({"first": Weight(1)})
    await asyncio.sleep(0)  # it is being sent, and nothing takes it back any more
    outbox.post({"a": Weight(1), "b": Weight(2)})
    outbox.post({"b": Weight(3), "c": Weight(4)})
    outbox.discard(lambda key: key in ("first", "a"))
    post.gate.set()
    await outbox.drain(10)
    assert post.batches == [{"first": Weight(1)}, {"b": Weight(3), "c": Weight(4)}]


async def test_batches_are_bounded_in_number_and_bytes() -> None:
    post = Post()
    outbox: Outbox[Weight] = Outbox(post.send, letters=10_000, capacity=2**40)
    outbox.post({str(number): Weight(1) for number in range(BATCH_LETTERS + 1)})
    outbox.post({f"large-{number}": Weight(BATCH_BYTES) for number in range(2)})
    await outbox.drain(10)
    assert [len(batch) for batch in post.batches] == [BATCH_LETTERS, 1, 1, 1]


async def test_what_is_not_sent_in_time_is_given_up() -> None:
    post = Post()
    post.gate.clear()
    outbox: Outbox[Weight] = Outbox(post.send, letters=10, capacity=100)
    outbox.post({"a": Weight(1)})
    await outbox.drain(0.001)
    assert post.batches == []
    post.gate.set()
    outbox.post({"b": Weight(1)})
    await outbox.drain(10)
    assert post.batches == [{"b": Weight(1)}]
