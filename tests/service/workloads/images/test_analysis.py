"""The whole analysis, as the pipeline calls it."""

from __future__ import annotations

import base64
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import msgspec
import pytest

from service.core.errors import AnalysisError
from service.workloads.images import WORKLOAD
from service.workloads.images import analysis as engine
from service.workloads.images.items import Item
from service.workloads.images.messages import ImageAnswer, ImageRequest, Picture, ThumbnailWish
from tests.service.pictures.drawing import file, photo

CONTENT = file(photo(640, 480))


def outcome(content: bytes) -> Picture | AnalysisError:
    (made,) = WORKLOAD.analyse("full", [Item(content=content)])
    return made


def test_an_answer_has_all_that_is_known() -> None:
    request = ImageRequest(data=CONTENT, thumbnails=(ThumbnailWish(size="small"),))
    answer = WORKLOAD.join(request, WORKLOAD.analyse("full", WORKLOAD.split(request)))  # type: ignore[arg-type]
    told = msgspec.json.decode(msgspec.json.encode(answer))
    assert told["sha256"] == sha256(CONTENT).hexdigest()
    assert (told["bytes"], told["format"], told["width"], told["height"]) == (len(CONTENT), "jpeg", 640, 480)
    assert len(told["phash"]) == 16
    assert len(told["pdq"]) == 64
    assert told["pdq_quality"] == 100
    assert told["quality"]["is_blurred"] is False
    assert told["thumbnails"][0]["width"] == 128
    assert set(told) == {
        *("sha256", "bytes", "format", "width", "height", "orientation", "is_animated", "damaged", "exif"),
        *("phash", "pdq", "pdq_quality", "quality", "colours", "thumbnails"),
    }


def test_the_answer_to_a_url_names_it() -> None:
    made = outcome(CONTENT)
    assert isinstance(made, Picture)
    answer = WORKLOAD.join(ImageRequest(url="http://a/b"), [made])
    assert isinstance(answer, ImageAnswer)
    assert (answer.url, answer.sha256, answer.near_duplicates) == ("http://a/b", made.sha256, None)


def test_outcomes_travel_as_the_cache_keeps_them() -> None:
    (made,) = WORKLOAD.analyse("full", [Item(content=CONTENT, thumbnails=(ThumbnailWish(size=64),))])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Picture) == made


def test_a_bad_picture_fails_alone() -> None:
    contents = [CONTENT, b"<svg/>", CONTENT[:300], b"", file(photo(8, 8), "PNG")]
    made = WORKLOAD.analyse("full", [Item(content=content) for content in contents])
    kinds = [one.kind if isinstance(one, AnalysisError) else None for one in made]
    assert kinds == [None, "not-an-image", "damaged", "not-an-image", None]


def test_pictures_are_analysed_alike_in_all_threads() -> None:
    contents = [file(photo(320, 240, seed), form) for seed in range(4) for form in ("JPEG", "PNG", "WEBP")]
    alone = [outcome(content) for content in contents]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(outcome, contents)) == alone


def test_want_of_memory_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(content: bytes, edge: int, *, with_gps: bool) -> None:
        raise MemoryError

    monkeypatch.setattr(engine, "decoded", exhausted)
    error = outcome(CONTENT)
    assert isinstance(error, AnalysisError)
    assert error.may_pass


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (2_000, 2), (65, 64)])
def test_pictures_of_any_shape_are_analysed(size: tuple[int, int]) -> None:
    made = outcome(file(photo(*size), "PNG"))
    assert isinstance(made, Picture)
    assert (made.width, made.height) == size


def test_examples_are_answered() -> None:
    for example in WORKLOAD.examples.values():
        request = msgspec.convert(example, ImageRequest)
        (item,) = WORKLOAD.split(request)
        if request.data is not None:
            assert base64.b64decode(example["data"]) == item.content
            assert isinstance(outcome(request.data), Picture)


def test_engines_are_loaded_by_the_first_picture_alone() -> None:
    program = (
        "import sys; from service.workloads.images import WORKLOAD; WORKLOAD.prepare(); "
        "sys.exit(any(name in sys.modules for name in ('cv2', 'PIL', 'numpy', 'simplejpeg', 'pi_heif')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
