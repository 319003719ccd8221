"""Jobs that were asked for, and whether each one that was accepted is answered."""

from __future__ import annotations

from functools import partial

import httpx
import msgspec

from tests.faults.ground import PATIENCE_SECONDS, wait_until
from tests.support.http import Reply

AWAY = "/problems/dependency-away"
"""The type of the problem that tells of a database that does not answer."""


class JobBook:
    """What the service said to those who asked for jobs; `note` is shown its answers."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        """Where the answers of the accepted ones will be."""
        self.problems: set[str] = set()
        """Types of what was answered instead."""

    def note(self, reply: Reply) -> None:
        """Keep book of one answer."""
        if reply.status == 202:
            self.places.add(reply.headers["location"])
        else:
            self.problems.add(msgspec.json.decode(reply.body)["type"])

    def wait_until_answered(self, url: str) -> None:
        """Come back when every accepted job has succeeded."""
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            for place in self.places:
                wait_until(partial(_is_answered, client, place), f"{place} is answered")


def _is_answered(client: httpx.Client, place: str) -> bool:
    job = client.get(place).json()
    assert job["state"] in ("queued", "running", "succeeded"), job
    return bool(job["state"] == "succeeded")
