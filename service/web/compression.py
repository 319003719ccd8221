"""Compressed answers by negotiation (RFC 9110, section 12.5.3): zstd, Brotli and gzip, each at a chosen level."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

import brotli
import zstandard

SMALLEST: Final = 500
"""Bytes from which on compression is worth its header and its time."""
_REMEMBERED_HEADERS = 256
_LONGEST_HEADER = 512
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Coding:
    """One content coding at one level."""

    __slots__ = ("compress", "name")

    def __init__(self, name: str, level: int) -> None:
        self.name = name.encode("ascii")
        self.compress: Callable[[bytes], bytes] = _ENGINES[name](level)
        """Thread-safe, and lets other threads run meanwhile."""


class Compressor:
    """Chooses the coding of an answer; ``codings`` are offered in this order of preference, none switches it off."""

    def __init__(self, codings: Sequence[tuple[str, int]]) -> None:
        self._codings = [Coding(name, level) for name, level in codings]
        self._remembered = lru_cache(_REMEMBERED_HEADERS)(self._choose)

    def choose(self, accepted: bytes | None) -> Coding | None:
        """The coding that the header ``Accept-Encoding`` likes best, of equals the one we prefer; None for none."""
        if not accepted or len(accepted) > _LONGEST_HEADER:
            return None
        return self._remembered(accepted)

    def _choose(self, accepted: bytes) -> Coding | None:
        weights = _weights(accepted.decode("latin-1").lower())
        best, best_weight = None, 0.0
        for coding in self._codings:
            weight = weights.get(coding.name.decode("ascii"), weights.get("*", 0.0))
            if weight > best_weight:
                best, best_weight = coding, weight
        return best if best_weight >= weights.get("identity", 0.0) else None


def _weights(accepted: str) -> dict[str, float]:
    """What a header says of each coding; a weight that cannot be read counts as a refusal."""
    weights: dict[str, float] = {}
    for part in accepted.split(","):
        name, _, parameter = part.partition(";")
        key, _, text = parameter.partition("=")
        weight = 1.0
        if key.strip() == "q":
            try:
                weight = float(text)
            except ValueError:
                weight = 0.0
        weights[name.strip().removeprefix("x-")] = weight if 0 <= weight <= 1 else 0.0
    return weights


def _zstd(level: int) -> Callable[[bytes], bytes]:
    # A compressor may be used by one thread at a time, and making one costs some microseconds.
    return lambda body: zstandard.ZstdCompressor(level=level).compress(body)


def _brotli(level: int) -> Callable[[bytes], bytes]:
    return partial(brotli.compress, quality=level)


def _gzip(level: int) -> Callable[[bytes], bytes]:
    def compress(body: bytes) -> bytes:
        engine = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW)
        return engine.compress(body) + engine.flush()

    return compress


_ENGINES: Mapping[str, Callable[[int], Callable[[bytes], bytes]]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}
