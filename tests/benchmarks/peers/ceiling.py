"""As little as an ASGI function can do: read the body, answer with constant bytes. No duty, no analysis.

Its requests per CPU-second are what the server and the event loop leave to anybody; served by Granian.
"""

from __future__ import annotations

from typing import Any

import msgspec

from service.workloads.comments import WORKLOAD
from tests.benchmarks.peers import engine

_REQUEST = msgspec.convert({"comments": ["Muy lento el internet"], "quality": "fast"}, WORKLOAD.request)
BODY = msgspec.json.encode(WORKLOAD.join(_REQUEST, engine.analyse(["Muy lento el internet"])))
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))],
}
END = {"type": "http.response.body", "body": BODY, "more_body": False}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    announced = int(dict(scope["headers"])[b"content-length"])
    while announced > 0:  # asking once more, only to hear that this was all, costs a fifth of the whole
        announced -= len((await receive())["body"])
    await send(START)
    await send(END)
