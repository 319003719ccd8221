"""What all processes know together of the origins that they ask, in Redis or Valkey. What is lost is learned anew."""

from __future__ import annotations

from importlib import resources

from redis.asyncio import Redis

from service.adapters.fetching.pace import ANSWERS, LEAST, Report, Standing
from service.adapters.redis import answering

SILENCE_SECONDS = 2.0
"""A process that did not tell of an origin for so long does not ask it any more."""
_SCRIPT = (resources.files("service.adapters") / "lua" / "origin_rate.lua").read_text(encoding="utf-8")


class RedisRates:
    """Obeys `service.adapters.fetching.sharing.SharedRates` for the process ``name``; in one round trip each."""

    def __init__(self, client: Redis, prefix: str, name: str) -> None:
        self._tell = client.register_script(_SCRIPT)
        self._prefix = f"{prefix}:origin"
        self._name = name

    async def tell(self, origin: str, report: Report, first: float, most: float) -> Standing:
        """What all have told of ``origin``, ``report`` included; DependencyError when nobody answers."""
        keys = [f"{self._prefix}:{{{origin}}}:{part}" for part in ("rate", "processes")]
        said = (report.answers, report.good, int(report.is_held), report.pause)
        with answering():
            rate, share, processes, pause = await self._tell(
                keys=keys, args=[self._name, *said, first, LEAST, most, ANSWERS, SILENCE_SECONDS]
            )
        return Standing(float(rate), float(share), int(processes), float(pause))
