"""Cards read and scored in processes of their own: one a core, and only when nobody else wants to compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Final, TypeVar

from service.core.errors import AnalysisError
from service.workloads.recipes.messages import EngineWish
from tests.benchmarks.recipes.cards import card
from tests.benchmarks.recipes.effort import Effort
from tests.benchmarks.recipes.scoring import Answer, Score, scored, unreadable
from tests.benchmarks.recipes.words import Part

MOST_PROCESSES: Final = 2

Given = TypeVar("Given")
Found = TypeVar("Found")


def answered(content: bytes, engine: EngineWish = "auto") -> Answer:
    """What the service makes of a picture; AnalysisError if it cannot be read."""
    from service.workloads.recipes.reading import read
    from service.workloads.recipes.understanding import understood

    with Effort() as effort:
        page = read(content, engine)
        recipe = understood(page)
    return Answer(recipe, page.engine, page.rotation, effort.cpu_seconds)


def score_of(place: tuple[Part, int]) -> Score:
    """The score of a card, which is drawn first."""
    drawn = card(*place)
    with Effort() as effort:
        try:
            answer = answered(drawn.content)
        except AnalysisError as error:
            reason = str(error)
        else:
            return scored(drawn, answer)
    return unreadable(drawn, reason, effort.cpu_seconds)


def alone(work: Callable[[Given], Found], given: Given) -> Found:
    """The result of ``work`` in a process of its own, on one core."""
    with _process(min(os.sched_getaffinity(0)), is_idle=False) as process:
        return process.submit(work, given).result()


def spread(work: Callable[[Given], Found], given: Sequence[Given]) -> Iterator[Found]:
    """The results of ``work`` for all that is ``given``, as they come, from one process a core, two at most."""
    cores = sorted(os.sched_getaffinity(0))[:MOST_PROCESSES]
    with ExitStack() as stack:
        processes = [stack.enter_context(_process(core, is_idle=True)) for core in cores]
        running = [processes[place % len(processes)].submit(work, one) for place, one in enumerate(given)]
        for done in as_completed(running):
            yield done.result()


def _process(core: int, *, is_idle: bool) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), _settle, (core, is_idle))


def _settle(core: int, is_idle: bool) -> None:
    """For this process, and those that it starts."""
    import cv2

    cv2.setNumThreads(1)
    os.sched_setaffinity(0, {core})
    if is_idle:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
