"""One run as one generator process drives it: whose arrivals are due when, and what came of them.

The schedule is drawn from (seed, workload, user) alone, and users are numbered over all processes, so that
equal seeds send equal requests at equal moments, however many processes share the work.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from gevent.event import Event

from loadtests._exchange import Exchange
from loadtests._planning._arrivals import Profile, arrivals, constant, poisson
from loadtests._planning._plan import Payloads
from loadtests._planning._population import NEVER
from loadtests._running._messages import Begin, Go, Share
from loadtests._running._tally import Arrival, Tally
from loadtests._running._turns import Alone, Pairs, Turns
from loadtests._running._twins import twinned

FREE_STAGE = "free"
"""The one stage of a run without a plan."""

_FREE_IN_FLIGHT = 256
FREE_TIMEOUT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Course:
    """Schedules for the users of this process, and the tally of their requests."""

    def __init__(self, begin: Begin, *, clock: Callable[[], float]) -> None:
        self.plan = begin.plan
        self.seed = begin.seed
        self.user_rate = begin.user_rate
        self.api_key = begin.api_key
        self.base = begin.base
        self.tally = Tally(begin.generator)
        self.started = Event()
        self.halted = False
        self.payloads = self.plan.payloads if self.plan else Payloads()
        self.in_flight = self.plan.in_flight if self.plan else _FREE_IN_FLIGHT
        self.timeout = self.plan.timeout_seconds if self.plan else FREE_TIMEOUT_SECONDS
        self._clock = clock
        self._origin: float | None = None
        self._sides = {stage.name: stage.side for stage in self.plan.stages} if self.plan else {}
        self._profile = Profile(self.plan.facts().stages) if self.plan else None
        self._shares: dict[str, Share] = {}
        self._serials: Counter[str] = Counter()
        self._driving = 0
        self._faults: set[str] = set()

    @property
    def now(self) -> float:
        """Seconds since the run's start, negative before it."""
        return -1.0 if self._origin is None else self._clock() - self._origin

    @property
    def seconds(self) -> float:
        """The planned length; a free run has no end of its own."""
        return self.plan.seconds if self.plan else float("inf")

    @property
    def over(self) -> bool:
        """Whether nothing will happen any more: halted or at the plan's end, with nothing under way."""
        if not self.started.is_set():
            return self.halted
        through = self.halted or (self.now >= self.seconds and not self._driving)
        return through and not self.tally.under_way

    def start(self, go: Go) -> None:
        """Set second 0 and let the users go."""
        self._origin = go.start
        self._shares = go.shares
        self.started.set()

    def halt(self) -> None:
        """No more arrivals; what is under way may end."""
        self.halted = True
        self.started.set()

    def enlist(self, workload: str) -> int:
        """Count a user in, before the start; its number among this process's users of ``workload``."""
        self._driving += 1
        self._serials[workload] += 1
        return self._serials[workload] - 1

    def dismiss(self, user: object) -> None:
        """Count a user out."""
        self._driving -= 1
        self.tally.retire(user)

    def complain(self, fault: str) -> None:
        """Log a fault of the load test itself, each once; how often it happened is in the tally."""
        if fault not in self._faults:
            self._faults.add(fault)
            logger.error("the load test is at fault, not the target: %s", fault)

    def random(self, workload: str, serial: int, purpose: str) -> Random:
        """The random source of one user for one purpose."""
        if self.plan is None:
            user = f"{self.tally.generator}/{serial}"
        else:
            share = self._shares.get(workload)
            user = str(serial if share is None else share.first + serial)
        return Random(f"{self.seed}/{workload}/{user}/{purpose}")

    def turns(self, workload: str, serial: int, exchanges: Iterator[Exchange]) -> Turns:
        """A user's turns at sending ``exchanges``; in a duel, whom each is for is drawn too."""
        if not self.base:
            return Alone(exchanges)
        return Pairs(exchanges, self.random(workload, serial, "sides"), self._sides)

    def schedule(self, workload: str, serial: int) -> Iterator[Arrival]:
        """A user's arrivals in an open model, in order; none for one that the plan has no use for.

        One that nobody came to ask for until its request would have timed out is dropped: a generator that cannot
        keep up says so and comes to an end, instead of sending yesterday's requests.
        """
        return filter(self._in_time, self._arrivals(workload, serial))

    def _in_time(self, arrival: Arrival) -> bool:
        if self.now - arrival.moment <= self.timeout:
            return True
        self.tally.drop(arrival)
        return False

    def _arrivals(self, workload: str, serial: int) -> Iterator[Arrival]:
        source = self.random(workload, serial, "arrivals")
        if self._profile is None or self.plan is None:
            entered = max(self.now, 0.0)
            return (Arrival(entered + point, FREE_STAGE) for point in poisson(source, self.user_rate))
        share = self._shares.get(workload)
        part = self.plan.shares.get(workload, 0.0)
        if share is None or serial >= share.count or part == 0.0:
            return iter(())
        if self.plan.arrivals == "constant":
            points = constant(share.first + serial, share.of, part)
        else:
            points = poisson(source, part / share.of)
        profile = self._profile
        moments = arrivals(profile, points)
        if self.base:
            moments = twinned(moments, profile.stages)
        return (Arrival(moment, profile.stage_at(moment).name) for moment in moments)

    def pauses(self, workload: str, serial: int) -> Iterator[float]:
        """The pauses of a closed user, in seconds, each to be taken when it is asked for.

        One is as long as the user thinks, and until the plan has a user of its number; there is none when that will
        not come again, nor for a user that the plan has no use for.
        """
        share = self._shares.get(workload)
        if self.plan is None or share is None or serial >= share.count:
            return
        number, population = share.first + serial, self.plan.population(workload)
        source, mean = self.random(workload, serial, "arrivals"), self.plan.think_seconds
        while True:
            now = max(self.now, 0.0)
            turn = population.turn(number, now + (source.expovariate(1.0 / mean) if mean else 0.0))
            if turn == NEVER:
                return
            yield turn - now

    def arrival_now(self) -> Arrival | None:
        """The arrival of a closed user, which is due whenever it comes; None from the plan's end on."""
        moment = max(self.now, 0.0)
        if self._profile is None or moment >= self.seconds:
            return None
        return Arrival(moment, self._profile.stage_at(moment).name)


def course_of(begin: Begin) -> Course:
    """A course on this process's monotonic clock."""
    return Course(begin, clock=time.perf_counter)
