"""A cell that doubles numbers, ends at 0, and never answers below that."""

from __future__ import annotations

import os
import signal

import msgspec

from service.cells.cell import serve

MOST_MEMORY = 2**30


class Order(msgspec.Struct):
    number: int


class Reply(msgspec.Struct):
    number: int
    process: int


def answer(order: Order) -> Reply:
    if order.number == 0:
        os._exit(1)
    if order.number < 0:
        signal.pause()
    print("an engine says something")  # noqa: T201 - it must not be taken for a reply
    return Reply(len(bytes(2 * order.number)), os.getpid())


if __name__ == "__main__":
    serve(Order, answer, MOST_MEMORY)
