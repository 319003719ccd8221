from __future__ import annotations

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.core.entries import COMPRESSED_FROM, LARGEST_VALUE, Codec, Letter
from service.core.errors import AnalysisError

CODEC = Codec()
HEAD_BYTES = 17


def sealed(value: bytes | AnalysisError, fresh_until: float = 1.5, ends_at: float = 2.5) -> bytes:
    envelope = CODEC.seal(Letter(value, fresh_until, ends_at))
    assert envelope is not None
    return envelope


@given(
    value=st.one_of(st.binary(max_size=2000), st.integers(0, 5000).map(b"ab".__mul__)),
    fresh_until=st.floats(0, 1e11),
    stale=st.floats(0, 1e6),
)
def test_what_is_sealed_comes_back(value: bytes, fresh_until: float, stale: float) -> None:
    letter = CODEC.open(sealed(value, fresh_until, fresh_until + stale))
    assert letter is not None
    assert (letter.value, letter.fresh_until, letter.ends_at) == (value, fresh_until, fresh_until + stale)


def test_a_failure_comes_back_as_one() -> None:
    letter = CODEC.open(sealed(AnalysisError("no se pudo leer ñ")))
    assert letter is not None
    assert isinstance(letter.value, AnalysisError)
    assert letter.value.reason == "no se pudo leer ñ"


def test_large_values_are_compressed_where_that_helps() -> None:
    large = Letter(b"sentiment" * 1000, 1.0, 2.0)
    envelope = CODEC.seal(large)
    assert envelope is not None
    assert len(envelope) < 200
    assert large.saved == 9000 - (len(envelope) - HEAD_BYTES)
    small = Letter(b"s" * (COMPRESSED_FROM - 1), 1.0, 2.0)
    assert len(CODEC.seal(small) or b"") == COMPRESSED_FROM - 1 + HEAD_BYTES
    assert small.saved == 0


def test_what_is_too_large_is_neither_sent_nor_unpacked() -> None:
    assert CODEC.seal(Letter(bytes(LARGEST_VALUE + 1), 1.0, 2.0)) is None
    head = sealed(b"x" * COMPRESSED_FROM)[:HEAD_BYTES]
    compressor = zstandard.ZstdCompressor()
    assert CODEC.open(head + compressor.compress(bytes(LARGEST_VALUE))) is not None
    assert CODEC.open(head + compressor.compress(bytes(LARGEST_VALUE + 1))) is None
    endless = zstandard.ZstdCompressor(write_content_size=False)
    assert CODEC.open(head + endless.compress(bytes(100))) is None, "a frame must say its size"


@given(st.binary(max_size=200))
def test_bytes_of_others_are_no_letter_and_no_error(envelope: bytes) -> None:
    letter = CODEC.open(envelope)
    assert letter is None or letter.envelope == envelope


@given(st.data())
def test_a_damaged_envelope_is_no_error(data: st.DataObject) -> None:
    envelope = bytearray(sealed(b"outcome" * 200))
    place = data.draw(st.integers(0, len(envelope) - 1))
    envelope[place] ^= data.draw(st.integers(1, 255))
    letter = CODEC.open(bytes(envelope))
    assert letter is None or isinstance(letter.value, bytes | AnalysisError)
