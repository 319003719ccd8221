"""Which workloads there are to send, found by their files: ``NAME.py`` is the scenario, ``_NAME.py`` its payloads.

What `payloads_of` expects of ``_NAME.py``:

    Payloads      a frozen msgspec Struct: the ``[payloads.NAME]`` table of a plan, with a default for every key;
                  where it has ``fetches`` and that is true, pictures have to be served while the load lasts
    exchanges     (payloads, random) to requests without end; equal ``random`` states give equal requests
    known         payloads to the requests that, sent once, let a cache answer whatever `exchanges` repeats
    hit_ratio     (payloads, requests) to the share of their items that a cache can answer
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Protocol, cast

import msgspec

import loadtests
from loadtests._exchange import Exchange

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class UnknownWorkloadError(Exception):
    """There is no such workload; the message lists those there are."""


class PayloadsModule(Protocol):
    """What a workload's ``_NAME.py`` offers."""

    Payloads: type[msgspec.Struct]

    def exchanges(self, payloads: Any, random: Random) -> Iterator[Exchange]:
        """Requests without end."""

    def known(self, payloads: Any) -> Iterator[Exchange]:
        """What is sent to warm a cache."""

    def hit_ratio(self, payloads: Any, requests: float) -> float:
        """The share of the items of ``requests`` requests that a cache which never forgets can answer."""


def names() -> tuple[str, ...]:
    """The workloads that have both files, in order."""
    folders = [Path(folder) for folder in loadtests.__path__]
    scenarios = {path.stem for folder in folders for path in folder.glob("*.py")}
    return tuple(sorted(name for name in scenarios if _NAME.fullmatch(name) and f"_{name}" in scenarios))


def payloads_of(workload: str) -> PayloadsModule:
    """What ``workload`` sends."""
    if workload not in names():
        raise UnknownWorkloadError(f"there is no workload {workload!r}; there are {', '.join(names())}")
    return cast("PayloadsModule", importlib.import_module(f"loadtests._{workload}"))
