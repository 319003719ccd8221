"""Catalogues, to be searched by text and by picture while products are put in."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from loadtests import _products
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser


class ProductsUser(AnalysisUser):
    """Puts products in at ``POST /v1/products`` and looks for them at ``POST /v1/products/search``."""

    route = "/v1/products"

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Requests as the plan's ``[payloads.products]`` table has them."""
        return _products.exchanges(payloads.of(self.workload, _products.Payloads), random)
