"""Batches: files of rows, sent and watched until each row has its result."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import ClassVar

from loadtests import _batches
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser


class BatchesUser(AnalysisUser):
    """Sends files to ``POST /v1/batches``; a latency runs until the last result is there."""

    route = "/v1/batches"
    headers: ClassVar = {"Content-Type": f"multipart/form-data; boundary={_batches.BOUNDARY}"}

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Uploads as the plan's ``[payloads.batches]`` table has them."""
        return _batches.exchanges(payloads.of(self.workload, _batches.Payloads), random)
