"""Customers' comments, asked for their sentiment: single ones mostly, now and then a batch."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from loadtests import _comments
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser


class CommentsUser(AnalysisUser):
    """Sends comments of a Paraguayan fibre provider's customers to ``POST /v1/comments``."""

    route = "/v1/comments"

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Requests as the plan's ``[payloads.comments]`` table has them."""
        return _comments.exchanges(payloads.of(self.workload, _comments.Payloads), random)
