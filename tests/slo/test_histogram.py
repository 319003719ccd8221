from __future__ import annotations

import base64
import math
import struct
import zlib
from array import array

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from slo.histogram import HIGHEST_S, Histogram, HistogramError

DURATIONS = st.floats(min_value=1e-6, max_value=HIGHEST_S)
SAMPLES = st.lists(DURATIONS, max_size=60)
RESOLUTION = 0.002


def content(histogram: Histogram) -> list[tuple[float, int]]:
    edges, counts = histogram.buckets()
    return list(zip(edges.tolist(), counts.tolist(), strict=True))


@given(SAMPLES, SAMPLES, SAMPLES)
def test_merging_is_exact_and_knows_no_order(one: list[float], two: list[float], three: list[float]) -> None:
    parts = [Histogram.of(part) for part in (one, two, three)]
    whole = content(Histogram.of([*one, *two, *three]))
    assert content(Histogram.merged(parts)) == whole
    assert content(Histogram.merged(reversed(parts))) == whole


@given(st.lists(DURATIONS, min_size=1, max_size=60), st.floats(min_value=0, max_value=1))
def test_a_quantile_is_the_value_of_its_rank_within_the_resolution(durations: list[float], fraction: float) -> None:
    exact = sorted(durations)[max(math.ceil(fraction * len(durations) - 1e-9), 1) - 1]
    assert Histogram.of(durations).quantile(fraction) == pytest.approx(exact, rel=RESOLUTION, abs=1e-6)


@given(st.lists(DURATIONS, min_size=1, max_size=60), DURATIONS)
def test_the_count_within_a_duration_is_right_but_for_the_resolution(durations: list[float], within: float) -> None:
    counted = Histogram.of(durations).at_most(within)
    slack = within * RESOLUTION + 1e-6
    assert sum(each <= within - slack for each in durations) <= counted
    assert counted <= sum(each <= within + slack for each in durations)


@given(SAMPLES)
def test_the_text_form_brings_everything_back(durations: list[float]) -> None:
    histogram = Histogram.of(durations)
    assert content(Histogram.decode(histogram.encode())) == content(histogram)


@given(st.lists(st.floats(min_value=-1.0, max_value=2 * HIGHEST_S), max_size=60))
def test_many_at_once_count_as_one_by_one_and_as_the_reference_implementation_has_them(durations: list[float]) -> None:
    singly, reference = Histogram(), HdrHistogram(1, 600_000_000, 3)
    for duration in durations:
        singly.record(duration)
        reference.record_value(min(max(round(duration * 1e6), 1), 600_000_000))
    for histogram in (singly, Histogram.of(durations), Histogram.of(array("d", durations))):
        assert content(histogram) == content(singly)
        assert histogram.encode() == (reference.encode().decode() if durations else "")
        assert histogram.mean == pytest.approx(reference.get_mean_value() / 1e6)
        assert histogram.longest == reference.get_max_value() / 1e6


def test_edges_count_as_the_reference_implementation_has_them() -> None:
    reference = HdrHistogram(1, 600_000_000, 3)
    for microseconds in (1, 2047, 2048, 4095, 4096, 199_999, 200_000, 200_192, 599_999_999, 600_000_000):
        edges, _ = Histogram.of([microseconds / 1e6]).buckets()
        assert edges.tolist() == [reference.get_highest_equivalent_value(microseconds) / 1e6]


def test_what_lies_outside_of_the_range_is_kept_at_its_ends() -> None:
    histogram = Histogram.of([-1.0, 0.0, 10 * HIGHEST_S])
    assert histogram.count == 3
    assert histogram.at_most(1e-6) == 2
    assert histogram.longest == pytest.approx(HIGHEST_S, rel=RESOLUTION)


def test_an_empty_histogram_has_an_empty_text_and_no_figures() -> None:
    empty = Histogram.decode("")
    assert (empty.encode(), empty.count, empty.quantile(0.5), empty.mean, empty.longest) == ("", 0, 0.0, 0.0, 0.0)


def test_a_quantile_outside_of_the_unit_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Histogram.of([1.0]).quantile(1.5)


def packed(inside: bytes, *, cookie: int = 0x1C849314) -> str:
    squeezed = zlib.compress(inside)
    return base64.b64encode(struct.pack(">ii", cookie, len(squeezed)) + squeezed).decode()


VALID = Histogram.of([0.1, 0.2]).encode()
INSIDE = zlib.decompress(base64.b64decode(VALID)[8:])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no base64 at all", id="foreign"),
        pytest.param("AAAA", id="shorter than its header"),
        pytest.param(VALID[:-8], id="truncated"),
        pytest.param(VALID[:20] + "!" + VALID[20:], id="strange characters"),
        pytest.param(base64.b64encode(struct.pack(">ii", 0x1C849314, 0)).decode(), id="nothing behind the header"),
        pytest.param(packed(INSIDE, cookie=1), id="another outer cookie"),
        pytest.param(packed(b"\0\0\0\1" + INSIDE[4:]), id="another inner cookie"),
        pytest.param(packed(INSIDE[:30]), id="inner header cut"),
        pytest.param(packed(bytes(300_000_000)), id="inflates to 300 MB"),
        pytest.param("A" * 300_000, id="too long"),
        pytest.param(HdrHistogram(1, 3_600_000_000, 5).encode().decode(), id="another range"),
    ],
)
def test_a_text_that_is_no_histogram_of_ours_is_refused(text: str) -> None:
    with pytest.raises(HistogramError):
        Histogram.decode(text)


@given(st.binary(max_size=80))
def test_corrupt_counters_never_do_worse_than_be_refused(noise: bytes) -> None:
    try:
        decoded = Histogram.decode(packed(INSIDE[:40] + noise))
    except HistogramError:
        return
    assert decoded.count == sum(count for _, count in content(decoded))
