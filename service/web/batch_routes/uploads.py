"""Takes batches in: a request's body to rows in the database, as they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
from litestar.types import Receive

from service.core.batches import Batch, BatchStore
from service.core.errors import InvalidRequestError
from service.core.workload import BatchRule
from service.intake.charsets import require_utf8
from service.intake.errors import UploadError
from service.intake.multipart import MultipartReader
from service.intake.reader import Form, UploadReader
from service.web.batch_routes.incoming import (
    FORMS,
    BrokenOffError,
    TooSlowError,
    file_in,
    form_of,
    pieces,
)
from service.web.batch_routes.upload import NothingAcceptedError, Upload
from service.web.batch_routes.views import href_of
from service.web.batch_routes.wishes import wish_of
from service.web.problems import (
    BAD_REQUEST,
    BODY_TIMEOUT,
    UNREAD,
    UNREADABLE_UPLOAD,
    UNSUPPORTED_MEDIA_TYPE,
    Fault,
    Kind,
    ProblemError,
)

_KINDS: Mapping[type[Exception], Kind] = {
    UploadError: UNREADABLE_UPLOAD,
    NothingAcceptedError: UNREADABLE_UPLOAD,
    BrokenOffError: BAD_REQUEST,
    TooSlowError: BODY_TIMEOUT,
}


class Uploads:
    """Takes batches into ``store`` by ``rules``, those of the workloads; a body may pause for so many ``seconds``."""

    def __init__(self, store: BatchStore, rules: Mapping[str, BatchRule[Any]], seconds: float) -> None:
        self._store = store
        self._rules = rules
        self._seconds = seconds

    async def receive(
        self, headers: Mapping[bytes, bytes], query: Mapping[str, str], receive: Receive, tenant: str
    ) -> Batch:
        """The batch that the request sends; ProblemError, or a ServiceError, when it is none."""
        content_type = headers.get(b"content-type", b"")
        if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
            raise ProblemError(
                UNSUPPORTED_MEDIA_TYPE, "Send the rows uncompressed, without Content-Encoding.", headers=UNREAD
            )
        media_type = content_type.partition(b";")[0].strip().lower().decode("latin-1")
        try:
            async with aclosing(pieces(receive, self._seconds)) as body:
                if media_type == "multipart/form-data":
                    form = MultipartReader(content_type)
                    async with aclosing(file_in(form, body)) as file:
                        await anext(file)
                        return await self._taken({**query, **form.fields}, form_of(form), file, tenant)
                if media_type not in FORMS:
                    known = "multipart/form-data, text/csv or application/x-ndjson"
                    raise ProblemError(UNSUPPORTED_MEDIA_TYPE, f"Send the batch as {known}.", headers=UNREAD)
                require_utf8(content_type)
                return await self._taken(query, FORMS[media_type], body, tenant)
        except tuple(_KINDS) as error:
            raise _problem(error, str(error)) from None

    async def _taken(self, given: Mapping[str, str], form: Form, file: AsyncIterator[bytes], tenant: str) -> Batch:
        upload = await self._begun(given, form, tenant)
        try:
            async for piece in file:
                await upload.take(piece)
            return await upload.end()
        except BaseException as error:
            kept = await upload.give_up()
            if kept and isinstance(error, tuple(_KINDS)):
                where = href_of(upload.batch)
                raise _problem(error, f"{error} Its {kept:,} rows so far are kept: start or delete {where}.") from None
            raise

    async def _begun(self, given: Mapping[str, str], form: Form, tenant: str) -> Upload:
        wish = wish_of(given)
        rule = self._rules.get(wish.workload)
        if rule is None:
            known = ", ".join(self._rules)
            raise InvalidRequestError(
                "workload", f"there are no batches of {wish.workload[:40]!r}; there are of {known}"
            )
        try:
            options = msgspec.json.decode(wish.options, type=rule.options)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidRequestError("options", str(error)) from None
        batch = await self._store.create(wish, tenant)
        return Upload(self._store, batch.id, tenant, UploadReader(rule, options, form))


def _problem(error: BaseException, detail: str) -> ProblemError:
    faults = []
    if isinstance(error, NothingAcceptedError):
        faults = [Fault(f"line {line}", reason) for line, reason in error.refusals]
    return ProblemError(next(kind for known, kind in _KINDS.items() if isinstance(error, known)), detail, errors=faults)
