from __future__ import annotations

import asyncio
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import DependencyError, InvalidRequestError, OverloadError
from service.core.warming import LONGEST_LINE, MOST_ATTEMPTS, Line, Progress, read_requests, warm

decode = msgspec.json.Decoder(dict[str, int]).decode


def lines(count: int) -> list[Line[int]]:
    return [Line(number, number) for number in range(1, count + 1)]


def test_a_file_is_read_line_by_line_and_what_is_no_request_is_named() -> None:
    file = io.BytesIO(b'{"a": 1}\n\n  \r\n{"b": "x"}\nnot json\n\xff\n{"c": 3}')
    found = list(read_requests(file, decode))
    assert [(line.number, line.request) for line in found] == [
        (1, {"a": 1}),
        (4, None),
        (5, None),
        (6, None),
        (7, {"c": 3}),
    ]
    assert "Expected `int`" in found[1].problem
    (too_long,) = read_requests([b" " * (LONGEST_LINE + 1)], decode)
    assert too_long.request is None


@given(st.lists(st.binary(max_size=30)))
def test_any_bytes_are_read_without_error(content: list[bytes]) -> None:
    for line in read_requests(content, decode):
        assert (line.request is None) is bool(line.problem)


async def test_every_line_is_answered_and_only_so_many_at_once() -> None:
    running, most, answered = 0, 0, []

    async def answer(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        answered.append(number)

    progress = [step async for step in warm(lines(20), answer, at_once=3)]
    assert sorted(answered) == list(range(1, 21))
    assert most == 3
    assert [step.lines for step in progress] == list(range(1, 21))
    assert progress[-1] == Progress(answered=20)


async def test_what_has_no_answer_is_counted_and_the_first_is_named() -> None:
    async def answer(number: int) -> None:
        if number > 1:
            raise InvalidRequestError("$.comments", "is empty")

    (*_, last) = [step async for step in warm([*lines(3), Line(4, None, "not JSON")], answer, at_once=1)]
    assert (last.answered, last.refused) == (1, 3)
    assert (last.first_refused, last.first_problem) == (2, "is empty - at $.comments")


async def test_without_room_it_waits_as_long_as_it_is_told_and_not_for_ever() -> None:
    pauses: list[float] = []
    room = iter([False, False, True])

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def answer(number: int) -> None:
        if number > 1 or not next(room):
            raise OverloadError("too much to do", retry_after=2.0)

    (*_, last) = [step async for step in warm(lines(2), answer, at_once=1, pause=pause)]
    assert (last.answered, last.refused, last.first_refused, last.first_problem) == (1, 1, 2, "too much to do")
    assert pauses == [2.0] * (2 + MOST_ATTEMPTS)


async def test_a_service_that_is_away_ends_it() -> None:
    async def answer(number: int) -> None:
        raise DependencyError("service", "refused")

    with pytest.raises(DependencyError):
        async for _ in warm(lines(100), answer):
            pass
