"""A locustfile: the user of these load tests, sending the recorded request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from random import Random

from locust import events

from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser
from tests.benchmarks.generator import meter, recorded


class OurUser(AnalysisUser):
    """As the comments scenario, with a payload that costs nothing to draw."""

    workload = "comments"
    route = recorded.ROUTE

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """The same request again and again."""
        return repeat(recorded.EXCHANGE)


meter.attach(events)
