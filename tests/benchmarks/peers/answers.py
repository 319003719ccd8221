"""Whether an answer is right: compared with what the engine says in this very process."""

from __future__ import annotations

import zlib
from typing import Any

import brotli
import msgspec
import zstandard

from service.workloads.comments import WORKLOAD
from tests.benchmarks.peers import engine
from tests.benchmarks.peers.generator import Kept

TOLERANCE = 0.002
"""Figures are rounded to 0.001; the sum of a comment's weights may round the other way in a batch of other size."""


def objection(answer: Kept, body: bytes, *, analyses: bool) -> str:
    """Why ``answer`` does not answer the request ``body``; empty when it does.

    A form that does not analyse must answer JSON, and no more is asked of it.
    """
    if answer.head[9:12] != b"200":
        return f"status {answer.head[9:12].decode('latin-1')}: {answer.body[:200].decode('latin-1')}"
    try:
        found = msgspec.json.decode(decompressed(answer))
    except (msgspec.DecodeError, zlib.error, brotli.error, zstandard.ZstdError) as error:
        return f"it cannot be read: {error}"
    if analyses and not same(found, expected(body)):
        return f"{body[:120]!r} is answered by {str(found)[:200]}"
    return ""


def expected(body: bytes) -> Any:
    """The right answer to ``body``."""
    content = msgspec.json.decode(body, type=WORKLOAD.request)
    outcomes = engine.analyse([item.text for item in WORKLOAD.split(content)])
    return msgspec.to_builtins(WORKLOAD.join(content, outcomes))


def decompressed(answer: Kept) -> bytes:
    """The body without its content coding."""
    coding = header(answer.head, b"content-encoding")
    if coding == b"gzip":
        return zlib.decompress(answer.body, 16 + zlib.MAX_WBITS)
    if coding == b"br":
        return bytes(brotli.decompress(answer.body))
    if coding == b"zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(answer.body)
    return answer.body


def header(head: bytes, name: bytes) -> bytes:
    """The value of one header, empty without it."""
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same, numbers to within `TOLERANCE`, lists of either kind."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= TOLERANCE
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
