"""Duels as they are drawn, of which the truth is known: launches that differ, and windows within them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LAUNCH_SD = 0.008
WILD_SHARE = 0.05
WILD_TIMES = 5.0


class Design(NamedTuple):
    """How many launches and windows, and how far windows spread; ``wild`` makes one in twenty five times as far."""

    launches: int
    windows: int
    window_sd: float
    wild: bool = False

    def drawn(self, random: np.random.Generator, change: float = 0.0) -> list[NDArray[np.float64]]:
        """One duel whose true location is ``change``."""
        size = (self.launches, self.windows)
        spread = np.full(size, self.window_sd)
        if self.wild:
            spread *= np.where(random.random(size) < WILD_SHARE, WILD_TIMES, 1.0)
        return list(change + random.normal(0, LAUNCH_SD, (self.launches, 1)) + random.normal(size=size) * spread)


DESIGNS = tuple(
    Design(launches, windows, window_sd, wild)
    for launches in (4, 5, 8)
    for windows, window_sd, wild in ((6, 0.01, False), (6, 0.03, False), (20, 0.02, False), (20, 0.02, True))
)
