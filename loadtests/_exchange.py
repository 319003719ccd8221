"""One request, what to do about its answer if that is not the end of it, and how to tell whether it is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from loadtests._http._answers import Answer

Find: TypeAlias = Callable[[str], Answer]
"""Gives the answer at a ``Location``."""
Sleep: TypeAlias = Callable[[float], object]
Follow: TypeAlias = Callable[[Answer, Find, Sleep], Answer]
"""From the first answer to the last one, as if that had come at once; may wait without end."""


class WrongAnswerError(Exception):
    """The target answered, and the answer is wrong; the message says how."""


class Exchange(NamedTuple):
    """A request that was drawn and not yet sent."""

    body: bytes
    items: int
    """Units of work in it, such as comments."""
    check: Callable[[bytes], None]
    """Takes the body of an answer with status 200; raises `WrongAnswerError` when it is wrong."""
    follow: Follow | None = None
    """How to come by the answer if it is made later (``Prefer: respond-async``): accepted at once, come back for."""
    door: str = ""
    """What stands behind the user's route where this is asked, such as ``/search``."""
