from __future__ import annotations

import msgspec
import pytest

from loadtests._exchange import WrongAnswerError
from loadtests._http._answers import Answer
from loadtests._later import JobFailedError, fetched, wait_in

ACCEPTED = Answer(202, {b"location": b"/v1/jobs/7", b"retry-after": b"2"}, b"")


def job(state: str, *, wait: bytes = b"1", **more: object) -> Answer:
    return Answer(200, {b"retry-after": wait}, msgspec.json.encode({"id": "7", "state": state, **more}))


class Jobs:
    """Tells ``answers`` one after the other; remembers who was asked and how long was waited."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []
        self.waited: list[float] = []

    def fetched(self, accepted: Answer = ACCEPTED) -> Answer:
        return fetched(accepted, self._find, self.waited.append)

    def _find(self, location: str) -> Answer:
        self.asked.append(location)
        return next(self._answers)


def test_it_comes_back_as_often_as_it_may_until_the_job_is_done() -> None:
    jobs = Jobs(job("queued", wait=b"5"), job("running", wait=b"0"), job("succeeded", answer={"results": [1]}))
    answer = jobs.fetched()
    assert (answer.status_code, msgspec.json.decode(answer.content)) == (200, {"results": [1]})
    assert jobs.asked == ["/v1/jobs/7"] * 3
    assert jobs.waited == [2.0, 5.0, 0.1]


def test_a_job_that_failed_says_why() -> None:
    with pytest.raises(JobFailedError, match="no such model"):
        Jobs(job("running"), job("failed", error="no such model")).fetched()


@pytest.mark.parametrize("status", [200, 400, 429, 503])
def test_who_answers_at_once_has_answered(status: int) -> None:
    at_once = Answer(status, {}, b"{}")
    jobs = Jobs()
    assert jobs.fetched(at_once) is at_once
    assert jobs.asked == []


def test_a_job_that_cannot_be_found_is_an_answer_and_one_that_makes_no_sense_is_wrong() -> None:
    assert Jobs(Answer(404, {}, b"")).fetched().status_code == 404
    for nonsense in (job("lost"), Answer(200, {}, b"[]"), Answer(200, {}, b"\xff")):
        with pytest.raises(WrongAnswerError):
            Jobs(nonsense).fetched()
    with pytest.raises(WrongAnswerError, match="nothing says where"):
        Jobs().fetched(Answer(202, {}, b""))


@pytest.mark.parametrize(
    ("said", "seconds"), [(b"3", 3.0), (b"0", 0.1), (b"", 0.1), (b"soon", 0.1), (b"-1", 0.1), (b"9" * 30, 3600.0)]
)
def test_waiting_is_bounded(said: bytes, seconds: float) -> None:
    assert wait_in(Answer(202, {b"retry-after": said}, b"")) == seconds
