"""Whether the service lives, is ready, and how it and the servers behind it are (draft-inadarei-api-health-check)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from enum import StrEnum, auto

import msgspec

from service.core.errors import DependencyError
from service.core.memory_watch import MEANING, MemoryWatch, Shortage
from service.core.ports import Probe

MEDIA_TYPE = b"application/health+json"


class Status(StrEnum):
    """From well to ill."""

    PASS = auto()
    WARN = auto()
    FAIL = auto()


class Check(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """How one thing is."""

    status: Status
    component_type: str
    observed_value: float | None = None
    observed_unit: str = ""
    output: str = ""
    """What is wrong."""


class Health(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How the service is."""

    status: Status
    version: str
    environment: str
    workers: int
    uptime_seconds: float
    output: str = ""
    checks: dict[str, list[Check]] = {}


class Doctor:
    """Examines the service. Failing ``required`` probes make it unready, failing ``helpful`` ones only slower."""

    def __init__(
        self,
        *,
        required: Sequence[Probe],
        helpful: Sequence[Probe],
        is_draining: Callable[[], bool],
        patience: float,
        version: str,
        environment: str,
        workers: int,
        started_at: float,
        memory: MemoryWatch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._probes = [(probe, Status.FAIL) for probe in required] + [(probe, Status.WARN) for probe in helpful]
        self._is_draining = is_draining
        self._patience = patience
        self._version = version
        self._environment = environment
        self._workers = workers
        self._started_at = started_at
        self._memory = memory
        self._clock = clock

    async def examine(self) -> Health:
        """All probes at once, none longer than ``patience`` seconds."""
        answers = await asyncio.gather(*(self._check(probe, worst) for probe, worst in self._probes))
        checks = {f"{probe.name}:connectivity": check for (probe, _), check in zip(self._probes, answers, strict=True)}
        if self._memory is not None:
            checks["memory:utilization"] = _memory_check(self._memory)
        statuses = {check.status for check in checks.values()}
        draining = self._is_draining()
        if draining or Status.FAIL in statuses:
            status = Status.FAIL
        else:
            status = Status.WARN if Status.WARN in statuses else Status.PASS
        return Health(
            status=status,
            version=self._version,
            environment=self._environment,
            workers=self._workers,
            uptime_seconds=round(self._clock() - self._started_at, 3),
            output="the service is about to stop" if draining else "",
            checks={name: [check] for name, check in checks.items()},
        )

    async def _check(self, probe: Probe, worst: Status) -> Check:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._patience):
                await probe.check()
        except (DependencyError, TimeoutError) as error:
            output = error.reason if isinstance(error, DependencyError) else f"no answer within {self._patience:g} s"
            return Check(status=worst, component_type="datastore", output=output)
        milliseconds = round((time.perf_counter() - started) * 1000, 3)
        return Check(status=Status.PASS, component_type="datastore", observed_value=milliseconds, observed_unit="ms")


def _memory_check(memory: MemoryWatch) -> Check:
    """Of this worker's memory: a worker that refuses all new work is not ready for any."""
    status = {Shortage.NONE: Status.PASS, Shortage.ALL: Status.FAIL}.get(memory.shortage, Status.WARN)
    return Check(
        status=status,
        component_type="system",
        observed_value=round(memory.reading.share * 100, 1) if memory.reading else None,
        observed_unit="percent",
        output="" if status is Status.PASS else MEANING[memory.shortage],
    )
