"""Visitors who come back to what they began: what they put into the basket must still be there."""

from __future__ import annotations

from locust import HttpUser, constant, task


class Customer(HttpUser):
    """Fills a basket that only the server which gave the cookie knows of."""

    wait_time = constant(0.02)

    def on_start(self) -> None:
        self.client.post("/basket", json={"good": 1}, name="enter")

    @task
    def buy(self) -> None:
        before = self.client.get("/basket", name="look").json()
        after = self.client.post("/basket", json={"good": 7}, name="take").json()
        with self.client.get("/basket", name="check", catch_response=True) as answer:
            if answer.json() != [*before, 7] or answer.json() != after:
                answer.failure("this is another basket")
