"""Which rate to try next, and what the tries say about the highest rate that is carried.

What a service carries is not one number: neighbours, garbage collections and caches move it from minute to minute. So a
step at rate r is taken for a trial that is carried when r lies below the capacity of that moment, whose logarithm is
normally distributed around the capacity C that is looked for:

    P(carried | r) = λ + (1 − 2λ) · Φ((ln C − ln r) / σ)

That is the psychometric function of those who measure thresholds of perception, and their way to look for one is used
as well: climb by a factor until the rate is too high, then try each time the median of what C may be by now, which
halves the bracket while there is one and weighs contradicting steps afterwards. λ is the share of steps that fail or
succeed by accident.

Sources: A. B. Watson and D. G. Pelli, QUEST: a Bayesian adaptive psychometric method, Perception & Psychophysics 33
(1983); F. A. Wichmann and N. J. Hill, The psychometric function, ibid. 63 (2001), for λ; M. Kuss, F. Jäkel and
F. A. Wichmann, Bayesian inference for psychometric functions, Journal of Vision 5 (2005).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from slo.stats import Estimate

LAPSES = 0.02
"""λ, the share of steps that an accident decides."""
SPREAD_MEDIAN = 0.04
SPREAD_FACTOR = 2.5
"""What is known of σ beforehand: log-normal, two thirds of it within this factor of the median."""
_SPREADS = np.geomspace(0.004, 0.3, 13)
_POINTS = 800
_MARGIN = 2.0
"""How far below the lowest and above the highest rate tried the capacity is looked for, as a factor."""


class Trial(NamedTuple):
    """One step: ``carried`` is 1 or 0; ``weight`` is 1 for a decided step and less for one that only leans."""

    rate: float
    carried: bool
    weight: float = 1.0


class Belief:
    """What ``trials`` say about the capacity: a distribution over ln C, σ summed out."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        rates = [trial.rate for trial in trials]
        self._log_rates = np.linspace(math.log(min(rates) / _MARGIN), math.log(max(rates) * _MARGIN), _POINTS)
        deviation = np.log(_SPREADS / SPREAD_MEDIAN) / math.log(SPREAD_FACTOR)
        logarithm = np.tile(-0.5 * deviation**2, (_POINTS, 1))
        for trial in trials:
            logarithm += trial.weight * np.log(_likelihood(self._log_rates, trial))
        weights = np.exp(logarithm - logarithm.max()).sum(axis=1)
        self._cumulated: NDArray[np.float64] = np.cumsum(weights) / weights.sum()

    def quantile(self, fraction: float) -> float:
        """The rate that C does not exceed with probability ``fraction``."""
        return float(np.exp(np.interp(fraction, self._cumulated, self._log_rates)))

    def estimate(self, confidence: float) -> Estimate:
        """The median and the central interval."""
        tail = (1 - confidence) / 2
        return Estimate(self.quantile(0.5), self.quantile(tail), self.quantile(1 - tail))


def _likelihood(log_rates: NDArray[np.float64], trial: Trial) -> NDArray[np.float64]:
    distance = (log_rates[:, None] - math.log(trial.rate)) / _SPREADS[None, :]
    within = ndtr(distance if trial.carried else -distance)
    return np.asarray(LAPSES + (1 - 2 * LAPSES) * within, dtype=np.float64)


class Range(NamedTuple):
    """Where to search: from ``low`` upwards by ``factor``, never beyond ``high``, in at most ``steps`` steps."""

    low: float
    high: float
    steps: int
    factor: float = 2.0
    resolution: float = 0.04
    """The search ends when the interval of the capacity is no wider than this share of it."""


