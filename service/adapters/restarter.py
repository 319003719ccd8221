"""Runs a worker, and runs it again when it ends by itself; run as a script, standard library alone.

    python -I -S restarter.py COMMAND [ARGUMENT ...]

A worker ends by itself when it has grown too large (`RECYCLED`: another is started at once) or when what it analysed
has brought it down (another is started after a pause). It ends for good when it is told to, and when it cannot start
as it is configured. SIGTERM and SIGINT are passed on; the kernel ends the worker when this process is killed.

A script of its own, so that it takes next to no memory and nothing in it can fail.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

RECYCLED: Final = 75
"""The exit code of a worker that is to be started again: EX_TEMPFAIL of sysexits.h."""
MISCONFIGURED: Final = 2
RECYCLED_SO_FAR: Final = "{recycled}"
LOST_SO_FAR: Final = "{lost}"
"""Arguments that the worker gets as numbers: how many before it had grown too large, and how many were brought down."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds. What brings workers down again and again is found out only by starting others."""
SOUND_SECONDS = 60.0
"""A worker that lived for so long has nothing to do with how others ended before."""
QUICK_FAILURES = 5
"""After so many exits with a code, each soon after its start, there is no use in another one."""
_LOOK_SECONDS = 0.05


class Restarter:
    """Looks after one worker at a time, which is run by ``command``."""

    def __init__(self, command: list[str]) -> None:
        launcher = str(Path(__file__).with_name("launch.py"))
        terms = [str(os.getpid()), str(int(signal.SIGKILL)), "-", "plain"]
        self._command = [sys.executable, "-I", "-S", launcher, *terms, *command]
        self._child = 0
        self._recycled, self._lost = 0, 0
        self._is_told = False

    def run(self) -> int:
        """The exit code, once it ends for good."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        pause, failures = FIRST_PAUSE, 0
        while True:
            began = time.monotonic()
            code = self._life()
            if self._is_told or code in (0, MISCONFIGURED):
                return 0 if code in (0, -signal.SIGTERM) else _shown(code)
            if time.monotonic() - began > SOUND_SECONDS:
                pause, failures = FIRST_PAUSE, 0
            if code == RECYCLED:
                self._recycled += 1
                continue
            self._lost += 1
            failures = failures + 1 if code > 0 else 0
            if failures >= QUICK_FAILURES:
                return code
            how = f"by signal {-code}" if code < 0 else f"with code {code}"
            _tell(f"the worker ended {how}, another one is started in {pause:g} s")
            self._rest(pause)
            if self._is_told:
                return 0
            pause = min(LONGEST_PAUSE, pause * 2)

    def _life(self) -> int:
        """How one worker ended: its exit code, or its signal with a minus."""
        counts = {RECYCLED_SO_FAR: str(self._recycled), LOST_SO_FAR: str(self._lost)}
        command = [counts.get(argument, argument) for argument in self._command]
        self._child = os.spawnv(os.P_NOWAIT, command[0], command)  # noqa: S606 - no shell is meant
        if self._is_told:
            os.kill(self._child, signal.SIGTERM)
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)

    def _rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not self._is_told and time.monotonic() < ends:
            time.sleep(_LOOK_SECONDS)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._is_told = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)


def _shown(code: int) -> int:
    """The exit code by which a shell would tell of ``code``."""
    return 128 - code if code < 0 else code


def _tell(message: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"time": now, "level": "error", "message": message, "logger": "restarter"}
    sys.stderr.write(f"{json.dumps(line)}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(Restarter(sys.argv[1:]).run())
