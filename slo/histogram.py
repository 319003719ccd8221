"""Latency as an HDR histogram: exact to three significant digits, adds up over seconds, workers and runs.

Durations are float seconds outside and whole microseconds inside, from 1 µs to 10 minutes; a longer
duration is kept as the longest. The text form is the base64 "V2" encoding that every HdrHistogram
implementation reads.

The counters are a NumPy array; many durations at once cost some nanoseconds each. Reading and writing the text
form is the work of the Python package ``hdrhistogram``.

Source: G. Tene, HdrHistogram (http://hdrhistogram.org).
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from array import array
from collections.abc import Iterable

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

HIGHEST_S = 600.0
_LOWEST_US = 1
_HIGHEST_US = int(HIGHEST_S * 1_000_000)
_DIGITS = 3
_SINGLE_BITS = 11
"""Durations of so many bits, up to 2,047 µs, have a counter each."""
_LONGEST_TEXT = 262_144  # a full histogram takes under 64 KiB
_LARGEST_INFLATED = 262_144  # 22,000 counters of at most 9 bytes each
_OUTER_HEADER = 8
_INNER_HEADER = struct.Struct(">iiiiqqd")
"""Cookie, length of the counters, index offset, digits, lowest and highest value, conversion ratio."""


class HistogramError(ValueError):
    """A text is not the V2 encoding of a histogram with this module's range."""


class Histogram:
    """Counts of durations. Mutable while recording; treat it as a value afterwards."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = np.zeros(_COUNTERS, dtype=np.int64)

    @classmethod
    def of(cls, durations: Iterable[float]) -> Histogram:
        """A histogram of ``durations`` in seconds; arrays of doubles are taken as they lie in memory."""
        histogram = cls()
        histogram.record_all(durations)
        return histogram

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """The histogram behind ``text``; an empty text is an empty histogram."""
        histogram = cls()
        if len(text) > _LONGEST_TEXT:
            raise HistogramError(f"{len(text)} characters are too many for a histogram")
        if text:
            _check(text)
            hdr = _hdr()
            try:
                hdr.decode_and_add(text)
            except (HdrCookieException, HdrLengthException, ValueError, IndexError, OverflowError) as error:
                raise HistogramError(f"not an HDR histogram: {error}") from error
            histogram._counts += np.frombuffer(hdr.counts, dtype=np.int64)
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
        used = np.flatnonzero(self._counts)
        if not len(used):
            return ""
        hdr = _hdr()
        np.frombuffer(hdr.counts, dtype=np.int64)[:] = self._counts
        hdr.set_internal_tacking_values(int(used[0]), int(used[-1]), self.count)
        encoded: bytes = hdr.encode()
        return encoded.decode("ascii")

    def record(self, duration: float, count: int = 1) -> None:
        """Add ``count`` durations of ``duration`` seconds; a negative one counts as the shortest."""
        microseconds = min(max(round(duration * 1_000_000), _LOWEST_US), _HIGHEST_US)
        doublings = max(microseconds.bit_length() - _SINGLE_BITS, 0)
        self._counts[(doublings << (_SINGLE_BITS - 1)) + (microseconds >> doublings)] += count

    def record_all(self, durations: Iterable[float]) -> None:
        """Add each of ``durations``, as `record` does."""
        seconds = np.asarray(durations if isinstance(durations, array) else list(durations), dtype=np.float64)
        microseconds = np.clip(np.rint(seconds * 1_000_000), _LOWEST_US, _HIGHEST_US)
        doublings = np.maximum(np.frexp(microseconds)[1] - _SINGLE_BITS, 0)
        index = (doublings << (_SINGLE_BITS - 1)) + (microseconds.astype(np.int64) >> doublings)
        self._counts += np.bincount(index, minlength=_COUNTERS)

    def add(self, other: Histogram) -> None:
        """Add all of ``other``'s counts to this one."""
        self._counts += other._counts

    @property
    def count(self) -> int:
        """How many durations were recorded."""
        return int(self._counts.sum())

    @property
    def longest(self) -> float:
        """The longest duration in seconds, 0.0 when empty."""
        edges, _ = self.buckets()
        return float(edges[-1]) if len(edges) else 0.0

    @property
    def mean(self) -> float:
        """The mean duration in seconds, each taken as the middle of its counter's; 0.0 when empty."""
        count = self.count
        return float(_MIDDLES_US @ self._counts) / count / 1_000_000 if count else 0.0

    def quantile(self, fraction: float) -> float:
        """The duration in seconds that ``fraction`` (0 to 1) of all durations do not exceed; 0.0 when empty."""
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"a quantile lies between 0 and 1, not at {fraction}")
        edges, counts = self.buckets()
        if not len(counts):
            return 0.0
        ranks = np.cumsum(counts)
        rank = max(math.ceil(fraction * int(ranks[-1]) - 1e-9), 1)
        return float(edges[np.searchsorted(ranks, rank)])

    def at_most(self, duration: float) -> int:
        """How many durations lie within ``duration`` seconds, exact to the histogram's resolution."""
        limit = int(np.searchsorted(_EDGES_US, round(duration * 1_000_000)))
        return int(self._counts[: limit + 1].sum())

    def buckets(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Upper edges in seconds, rising, and their counts; empty buckets are left out."""
        used = np.flatnonzero(self._counts)
        return _EDGES_US[used] / 1_000_000, self._counts[used]


def _hdr() -> HdrHistogram:
    return HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)


def _edges() -> NDArray[np.int64]:
    """The longest duration of every counter, in microseconds: 2,048 single ones, then twice as wide every 1,024."""
    half = 1 << (_SINGLE_BITS - 1)
    index: NDArray[np.int64] = np.arange(_COUNTERS, dtype=np.int64)
    doublings = np.maximum(index // half - 1, 0)
    edges: NDArray[np.int64] = ((index - doublings * half + 1) << doublings) - 1
    return edges


def _middles() -> NDArray[np.int64]:
    widths: NDArray[np.int64] = np.diff(_EDGES_US, prepend=-1)
    middles: NDArray[np.int64] = _EDGES_US - widths + 1 + widths // 2
    return middles


_COUNTERS = int(_hdr().counts_len)
_EDGES_US = _edges()
_MIDDLES_US = _middles()


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