class Search:
    """Proposes rates and takes in what became of them."""

    def __init__(self, limits: Range, confidence: float = 0.95) -> None:
        self.limits = limits
        self.confidence = confidence
        self.trials: list[Trial] = []
        self.tried = 0
        self.ceiling = math.inf
        """The lowest rate that the generator could not send."""
        self._highest = 0.0
        self._behind = False
        self._breaks = 0
        self._confirmed = False
        self._doubted: float | None = None

    @property
    def bracketed(self) -> bool:
        """Whether some step was too high."""
        return any(not trial.carried for trial in self.trials)

    @property
    def climbing(self) -> bool:
        """Whether the next step only has to tell whether it is far too high; the later ones must decide."""
        return not self._confirmed and not self._climbed()

    @property
    def carried(self) -> float:
        """The highest rate that was carried; 0 where none was."""
        return max((trial.rate for trial in self.trials if trial.carried and trial.weight == 1), default=0.0)

    @property
    def broken(self) -> float:
        """The lowest rate that was not carried; infinity where none was."""
        return min((trial.rate for trial in self.trials if not trial.carried and trial.weight == 1), default=math.inf)

    def take(self, trial: Trial, *, behind: bool = False) -> None:
        """A step became what ``trial`` says; ``behind``: its answers no longer followed its arrivals."""
        self.tried += 1
        self._doubted = None
        if trial.weight:
            self.trials.append(trial)
        if trial.carried:
            self._highest = max(self._highest, trial.rate)
        else:
            self._breaks += 1
            self._behind = self._behind or behind

    def give_up(self, rate: float) -> None:
        """The generator could not send ``rate``. It has a second try: a busy moment of its machine looks the same."""
        self.tried += 1
        if self._doubted == rate:
            self.ceiling = min(self.ceiling, rate)
        self._doubted = None if self._doubted == rate else rate

    def spoil(self) -> None:
        """A step was disturbed by something else; it has cost a try."""
        self.tried += 1

    def estimate(self) -> Estimate | None:
        """The capacity, once a step was too high; it is never told beyond what was tried."""
        if not self.bracketed:
            return None
        highest = max(trial.rate for trial in self.trials)
        return Estimate(*(min(rate, highest) for rate in Belief(self.trials).estimate(self.confidence)))

    def next_rate(self) -> float | None:
        """What to try next; None when there is nothing left to learn or to spend."""
        if self.tried >= self.limits.steps:
            return None
        if self._doubted is not None:
            return self._doubted
        if not self._climbed():
            return self._climb()
        if not any(trial.carried for trial in self.trials):
            return self._descend()
        return self._fill() if self.limits.steps - self.tried <= len(_FILLING) else self._refine()

    def _climbed(self) -> bool:
        """One broken step may still be latency alone; the curve wants a point where answers stop following."""
        return self._behind or self._breaks >= 2

    def _climb(self) -> float | None:
        if not self.tried:
            return self.limits.low
        highest = max([self._highest, *(trial.rate for trial in self.trials)], default=0.0) or self.limits.low
        wanted = min(highest * self.limits.factor, self.limits.high)
        if self.ceiling <= wanted:
            wanted = math.sqrt(highest * self.ceiling)
            if wanted < highest * _WORTHWHILE:
                return self._refine() if self.bracketed else self._confirm()
        if wanted <= highest:
            return self._refine() if self.bracketed else self._confirm()
        return wanted

    def _confirm(self) -> float | None:
        """The climb ended without a step that was too high: the highest one must have decided something."""
        if self.carried or self._confirmed or not self._highest:
            return None
        self._confirmed = True
        return self._highest

    def _descend(self) -> float | None:
        """Not even the first step was carried: look below, four times at most."""
        lowest = min(trial.rate for trial in self.trials)
        below = lowest / self.limits.factor
        return below if below >= self.limits.low / self.limits.factor**4 else None

    def _refine(self) -> float | None:
        found = Belief(self.trials).estimate(self.confidence)
        if found.high / found.low <= 1 + self.limits.resolution:
            return self._fill()
        return min(found.value, self.limits.high)

    def _fill(self) -> float | None:
        """The curve needs points where latency begins to rise; the widest gap first."""
        middle = Belief(self.trials).quantile(0.5)
        tried = [math.log(trial.rate / middle) for trial in self.trials]
        gaps = {part: min(abs(math.log(part) - rate) for rate in tried) for part in _FILLING}
        part = max(gaps, key=lambda each: gaps[each])
        return middle * part if gaps[part] > _NEAR else None


_WORTHWHILE = 1.1
_FILLING = (0.55, 0.7, 0.85)
"""Parts of the capacity at which there should be a step."""
_NEAR = 0.07
