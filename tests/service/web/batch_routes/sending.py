"""A batch as tests send it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.service.conftest import House

CSV = {"content-type": "text/csv"}
ROWS = b"word,id\none,1\ntwo,2\n,3\nfour,4\nfive,5\n"
"""Four of them are rows."""


async def sent(house: House, content: Any = ROWS, **query: str) -> httpx.Response:
    """What the service says to ``content`` with such a ``query``."""
    return await house.client.post("/v1/batches", params={"workload": "words", **query}, content=content, headers=CSV)
