"""What became of functions between two recordings, and who is named for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from profiles.culprit import suspects
from profiles.diff import IncomparableError, difference
from profiles.recording import Recording
from profiles.renderers import flamegraph, text
from profiles.stacks import Profile


def recorded(*folded: str, unit: str = "bytecodes", requests: float = 1.0) -> Recording:
    return Recording.of_profiles([Profile.parse(part, unit) for part in folded], [requests] * len(folded), "test")


def test_costs_are_those_of_a_request() -> None:
    found = difference(recorded("serve;parse 100", requests=10), recorded("serve;parse 60", requests=5))
    [parse, serve] = found.frames
    assert (parse.frame, parse.own.before, parse.own.after) == ("parse", 10, 12)
    assert (serve.own.by, serve.inclusive.by) == (0, 2)
    assert found.total.is_certain


def test_the_function_that_became_dearer_is_named_not_its_callers() -> None:
    found = difference(recorded("main;serve;parse 100\nmain;serve 50"), recorded("main;serve;parse 120\nmain;serve 50"))
    [suspect] = suspects(found)
    assert (suspect.change.frame, suspect.explains) == ("parse", 1.0)
    assert suspect.share == pytest.approx(20 / 150)
    assert "1. parse: 100 → 120, +20.00%, 100% of the rise" in text.render_difference(found, [suspect])


def test_work_that_only_moved_makes_nobody_guilty() -> None:
    found = difference(recorded("main;serve 150"), recorded("main;serve;parse 100\nmain;serve 50"))
    assert suspects(found) == ()
    assert "no function made it dearer" in text.render_difference(found, [])


def test_a_new_function_is_told_from_one_that_grew() -> None:
    found = difference(recorded("serve;parse 100"), recorded("serve;parse 110\nserve;copy 50"))
    assert [(each.change.frame, each.is_new) for each in suspects(found)] == [
        ("copy", True),
        ("parse", False),
    ]


def test_counts_that_depend_on_chance_are_not_certain() -> None:
    base = recorded("serve;retry 100\nserve 50", "serve;retry 130\nserve 50")
    head = recorded("serve;retry 125\nserve 50", "serve;retry 115\nserve 60")
    assert not any(each.own.is_certain for each in difference(base, head).frames)


def test_recordings_of_different_units_cannot_be_compared() -> None:
    with pytest.raises(IncomparableError, match="bytecodes and bytes"):
        difference(recorded("serve 1"), recorded("serve 1", unit="bytes"))


def sampled(rates: dict[str, float], seed: int, parts: int) -> Recording:
    """Samples of functions at so many a request on average, by a Poisson law, in parts of 1,000 requests."""
    chance = np.random.default_rng(seed)

    def part() -> str:
        return "".join(f"serve;{name} {chance.poisson(1000 * rate)}\n" for name, rate in rates.items())

    return recorded(*(part() for _ in range(parts)), unit="samples", requests=1000)


@pytest.mark.parametrize("parts", [1, 5])
def test_equal_samples_name_nobody_and_a_slower_function_is_found(parts: int) -> None:
    usual = {"parse": 0.10, "analyse": 0.30, "encode": 0.05}
    slower = {**usual, "encode": 0.10}

    def named(before: dict[str, float], after: dict[str, float], trial: int) -> Sequence[str]:
        found = difference(sampled(before, 2 * trial, parts), sampled(after, 2 * trial + 1, parts))
        return [each.change.frame for each in suspects(found)]

    trials = range(40)
    assert sum(bool(named(usual, usual, trial)) for trial in trials) <= 1
    found = [named(usual, slower, trial) for trial in trials]
    assert all(names in ([], ["encode"]) for names in found)
    assert found.count(["encode"]) >= (30 if parts == 5 else 5)


def test_a_differential_flame_graph_tells_what_became_of_each_place() -> None:
    before, after = Profile.parse("serve;<parse> 100", "samples"), Profile.parse("serve;<parse> 150", "samples")
    drawn = flamegraph.render(after, "a & b", before=before)
    assert "<title>&lt;parse&gt;: 150 samples, 100.0%, +50.0% (100 before)</title>" in drawn
    assert "a &amp; b" in drawn
