"""Latency as an HDR histogram: exact to three significant digits, adds up over seconds, workers and runs.

Durations are float seconds outside and whole microseconds inside, from 1 µs to 10 minutes; a longer
duration is kept as the longest. The text form is the base64 "V2" encoding that every HdrHistogram
implementation reads.

Source: G. Tene, HdrHistogram (http://hdrhistogram.org); the Python package ``hdrhistogram`` does the work.
"""

from __future__ import annotations

import binascii
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
_LONGEST_TEXT = 262_144  # a full histogram takes under 64 KiB; this bounds what a hostile text can inflate to


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
            try:
                histogram._hdr.decode_and_add(text)
            except (
                HdrCookieException,
                HdrLengthException,
                binascii.Error,
                zlib.error,
                ValueError,
                IndexError,
                OverflowError,
            ) as error:
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
        return float(self._hdr.get_value_at_percentile(fraction * 100.0)) / 1_000_000

    def at_most(self, duration: float) -> int:
        """How many durations lie within ``duration`` seconds, exact to the histogram's resolution."""
        edges, counts = self.buckets()
        limit = int(self._hdr.get_highest_equivalent_value(round(duration * 1_000_000)))
        return int(counts[edges <= (limit + 0.5) / 1_000_000].sum())

    def buckets(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Upper edges in seconds, rising, and their counts; empty buckets are left out."""
        edges: list[int] = []
        counts: list[int] = []
        if self.count:
            for item in self._hdr.get_recorded_iterator():
                edges.append(int(item.value_iterated_to))
                counts.append(int(item.count_added_in_this_iter_step))
        return np.asarray(edges, dtype=np.float64) / 1_000_000, np.asarray(counts, dtype=np.int64)
