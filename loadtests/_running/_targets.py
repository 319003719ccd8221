"""What a run is aimed at: one service, or in a duel head and base, which are treated alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadtests._planning._plan import Plan
from loadtests._running import _cache, _target
from loadtests._running._turns import Side
from slo.record import TargetFacts


class Targets:
    """The service at ``url`` and, unless it is empty, the one at ``base``; ``key`` is what they are shown."""

    def __init__(self, url: str, base: str, key: str) -> None:
        self._urls: dict[Side, str] = {"head": url, "base": base} if base else {"": url}
        self._key = key

    def facts(self) -> tuple[TargetFacts, TargetFacts | None]:
        """Who answers there: the target and the base; raises `UnreachableTargetError`."""
        found = [_target.facts(url) for url in self._urls.values()]
        return found[0], (found[1] if len(found) > 1 else None)

    def prepare(self, plan: Plan, sleep: Callable[[float], object]) -> None:
        """Empty or fill the caches, as ``plan`` says; raises `CacheRefusedError` or `UnreachableTargetError`."""
        for url in self._urls.values():
            _cache.prepare(plan, url, self._key, sleep=sleep)

    def empty_caches(self, plan: Plan) -> None:
        """Once more, when the warm-up of a plan with a cold cache is over; raises as `prepare`."""
        for url in self._urls.values():
            _cache.empty(plan, url, self._key)

    def samples(self) -> Iterator[tuple[Side, dict[str, float]]]:
        """The counters of each that has some, as they are read."""
        for side, url in self._urls.items():
            if found := _target.samples(url):
                yield side, found
