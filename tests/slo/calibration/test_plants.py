"""Slowdowns that are planted: they burn what they say, and only where there is a place for them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from slo.calibration.model import Planted
from slo.calibration.plants import MODULE, PlantError, dose, plant
from slo.calibration.pool import NoGatesError
from slo.duel.model import Series
from tests.slo.calibration.simulated import samples

ROOT = Path(__file__).resolve().parents[3]
BURNT, OTHERS = 0.004, 0.001


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with the planted module of the service."""
    (tmp_path / MODULE).parent.mkdir(parents=True)
    shutil.copy(ROOT / MODULE, tmp_path / MODULE)
    return tmp_path


def loaded(path: Path) -> ModuleType:
    """The module in ``path``."""
    spec = spec_from_file_location("planted_endpoint", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def burnt(endpoint: Any, requests: int = 20) -> float:
    """CPU seconds for each of so many requests, which are no POST and end at once."""

    async def answer() -> float:
        before = time.thread_time()
        for _ in range(requests):
            await endpoint.answer("OPTIONS", None, None)
        return (time.thread_time() - before) / requests

    return asyncio.run(answer())


def test_a_request_burns_what_was_planted(tree: Path) -> None:
    endpoint = loaded(tree / MODULE).Endpoint.__new__(loaded(tree / MODULE).Endpoint)
    plain = burnt(endpoint)
    plant(tree, {"comments": BURNT, "": OTHERS})
    planted = loaded(tree / MODULE).Endpoint
    for workload, seconds in (("comments", BURNT), ("recipes", OTHERS)):
        endpoint = planted.__new__(planted)
        endpoint.workload = SimpleNamespace(name=workload)
        assert (burnt(endpoint) - plain) / seconds == pytest.approx(1.0, abs=0.15)


def test_a_tree_without_the_place_is_refused(tmp_path: Path, tree: Path) -> None:
    with pytest.raises(PlantError, match=r"there is no service/web/endpoint\.py"):
        plant(tmp_path / "empty", {"": 0.001})
    (tree / MODULE).write_text("import os\n\nclass Endpoint:\n    def answer(self): ...\n")
    with pytest.raises(PlantError, match=r"no coroutine Endpoint\.answer"):
        plant(tree, {"": 0.001})


def test_the_dose_is_a_share_of_what_equal_builds_needed() -> None:
    p50 = [Series(metric="p50", workload=name, base=base, head=base) for name, base in (("a", 0.002), ("b", 0.01))]
    gates = [samples(seed, series=(*samples(seed).series[:1], *p50)) for seed in range(3)]
    assert dose(Planted(metric="cpu-per-request", size=0.05), gates) == {"": pytest.approx(0.0001)}
    assert dose(Planted(metric="p50", size=0.1), gates) == {"a": pytest.approx(0.0002), "b": pytest.approx(0.001)}
    with pytest.raises(NoGatesError, match="no gate between equal builds tells p50"):
        dose(Planted(metric="p50", size=0.1), [])
