"""Refuses early what there is no room for, says when to come back, and finds out by itself how much room there is.

How many requests a process can answer at once depends on what they ask for, so nobody can set it well. It is found
by a gradient of latencies, as in Netflix's concurrency-limits (``Gradient2Limit``: now against a long average) and in
Envoy's adaptive concurrency filter (now against the latency without load), once a window:

    strain = greatest over the lanes of
             first quartile of their requests' waits in the window, each over what is usual · tolerance

    room ← room · max(1/2, 1 / strain)                 when strain > 1
    room ← room + √room / 2 · (1 - strain / calm)      when strain < calm, and the room was felt or is below its rest

The *wait* is the part of a request's latency that it spent waiting for its turn, which the lanes know; *usual* is a
low average of the rest, kept for each lane and magnitude. So other questions are not taken for more load, overload
does not shift what it is measured by, and there need be no pauses to measure it in. The *quartile*, not the mean,
because some wait for others at any load: only a queue that hardly ever empties is one too many (Nichols and Jacobson,
"Controlling Queue Delay", ACM Queue 10(5), 2012).

Each priority has a room of its own: so many requests in flight, of whatever priority, that one of its own is still
admitted. The room of bulk requests is a share of the other at most, shrinks whoever has to wait, and is the first to:
as long as bulk requests come and their room can shrink, the other stays as it is. So a flood of bulk finds a narrow
door and leaves the rest to those who wait for their answer.

A room may have part of a place: the last one in 1.5 places is given to every second request that asks for it. When
many ask, the part decides how long the place stays empty, hence how long whoever gets it waits for the one before: a
server that does one thing at a time loses a lot with one place and doubles every latency with two.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from service.core.call import Priority
from service.core.errors import OverloadError
from service.core.metrics import LimitMeters

TOLERANCE: Final = (0.2, 4.0)
"""An interactive request, and a bulk one, may wait for so many times what it usually takes."""
TOLERANCE_BESIDE_BULK: Final = 0.75
"""An interactive one while bulk ones come: what has begun is not interrupted, so it may find one being answered."""
SHORTEST: Final = 0.02
"""What usually takes less than so many seconds is taken to take that: shorter waits are noise of the machine."""
CALM: Final = 0.8
"""Strain below which there is room for more."""
SMALLEST: Final = (1.5, 1.0)
"""The rooms of interactive and of bulk requests, at least."""
RESTING: Final = (64.0, 16.0)
"""Up to here they grow without being felt, so that a crowd that comes out of a quiet time finds them open."""
BULK_SHARE: Final = 0.25
"""Of the room of interactive requests that of bulk ones is such a part, at most."""
WINDOW_SECONDS: Final = 0.1
WINDOW_REQUESTS: Final = 32
"""A window is at least so long and has at least so many requests, or is `LONGEST_WINDOW` long."""
LONGEST_WINDOW: Final = 2.0
HEARD: Final = 8
"""The requests of a lane are heard when a window has so many of them, or they are a quarter of it."""
LONGEST_RETRY: Final = 60.0
"""Nobody is told to come back later than in so many seconds."""
_MAGNITUDES: Final = 16
"""Numbers of items are told apart by their powers of two."""
_DOWN, _UP = 0.02, 0.001
"""How much one request that was faster, or slower, than usual counts in what is usual: a low average."""


class Traffic:
    """What the requests of one lane had to wait in a window; belongs to a `ConcurrencyLimit`."""

    __slots__ = ("_usual", "_waits")

    def __init__(self) -> None:
        self._usual = [0.0] * _MAGNITUDES
        """Seconds that requests take without waiting, by their magnitude; 0 where none was seen."""
        self._waits: tuple[list[float], ...] = tuple([] for _ in Priority)

    def note(self, priority: Priority, items: int, seconds: float, waited: float) -> None:
        """A request that had so many ``items`` analysed took ``seconds`` after it had ``waited`` for its turn."""
        magnitude = min(items.bit_length(), _MAGNITUDES - 1)
        usual = self._usual[magnitude] or seconds
        usual += (_DOWN if seconds < usual else _UP) * (seconds - usual)
        self._usual[magnitude] = usual
        self._waits[priority].append(waited / max(usual, SHORTEST))

    def wait(self, priority: Priority, requests: int) -> float:
        """The first quartile of the waits of those of ``priority`` in the window, which had so many ``requests``, in
        parts of what they usually take; begins the next window."""
        waits = self._waits[priority]
        heard = len(waits) >= max(1.0, min(HEARD, requests / 4))
        wait = sorted(waits)[len(waits) // 4] if heard else 0.0
        waits.clear()
        return wait


class ConcurrencyLimit:
    """Bounds the requests that are being answered, ``largest`` at most; not thread-safe, for one event loop.

    ``clock`` gives seconds that only rise.
    """

    def __init__(
        self, largest: int, meters: LimitMeters | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._largest = (float(largest), max(1.0, largest * BULK_SHARE))
        self._meters = meters or LimitMeters.unseen()
        self._clock = clock
        self._traffics: list[Traffic] = []
        self._rooms = self._resting()
        self._retry_after = 1.0
        self.in_flight = 0
        self._peak = self._noted = self._left = 0
        self._refused = [0] * len(Priority)
        self._saved = [0.0] * len(Priority)
        self._own = [0] * len(Priority)
        self._begin_window()

    def room(self, priority: Priority) -> int:
        """So many requests may be in flight, in whole places, that one more of ``priority`` is refused."""
        return int(self._rooms[priority])

    def enter(self, priority: Priority) -> None:
        """Take a place, to be given back with `leave`; OverloadError when there is none."""
        in_flight = self.in_flight
        if not in_flight and self._narrow:
            self._recover()
        space = self._open[priority] - in_flight
        if space < 1.0 and not self._squeezes(priority, space):
            self._refused[priority] += 1
            reason = f"{in_flight} requests are being answered, which leaves no room for {priority.name.lower()} ones"
            raise OverloadError(reason, self._retry_after)
        self.in_flight = in_flight + 1
        self._own[priority] += 1
        if in_flight >= self._peak:
            self._peak = in_flight + 1
        self._meters.in_flight[priority].move(1.0)

    def leave(self, priority: Priority) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._own[priority] -= 1
        self._left += 1
        self._meters.in_flight[priority].move(-1.0)

    def _recover(self) -> None:
        """Open again what was closed, when nobody has been there for long to find out whether it still need be."""
        if self._noted < HEARD and self._clock() - self._window_from >= LONGEST_WINDOW:
            self._rooms = self._resting()
            self._begin_window()

    def _resting(self) -> list[float]:
        return [min(rest, largest) for rest, largest in zip(RESTING, self._largest, strict=True)]

    def _squeezes(self, priority: Priority, space: float) -> bool:
        """Whether one more gets in where ``space`` is less than a place: one in so many as it is a part of a place.

        Bulk requests in flight do not count against the smallest room of interactive ones.
        """
        if priority is Priority.INTERACTIVE:
            space = max(space, SMALLEST[priority] - self._own[priority])
        if space <= 0.0:
            return False
        saved = self._saved[priority] + space
        self._saved[priority] = saved % 1.0
        return saved >= 1.0

    def traffic(self) -> Traffic:
        """For the requests of one more lane."""
        traffic = Traffic()
        self._traffics.append(traffic)
        return traffic

    def note(self, traffic: Traffic, priority: Priority, items: int, seconds: float, waited: float) -> None:
        """A request of the lane of ``traffic`` has left; see `Traffic.note`."""
        traffic.note(priority, items, seconds, waited)
        self._noted += 1
        self._bulk_came |= priority is Priority.BULK
        age = self._clock() - self._window_from
        if age >= WINDOW_SECONDS and (self._noted >= WINDOW_REQUESTS or age >= LONGEST_WINDOW):
            self._adapt()
            self._estimate(age)
            self._begin_window()

    def _adapt(self) -> None:
        interactive, bulk = (
            max(traffic.wait(priority, self._noted) for traffic in self._traffics) for priority in Priority
        )
        interactive /= TOLERANCE_BESIDE_BULK if self._bulk_came else TOLERANCE[Priority.INTERACTIVE]
        bulk /= TOLERANCE[Priority.BULK]
        gives_way = self._bulk_came and self._rooms[Priority.BULK] > SMALLEST[Priority.BULK]
        self._move(Priority.BULK, max(interactive, bulk))
        if interactive <= 1.0 or not gives_way:
            self._move(Priority.INTERACTIVE, interactive)
        share = max(SMALLEST[Priority.BULK], self._rooms[Priority.INTERACTIVE] * BULK_SHARE)
        self._rooms[Priority.BULK] = min(self._rooms[Priority.BULK], share)

    def _move(self, priority: Priority, strain: float) -> None:
        room = self._rooms[priority]
        felt = self._refused[priority] > 0 or 2 * self._peak >= room
        if strain > 1.0:
            room *= max(0.5, 1.0 / strain)
        elif strain < CALM and (felt or room < RESTING[priority]):
            room += math.sqrt(room) / 2 * (1 - strain / CALM)
        self._rooms[priority] = min(max(room, SMALLEST[priority]), self._largest[priority])

    def _estimate(self, age: float) -> None:
        """How long those refused in a second would have to wait, if all of them came back at once."""
        drain = (self.in_flight + sum(self._refused) / age) / (max(self._left, 1) / age)
        self._retry_after = min(max(drain, 1.0), LONGEST_RETRY)

    def _begin_window(self) -> None:
        self._window_from = self._clock()
        self._noted = self._left = 0
        self._bulk_came = False
        self._refused = [0] * len(Priority)
        self._peak = self.in_flight
        self._open = tuple(self._rooms)
        self._narrow = any(room < rest for room, rest in zip(self._rooms, self._resting(), strict=True))
        for level, room in zip(self._meters.limit, self._rooms, strict=True):
            level.set(room)
