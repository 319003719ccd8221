"""An upload's body as it arrives: in small pieces, at a minimal pace, and what of a form is its file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from litestar.types import Receive

from service.intake.errors import UploadError
from service.intake.multipart import MultipartReader
from service.intake.reader import PIECE, Form

LEAST_BYTES = 4_096
"""As many must come while the service waits for as long as a body may pause, so that nobody holds a place for ever."""

FORMS: Mapping[str, Form] = {
    "text/csv": Form.CSV,
    "application/csv": Form.CSV,
    "application/vnd.ms-excel": Form.CSV,  # what browsers on some systems call a file that ends in .csv
    "text/tab-separated-values": Form.CSV,
    "application/x-ndjson": Form.NDJSON,
    "application/ndjson": Form.NDJSON,
    "application/jsonl": Form.NDJSON,
    "application/jsonlines": Form.NDJSON,
}
_NAMES = {"csv": Form.CSV, "tsv": Form.CSV, "txt": Form.CSV, "ndjson": Form.NDJSON, "jsonl": Form.NDJSON}


class BrokenOffError(Exception):
    """The connection was closed before the body was whole."""


class TooSlowError(Exception):
    """The body came too slowly, or not at all."""


async def pieces(receive: Receive, seconds: float) -> AsyncGenerator[bytes, None]:
    """The body in pieces of at most `PIECE` bytes; BrokenOffError, or TooSlowError.

    Each `LEAST_BYTES` of it may take so many ``seconds`` of waiting; what the service itself takes does not count.
    """
    clock = asyncio.get_running_loop().time
    waited, came = 0.0, 0
    while True:
        began = clock()
        try:
            async with asyncio.timeout(seconds - waited):
                message: Any = await receive()
        except TimeoutError:
            raise TooSlowError(f"Fewer than {LEAST_BYTES:,} bytes came within {seconds:g} seconds.") from None
        if message["type"] == "http.disconnect":
            raise BrokenOffError("The connection was closed before the whole file arrived.")
        content = message.get("body", b"")
        waited, came = waited + clock() - began, came + len(content)
        if came >= LEAST_BYTES:
            waited, came = 0.0, 0
        for begin in range(0, len(content), PIECE):
            # Others have their turn even when the next bytes are there already.
            await asyncio.sleep(0)
            yield content[begin : begin + PIECE]
        if not message.get("more_body", False):
            return


async def file_in(form: MultipartReader, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The file of ``form`` as it arrives; an empty piece at first, when the fields before it are known."""
    is_begun = False
    async for piece in body:
        parts = form.feed(piece)
        if form.has_file and not is_begun:
            is_begun = True
            yield b""
        for part in parts:
            yield part
    form.end()


def form_of(upload: MultipartReader) -> Form:
    """How the file of a form is written; UploadError when nothing says it."""
    form = FORMS.get(upload.file_type) or _NAMES.get(upload.file_name.rpartition(".")[2].lower())
    if form is None:
        raise UploadError("Say by the file's Content-Type, or by its name, whether it is CSV or NDJSON.")
    return form
