"""How much to claim, what of it is next, and what was too much."""

from __future__ import annotations

from typing import Final

from service.campaigns.bench import Bench, Benches
from service.campaigns.hand import Hand, Held
from service.campaigns.terms import CampaignTerms

SOON_SECONDS: Final = 0.3
"""What is begun within so long is noted as begun together, so that small chunks do not wait for the store each."""


class Appetite:
    """Measures what is in ``hand`` by the seconds that it takes on its bench."""

    def __init__(self, hand: Hand, benches: Benches, terms: CampaignTerms) -> None:
        self._hand = hand
        self._benches = benches
        self._terms = terms

    def is_there(self) -> bool:
        """Whether to claim more: half of a claim is done in no time."""
        waiting = sum(self._seconds(held) for held in self._hand)
        return waiting < self._terms.claim / 2

    def rows(self, bench: Bench | None) -> int:
        """How many to claim, where the next are taken to be for ``bench``; one as long as nobody knows."""
        rate = None if bench is None else bench.pace.rows_per_second
        return max(1, int((rate or 0.0) * self._terms.claim))

    def soon(self, held: Held) -> list[Held]:
        """``held``, which is next, and those that will be begun soon after it."""
        soon, seconds = [held], self._seconds(held)
        for other in self._hand:
            if seconds > SOON_SECONDS:
                break
            if other is not held and other.noting is None and other.is_untouched and not other.chunk.is_suspicious:
                soon.append(other)
                seconds += self._seconds(other)
        return soon

    def surplus(self) -> list[Held]:
        """What would be begun so late that others should have it."""
        surplus, seconds = [], 0.0
        for held in self._hand:
            if seconds > self._terms.surplus and held.is_untouched:
                surplus.append(held)
            else:
                seconds += self._seconds(held)
        return surplus

    def _seconds(self, held: Held) -> float:
        return self._benches.of(held.chunk.workload).seconds(held.waiting)
