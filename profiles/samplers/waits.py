"""What a piece of work waits for and whom it asks: off-CPU time, exact, and questions to servers, by Python stack.

Time waited is that by which the event loop's clock goes on while the work cannot. A loop whose clock stands still
otherwise makes it exact: each pause of a timer counts in full and nothing else does. It is charged to the coroutine
that waits, found by following what the work's task awaits, outermost first. `time.sleep` is not slept but counted.

Questions are told by whoever would ask them (`profiles.replays`).
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from profiles.frames import frame_name
from profiles.stacks import Profile, Stack

_NANOSECONDS: Final = 1e9
_ASLEEP: Final = "time.sleep"
_LONGEST_QUESTION: Final = 300
_DEEPEST: Final = 1_000
"""Awaits that are followed, at most."""

_has_work: Final = attrgetter("_ready")
"""Of an event loop: what it is to do at once."""
_waits_for: Final = attrgetter("_fut_waiter")
"""Of a task: the future that it waits for."""

Hearers = list[Callable[[str], None]]
"""Who is told the questions."""


class Waited(NamedTuple):
    """What was waited for and asked."""

    waited: Profile
    """Microseconds."""
    queries: Profile | None
    """The last frame is the question; None where nobody tells."""


def capture(work: Callable[[], object], hearers: Hearers | None = None) -> Waited:
    """What ``work`` waits for in this thread, and asks by telling ``hearers``."""
    pauses: Counter[Stack] = Counter()
    questions: Counter[Stack] = Counter()

    def asleep(seconds: float) -> None:
        pauses[(*_stack(_caller()), _ASLEEP)] += round(seconds * _NANOSECONDS)

    def heard(question: str) -> None:
        teller = _caller()
        asker: FrameType | None = teller
        while asker is not None and asker.f_code.co_filename == teller.f_code.co_filename:
            asker = asker.f_back  # the teller stands in for the server, and is no part of what asks
        questions[(*_stack(asker or teller), _one_line(question))] += 1

    with ExitStack() as stack:
        stack.enter_context(_sleeping(asleep))
        stack.enter_context(_watched(pauses))
        if hearers is not None:
            hearers.append(heard)
            stack.callback(hearers.remove, heard)
        work()
    waited = {place: round(pause / 1000) for place, pause in pauses.items()}
    return Waited(
        Profile("waited", {place: pause for place, pause in waited.items() if pause}),
        Profile("queries", dict(questions)) if hearers is not None else None,
    )


@contextmanager
def _sleeping(asleep: Callable[[float], None]) -> Iterator[None]:
    """`time.sleep` is ``asleep``, wherever a module already took it from there."""
    real = time.sleep
    with ExitStack() as stack:
        for module in list(sys.modules.values()):
            for name in [name for name, value in vars(module).items() if value is real]:
                stack.enter_context(patch.object(module, name, asleep))
        yield


@contextmanager
def _watched(pauses: Counter[Stack]) -> Iterator[None]:
    """Each turn of an event loop that begins with nothing to do is charged to what its work waits for."""
    loops = asyncio.base_events.BaseEventLoop
    turn: Callable[[Any], None] = vars(loops)["_run_once"]
    until: Callable[[Any, Any], Any] = loops.run_until_complete
    awaited: list[asyncio.Future[Any]] = []

    def watched_turn(loop: Any) -> None:
        if _has_work(loop) or not awaited:
            turn(loop)
            return
        stack = (*_stack(_caller()), *_awaiting(awaited[-1]))
        before = loop.time()
        turn(loop)
        pauses[stack] += round((loop.time() - before) * _NANOSECONDS)

    def watched_until(loop: Any, future: Any) -> Any:
        task = asyncio.ensure_future(future, loop=loop)
        awaited.append(task)
        try:
            return until(loop, task)
        finally:
            awaited.pop()

    with patch.object(loops, "_run_once", watched_turn), patch.object(loops, "run_until_complete", watched_until):
        yield


def _awaiting(future: asyncio.Future[Any]) -> Iterator[str]:
    """The coroutines that wait inside of ``future``, outermost first, through the tasks that they wait for."""
    for _ in range(_DEEPEST):
        if isinstance(future, asyncio.Task):
            yield from map(frame_name, _suspended(future.get_coro()))
            waits_for = _waits_for(future)
        else:
            children = getattr(future, "_children", ())  # of asyncio.gather
            waits_for = next((child for child in children if not child.done()), None)
        if waits_for is None:
            return
        future = waits_for


def _suspended(awaitable: Any) -> Iterator[CodeType]:
    """The code of ``awaitable`` and of what it awaits, as far as it is Python."""
    while awaitable is not None:
        for kind in ("cr", "ag", "gi"):
            code = getattr(awaitable, f"{kind}_code", None)
            if code is not None:
                yield code
                awaitable = getattr(awaitable, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
                break
        else:
            return


def _caller() -> FrameType:
    """The frame that called the function that asks."""
    here = inspect.currentframe()
    asks = here and here.f_back
    caller = asks and asks.f_back
    if caller is None:
        raise RuntimeError("this Python tells nothing of its frames")
    return caller


def _stack(frame: FrameType | None) -> Stack:
    names = []
    while frame is not None:
        if frame.f_code.co_filename != __file__:
            names.append(frame_name(frame.f_code))
        frame = frame.f_back
    return tuple(reversed(names))


def _one_line(question: str) -> str:
    """``question`` as a frame: semicolons part frames from each other."""
    return " ".join(question.replace(";", ",").split())[:_LONGEST_QUESTION].rstrip(" ,")
