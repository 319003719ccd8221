"""A known picture is forgotten by whoever sent it, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from service.core.call import PUBLIC_TENANT
from service.core.known import Likeness
from service.core.workload import Belonging
from tests.service.conftest import House, OpenHouse
from tests.service.sample_workload import words_workload
from tests.service.web.test_requests import check_problem

NAME = bytes(range(32))


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application with a workload that knows pictures."""

    async with open_house(replace(words_workload(), belongings=frozenset({Belonging.KNOWN_PICTURES}))) as opened:
        yield opened


async def test_a_known_picture_is_forgotten_once(house: House) -> None:
    house.known.known[PUBLIC_TENANT, NAME] = Likeness(NAME, b"", b"")
    answer = await house.client.delete(f"/v1/images/known/{NAME.hex()}")
    assert (answer.status_code, answer.content) == (204, b"")
    check_problem(await house.client.delete(f"/v1/images/known/{NAME.hex()}"), "not-found")


@pytest.mark.parametrize("name", [NAME.hex(), NAME.hex().upper(), "00", "x" * 64, "%00" * 64, "é"])
async def test_what_is_not_known_or_anothers_is_not_there(house: House, name: str) -> None:
    house.known.known["somebody else", NAME] = Likeness(NAME, b"", b"")
    check_problem(await house.client.delete(f"/v1/images/known/{name}"), "not-found")
    assert len(house.known.known) == 1
