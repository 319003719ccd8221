"""Counts what a program does for recorded requests, in the process that is told to.

The program offers a context manager, named as ``package.module:function``, that yields what answers requests: a
callable that takes lines of a file. Requests at the beginning only warm it up, so that what is done once is not
counted. The callable may have an attribute ``hearers``, a list of callables: each is told, as text and on the stack
of whoever asks, every question that the program would ask a server.
"""

from __future__ import annotations

import gc
import importlib
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, TypeAlias, cast

from profiles.recording import Recording
from profiles.samplers import deterministic, memray, waits
from profiles.stacks import Profile

Kind: TypeAlias = Literal["deterministic", "memory", "waits"]
WARM_SHARE: Final = 1 / 3
"""Of the requests that many warm up."""

Answer = Callable[[Sequence[bytes]], object]
Program = Callable[[], AbstractContextManager[Answer]]


class ProgramError(Exception):
    """A program cannot be replayed; says why."""


def program(name: str) -> Program:
    """The context manager called ``package.module:function``."""
    module, _, function = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ProgramError(f"{name!r} is no program to replay: {error}") from error
    return cast("Program", found)


def replay(name: str, requests: Sequence[bytes], kind: Kind) -> list[Recording]:
    """What the program ``name`` does for ``requests``, in each unit that ``kind`` has; ProgramError when it fails."""
    warm = math.floor(len(requests) * WARM_SHARE)
    if warm < 1:
        raise ProgramError(f"{len(requests)} requests are too few: some of them only warm up")
    counted = requests[warm:]
    try:
        with program(name)() as answer:
            answer(requests[:warm])
            profiles = _captured(kind, answer, counted)
    except ProgramError:
        raise
    except Exception as error:
        raise ProgramError(f"{name} fails: {str(error) or type(error).__name__}") from error
    of = f"{len(counted)} requests to {name}"
    return [Recording.of_profiles([profile], [len(counted)], of) for profile in profiles]


def _captured(kind: Kind, answer: Answer, requests: Sequence[bytes]) -> Sequence[Profile]:
    def work() -> object:
        return answer(requests)

    gc.collect()
    gc.freeze()
    try:
        match kind:
            case "deterministic":
                return deterministic.capture(work)
            case "memory":
                return memray.capture(work)
            case "waits":
                waited, queries = waits.capture(work, getattr(answer, "hearers", None))
                return [waited] if queries is None else [waited, queries]
    finally:
        gc.unfreeze()
