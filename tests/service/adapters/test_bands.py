"""Whatever is near enough has a value in common with what is looked up, however its bits are spread."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.adapters.bands import bands_around, bands_of


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[bytes, bytes, int, int]:
    """A hash, another that differs in at most so many bits, that bound, and a number of bands."""
    size = draw(st.sampled_from([8, 32]))
    count = draw(st.integers(size // 2, size))
    within = draw(st.integers(0, 3 * count - 1))
    one = draw(st.binary(min_size=size, max_size=size))
    flipped = draw(st.sets(st.integers(0, 8 * size - 1), max_size=within))
    other = int.from_bytes(one, "big") ^ sum(1 << bit for bit in flipped)
    return one, other.to_bytes(size, "big"), count, within


@given(neighbours())
def test_no_hash_that_is_near_is_missed(pair: tuple[bytes, bytes, int, int]) -> None:
    one, other, count, within = pair
    around = bands_around(one, count, within)
    assert any(value in values for value, values in zip(bands_of(other, count), around, strict=True))


def test_no_value_is_looked_up_that_need_not_be() -> None:
    """One value less in any band, and a hash that differs in exactly so many bits would be missed."""
    for size, count, within in ((32, 11, 31), (8, 3, 8)):
        around = bands_around(bytes(size), count, within)
        slack = [max(value.bit_count() for value in values) for values in around]
        assert sum(least + 1 for least in slack) == within + 1
        assert all(len(values) == len(set(values)) for values in around)
