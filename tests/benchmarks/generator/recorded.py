"""One request to the service and its answer, as both users send and check them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from loadtests._comments_answers import Asked, check
from loadtests._exchange import Exchange

ROUTE = "/v1/comments"
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
_HERE = Path(__file__).parent

EXCHANGE = Exchange(
    body=_HERE.joinpath("question.json").read_bytes().strip(), items=1, check=partial(check, Asked("fast", 1, {}))
)


def answer() -> bytes:
    """The answer, byte for byte as the service sends one, but for its ``Date``."""
    body = _HERE.joinpath("answer.json").read_bytes().strip()
    fields = (
        b"content-type: application/json",
        b"vary: accept-encoding",
        b"content-length: %d" % len(body),
        b"x-request-id: e241245bc443-00000003",
        b"x-content-type-options: nosniff",
        b"server: granian",
        b"date: Sun, 22 Nov 2026 17:43:53 GMT",
    )
    return b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"", body))
