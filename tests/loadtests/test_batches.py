"""What the batches scenario sends, and how it watches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import msgspec
import pytest

from loadtests._batches import BOUNDARY, Payloads, exchanges, hit_ratio
from loadtests._exchange import Exchange, WrongAnswerError
from loadtests._http._answers import Answer
from service.intake.multipart import MultipartReader

CREATED = Answer(201, {b"location": b"/v1/batches/7"}, b"{}")
SMALL = Payloads(rows={"comments": {3: 1.0}})


def batch(state: str, done: int, *, items: int = 3, refused: int = 0, failed: int = 0) -> Answer:
    told = {"state": state, "items": items, "refused": refused, "done": done, "failed": failed}
    return Answer(200, {}, msgspec.json.encode(told))


def results(exchange: Exchange, **change: object) -> Answer:
    subjects = [line.partition(",")[2] for line in rows_of(exchange)[1:]]
    lines = [
        {"line": number + 2, "id": f"row-{number}", "subject": subject, "state": "succeeded"} | change
        for number, subject in enumerate(subjects)
    ]
    return Answer(200, {}, b"\n".join(map(msgspec.json.encode, lines)))


def rows_of(exchange: Exchange) -> list[str]:
    """The lines of the file in the form; texts with commas in them come in quotes."""
    file = exchange.body.decode().partition("text/csv\r\n\r\n")[2].partition(f"\r\n--{BOUNDARY}--")[0]
    return file.split("\r\n")[:-1]


def plain(payloads: Payloads) -> Exchange:
    """An upload whose texts need no quotes."""
    drawn = exchanges(payloads, Random(1))
    return next(each for each in drawn if '"' not in each.body.decode().partition("text/csv")[2])


def watched(exchange: Exchange, *answers: Answer, created: Answer = CREATED) -> Answer:
    told: Iterator[Answer] = iter(answers)
    assert exchange.follow is not None
    return exchange.follow(created, lambda location: next(told), lambda seconds: None)


def test_equal_seeds_send_equal_bytes() -> None:
    first, second = ([each.body for each in islice(exchanges(SMALL, Random(2)), 10)] for _ in range(2))
    assert first == second != [each.body for each in islice(exchanges(SMALL, Random(3)), 10)]


@pytest.mark.parametrize(("kind", "column"), [("comments", "text"), ("images", "url")])
def test_the_service_reads_what_is_sent(kind: str, column: str) -> None:
    payloads = msgspec.convert({"kinds": {kind: 1.0}, "rows": {kind: {40: 1.0}}}, Payloads)
    exchange = next(exchanges(payloads, Random(4)))
    reader = MultipartReader(f"multipart/form-data; boundary={BOUNDARY}".encode())
    content = b"".join(reader.feed(exchange.body))
    assert reader.fields["workload"] == kind
    assert content.splitlines()[0] == f"id,{column}".encode()
    assert exchange.items == 40


def test_a_batch_whose_rows_all_have_their_results_is_right() -> None:
    exchange = plain(SMALL)
    answer = watched(exchange, batch("running", 0), batch("running", 2), batch("completed", 3), results(exchange))
    exchange.check(answer.content)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ([batch("running", 2), batch("running", 1)], "progress"),
        ([batch("paused", 2)], "nobody stopped is paused"),
        ([batch("completed", 3, items=2)], "of 3 rows 2 were accepted"),
        ([batch("completed", 3, refused=1)], "1 refused"),
        ([batch("completed", 3, failed=1)], "1 failed"),
        ([Answer(200, {}, b"{}")], "state"),
    ],
)
def test_a_batch_that_goes_wrong_is_found(answers: list[Answer], complaint: str) -> None:
    with pytest.raises(WrongAnswerError, match=complaint):
        watched(plain(SMALL), *answers)


@pytest.mark.parametrize("change", [{"line": 2}, {"id": "row-0"}, {"subject": "another"}, {"state": "failed"}])
def test_a_result_that_is_not_its_rows_is_found(change: dict[str, object]) -> None:
    exchange = plain(SMALL)
    with pytest.raises(WrongAnswerError):
        exchange.check(results(exchange, **change).content)


def test_a_row_without_a_result_is_found() -> None:
    exchange = plain(SMALL)
    with pytest.raises(WrongAnswerError, match="3 rows sent, 2 results received"):
        exchange.check(b"\n".join(results(exchange).content.splitlines()[:2]))


def test_a_refusal_is_the_answer() -> None:
    refused = Answer(429, {}, b"")
    assert watched(plain(SMALL), created=refused) is refused


def test_rows_repeat_as_often_as_expected() -> None:
    payloads = Payloads(rows={"comments": {1000: 1.0}}, unique=0.5)
    texts = [line.partition(",")[2] for each in islice(exchanges(payloads, Random(5)), 4) for line in rows_of(each)[1:]]
    assert 1 - len(set(texts)) / len(texts) == pytest.approx(hit_ratio(payloads, 4), abs=0.03)
