"""A worker process as it is run, whose comments take some milliseconds each."""

from __future__ import annotations

import logging.config
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.settings import Settings
from service.web.logs import logging_configuration
from service.worker import run
from service.workloads.comments import WORKLOAD

SECONDS_EACH = 0.005


def analyse(lane: str, items: Sequence[Any]) -> Sequence[Any]:
    time.sleep(SECONDS_EACH * len(items))
    return WORKLOAD.analyse(lane, items)


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ)
    logging.config.dictConfig(logging_configuration(settings.log_level))
    run(settings, workloads=[replace(WORKLOAD, analyse=analyse)])
