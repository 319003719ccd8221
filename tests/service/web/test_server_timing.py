from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.call import Timing
from service.settings import ServerTiming
from service.web.server_timing import ASKING, CHOICES, rendered

METRIC = re.compile(r"([a-z]+);dur=([0-9]+[.][0-9]{3})")
SECONDS = st.floats(0, 3600)


def read(header: bytes) -> dict[str, float]:
    """The header as the standard defines it: metrics with durations in milliseconds."""
    parts = [METRIC.fullmatch(part) for part in header.decode("ascii").split(", ")]
    return {part[1]: float(part[2]) for part in parts if part}


@given(queue=SECONDS, cache=SECONDS, fetch=SECONDS, batch=SECONDS, compute=SECONDS, db=SECONDS, total=SECONDS)
def test_every_stage_is_told_in_milliseconds(
    queue: float, cache: float, fetch: float, batch: float, compute: float, db: float, total: float
) -> None:
    timing = Timing()
    stages = {"queue": queue, "cache": cache, "fetch": fetch, "batch": batch, "compute": compute, "db": db}
    for stage, value in stages.items():
        setattr(timing, stage, value)
    seconds = {**stages, "total": total}
    found = read(rendered(timing, total))
    assert found == {name: pytest.approx(value * 1000, abs=0.0006) for name, value in seconds.items()}


def test_every_word_of_the_setting_is_a_choice() -> None:
    assert set(CHOICES) == set(ServerTiming)
    assert CHOICES["off"] is None


@pytest.mark.parametrize(
    ("word", "headers", "wanted"),
    [
        ("on", {}, True),
        ("asked", {ASKING: b"1"}, True),
        ("asked", {ASKING: b"0"}, False),
        ("asked", {ASKING: b"1, 1"}, False),
        ("asked", {}, False),
    ],
)
def test_a_timing_is_kept_when_it_is_wanted(word: str, headers: dict[bytes, bytes], wanted: bool) -> None:
    choice = CHOICES[word]
    assert choice is not None
    assert (choice(headers) is not None) == wanted
