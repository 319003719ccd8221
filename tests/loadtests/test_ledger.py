from __future__ import annotations

from collections import Counter
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests._running._ledger import FOREVER, Ledger, Report, merged
from loadtests._running._tally import Arrival, Ended, Tally
from slo.histogram import Histogram
from slo.record import OK, Cell, Pulse

events = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["warm-up", "steady"]), st.sampled_from([OK, "timeout", "http-503"])),
    max_size=60,
)


def ended(outcome: str, latency: float = 0.02) -> Ended:
    return Ended(
        workload="comments",
        route="/v1/comments",
        outcome=outcome,
        latency=latency,
        service=latency / 2.0,
        items=3,
        request_bytes=10,
        response_bytes=20,
    )


def run(tally: Tally, seen: list[tuple[int, str, str]]) -> None:
    for second, stage, outcome in seen:
        arrival = Arrival(second + 0.5, stage)
        tally.arrive(arrival)
        tally.start(arrival, 0.001)
        tally.end(arrival, ended(outcome))


def cells_of(lines: list[Cell | Pulse]) -> list[Cell]:
    return [line for line in lines if isinstance(line, Cell)]


@settings(max_examples=40)
@given(st.lists(events, min_size=1, max_size=4))
def test_what_processes_report_adds_up_to_what_one_would_have_seen(parts: list[list[tuple[int, str, str]]]) -> None:
    ledger = Ledger()
    names = [f"generator-{number}" for number in range(len(parts))]
    for name in names:
        ledger.expect(name)
    lines: list[Cell | Pulse] = []
    for name, part in zip(names, parts, strict=True):
        tally = Tally(name)
        run(tally, part)
        for settled in (2, FOREVER):
            cells, pulses = tally.take(settled)
            ledger.add(Report(generator=name, settled=settled, cells=cells, pulses=pulses))
            lines += ledger.take()
    assert ledger.ended
    assert ledger.generators == dict.fromkeys(names, "finished")
    cells = cells_of(lines)
    keys = [(cell.second, cell.stage) for cell in cells]
    assert len(set(keys)) == len(keys), "one line for each second, stage, workload and route"
    everything = [event for part in parts for event in part]
    assert Counter((second, stage) for second, stage, _ in everything) == {
        key: cell.requests for key, cell in zip(keys, cells, strict=True)
    }
    right = sum(1 for _, _, outcome in everything if outcome == OK)
    assert sum(Histogram.decode(cell.latency).count for cell in cells) == right
    assert sum(cell.items for cell in cells) == 3 * right
    assert [line.second for line in lines] == sorted(line.second for line in lines)
    assert sum(line.started for line in lines if isinstance(line, Pulse)) == len(everything)


durations = st.lists(st.floats(0.0, 700.0), max_size=40)


@settings(max_examples=60)
@given(st.lists(durations, min_size=1, max_size=4))
def test_histograms_of_processes_add_up_to_the_histogram_of_all(parts: list[list[float]]) -> None:
    cells = []
    for part in parts:
        tally = Tally("any")
        tally.end(Arrival(0.5, "steady"), ended("timeout"))
        for latency in part:
            tally.end(Arrival(0.5, "steady"), ended(OK, latency))
        cells += tally.take(1)[0]
    total = reduce(merged, cells)
    everything = [latency for part in parts for latency in part]
    assert total.latency == Histogram.of(everything).encode()
    assert total.service == Histogram.of(latency / 2.0 for latency in everything).encode()
    assert total.outcomes == {name: count for name, count in ((OK, len(everything)), ("timeout", len(parts))) if count}


def test_a_generator_that_leaves_early_is_lost_and_what_it_saw_is_not() -> None:
    ledger = Ledger()
    ledger.expect("early")
    tally = Tally("early")
    run(tally, [(0, "steady", OK)])
    cells, pulses = tally.take(1)
    ledger.add(Report(generator="early", settled=FOREVER, cells=cells, pulses=pulses, left=True))
    assert ledger.ended
    assert ledger.generators == {"early": "lost"}
    assert cells_of(ledger.take()) == cells


def test_a_second_is_held_back_until_its_last_request_has_ended() -> None:
    tally = Tally("generator-0")
    slow, quick = Arrival(1.2, "steady"), Arrival(2.7, "steady")
    tally.arrive(slow)
    tally.arrive(quick)
    tally.end(quick, ended(OK))
    assert tally.settled(9.0) == 1
    assert tally.take(tally.settled(9.0)) == ([], [])
    tally.end(slow, ended("timeout"))
    assert tally.settled(9.0) == 9
    cells, _ = tally.take(9)
    assert [(cell.second, cell.outcomes) for cell in cells] == [(1, {"timeout": 1}), (2, {OK: 1})]


def test_a_second_is_held_back_for_an_arrival_that_is_late() -> None:
    tally = Tally("generator-0")
    tally.await_arrival("user", Arrival(3.9, "steady"))
    assert tally.settled(8.0) == 3
    tally.retire("user")
    assert tally.settled(8.0) == 8


def test_drops_are_intended_and_neither_started_nor_requests() -> None:
    tally = Tally("generator-0")
    tally.drop(Arrival(0.1, "steady"))
    tally.beat(0, cpu=0.25, steal=0.01)
    cells, pulses = tally.take(1)
    assert not cells
    assert [(pulse.intended, pulse.started, pulse.dropped, pulse.cpu, pulse.steal) for pulse in pulses] == [
        (1, 0, 1, 0.25, 0.01)
    ]


def test_only_right_answers_enter_the_latencies() -> None:
    tally = Tally("generator-0")
    run(tally, [(0, "steady", "timeout"), (0, "steady", OK)])
    (cell,), _ = tally.take(1)
    assert Histogram.decode(cell.latency).count == Histogram.decode(cell.service).count == 1
    assert Histogram.decode(cell.service).mean == pytest.approx(0.01, rel=0.01)
    assert (cell.request_bytes, cell.response_bytes) == (20, 40)


def test_a_lost_generator_is_waited_for_no_longer_and_stays_lost() -> None:
    ledger = Ledger()
    for name in ("here", "gone"):
        ledger.expect(name)
    tally = Tally("here")
    run(tally, [(0, "steady", OK)])
    cells, pulses = tally.take(5)
    ledger.add(Report(generator="here", settled=5, cells=cells, pulses=pulses))
    assert not ledger.take()
    assert ledger.unfinished == ["here", "gone"]
    ledger.lose("gone")
    assert [cell.second for cell in cells_of(ledger.take())] == [0]
    ledger.add(Report(generator="here", settled=FOREVER, cells=[], pulses=[]))
    assert ledger.ended
    assert ledger.generators == {"here": "finished", "gone": "lost"}


def test_a_generator_that_comes_back_counts_again() -> None:
    ledger = Ledger()
    ledger.expect("one")
    ledger.lose("one")
    assert ledger.ended
    ledger.add(Report(generator="one", settled=1, cells=[], pulses=[]))
    assert not ledger.ended
    assert ledger.unfinished == ["one"]
