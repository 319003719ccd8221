"""The exit codes of ``loadstone``, the one table of them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    MET = 0
    MISSED = 1
    USAGE = 2
    UNJUDGED = 3
    INCONCLUSIVE = 4


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.MET: "all objectives met",
    ExitCode.MISSED: "an objective is missed, or the change makes the service slower",
    ExitCode.USAGE: "bad input or usage",
    ExitCode.UNJUDGED: "the run cannot be judged",
    ExitCode.INCONCLUSIVE: "the data do not decide, under --strict",
}
"""What each code means, in a reader's words."""
