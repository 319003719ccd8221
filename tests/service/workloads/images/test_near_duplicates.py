"""A picture meets the copies of itself that its tenant sent before, through the whole pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from service.core.call import PUBLIC_TENANT
from service.workloads.images import WORKLOAD
from tests.service.conftest import House, OpenHouse
from tests.service.pictures.drawing import file, photo
from tests.service.web.test_requests import check_problem

PHOTO = photo(640, 480)
ORIGINAL, COPY, SMALLER = file(PHOTO, quality=95), file(PHOTO, quality=40), file(PHOTO[::2, ::2], "PNG")
STRANGER = file(photo(640, 480, seed=2))
FLAT = file(np.full((200, 200, 3), 90, np.uint8), "PNG")


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application that analyses pictures."""
    async with open_house(WORKLOAD) as opened:
        yield opened


async def sent(house: House, content: bytes, query: str = "?known=true") -> Any:
    answer = await house.client.post(f"/v1/images{query}", content=content, headers={"content-type": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(picture: Any) -> list[str]:
    return [each["sha256"] for each in picture["near_duplicates"]]


async def test_copies_are_met_and_strangers_are_not(house: House) -> None:
    assert names(await sent(house, ORIGINAL)) == []
    assert names(await sent(house, STRANGER)) == []
    copy = await sent(house, COPY)
    assert names(copy) == [sha256(ORIGINAL).hexdigest()]
    assert copy["near_duplicates"][0]["distance"] <= 31
    assert set(names(await sent(house, SMALLER))) == {sha256(each).hexdigest() for each in (ORIGINAL, COPY)}


async def test_the_same_picture_again_meets_what_came_since(house: House) -> None:
    assert names(await sent(house, ORIGINAL)) == []
    await sent(house, COPY)
    assert names(await sent(house, ORIGINAL)) == [sha256(COPY).hexdigest()]
    analysed = await house.metric('loadstone_batch_duration_seconds_count{workload="images",lane="full"}')
    assert analysed == 2, "what is known of the picture itself is kept"


async def test_who_does_not_ask_is_neither_told_nor_remembered(house: House) -> None:
    await sent(house, ORIGINAL)
    assert "near_duplicates" not in await sent(house, COPY, "")
    assert list(house.known.known) == [(PUBLIC_TENANT, sha256(ORIGINAL).digest())]


async def test_a_picture_with_too_little_in_it_meets_none_and_is_not_remembered(house: House) -> None:
    for _ in range(2):
        assert names(await sent(house, FLAT)) == []
    assert not house.known.known


async def test_a_picture_without_its_neighbours_is_refused_when_they_cannot_be_looked_up(house: House) -> None:
    house.known.away = True
    answer = await house.client.post("/v1/images?known=true", content=ORIGINAL, headers={"content-type": "image/jpeg"})
    check_problem(answer, "dependency-away")
    house.known.away = False
    assert names(await sent(house, ORIGINAL)) == []
