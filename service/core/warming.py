"""Fills the cache from a file of requests: JSON lines, each answered as if a caller had sent it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import msgspec

from service.core.errors import DependencyError, OverloadError, ServiceError

Request = TypeVar("Request")

LONGEST_LINE = 16 * 2**20
MOST_ATTEMPTS = 10
"""How often a line is tried while there is no room for it."""


@dataclass(frozen=True, slots=True)
class Line(Generic[Request]):
    """One request of a file, or why the line is none."""

    number: int
    """Counts from 1, empty lines included."""
    request: Request | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a warming is."""

    answered: int = 0
    refused: int = 0
    """Lines that are no request, or one that has no answer."""
    first_refused: int = 0
    """The number of the first refused line so far, 0 when there is none."""
    first_problem: str = ""
    """Why it was refused."""

    @property
    def lines(self) -> int:
        """Lines that are done with."""
        return self.answered + self.refused


def read_requests(lines: Iterable[bytes], decode: Callable[[bytes], Request]) -> Iterator[Line[Request]]:
    """The requests in ``lines``, empty lines left out; ``decode`` raises `msgspec.MsgspecError` for what is none."""
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            yield Line(number, None, f"longer than {LONGEST_LINE:,} bytes")
        elif text := line.strip():
            try:
                yield Line(number, decode(text))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                yield Line(number, None, str(error))


async def warm(
    lines: Iterable[Line[Request]],
    answer: Callable[[Request], Awaitable[object]],
    *,
    at_once: int = 8,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Progress]:
    """Have ``answer`` answer every request, ``at_once`` of them at a time; tells the progress after each line.

    A request that finds no room is tried again when it makes sense. DependencyError ends the warming.
    """
    progress = Progress()
    async with aclosing(_finished(lines, answer, at_once, pause)) as finished:
        async for line, problem in finished:
            progress = _advanced(progress, line.number, problem)
            yield progress


def _advanced(progress: Progress, number: int, problem: str) -> Progress:
    if not problem:
        return replace(progress, answered=progress.answered + 1)
    progress = replace(progress, refused=progress.refused + 1)
    if progress.first_refused and progress.first_refused < number:
        return progress
    return replace(progress, first_refused=number, first_problem=problem)


async def _finished(
    lines: Iterable[Line[Request]],
    answer: Callable[[Request], Awaitable[object]],
    at_once: int,
    pause: Callable[[float], Awaitable[None]],
) -> AsyncGenerator[tuple[Line[Request], str], None]:
    running: dict[asyncio.Task[str], Line[Request]] = {}
    rest = iter(lines)
    try:
        while True:
            while len(running) < at_once and (line := next(rest, None)) is not None:
                running[asyncio.create_task(_problem(line, answer, pause))] = line
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _problem(
    line: Line[Request], answer: Callable[[Request], Awaitable[object]], pause: Callable[[float], Awaitable[None]]
) -> str:
    """Why the line has no answer; empty when it has one."""
    if line.request is None:
        return line.problem
    reason = ""
    for _ in range(MOST_ATTEMPTS):
        try:
            await answer(line.request)
        except OverloadError as error:
            reason = error.reason
            await pause(error.retry_after)
        except DependencyError:
            raise
        except ServiceError as error:
            return str(error)
        else:
            return ""
    return reason
