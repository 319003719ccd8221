"""One request and how to tell whether its answer is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class WrongAnswerError(Exception):
    """The target answered, and the answer is wrong; the message says how."""


class Exchange(NamedTuple):
    """A request that was drawn and not yet sent."""

    body: bytes
    items: int
    """Units of work in it, such as comments."""
    check: Callable[[bytes], None]
    """Takes the body of an answer with status 200; raises `WrongAnswerError` when it is wrong."""
    later: bool = False
    """Whether the answer is to be had as a job (``Prefer: respond-async``): accepted at once, come back for."""
