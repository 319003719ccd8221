"""A job worker that takes one which is gone for lost after some seconds, not half a minute; run as a script."""

from __future__ import annotations

import logging.config
import os

from service.adapters.consumer import Terms
from service.settings import Settings
from service.web.logs import logging_configuration
from service.worker import run

LEASE_SECONDS = 3.0

if __name__ == "__main__":
    settings = Settings.from_environment(os.environ)
    logging.config.dictConfig(logging_configuration(settings.log_level))
    run(settings, Terms(lease=LEASE_SECONDS))
