"""Photos and scans of recipes, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from loadtests import _recipes
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._user import AnalysisUser


class RecipesUser(AnalysisUser):
    """Sends recipe cards to ``POST /v1/recipes``."""

    route = "/v1/recipes"

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Requests as the plan's ``[payloads.recipes]`` table has them."""
        return _recipes.exchanges(payloads.of(self.workload, _recipes.Payloads), random)
