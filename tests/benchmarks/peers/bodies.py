"""What is sent: the same bodies to every form, drawn from the corpus of the load tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

import msgspec

from loadtests._payloads._corpus import texts
from tests.benchmarks.peers import engine

CACHED_BODIES = 64
BULK_COMMENTS = 100

_encode = msgspec.json.Encoder().encode


def cached() -> list[bytes]:
    """Few bodies of one comment each, which every cache soon has."""
    corpus = texts("comments")
    step = len(corpus) // CACHED_BODIES
    return [_body(corpus[number * step : number * step + 1]) for number in range(CACHED_BODIES)]


class Unheard:
    """Bodies without end that nobody sent before, nor any comment in them."""

    def __init__(self, comments: int, seed: int) -> None:
        self._comments = comments
        self._random = Random(f"{comments} {seed}")
        self._numbers = count(1)
        self._corpus = texts("comments")

    def take(self, bodies: int) -> list[bytes]:
        """The next ``bodies`` of them."""
        return [_body([self._text() for _ in range(self._comments)]) for _ in range(bodies)]

    def _text(self) -> str:
        return f"{self._random.choice(self._corpus)} reclamo {next(self._numbers)}"


def request(body: bytes, key: str) -> bytes:
    """An HTTP/1.1 request, ready to be written."""
    head = (
        f"POST {engine.PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: peers\r\naccept: application/json\r\n"
        f"accept-encoding: gzip, br, zstd\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """When requests are due: a Poisson process, in seconds from the start."""
    return list(_poisson(Random(f"arrivals {seed}"), rate, seconds))


def _poisson(random: Random, rate: float, seconds: float) -> Iterator[float]:
    due = random.expovariate(rate)
    while due < seconds:
        yield due
        due += random.expovariate(rate)


def _body(comments: Sequence[str]) -> bytes:
    return _encode({"comments": list(comments), "quality": "fast"})
