"""Odd pictures, sent to everybody who takes one: a right answer or a clear problem, and no process ends for it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from loadtests._payloads._cards import card
from tests.service.pictures.drawing import file, photo, png_claiming, saved
from tests.service.running import PATIENCE, RunningService

CARD = card("es", 3).content
PHOTO = photo(400, 300)
DEEP = Image.fromarray((np.arange(300 * 400, dtype=np.uint32) % 65_536).astype(np.uint16).reshape(300, 400))
READ = {
    "16 bits": saved(DEEP, "PNG"),
    "four inks": saved(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    "animated": saved(Image.fromarray(PHOTO), "GIF", save_all=True, append_images=[Image.fromarray(PHOTO[::-1])]),
    "HEIC": (Path(__file__).parent / "pictures/turned.heic").read_bytes(),
    "one pixel": file(photo(16, 16)[:1, :1], "PNG"),
    "a line": file(photo(2_000, 16)[:1], "PNG"),
    "cut off": CARD[: len(CARD) // 2],
    "blank": file(np.full((600, 400, 3), 255, np.uint8), "PNG"),
}
REFUSED = {
    "no picture": (b"hello, this is a text", "items-failed"),
    "its beginning": (CARD[:200], "items-failed"),
    "100 megapixels": (png_claiming(10_000, 10_000), "items-failed"),
    "a hostile HEIC": ((Path(__file__).parent / "pictures/hostile.heic").read_bytes(), "items-failed"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "items-failed"),
    "empty": (b"", "invalid-request"),
}


def asked(client: httpx.Client, path: str, content: bytes) -> httpx.Response:
    data = {"data": base64.b64encode(content).decode()}
    question: dict[str, Any] = {"products": [{"id": "x", "title": "X", **data}]} if path == "/v1/products" else data
    return client.post(path, json=question)


PATHS = ("/v1/recipes", "/v1/products", "/v1/products/search")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", READ)
def test_an_odd_picture_is_looked_at_like_others(running_service: RunningService, path: str, name: str) -> None:
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        answer = asked(client, path, READ[name])
        assert answer.status_code == 200, answer.text
        if path == "/v1/recipes":
            assert answer.json()["engine"] in ("tesseract", "rapidocr")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_with_a_reason(running_service: RunningService, path: str, name: str) -> None:
    content, kind = REFUSED[name]
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        processes = {each.pid for each in running_service.supervisor.children()}
        answer = asked(client, path, content)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        problem = answer.json()
        assert problem["type"] == f"/problems/{kind}"
        assert problem["errors"][0]["detail"]
        assert {each.pid for each in running_service.supervisor.children()} == processes
