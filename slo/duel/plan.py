"""How long a duel fights: launches, windows, blocks, and when it looks at what it has."""

from __future__ import annotations

import msgspec


class Rhythm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The times of a duel, all in seconds and set before it begins.

    A launch starts both services anew; it then has a warm-up, the mixed windows, ABBA rounds of blocks in the open
    model, and ABBA rounds in the closed one.
    """

    name: str
    looks: tuple[int, ...]
    """Launches done when the data are looked at; the duel ends at the first look that decides everything."""
    warm_up: int
    windows: int
    window: int
    """Length of one."""
    block_rounds: int
    block: int
    closed_rounds: int
    closed: int
    """Length of a block in the closed model."""
    users: int = 16
    """Of the closed model: enough to keep one core busy."""
    requests: int = 300
    """That are replayed to count what they cost."""

    @property
    def mixed(self) -> int:
        """All windows of a launch."""
        return self.windows * self.window

    @property
    def unmeasured(self) -> frozenset[str]:
        """Metrics that such a duel does not tell."""
        return frozenset() if self.closed_rounds else frozenset({"throughput"})

    @property
    def launch_seconds(self) -> float:
        """About how long one launch takes, with starting and ending."""
        blocks = 4 * (self.block_rounds * self.block + self.closed_rounds * self.closed)
        around = _AROUND_SECONDS + (_CLOSED_SECONDS if self.closed_rounds else 0.0)
        return around + self.warm_up + self.mixed + blocks


_AROUND_SECONDS = 9.0
"""Starting two services and the load generator, and ending them."""
_CLOSED_SECONDS = 5.0
"""The same of the closed model's generator, and its warm-up."""

QUICK = Rhythm(
    name="quick", looks=(4,), warm_up=2, windows=8, window=1, block_rounds=1, block=2, closed_rounds=0, closed=0
)
"""Without the closed model: what one core can do at most is, upside down, the CPU time of a request."""
FULL = Rhythm(
    name="full", looks=(4, 6), warm_up=3, windows=12, window=2, block_rounds=2, block=2, closed_rounds=2, closed=2
)
RHYTHMS = {rhythm.name: rhythm for rhythm in (QUICK, FULL)}
