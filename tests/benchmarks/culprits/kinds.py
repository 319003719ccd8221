"""The kinds of slowdown that are planted: what is written into a function to make it so much dearer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from profiles.recording import Unit

WAITED_REQUEST = 0.002
"""Seconds; what is waited for is sized in parts of such a request, as no request waits by itself."""
QUERIED_REQUEST = 20.0
"""Queries; they are sized in parts of so many for the same reason."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that can be written at the beginning of a function, for so much of ``unit`` in each call."""

    name: str
    unit: Unit
    code: Callable[[float], str]
    is_async: bool = False
    """Whether it awaits, and so can stand in coroutines alone."""
    only: Mapping[str, str] = field(default_factory=dict)
    """Functions that it can stand in, with what the code calls ``{this}`` there; empty for all."""


def _turns(amount: float, each: float, loop: float = 0.0) -> int:
    return max(1, round((amount - loop) / each))


_LOGGER = "__import__('logging').getLogger('planted')"
_LOCK = (
    "_lock = __import__('asyncio').Lock(); await _lock.acquire(); "
    "__import__('asyncio').get_running_loop().call_later({seconds!r}, _lock.release); await _lock.acquire()"
)
_FAR = {
    "LanePath.outcomes (service/core/path.py)": "self._cache.far[0]._tier",
    "Pipeline.answer (service/core/pipeline.py)": "next(iter(self._paths.values()))._cache.far[0]._tier",
    "Pipeline._outcomes (service/core/pipeline.py)": "next(iter(self._paths.values()))._cache.far[1]._tier",
}
"""Coroutines that can reach a tier of the cache."""
_PAYLOAD = {
    "Answer.__init__ (service/web/answer.py)": "body += b' '",
    "Answer._form (service/web/answer.py)": "self._head[0] = b'content-type', self._head[0][1] + b' '",
}

KINDS: tuple[Kind, ...] = (
    # A turn of an empty loop is three bytecodes and the loop itself some ten; a turn of a comprehension is five.
    Kind("loop", "bytecodes", lambda amount: f"for _planted in range({_turns(amount, 3, 10)}): pass"),
    Kind("needless copy", "bytecodes", lambda amount: f"[_planted for _planted in range({_turns(amount, 5)})]"),
    Kind("new function", "bytecodes", lambda amount: f"(lambda: [_one for _one in range({_turns(amount, 5)})])()"),
    # A pattern that was compiled before costs some 50 bytecodes to be looked up; what it searches, none.
    Kind(
        "regular expression",
        "bytecodes",
        lambda amount: f"[__import__('re').search('(x+)+y', 'x' * 12) for _ in range({_turns(amount, 60)})]",
    ),
    Kind(
        "log flood",
        "bytecodes",
        lambda amount: f"[{_LOGGER}.info('planted %s', _one) for _one in range({_turns(amount, 120)})]",
    ),
    Kind("buffer", "bytes", lambda amount: f"bytearray({max(600, round(amount))})"),
    Kind("numbers", "bytes", lambda amount: f"list(range(1000, {1000 + _turns(max(amount, 800), 40)}))"),
    Kind("larger payload", "bytes", lambda amount: f"{{this}} * {max(64, round(amount))}", only=_PAYLOAD),
    Kind("sleep", "waited", lambda amount: f"__import__('time').sleep({amount!r})"),
    Kind("pause", "waited", lambda amount: f"await __import__('asyncio').sleep({amount!r})", is_async=True),
    Kind("contended lock", "waited", lambda amount: _LOCK.format(seconds=amount), is_async=True),
    Kind(
        "N+1 queries",
        "queries",
        lambda amount: f"[await {{this}}.get_many([str(_one)]) for _one in range({_turns(amount, 1)})]",
        is_async=True,
        only=_FAR,
    ),
)


@dataclass(frozen=True, slots=True)
class LostCache:
    """What was kept is made anew each time: a text in a file, what takes its place, and who is then to be named."""

    path: str
    before: str
    after: str
    right: tuple[str, ...]
    unit: Unit = "bytecodes"


LOST_CACHES: tuple[LostCache, ...] = (
    LostCache(
        "service/workloads/comments/wording.py",
        "told = self[rank] = self._say(",
        "told = self._say(",
        ("_Vocabulary.__missing__",),
    ),
    LostCache("service/workloads/comments/workload.py", "@cache\ndef _analyst", "def _analyst", ("_analyst",)),
    LostCache(
        "service/web/compression.py",
        "lru_cache(_REMEMBERED_HEADERS)(self._choose)",
        "self._choose",
        ("Compressor.choose", "Compressor._choose"),
    ),
    LostCache(
        "service/workloads/comments/features.py",
        "if powers.shape[1] <= count:",
        "if powers is not None:",
        ("_Powers.upto",),
        "bytes",
    ),
)
