"""Latency as an HDR histogram: exact to three significant digits, adds up over seconds, workers and runs.

Durations are float seconds outside and whole microseconds inside, from 1 µs to 10 minutes; a longer
duration is kept as the longest. The text form is the base64 "V2" encoding that every HdrHistogram
implementation reads.

Source: G. Tene, HdrHistogram (http://hdrhistogram.org); the Python package ``hdrhistogram`` does the work.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

HIGHEST_S = 600.0
_LOWEST_US = 1
_HIGHEST_US = int(HIGHEST_S * 1_000_000)
_DIGITS = 3
_LONGEST_TEXT = 262_144  # a full histogram takes under 64 KiB
_LARGEST_INFLATED = 262_144  # 22,000 counters of at most 9 bytes each
_OUTER_HEADER = 8
_INNER_HEADER = struct.Struct(">iiiiqqd")
"""Cookie, length of the counters, index offset, digits, lowest and highest value, conversion ratio."""


class HistogramError(ValueError):
    """A text is not the V2 encoding of a histogram with this module's range."""


class Histogram:
    """Counts of durations. Mutable while recording; treat it as a value afterwards."""

    __slots__ = ("_hdr",)

    def __init__(self) -> None:
        self._hdr = HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)

    @classmethod
    def of(cls, durations: Iterable[float]) -> Histogram:
        """A histogram of ``durations`` in seconds."""
        histogram = cls()
        for duration in durations:
            histogram.record(duration)
        return histogram

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """The histogram behind ``text``; an empty text is an empty histogram."""
        histogram = cls()
        if len(text) > _LONGEST_TEXT:
            raise HistogramError(f"{len(text)} characters are too many for a histogram")
        if text:
            _check(text)
            try:
                histogram._hdr.decode_and_add(text)
            except (HdrCookieException, HdrLengthException, ValueError, IndexError, OverflowError) as error:
                raise HistogramError(f"not an HDR histogram: {error}") from error
        return histogram

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        """The exact sum of ``histograms``."""
        total = cls()
        for histogram in histograms:
            total.add(histogram)
        return total

    def encode(self) -> str:
        """The V2 text form; an empty histogram is an empty text."""
        if not self.count:
            return ""
        encoded: bytes = self._hdr.encode()
        return encoded.decode("ascii")

    def record(self, duration: float, count: int = 1) -> None:
        """Add ``count`` durations of ``duration`` seconds; a negative one counts as the shortest."""
        microseconds = min(max(round(duration * 1_000_000), _LOWEST_US), _HIGHEST_US)
        self._hdr.record_value(microseconds, count)

    def add(self, other: Histogram) -> None:
        """Add all of ``other``'s counts to this one."""
        self._hdr.add(other._hdr)

    @property
    def count(self) -> int:
        """How many durations were recorded."""
        return int(self._hdr.total_count)

    @property
    def longest(self) -> float:
        """The longest duration in seconds, 0.0 when empty."""
        return float(self._hdr.get_max_value()) / 1_000_000 if self.count else 0.0

    @property
    def mean(self) -> float:
        """The mean duration in seconds, 0.0 when empty."""
        return float(self._hdr.get_mean_value()) / 1_000_000 if self.count else 0.0

    def quantile(self, fraction: float) -> float:
        """The duration in seconds that ``fraction`` (0 to 1) of all durations do not exceed; 0.0 when empty."""
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"a quantile lies between 0 and 1, not at {fraction}")
        if not self.count:
            return 0.0
        edges, counts = self.buckets()
        rank = max(math.ceil(fraction * self.count - 1e-9), 1)
        return float(edges[np.searchsorted(np.cumsum(counts), rank)])

    def at_most(self, duration: float) -> int:
        """How many durations lie within ``duration`` seconds, exact to the histogram's resolution."""
        limit = int(np.searchsorted(_EDGES_US, round(duration * 1_000_000)))
        return int(self._counts()[: limit + 1].sum())

    def buckets(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Upper edges in seconds, rising, and their counts; empty buckets are left out."""
        counts = self._counts()
        used = np.flatnonzero(counts)
        return _EDGES_US[used] / 1_000_000, counts[used]

    def _counts(self) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = np.frombuffer(self._hdr.counts, dtype=np.int64)
        return counts


def _edges() -> NDArray[np.int64]:
    """The longest duration of every counter, in microseconds: 2,048 single ones, then twice as wide every 1,024."""
    hdr = HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)
    half = int(hdr.sub_bucket_half_count)
    index: NDArray[np.int64] = np.arange(int(hdr.counts_len), dtype=np.int64)
    doublings = np.maximum(index // half - 1, 0)
    edges: NDArray[np.int64] = ((index - doublings * half + 1) << doublings) - 1
    return edges


_EDGES_US = _edges()


def _check(text: str) -> None:
    """Refuse what would inflate without bounds, or into a histogram of another range."""
    try:
        packed = base64.b64decode(text, validate=True)
        inflater = zlib.decompressobj()
        content = inflater.decompress(packed[_OUTER_HEADER:], _LARGEST_INFLATED)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise HistogramError(f"not an HDR histogram: {error}") from error
    if not inflater.eof or len(content) < _INNER_HEADER.size:
        raise HistogramError("not an HDR histogram: it is cut short or too large")
    _, _, _, *found, _ = _INNER_HEADER.unpack_from(content)
    if found != [_DIGITS, _LOWEST_US, _HIGHEST_US]:
        digits, lowest, highest = found
        raise HistogramError(f"an HDR histogram of another range: {digits} digits, {lowest} to {highest} µs")
