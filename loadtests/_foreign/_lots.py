"""Who gets a request: lots in pairs, so that both sides get as many of each kind; pure."""

from __future__ import annotations

from random import Random
from typing import Literal

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")


class Lots:
    """Of two that come one after another under the same name, each side gets one, in an order drawn by lot."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._second: dict[str, Side] = {}
        """What the second of a begun pair gets."""

    def draw(self, name: str) -> Side:
        """The side of the next one that is called ``name``."""
        if name in self._second:
            return self._second.pop(name)
        first, second = SIDES if self._random.random() < 0.5 else SIDES[::-1]
        self._second[name] = second
        return first

    def forget(self) -> None:
        """Pairs that are begun and not ended count no longer, as another stage begins."""
        self._second.clear()
