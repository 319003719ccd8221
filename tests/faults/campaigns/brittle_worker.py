"""A worker that rows can take down, as a picture may that breaks a decoder; run as a script."""

from __future__ import annotations

import dataclasses
import logging.config
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

from service.core.workload import AnyWorkload
from service.settings import Settings
from service.web.logs import logging_configuration
from service.worker import run
from service.workloads import WORKLOADS

DEADLY = "takes-its-reader-down"
"""Whoever analyses what has this in it is killed by the kernel at once."""
ENDLESS = "is-read-forever"
"""Whoever analyses what has this in it never comes back, and nothing else goes on in his thread."""


def brittle(workload: AnyWorkload) -> AnyWorkload:
    """``workload``, with an analysis that breaks at these words."""
    return dataclasses.replace(workload, analyse=_breaking(workload.analyse))


def _breaking(analyse: Callable[[str, Sequence[Any]], Any]) -> Callable[[str, Sequence[Any]], Any]:
    def analyse_(lane: str, items: Sequence[Any]) -> Any:
        for item in items:
            named = getattr(item, "text", None) or getattr(item, "url", None) or ""
            if DEADLY in named:
                os.kill(os.getpid(), signal.SIGKILL)
            if ENDLESS in named:
                threading.Event().wait()
        return analyse(lane, items)

    return analyse_


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ)
    logging.config.dictConfig(logging_configuration(settings.log_level))
    run(settings, workloads=tuple(map(brittle, WORKLOADS)))
