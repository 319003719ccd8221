"""Answers that are made later: a request becomes a job, and one comes back until the job is done.

Source: RFC 7240, section 4.1 (``respond-async``); RFC 9110, sections 10.2.3 (``Retry-After``) and 15.3.3 (202).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from loadtests._exchange import Find, Sleep, WrongAnswerError
from loadtests._http._answers import Answer

PREFERENCE = {"Prefer": "respond-async"}
"""The header that asks for it."""

_OK, _ACCEPTED = 200, 202
_SHORTEST_WAIT_SECONDS = 0.1
"""Between two questions, whatever the target allows; also where it says nothing that is a number of seconds."""
_LONGEST_WAIT_SECONDS = 3600.0


class JobFailedError(Exception):
    """The target gave up on a job that it had accepted; the message is its reason."""


class _Job(msgspec.Struct, frozen=True):
    """The part of a job that matters here; the target may say more."""

    state: Literal["queued", "running", "succeeded", "failed"]
    answer: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


_decoder = msgspec.json.Decoder(_Job)


def fetched(accepted: Answer, find: Find, sleep: Sleep) -> Answer:
    """The answer behind ``accepted``, as if it had come at once; waits for it without end.

    ``find`` gives the answer at a ``Location``. A target need not heed the preference, so what is no 202 is the
    answer already, right or wrong, and so is a refusal to tell of the job. Raises `JobFailedError` and
    `WrongAnswerError`.
    """
    if accepted.status_code != _ACCEPTED:
        return accepted
    place = accepted.fields.get(b"location")
    if place is None:
        raise WrongAnswerError("the request was accepted, and nothing says where its answer will be")
    told = accepted
    while True:
        sleep(wait_in(told))
        told = find(place.decode("latin-1"))
        if told.status_code != _OK:
            return told
        job = _job_in(told)
        if job.state == "succeeded":
            return Answer(_OK, told.fields, bytes(job.answer))
        if job.state == "failed":
            raise JobFailedError(job.error or "the target does not say why")


def wait_in(answer: Answer) -> float:
    """Seconds until asking again makes sense, by the ``Retry-After`` of ``answer``."""
    said = answer.fields.get(b"retry-after", b"").strip()
    seconds = float(said) if said.isdigit() else 0.0
    return min(max(seconds, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)


def _job_in(answer: Answer) -> _Job:
    try:
        return _decoder.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(f"no job: {error}") from error
