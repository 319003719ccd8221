"""A Locust file as other projects have it: it knows nothing of a duel."""

from __future__ import annotations

from random import choice
from time import perf_counter

from locust import FastHttpUser, LoadTestShape, constant_throughput, task


class Visitor(FastHttpUser):
    """Looks around, five times a second."""

    wait_time = constant_throughput(5)

    @task(1)
    def front_page(self) -> None:
        self.client.get("/")

    @task(3)
    def search(self) -> None:
        words = choice(["thing", "thing 1", "thing 17", "none of these"])
        with self.client.get(f"/search?words={words}", name="/search", catch_response=True) as answer:
            if answer.status_code == 200 and not isinstance(answer.json(), list):
                answer.failure("no list")


class Evening(LoadTestShape):
    """More and more visitors, for ten minutes."""

    def tick(self) -> tuple[int, float] | None:
        passed = perf_counter() - self.start_time
        return (1 + int(passed / 10), 1.0) if passed < 600 else None
