"""How the rows of a chunk become items, and what became of these results."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from service.core.batches import LONGEST_SUBJECT, Chunk, Row, RowResult, RowState
from service.core.errors import AnalysisError, InvalidRequestError, ServiceError
from service.core.workload import AnyWorkload

WORKER_LOST = "worker-lost"
"""The class of the rows at which workers were lost."""
WORKER_LOST_REASON = "a worker was lost each time that this row was analysed"

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)

ItemOf: TypeAlias = Callable[[Row], Any]
"""Raises a `ServiceError` for a row that is none."""


class Form:
    """The rows of ``chunk`` as ``workload`` understands them; without a workload, or its options, all of them fail."""

    __slots__ = ("_attempt", "_subject", "item_of")

    def __init__(self, chunk: Chunk, workload: AnyWorkload | None) -> None:
        self._attempt = chunk.attempt
        self._subject = ""
        self.item_of: ItemOf = _refusing(f"no workload {chunk.workload} has batches")
        if workload is not None and workload.batch is not None:
            rule = workload.batch
            self._subject = next(iter(rule.columns))
            try:
                options = msgspec.json.decode(chunk.options, type=rule.options)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self.item_of = _refusing(f"the options of the batch are none of {workload.name}: {error}")
            else:
                self.item_of = lambda row: rule.item_of(row.fields, options)

    def item(self, row: Row) -> Any:
        """The item in ``row``; its `RowResult` when there is none."""
        try:
            return self.item_of(row)
        except InvalidRequestError as error:
            return self.failure(row, "invalid", f"{error.pointer}: {error.reason}" if error.pointer else error.reason)
        except ServiceError as error:
            return self.failure(row, "analysis", str(error))
        except Exception as error:
            _log.exception("a row at line %d could not be read", row.line)
            return self.failure(row, "analysis", f"the row could not be read ({type(error).__name__})")

    def result(self, row: Row, outcome: Any, seconds: float) -> RowResult:
        """What became of ``row``."""
        if isinstance(outcome, AnalysisError):
            return self.failure(row, outcome.kind, outcome.reason, seconds)
        return RowResult(
            line=row.line,
            state=RowState.SUCCEEDED,
            subject=self._subject_of(row),
            id=_id_of(row),
            result=_encode(outcome),
            attempts=self._attempt,
            seconds=seconds,
        )

    def failure(self, row: Row, kind: str, reason: str, seconds: float = 0.0) -> RowResult:
        """Of a ``row`` that has no outcome."""
        return RowResult(
            line=row.line,
            state=RowState.FAILED,
            subject=self._subject_of(row),
            id=_id_of(row),
            error=kind,
            reason=_stored(reason),
            attempts=self._attempt,
            seconds=seconds,
        )

    def _subject_of(self, row: Row) -> str:
        subject = row.fields.get(self._subject) if self._subject else next(iter(row.fields.values()), None)
        return "" if subject is None else _stored(str(subject))[:LONGEST_SUBJECT]


def _id_of(row: Row) -> str | None:
    name = row.fields.get("id")
    return None if name is None else _stored(str(name))


def _stored(text: str) -> str:
    """``text`` as PostgreSQL can keep it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def _refusing(reason: str) -> ItemOf:
    def refuse(row: Row) -> Any:
        raise InvalidRequestError("", reason)

    return refuse
