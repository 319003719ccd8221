"""What the images scenario sends, and what it takes for a right answer."""

from __future__ import annotations

import base64
from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from scipy import stats

from loadtests._exchange import WrongAnswerError
from loadtests._images import Payloads, exchanges, hit_ratio, known
from loadtests._origin import ORIGIN
from service.workloads import WORKLOADS

IMAGES = next(workload for workload in WORKLOADS if workload.name == "images")
TINY = Payloads(stock=20, sizes={"tiny": 1.0}, thumbnails={"": 0.5, "small,large:webp": 0.5})


def answered(body: bytes) -> dict[str, Any]:
    """What the workload itself says to a request."""
    request = msgspec.json.decode(body, type=IMAGES.request)
    outcomes = IMAGES.analyse(IMAGES.lanes[0].name, IMAGES.split(request))
    answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(IMAGES.join(request, outcomes)))
    return answer


def questions(payloads: Payloads, seed: int, count: int) -> list[dict[str, Any]]:
    return [msgspec.json.decode(exchange.body) for exchange in islice(exchanges(payloads, Random(seed)), count)]


def test_equal_seeds_send_equal_bytes_and_others_something_else() -> None:
    assert questions(TINY, 1, 30) == questions(TINY, 1, 30) != questions(TINY, 2, 30)


@pytest.mark.parametrize("size", ["tiny", "small", "large"])
def test_what_the_workload_answers_is_right(size: str) -> None:
    payloads = msgspec.convert({"sizes": {size: 1.0}, "thumbnails": {"small,medium:webp,large": 1.0}}, Payloads)
    for exchange in islice(exchanges(payloads, Random(3)), 16):
        exchange.check(msgspec.json.encode(answered(exchange.body)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sha256": "0" * 64}, "the digest is"),
        ({"width": 1}, "the size in pixels is"),
        ({"format": "png"}, "the format is jpeg, and png received"),
        ({"damaged": True}, "a whole picture is said to be damaged"),
        ({"quality": {"brightness": 0.99}}, "the brightness is"),
        ({"thumbnails": []}, "the thumbnails is|the thumbnails"),
        ({"phash": "xyz"}, "phash"),
        ({"url": "http://elsewhere.example/a.jpg"}, "the URL is None"),
    ],
)
def test_a_wrong_answer_is_found(change: dict[str, Any], complaint: str) -> None:
    payloads = Payloads(sizes={"tiny": 1.0}, thumbnails={"small": 1.0})
    exchange = next(exchanges(payloads, Random(4)))
    with pytest.raises(WrongAnswerError, match=complaint):
        exchange.check(msgspec.json.encode(answered(exchange.body) | change))


def test_ways_thumbnails_and_unique_pictures_come_as_the_plan_has_them() -> None:
    payloads = Payloads(
        stock=20, unique=0.25, ways={"data": 0.3, "url": 0.7}, sizes={"tiny": 1.0}, thumbnails={"": 0.4, "medium": 0.6}
    )
    sent = questions(payloads, 5, 2_000)
    urls = [question["url"] for question in sent if "url" in question]
    assert stats.binomtest(len(urls), 2_000, 0.7).pvalue > 0.01
    assert all(url.startswith(f"{ORIGIN}/tiny/") for url in urls)
    assert stats.binomtest(sum("thumbnails" in question for question in sent), 2_000, 0.6).pvalue > 0.01
    stock = [url for url in urls if int(url.rpartition("/")[2].removesuffix(".jpg")) < 20]
    assert stats.binomtest(len(stock), len(urls), 0.75).pvalue > 0.01
    files = Counter(question["data"] for question in sent if "data" in question)
    assert files.most_common(1)[0][1] > 10, "popular ones come again"
    assert all(base64.b64decode(each).startswith(b"\xff\xd8\xff") for each in files)


def test_what_is_known_is_the_whole_stock_in_each_kind() -> None:
    sent = [msgspec.json.decode(exchange.body) for exchange in known(TINY)]
    assert len({msgspec.json.encode(question) for question in sent}) == len(sent) == 2 * 20


def test_the_expected_hit_ratio_of_a_plan_is_what_its_pictures_show() -> None:
    sent = [exchange.body for exchange in islice(exchanges(TINY, Random(6)), 3_000)]
    hits = len(sent) - len(set(sent))
    assert hits / len(sent) == pytest.approx(hit_ratio(TINY, len(sent)), abs=0.03)


@pytest.mark.parametrize("table", [{"ways": {"data": 0}}, {"sizes": {"huge": 1}}, {"thumbnails": {"small,": 1}}])
def test_a_table_that_cannot_be_meant_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Payloads)
