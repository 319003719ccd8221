"""Pictures, to be analysed: as they are, or by where they are."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from loadtests import _images
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser


class ImagesUser(AnalysisUser):
    """Sends pictures to ``POST /v1/images``."""

    route = "/v1/images"

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Requests as the plan's ``[payloads.images]`` table has them."""
        return _images.exchanges(payloads.of(self.workload, _images.Payloads), random)
