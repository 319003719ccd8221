from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import InvalidRequestError
from service.core.invalidation import Invalidation, Notice, decode_notice, encode_notice, matcher_of


@given(pattern=st.text("ab:*?", min_size=1, max_size=8), key=st.text("ab:", max_size=8))
def test_patterns_match_as_shells_do(pattern: str, key: str) -> None:
    assert matcher_of(pattern)(key) is fnmatchcase(key, pattern)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matcher_of("*a" * 200 + "b")("a" * 500)


@pytest.mark.parametrize(
    ("invalidation", "meant", "not_meant"),
    [
        (Invalidation(workload="words"), "words:1:fast:ab", "wordsmith:1:fast:ab"),
        (Invalidation(pattern="words:*:good:*"), "words:2:good:ab", "words:2:fast:ab"),
        (Invalidation(keys=("words:1:fast:ab",)), "words:1:fast:ab", "words:1:fast:abc"),
    ],
)
def test_it_means_what_it_says(invalidation: Invalidation, meant: str, not_meant: str) -> None:
    invalidation.check()
    matcher = invalidation.matcher()
    assert (matcher(meant), matcher(not_meant)) == (True, False)


@pytest.mark.parametrize("invalidation", [Invalidation(), Invalidation(workload="words", keys=("words:1:fast:ab",))])
def test_it_must_say_one_thing(invalidation: Invalidation) -> None:
    with pytest.raises(InvalidRequestError):
        invalidation.check()


@pytest.mark.parametrize("body", [{"pattern": "words:[ab]*"}, {"pattern": ""}, {"keys": ["a b"]}, {"workload": "w*"}])
def test_signs_that_tiers_would_understand_differently_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, Invalidation)


def test_notices_come_back_as_they_were() -> None:
    notice = Notice(sender="a", invalidation=Invalidation(keys=("k",)), warm=("words:1:",), most=3)
    assert decode_notice(encode_notice(notice)) == notice
