"""Pictures through the real service: as they are, whatever they are, and beside those that were sent before."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from service.pictures.bounds import MOST_BYTES
from service.workloads.images import WORKLOAD
from tests.service.pictures.drawing import file, photo, png_claiming
from tests.service.running import RunningService
from tests.service.waiting import wait_until

PHOTO = photo(640, 480, seed=7)
JPEG = file(PHOTO, quality=90)
TYPE = {"content-type": "image/jpeg"}


@pytest.fixture
def client(running_service: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running_service.url, timeout=60.0) as opened:
        yield opened


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("photo.jpg", JPEG)
    return stream.getvalue()


def test_a_picture_is_sent_as_it_is_and_its_thumbnail_fetched(client: httpx.Client) -> None:
    answer = client.post("/v1/images?thumbnails=small,320:webp", content=JPEG, headers=TYPE)
    assert answer.status_code == 200, answer.text
    picture = answer.json()
    assert (picture["sha256"], picture["format"]) == (sha256(JPEG).hexdigest(), "jpeg")
    assert [(each["width"], each["format"]) for each in picture["thumbnails"]] == [(128, "jpeg"), (320, "webp")]
    for thumbnail in picture["thumbnails"]:
        found = client.get(thumbnail["href"])
        assert (len(found.content), found.headers["content-type"]) == (
            thumbnail["bytes"],
            f"image/{thumbnail['format']}",
        )
    wishes = [{"size": "small"}, {"size": 320, "format": "webp"}]
    as_json = client.post("/v1/images", json={"data": base64.b64encode(JPEG).decode(), "thumbnails": wishes})
    assert as_json.json() == picture


def test_a_copy_meets_the_original_until_that_is_forgotten(client: httpx.Client) -> None:
    copies = [file(PHOTO, quality=quality) for quality in (85, 60, 35)]

    def near(content: bytes) -> list[str]:
        answer = client.post("/v1/images?known=true", content=content, headers=TYPE)
        assert answer.status_code == 200, answer.text
        return [each["sha256"] for each in answer.json()["near_duplicates"]]

    first, second, third = (sha256(each).hexdigest() for each in copies)
    assert near(copies[0]) == []
    assert near(copies[1]) == [first]
    assert near(copies[0]) == [second], "kept by its bytes, the answer would still be the old one"
    assert client.delete(f"/v1/images/known/{first}").status_code == 204
    assert client.delete(f"/v1/images/known/{first}").status_code == 404
    assert near(copies[2]) == [second]
    for name in (second, third):
        assert client.delete(f"/v1/images/known/{name}").status_code == 204


def test_a_picture_may_be_answered_later(client: httpx.Client) -> None:
    accepted = client.post("/v1/images", content=JPEG, headers={**TYPE, "prefer": "respond-async"})
    assert accepted.status_code == 202

    def job() -> Any:
        return client.get(accepted.headers["location"]).json()

    wait_until(lambda: job()["state"] in ("succeeded", "failed"))
    assert job()["answer"] == client.post("/v1/images", content=JPEG, headers=TYPE).json()


@pytest.mark.parametrize(
    ("content", "status", "kind", "reason"),
    [
        (zipped(), 422, "items-failed", "ZIP"),
        (JPEG[:200], 422, "items-failed", "JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "items-failed", "SVG"),
        (png_claiming(8_000, 8_000), 422, "items-failed", "64,000,000 pixels"),
        (b"", 422, "invalid-request", "empty"),
        (bytes(MOST_BYTES + 1), 413, "body-too-large", f"{MOST_BYTES:,}"),
    ],
    ids=["zip", "beginning", "drawing", "bomb", "empty", "large"],
)
def test_what_is_no_picture_is_refused_with_a_reason(
    client: httpx.Client, content: bytes, status: int, kind: str, reason: str
) -> None:
    answer = client.post("/v1/images", content=content, headers=TYPE)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["type"] == f"/problems/{kind}"
    assert reason in " ".join([problem["detail"], *(fault["detail"] for fault in problem.get("errors", []))])


def test_what_is_left_of_a_cut_picture_is_analysed(client: httpx.Client) -> None:
    answer = client.post("/v1/images", content=JPEG[: len(JPEG) // 2], headers=TYPE)
    assert (answer.status_code, answer.json()["damaged"]) == (200, True)


def test_a_picture_in_pieces_without_its_length_is_the_same_picture(client: httpx.Client) -> None:
    pieces = (JPEG[start : start + 10_000] for start in range(0, len(JPEG), 10_000))
    answer = client.post("/v1/images", content=pieces, headers=TYPE)
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert answer.json()["sha256"] == sha256(JPEG).hexdigest()


def test_another_type_is_refused_with_the_names_of_those_that_are_read(client: httpx.Client) -> None:
    assert WORKLOAD.upload is not None
    for media_type in ("application/zip", "text/html", "image/svg+xml", "image/jpg"):
        answer = client.post("/v1/images", content=JPEG, headers={"content-type": media_type})
        assert (answer.status_code, answer.headers["connection"]) == (415, "close"), "the body was not read"
        assert all(name in answer.json()["detail"] for name in ("application/json", *WORKLOAD.upload.media_types))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("&".join(f"size{number}=1" for number in range(100)), "size0"),
        ("thumbnails=huge", "thumbnails"),
        ("gps=maybe", "gps"),
        ("known=true&known=true", "known"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(client: httpx.Client, query: str, name: str) -> None:
    answer = client.post(f"/v1/images?{query}", content=JPEG, headers=TYPE)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"?{name}"


@pytest.mark.parametrize(
    "body", [{}, {"url": "https://example.com/a.jpg", "data": "QQ=="}, {"data": ""}, {"data": "no Base64"}]
)
def test_json_names_one_picture(client: httpx.Client, body: dict[str, str]) -> None:
    answer = client.post("/v1/images", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
