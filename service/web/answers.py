"""Whole answers, kept by the bytes of the requests that they answer: the same question again costs one look-up.

They are made of what the cache of outcomes knows, so whatever is forgotten there is forgotten here, a workload at a
time, and what was made of something that is forgotten meanwhile is not kept. They live as long as outcomes do, counted
from when they were joined: so what they tell may be up to two such lives old.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from service.core.cache import Cache
from service.core.invalidation import Invalidation, matcher_of
from service.core.metrics import Count
from service.core.store import Store
from service.web.answer import Answer


class KeptAnswer:
    """An answer, and what it counts for each time it is given."""

    __slots__ = ("answer", "counts")

    def __init__(self, answer: Answer, counts: tuple[tuple[Count, int], ...]) -> None:
        self.answer = answer
        self.counts = counts


class Answers:
    """Keeps answers in ``capacity`` bytes; those of ``cache``'s outcomes that are forgotten take theirs along."""

    def __init__(self, capacity: int, cache: Cache, clock: Callable[[], float] = time.monotonic) -> None:
        self._store: Store[KeptAnswer] = Store(capacity, clock)
        self._cache = cache
        self.get = self._store.get
        """The answer under a key, if there is one."""
        cache.on_forget(self._forget)

    @property
    def generation(self) -> int:
        """Changes when something is forgotten; `put` wants the one from before the answer was made."""
        return self._cache.generation

    def put(self, key: str, kept: KeptAnswer, ttl: float, generation: int) -> None:
        """Keep an answer for ``ttl`` seconds, unless something was forgotten since ``generation``."""
        if ttl > 0 and generation == self._cache.generation:
            self._store.put(key, kept, kept.answer.size, ttl)

    def resize(self, capacity: int) -> None:
        """Take ``capacity`` bytes at most from now on."""
        self._store.resize(capacity)

    def _forget(self, invalidation: Invalidation) -> None:
        # A pattern or a key names outcomes, and which answers were made of them is not kept.
        names = {key.partition(":")[0] for key in invalidation.keys}
        if invalidation.glob is not None:
            names.add(invalidation.glob.partition(":")[0])
        matches = [matcher_of(name) for name in names]
        self._store.drop_matching(lambda key: any(matches_name(str(key).partition(":")[0]) for matches_name in matches))
