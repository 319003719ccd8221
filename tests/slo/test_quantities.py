from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo import quantities
from slo.model import Comparison, Limit, Unit
from slo.quantities import QuantityError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("500ms", Unit.SECONDS, 0.5),
        ("1.5 s", Unit.SECONDS, 1.5),
        ("2min", Unit.SECONDS, 120.0),
        ("800us", Unit.SECONDS_PER_REQUEST, 0.0008),
        ("384MiB", Unit.BYTES, 384 * 2**20),
        ("2GB", Unit.BYTES, 2e9),
        ("16KiB", Unit.BYTES_PER_REQUEST, 16384.0),
        ("0.1%", Unit.RATIO, 0.001),
        ("5e-4", Unit.RATIO, 0.0005),
        ("1000/min", Unit.PER_SECOND, 1000 / 60),
        ("20", Unit.COUNT, 20.0),
    ],
)
def test_quantities_come_out_in_base_units(text: str, unit: Unit, value: float) -> None:
    assert quantities.quantity(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("500", Unit.SECONDS),
        ("500msec", Unit.SECONDS),
        ("-5ms", Unit.SECONDS),
        ("nan", Unit.RATIO),
        ("inf", Unit.RATIO),
        ("1,000/s", Unit.PER_SECOND),
        ("384 mib", Unit.BYTES),
        ("", Unit.COUNT),
        ("5%", Unit.COUNT),
        ("٣", Unit.COUNT),
    ],
)
def test_what_is_no_quantity_is_refused_with_an_example(text: str, unit: Unit) -> None:
    with pytest.raises(QuantityError, match="is no quantity such as"):
        quantities.quantity(text, unit)


def test_limits_say_on_which_side_the_good_values_lie() -> None:
    assert quantities.limit("<= 0.1%", Unit.RATIO) == Limit(Comparison.AT_MOST, 0.001)
    assert quantities.limit(">=100/s", Unit.PER_SECOND) == Limit(Comparison.AT_LEAST, 100.0)
    assert quantities.change("<= +5%") == Limit(Comparison.AT_MOST, 0.05)
    assert quantities.change(">= -2.5%") == Limit(Comparison.AT_LEAST, -0.025)


@pytest.mark.parametrize("text", ["0.1%", "< 0.1%", "== 0.1%", "<=", "<= <= 1%", "at most 1%"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        quantities.limit(text, Unit.RATIO)


@pytest.mark.parametrize("text", ["<= 5%", "<= +5", "+5%", "<= +5%%", "<= plus 5%"])
def test_a_change_needs_a_sign_and_a_percentage(text: str) -> None:
    with pytest.raises(QuantityError, match=r"'<= \+5%'"):
        quantities.change(text)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, Unit.RATIO, "0 %"),
        (1.0, Unit.RATIO, "100 %"),
        (0.95, Unit.RATIO, "95 %"),
        (0.974, Unit.RATIO, "97.4 %"),
        (0.99904, Unit.RATIO, "99.904 %"),
        (0.0000123, Unit.RATIO, "0.0012 %"),
        (0.0123, Unit.SECONDS, "12.3 ms"),
        (0.000012, Unit.SECONDS, "12 µs"),
        (1.0, Unit.SECONDS, "1 s"),
        (0.0, Unit.SECONDS, "0 s"),
        (0.002, Unit.SECONDS_PER_REQUEST, "2 ms/request"),
        (384 * 2**20, Unit.BYTES, "384 MiB"),
        (512.0, Unit.BYTES, "512 B"),
        (1234.5, Unit.PER_SECOND, "1,234/s"),
        (2.5, Unit.COUNT, "2.5"),
    ],
)
def test_figures_are_written_for_people(value: float, unit: Unit, text: str) -> None:
    assert quantities.written(value, unit) == text


@given(st.floats(min_value=1e-7, max_value=1 - 1e-7))
def test_a_ratio_is_never_written_as_nothing_or_all_when_it_is_not(ratio: float) -> None:
    assert quantities.written(ratio, Unit.RATIO) not in ("0 %", "100 %")
