"""Fetchers that may ask the origins of a test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest

from service.adapters.fetching.bounds import Bounds, Manners
from service.adapters.fetching.fetcher import WebFetcher, open_fetcher
from service.adapters.fetching.urls import Rules
from tests.service.adapters.fetching.local_origin import LocalOrigin

OpenFetcher: TypeAlias = Callable[..., AbstractAsyncContextManager[WebFetcher]]
BOUNDS = Bounds(seconds=30.0, content=1_000_000)


@pytest.fixture
def fetching() -> OpenFetcher:
    """Opens a fetcher to whose owner the given origins belong; it tries again at once."""

    def open_(*own: LocalOrigin, bounds: Bounds = BOUNDS, **given: Any) -> AbstractAsyncContextManager[WebFetcher]:
        rules = given.pop("rules", Rules(frozenset(origin.name for origin in own)))
        manners = given.pop("manners", Manners(concurrency=50, rate=1e6))
        return open_fetcher(rules, manners, bounds, draw=lambda: 0.0, **given)

    return open_
