"""A locustfile: Locust's own `FastHttpUser`, sending the recorded request and checking the answer as ours does."""

from __future__ import annotations

from typing import Any, ClassVar

from locust import FastHttpUser, events, task

from loadtests._exchange import WrongAnswerError
from tests.benchmarks.generator import meter, recorded


class FastUser(FastHttpUser):
    """Asks again as soon as it has its answer, as Locust's documentation shows it."""

    body: ClassVar[Any] = recorded.EXCHANGE.body
    """Bytes, which Locust takes as they are and whose annotations only know texts."""

    @task
    def ask(self) -> None:
        """One request."""
        with self.client.post(recorded.ROUTE, data=self.body, headers=recorded.HEADERS, catch_response=True) as answer:
            try:
                recorded.EXCHANGE.check(answer.content)
            except WrongAnswerError as wrong:
                answer.failure(str(wrong))


meter.attach(events)
