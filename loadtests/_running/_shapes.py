"""How many users Locust keeps running while a plan is under way."""

from __future__ import annotations

import time
from typing import Any

from locust import LoadTestShape

from loadtests._planning._plan import Plan

_FASTEST_SPAWN_RATE = 100


class PlanShape(LoadTestShape):
    """Keeps the plan's users until its last request has ended; the arrivals themselves are the users' matter.

    Abstract to Locust, which would otherwise put the first shape that it finds in force for every run; where a
    plan is started without the web form, it is put in force when Locust has come up.
    """

    abstract = True

    def __init__(self, runner: Any, plan: Plan) -> None:
        self.reset_time()
        self.runner = self._runner = runner
        self._plan = plan
        self._ended = False

    def reset_time(self) -> None:
        """Another run starts. The base class's own lacks types."""
        self.start_time = time.perf_counter()

    def end(self) -> None:
        """The run's last request has ended; the next tick ends the test."""
        self._ended = True

    def tick(self) -> tuple[int, float, list[Any]] | None:
        """Users, users to start per second, and their classes; None ends the test."""
        if self._ended:
            return None
        classes = [user for user in self._runner.user_classes if getattr(user, "workload", "") in self._plan.mix]
        users = self._plan.users_to_start * max(len(classes), 1)
        return users, min(users, _FASTEST_SPAWN_RATE), classes
