"""Does what the routes of batches ask for, for callers whose key allows it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.types import ASGIApp

from service.core.batches import Batch, BatchState, BatchStore, NotInStateError, RowState
from service.core.errors import InvalidRequestError, OverloadError, UnknownResourceError
from service.core.identity import Role
from service.web.answer import Answer
from service.web.batch_routes.streams import Stream, as_csv, as_events, as_ndjson
from service.web.batch_routes.uploads import Uploads
from service.web.batch_routes.views import BatchErrors, BatchPage, href_of, refused_line, view_of
from service.web.doorman import Doorman
from service.web.exchange import Exchange, exchange_in
from service.web.problems import NOT_IN_STATE, ProblemError

MOST_UPLOADS = 16
MOST_LISTENERS = 100
"""Of events, in one worker process."""
PAGE = 50
LARGEST_PAGE = 200
LARGEST_LINE = 2**53
"""The largest whole number that every program reads exactly in JSON."""
VERBS = ("start", "pause", "resume", "cancel", "retry")

_NOT_KEPT = ((b"cache-control", b"no-store"),)
_FORMATS = {"ndjson": b"application/x-ndjson", "csv": b"text/csv; charset=utf-8"}
_AnyRequest = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode
Choice = TypeVar("Choice", BatchState, RowState)


class BatchDesk:
    """Serves batches of ``store``; ``is_draining`` tells whether the service is about to stop."""

    def __init__(
        self, store: BatchStore, uploads: Uploads, *, doorman: Doorman, is_draining: Callable[[], bool]
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._doorman = doorman
        self._is_draining = is_draining
        self._taken = {"uploads": 0, "listeners": 0}

    async def create(self, request: _AnyRequest) -> ASGIApp:
        """Take a batch in."""
        exchange = await self._admitted(request, Role.WRITE)
        async with self._place("uploads", MOST_UPLOADS):
            batch = await self._uploads.receive(exchange.headers, _query(request), request.receive, exchange.tenant)
        return Answer(
            _encode(view_of(batch)), status=201, headers=((b"location", href_of(batch.id).encode("ascii")), *_NOT_KEPT)
        )

    async def page(self, request: _AnyRequest) -> ASGIApp:
        """Some of the caller's batches."""
        exchange = await self._admitted(request, Role.READ)
        query = _query(request, "limit", "before", "state")
        most = _number(query, "limit", PAGE, LARGEST_PAGE)
        state = _choice(query, "state", BatchState)
        found = await self._store.page(exchange.tenant, before=query.get("before"), most=most + 1, state=state)
        batches = [view_of(batch) for batch in found[:most]]
        further = None
        if len(found) > most:
            further = f"/v1/batches?before={batches[-1].id}&limit={most}" + (f"&state={state}" if state else "")
        return Answer(_encode(BatchPage(batches=batches, next=further)), headers=_NOT_KEPT)

    async def show(self, request: _AnyRequest) -> ASGIApp:
        """One batch."""
        exchange = await self._admitted(request, Role.READ)
        return Answer(_encode(view_of(await self._found(request, exchange))), headers=_NOT_KEPT)

    async def delete(self, request: _AnyRequest) -> ASGIApp:
        """Forget one."""
        exchange = await self._admitted(request, Role.WRITE)
        identifier = request.path_params["id"]
        try:
            is_gone = await self._store.delete(identifier, exchange.tenant)
        except NotInStateError as error:
            raise _not_in_state(error) from None
        if not is_gone:
            raise UnknownResourceError("batch", identifier)
        return Answer(b"", status=204)

    async def move(self, request: _AnyRequest) -> ASGIApp:
        """Start, pause, resume, cancel or retry one."""
        exchange = await self._admitted(request, Role.WRITE)
        identifier, verb = request.path_params["id"], request.path_params["verb"]
        if verb not in VERBS:
            raise UnknownResourceError("verb", verb)
        try:
            batch: Batch | None = await getattr(self._store, verb)(identifier, exchange.tenant)
        except NotInStateError as error:
            raise _not_in_state(error) from None
        if batch is None:
            raise UnknownResourceError("batch", identifier)
        return Answer(_encode(view_of(batch)), headers=_NOT_KEPT)

    async def errors(self, request: _AnyRequest) -> ASGIApp:
        """What went wrong."""
        exchange = await self._admitted(request, Role.READ)
        batch = await self._found(request, exchange)
        told = BatchErrors(
            failed=dict(await self._store.errors(batch.id, exchange.tenant)),
            refused=batch.refused,
            refused_lines=list(map(refused_line, await self._store.refusals(batch.id, exchange.tenant))),
        )
        return Answer(_encode(told), headers=_NOT_KEPT)

    async def results(self, request: _AnyRequest) -> ASGIApp:
        """The results, as they are read."""
        exchange = await self._admitted(request, Role.READ)
        query = _query(request, "format", "state", "error", "after", "limit")
        form = query.get("format") or ("csv" if b"text/csv" in exchange.headers.get(b"accept", b"") else "ndjson")
        if form not in _FORMATS:
            raise InvalidRequestError("?format", "it is ndjson or csv")
        state = _choice(query, "state", RowState)
        after = _number(query, "after", 0, LARGEST_LINE, lowest=0)
        most = _number(query, "limit", None, LARGEST_LINE)
        batch = await self._found(request, exchange)
        portions = self._store.results(
            batch.id, exchange.tenant, state=state, error=query.get("error"), after=after or 0, most=most
        )
        name = f'attachment; filename="{batch.id}.{form}"'.encode("ascii")
        return Stream(
            as_csv(portions) if form == "csv" else as_ndjson(portions),
            _FORMATS[form],
            ((b"content-disposition", name),),
        )

    async def events(self, request: _AnyRequest) -> ASGIApp:
        """The progress, as it happens."""
        exchange = await self._admitted(request, Role.READ)
        batch = await self._found(request, exchange)
        if self._taken["listeners"] >= MOST_LISTENERS:
            raise OverloadError("too many listen to events already", retry_after=10.0)
        events = as_events(partial(self._store.find, batch.id, exchange.tenant), self._is_draining)
        return Stream(self._heard(events), b"text/event-stream", ((b"x-accel-buffering", b"no"),))

    async def _heard(self, events: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async with self._place("listeners", MOST_LISTENERS):
            async for event in events:
                yield event

    async def _admitted(self, request: _AnyRequest, role: Role) -> Exchange:
        exchange = exchange_in(request.scope)
        await self._doorman.check(exchange, role)
        return exchange

    async def _found(self, request: _AnyRequest, exchange: Exchange) -> Batch:
        identifier = request.path_params["id"]
        batch = await self._store.find(identifier, exchange.tenant)
        if batch is None:
            raise UnknownResourceError("batch", identifier)
        return batch

    @asynccontextmanager
    async def _place(self, kind: str, most: int) -> AsyncIterator[None]:
        if self._taken[kind] >= most:
            raise OverloadError(f"there are {most} {kind} at the same time already", retry_after=10.0)
        self._taken[kind] += 1
        try:
            yield
        finally:
            self._taken[kind] -= 1


def _query(request: _AnyRequest, *known: str) -> Mapping[str, str]:
    """The parameters of the query, each once; InvalidRequestError for one that is not ``known``, if any are."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise InvalidRequestError(f"?{name[:40]}", "it is given twice")
        if known and name not in known:
            raise InvalidRequestError(f"?{name[:40]}", f"the query may have {', '.join(known)}")
        if "\0" in value:
            raise InvalidRequestError(f"?{name[:40]}", "it holds a NUL, which is no character")
        found[name] = value
    return found


def _number(query: Mapping[str, str], name: str, default: Any, highest: int, lowest: int = 1) -> Any:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or not lowest <= int(text) <= highest:
        raise InvalidRequestError(f"?{name}", f"it is a whole number from {lowest} to {highest}")
    return int(text)


def _choice(query: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InvalidRequestError(f"?{name}", f"it is one of {', '.join(kind)}") from None


def _not_in_state(error: NotInStateError) -> ProblemError:
    return ProblemError(NOT_IN_STATE, f"{error}.".capitalize())
