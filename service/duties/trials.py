"""Which duties are measured, and how: all ways of a request take turns in short rounds.

Where the composition lets a duty be left out, its cost is the difference between the whole way of a request and
the way without it; where it does not, it is the time of the duty's own calls, as the way makes them. A fixed piece of
reference work takes its turn in every round, so that a slow moment of the machine meets all alike, and the ratio to
the reference says the same on a fast machine as on a slow one.

    round:  reference · bare · request · request without key · … · admission
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import uvloop

from service.duties.ways import Way, ways
from slo.record import Duty

SECONDS: Final = 5.0
"""How long to measure unless told otherwise."""
WARM_ROUNDS: Final = 3
FEWEST_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One duty, by the names of the way with it and of the way without it."""

    name: str
    title: str
    own: str
    base: str


TRIALS: Final = (
    Trial("request", "all duties of a cached answer together", "request", "bare"),
    Trial("key-check", "checking the key", "without rate", "without key"),
    Trial("rate-limit", "the rate limit and its headers", "request", "without rate"),
    Trial("body-limits", "the deadline and the limits of the body", "request", "without body limits"),
    Trial("answer-lookup", "looking for a kept answer", "answer look-up", "nothing"),
    Trial("compression", "choosing the content coding", "choice of coding", "nothing"),
    Trial("metrics", "measuring the request", "request", "without metrics"),
    Trial("request-id", "naming the request", "request id", "nothing"),
    Trial("answer-headers", "adding the request id and hardening headers", "answer headers", "plain headers"),
    Trial("conditional", "comparing the ETag", "conditional", "unconditional"),
    Trial("admission", "admitting what is not kept", "admission", "nothing"),
    Trial("problem", "explaining a refusal, against sending a kept answer", "problem", "unconditional"),
    Trial("server-timing", "telling the caller where the time went", "with server timing", "request"),
    Trial("access-log", "one log line", "with access log", "request"),
)
"""What is measured. The last five are no part of ``request``, which holds beside the others what joins them."""

WHOLE: Final = frozenset({"request", "without rate", "without key", "with server timing", "with access log"})
"""Ways of a whole request: a trial of such a one leaves a duty out, any other times the duty's own calls."""


def measure(
    seconds: float = SECONDS,
    work: Callable[[], float] = time.thread_time,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Duty, ...]:
    """All of `TRIALS` in about ``seconds`` of ``clock``, or however long `FEWEST_ROUNDS` take.

    ``work`` gives the seconds that this thread has worked: it stands still while others have the core.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measured(seconds, work, clock))


async def _measured(seconds: float, work: Callable[[], float], clock: Callable[[], float]) -> tuple[Duty, ...]:
    rounds: list[dict[str, float]] = []
    async with ways() as taking_turns:
        there = list(taking_turns.items())
        back = there[::-1]
        for _ in range(WARM_ROUNDS):
            await _round(there, work)
        gc.collect()
        gc.freeze()
        ends = clock() + seconds
        while len(rounds) < FEWEST_ROUNDS or clock() < ends:
            rounds.append(await _round(there if len(rounds) % 2 else back, work))
    return tuple(
        Duty(
            name=trial.name,
            title=trial.title,
            added=tuple(taken[trial.own] - taken[trial.base] for taken in rounds),
            reference=tuple(taken["reference"] for taken in rounds),
        )
        for trial in TRIALS
    )


async def _round(taking_turns: Sequence[tuple[str, Way]], work: Callable[[], float]) -> dict[str, float]:
    """Seconds of ``work`` that one turn of each way takes, by their names, in this order."""
    taken = {}
    gc.collect(0)
    gc.disable()
    try:
        for name, way in taking_turns:
            started = work()
            await way.go(way.turns)
            taken[name] = (work() - started) / way.turns
            await asyncio.sleep(0)  # what works in the background, such as asking for a key again, has its turn
    finally:
        gc.enable()
    return taken
