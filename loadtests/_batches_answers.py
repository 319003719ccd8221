"""Watches a batch until it is completed, and holds its results against its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec

from loadtests._exchange import Find, Sleep, WrongAnswerError
from loadtests._http._answers import Answer

_FOUND, _CREATED = 200, 201
_LOOK_SECONDS = 0.25
_FIRST_LINE = 2
"""Of a CSV file with a header."""


class _Batch(msgspec.Struct, frozen=True):
    state: str
    items: int
    refused: int
    done: Annotated[int, msgspec.Meta(ge=0)]
    failed: int


class _Result(msgspec.Struct, frozen=True):
    line: int
    id: str
    subject: str
    state: str
    reason: str | None = None


_Read = TypeVar("_Read")
_batches = msgspec.json.Decoder(_Batch)
_results = msgspec.json.Decoder(_Result)


def watched(rows: int, created: Answer, find: Find, sleep: Sleep) -> Answer:
    """The results of the batch of so many ``rows`` that was ``created``, once it is completed.

    Raises `WrongAnswerError` when it does not say what it has to on the way; a refusal is the answer.
    """
    if created.status_code != _CREATED:
        return created
    place = created.fields.get(b"location", b"").decode("latin-1")
    if not place:
        raise WrongAnswerError("a batch was created, and nothing says where it is")
    done = 0
    while True:
        sleep(_LOOK_SECONDS)
        told = find(place)
        if told.status_code != _FOUND:
            return told
        batch = _decoded(_batches, told.content)
        if batch.done < done:
            raise WrongAnswerError("the progress of a batch fell")
        done = batch.done
        if batch.state == "completed":
            break
        if batch.state != "running":
            raise WrongAnswerError(f"a batch that nobody stopped is {batch.state}")
    if (batch.items, batch.refused, batch.done, batch.failed) != (rows, 0, rows, 0):
        raise WrongAnswerError(
            f"of {rows} rows {batch.items} were accepted and {batch.refused} refused, {batch.done} are done, "
            f"{batch.failed} failed"
        )
    return find(f"{place}/results?limit={rows + 1}")


def check(subjects: Sequence[str], body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` has one result for each of the ``subjects``, in their order."""
    results = [_decoded(_results, line) for line in body.splitlines()]
    if len(results) != len(subjects):
        raise WrongAnswerError(f"{len(subjects)} rows sent, {len(results)} results received")
    for number, (result, subject) in enumerate(zip(results, subjects, strict=True)):
        if (result.line, result.id, result.subject) != (number + _FIRST_LINE, f"row-{number}", subject):
            raise WrongAnswerError("a result is not that of its row")
        if result.state != "succeeded":
            raise WrongAnswerError(f"a row failed: {result.reason}")


def _decoded(decoder: msgspec.json.Decoder[_Read], content: bytes) -> _Read:
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
