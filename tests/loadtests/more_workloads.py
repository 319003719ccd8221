"""Workloads that bring their own files, as a newcomer's would, in a folder beside the shipped ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import loadtests

PAYLOADS = """
from __future__ import annotations

import msgspec

from loadtests._exchange import Exchange


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    minutes: float = 90.0


def exchanges(payloads, random):
    while True:
        yield Exchange(body=b"%d" % random.randrange(10), items=1, check=len)


def known(payloads):
    yield Exchange(body=b"1", items=1, check=len)


def hit_ratio(payloads, requests):
    return 0.5
"""


def add_workloads(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Have ``names`` be workloads until the test ends."""
    monkeypatch.setattr(loadtests, "__path__", [*loadtests.__path__, str(folder)])
    for name in names:
        (folder / f"{name}.py").touch()
        (folder / f"_{name}.py").write_text(PAYLOADS)
        monkeypatch.delitem(sys.modules, f"loadtests._{name}", raising=False)
    importlib.invalidate_caches()
