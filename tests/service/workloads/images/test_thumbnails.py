"""Thumbnails: as large as asked for, upright, without metadata, and named by what they show."""

from __future__ import annotations

from io import BytesIO

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from service.pictures.pixels import Pixels, Pyramid, fitted, grey
from service.workloads.images import thumbnails
from service.workloads.images.analysis import analysed
from service.workloads.images.contents import parted
from service.workloads.images.items import Item
from service.workloads.images.messages import Picture, ThumbnailWish
from tests.service.pictures.drawing import file, photo

WISHES = (
    *(ThumbnailWish(size=size) for size in ("small", "medium", "large", 100, 16)),
    ThumbnailWish(size="medium", format="webp"),
)


def analysis(content: bytes, *wishes: ThumbnailWish) -> Picture:
    return analysed(Item(content=content, thumbnails=wishes))


def opened(content: bytes) -> tuple[Image.Image, Pixels]:
    picture = Image.open(BytesIO(content))
    return picture, np.asarray(cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)


def test_thumbnails_come_in_the_sizes_and_formats_asked_for() -> None:
    original = photo(1_200, 900)
    made = analysis(file(original, quality=95), *WISHES).thumbnails
    assert [(thumbnail.width, thumbnail.height) for thumbnail in made] == [
        (128, 96),
        (256, 192),
        (512, 384),
        (100, 75),
        (16, 12),
        (256, 192),
    ]
    for thumbnail, wish in zip(made, WISHES, strict=True):
        picture, pixels = opened(thumbnail.content)
        assert (thumbnail.size, thumbnail.format) == (wish.size, wish.format)
        assert picture.format == wish.format.upper()
        assert picture.size == (thumbnail.width, thumbnail.height)
        assert len(thumbnail.content) == thumbnail.file_bytes
        expected = np.asarray(cv2.resize(original, picture.size, interpolation=cv2.INTER_AREA), np.uint8)
        assert np.abs(grey(pixels).astype(int) - grey(expected)).mean() < 7


def test_a_small_picture_is_not_enlarged() -> None:
    (thumbnail,) = analysis(file(photo(100, 60)), ThumbnailWish(size="large")).thumbnails
    assert (thumbnail.width, thumbnail.height) == (100, 60)


def test_a_thumbnail_is_upright_and_says_nothing_of_the_camera() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Loadstone"
    (thumbnail,) = analysis(file(photo(400, 200), exif=exif), ThumbnailWish(size=100)).thumbnails
    picture, _ = opened(thumbnail.content)
    assert picture.size == (50, 100)
    assert b"Loadstone" not in thumbnail.content
    assert not picture.getexif()


def test_what_shows_the_same_has_the_same_name() -> None:
    def names(seed: int, *wishes: ThumbnailWish) -> list[str]:
        return [thumbnail.id for thumbnail in analysis(file(photo(64, 48, seed)), *wishes).thumbnails]

    medium, pixels = ThumbnailWish(size="medium"), ThumbnailWish(size=256)
    webp, small = ThumbnailWish(size="medium", format="webp"), ThumbnailWish(size="small")
    assert names(1, medium) == names(1, pixels) == names(1, medium, small)[:1]
    assert len({*names(1, medium, webp, small), *names(2, medium, webp, small)}) == 6


def test_the_same_is_made_whatever_else_is_asked_for() -> None:
    content = file(photo(900, 700))
    (alone,) = analysis(content, ThumbnailWish(size="small")).thumbnails
    assert alone in analysis(content, *WISHES).thumbnails
    without = analysis(content)
    assert without == msgspec.structs.replace(analysis(content, *WISHES), thumbnails=())


def test_only_what_is_asked_for_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "_webp", None)
    pyramid = Pyramid(photo(300, 200))
    assert [made.format for made in thumbnails.made(pyramid, WISHES[:2], b"digest")] == ["jpeg", "jpeg"]


def test_the_files_are_taken_out_of_what_is_kept() -> None:
    picture = analysis(file(photo(300, 200)), WISHES[0], WISHES[-1])
    kept, files = parted(picture)
    assert [(content.id, content.media_type) for content in files] == [
        (picture.thumbnails[0].id, "image/jpeg"),
        (picture.thumbnails[1].id, "image/webp"),
    ]
    assert parted(kept) == (kept, [])
    assert b"content" not in msgspec.json.encode(kept)
    assert [thumbnail.href for thumbnail in kept.thumbnails] == [
        f"/v1/images/thumbnails/{thumbnail.id}" for thumbnail in picture.thumbnails
    ]


@pytest.mark.parametrize("size", [(1_000, 10), (10, 1_000), (3, 2_000), (1_001, 999)])
def test_pictures_of_any_shape_are_made_smaller(size: tuple[int, int]) -> None:
    made = fitted(photo(*size), 64)
    assert max(made.shape[:2]) == 64
    assert min(made.shape[:2]) >= 1
