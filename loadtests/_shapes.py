"""How many users Locust keeps running while a plan is under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from locust import LoadTestShape

from loadtests._plan import Plan

_FASTEST_SPAWN_RATE = 100


class PlanShape(LoadTestShape):
    """Keeps the plan's users until its last request has ended; the arrivals themselves are the users' matter.

    Abstract to Locust, which would otherwise put the first shape that it finds in force for every run. Where
    no plan is chosen the shape is false, and Locust runs as many users as its form or its options say.
    """

    abstract = True
    use_common_options = True

    def __init__(self, runner: Any, chosen: Callable[[], Plan | None]) -> None:
        self.reset_time()
        self.runner = self._runner = runner
        self._chosen = chosen
        self._ended = False

    def __bool__(self) -> bool:
        return self._chosen() is not None

    def reset_time(self) -> None:
        """Another run starts. The base class's own lacks types."""
        self.start_time = time.perf_counter()

    def end(self) -> None:
        """The run's last request has ended; the next tick ends the test."""
        self._ended = True

    def renew(self) -> None:
        """The test has stopped, and another one may start."""
        self._ended = False

    def tick(self) -> tuple[int, float, list[Any]] | None:
        """Users, users to start per second, and their classes; None ends the run."""
        plan = self._chosen()
        if plan is None or self._ended:
            return None
        classes = [user for user in self._runner.user_classes if getattr(user, "workload", "") in plan.mix]
        users = plan.users * max(len(classes), 1)
        return users, min(users, _FASTEST_SPAWN_RATE), classes
