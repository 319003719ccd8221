"""Thumbnails are served to those whose they are, and may be kept for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from service.core.call import PUBLIC_TENANT
from service.core.keepsakes import Keepsake
from service.core.workload import Belonging
from tests.service.conftest import House, OpenHouse
from tests.service.sample_workload import words_workload

CONTENT = b"\xff\xd8 a picture " * 100


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application with a workload that makes files."""
    async with open_house(replace(words_workload(), belongings=frozenset({Belonging.THUMBNAILS}))) as opened:
        yield opened


async def test_a_thumbnail_never_changes_under_its_name(house: House) -> None:
    await house.keepsakes.keep([Keepsake("a1", "image/jpeg", CONTENT)], PUBLIC_TENANT)
    answer = await house.client.get("/v1/images/thumbnails/a1", headers={"accept-encoding": "gzip, br"})
    assert (answer.content, answer.headers["content-type"]) == (CONTENT, "image/jpeg")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "content-encoding" not in answer.headers
    again = await house.client.get("/v1/images/thumbnails/a1", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_another_tenants_thumbnail_is_not_there(house: House) -> None:
    await house.keepsakes.keep([Keepsake("a1", "image/jpeg", CONTENT)], "somebody else")
    assert (await house.client.get("/v1/images/thumbnails/a1")).status_code == 404
