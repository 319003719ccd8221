"""A worker process as it is run, whose comments can do what real ones do not; settings come from the environment.

``die`` ends the process, ``hang`` is never analysed; ``block`` keeps the event loop busy for three seconds.
"""

from __future__ import annotations

import logging.config
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.settings import Settings
from service.web.logs import logging_configuration
from service.worker import run
from service.workloads.comments import WORKLOAD


def analyse(lane: str, items: Sequence[Any]) -> Sequence[Any]:
    for item in items:
        if item.text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if item.text == "hang":
            threading.Event().wait()
        if item.text == "block":
            time.sleep(3.0)
    return WORKLOAD.analyse(lane, items)


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ)
    logging.config.dictConfig(logging_configuration(settings.log_level))
    run(settings, workloads=[replace(WORKLOAD, analyse=analyse)])
