"""A locustfile of somebody who listens to Locust's ``request`` event, writes down what it says, and takes his time."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gevent
from locust import events

from loadtests.comments import CommentsUser as CommentsUser

HEARD = Path(os.environ["HEARD"])
PAUSE_SECONDS = float(os.environ["PAUSE_SECONDS"])


def write_down(response: Any, exception: BaseException | None, **facts: Any) -> None:
    facts |= {
        "status": response.status_code,
        "length": len(response.text),
        "exception": exception and str(exception),
    }
    with HEARD.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    gevent.sleep(PAUSE_SECONDS)


requests: Any = events.request
requests.add_listener(write_down)
