"""What is given out piece by piece: results as NDJSON or CSV, and the progress as server-sent events."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from litestar.types import Receive, Send

from service.core.batches import Batch, BatchState, RowResult
from service.web.batch_routes.views import view_of
from service.web.exchange import Headers

EVENT_SECONDS = 1.0
SHARE = 0.05
"""Of its time a listener may spend asking how far the batch is: where that takes long, it is asked less often."""
HEARTBEAT_EVENTS = 15
"""So many looks without a change are told by a comment, so that nobody on the way takes the connection for dead."""
CSV_COLUMNS = ("line", "id", "state", "subject", "error", "reason", "attempts", "seconds", "result")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ENDS = frozenset({BatchState.COMPLETED, BatchState.CANCELLED})
_encode = msgspec.json.Encoder().encode


class Stream:
    """An ASGI application that sends what ``pieces`` gives, as long as somebody listens."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], media_type: bytes, headers: Headers = ()) -> None:
        self._pieces = pieces
        self._headers = [(b"content-type", media_type), (b"cache-control", b"no-store"), *headers]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Send it; HEAD gets the headers alone."""
        async with aclosing(self._pieces) as pieces:
            # The first piece may fail, and then the answer is another one.
            first = b"" if scope["method"] == "HEAD" else await anext(pieces, b"")
            await send({"type": "http.response.start", "status": 200, "headers": self._headers})
            if scope["method"] != "HEAD":
                await send({"type": "http.response.body", "body": first, "more_body": True})
                await _until_gone(receive, self._rest(pieces, send))
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _rest(self, pieces: AsyncIterator[bytes], send: Send) -> None:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive, sending: Awaitable[None]) -> None:
    """Send until all is sent or nobody listens any more."""
    sender = asyncio.ensure_future(sending)
    watcher = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({sender, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if sender.done():
            sender.result()
    finally:
        for task in (sender, watcher):
            task.cancel()
        await asyncio.gather(sender, watcher, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    message: Any = {}
    while message.get("type") != "http.disconnect":
        message = await receive()


async def as_ndjson(portions: AsyncIterator[Sequence[RowResult]]) -> AsyncGenerator[bytes, None]:
    """An object a line."""
    async for results in portions:
        yield b"".join([_encode(_fields(result)) + b"\n" for result in results])


def _fields(result: RowResult) -> dict[str, Any]:
    told: dict[str, Any] = {"line": result.line, "state": result.state, "subject": result.subject}
    if result.id is not None:
        told["id"] = result.id
    if result.result is not None:
        told["result"] = msgspec.Raw(result.result)
    if result.error is not None:
        told |= {"error": result.error, "reason": result.reason}
    return told | {"attempts": result.attempts, "seconds": round(result.seconds, 6)}


async def as_csv(portions: AsyncIterator[Sequence[RowResult]]) -> AsyncGenerator[bytes, None]:
    """A table whose last column is the result as JSON; no cell is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    yield text.getvalue().encode()
    async for results in portions:
        text.seek(0)
        text.truncate()
        writer.writerows([_cells(result) for result in results])
        yield text.getvalue().encode()


def _cells(result: RowResult) -> tuple[object, ...]:
    outcome = result.result.decode("utf-8") if result.result is not None else ""
    texts = result.id or "", result.state.value, result.subject, result.error or "", result.reason or ""
    return (result.line, *map(harmless, texts), result.attempts, round(result.seconds, 6), harmless(outcome))


def harmless(cell: str) -> str:
    """``cell`` with an apostrophe in front where a spreadsheet would take it for a formula (CWE-1236)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


async def as_events(
    find: Callable[[], Awaitable[Batch | None]], is_draining: Callable[[], bool], seconds: float = EVENT_SECONDS
) -> AsyncGenerator[bytes, None]:
    """A `progress` event at first and on every change, until the batch has ended, is gone, or the service stops."""
    told = b""
    quiet = 0
    clock = asyncio.get_running_loop().time
    while not is_draining():
        began = clock()
        batch = await find()
        pause = max(seconds, (clock() - began) / SHARE)
        if batch is None:
            yield b"event: gone\ndata: {}\n\n"
            return
        now = _encode(view_of(batch))
        if now != told:
            told, quiet = now, 0
            yield b"event: progress\ndata: %b\n\n" % now
        else:
            quiet += 1
            if quiet % HEARTBEAT_EVENTS == 0:
                yield b": still here\n\n"
        if batch.state in _ENDS and not batch.running_chunks:
            return
        await asyncio.sleep(pause)
