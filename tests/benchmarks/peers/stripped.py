"""FastAPI as a router and no more, for whom nothing but speed counts.

Against the tuned form it gives up the typed body, the dependencies, the instrumentator and GZipMiddleware: the
endpoint looks the bytes of the body up before it decodes them, and keeps each answer compressed as well. What it
takes no longer shows in the OpenAPI document.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Any, cast

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response
from redis.asyncio import Redis
from starlette.exceptions import HTTPException as StarletteHTTPException

from service.core.errors import InvalidRequestError
from service.workloads.comments import WORKLOAD
from tests.benchmarks.peers import engine, lean

SMALLEST_COMPRESSED = 500
GZIP_LEVEL = 5
PLAIN = {"vary": "accept-encoding"}
COMPRESSED = {**PLAIN, "content-encoding": "gzip"}


class Kept:
    """An answer, as it is and compressed."""

    __slots__ = ("body", "compressed")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.compressed = b""
        if len(body) >= SMALLEST_COMPRESSED:
            compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            self.compressed = compressor.compress(body) + compressor.flush()

    def response(self, accepted: str) -> Response:
        """The form that the caller takes."""
        if self.compressed and "gzip" in accepted:
            return Response(self.compressed, headers=COMPRESSED, media_type="application/json")
        return Response(self.body, headers=PLAIN, media_type="application/json")


decode = msgspec.json.Decoder(WORKLOAD.request).decode
encode = msgspec.json.Encoder().encode
memory: lean.Memory[Kept] = lean.Memory()
buckets = lean.Buckets(engine.REQUESTS_A_SECOND)
is_known = lru_cache(1024)(engine.is_known)
writing: set[asyncio.Future[Any]] = set()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine.analyse(["Excelente servicio"])
    app.state.redis = Redis.from_url(engine.REDIS_URL, max_connections=engine.MOST_CONNECTIONS)
    yield
    await app.state.redis.aclose()


app = FastAPI(title="comments", lifespan=lifespan)
app.add_middleware(lean.Namer)
app.add_middleware(lean.Meter)
app.add_exception_handler(StarletteHTTPException, lean.explain_refusal)
app.add_exception_handler(InvalidRequestError, lean.explain_invalid)
app.add_exception_handler(msgspec.DecodeError, lean.explain_invalid)
app.add_api_route("/metrics", lean.show_metrics, include_in_schema=False)


@app.post(engine.PATH)
async def analyse_comments(request: Request) -> Response:
    headers = request.headers
    key = engine.token(headers.get("authorization", ""))
    if not is_known(key):
        raise HTTPException(401, "a valid API key is needed")
    if not buckets.take(key):
        raise HTTPException(429, "too many requests")
    body = await request.body()
    if len(body) > engine.BODY_BYTES:
        raise HTTPException(413, "the body is too large")
    digest = blake2b(body, digest_size=16).digest()
    kept = memory.get(digest)
    if kept is None:
        kept = await fetched(digest, body, request.app.state.redis)
        memory.put(digest, kept)
    return kept.response(headers.get("accept-encoding", ""))


async def fetched(digest: bytes, body: bytes, redis: Redis) -> Kept:
    content = decode(body)
    items = WORKLOAD.split(content)
    name = f"{engine.KEY_PREFIX}:".encode() + digest
    found = cast("bytes | None", await redis.get(name))
    if found is not None:
        return Kept(found)
    kept = Kept(encode(WORKLOAD.join(content, engine.analyse([item.text for item in items]))))
    # Nobody waits for the write: an answer that another worker has to make again is no harm.
    task = asyncio.ensure_future(redis.set(name, kept.body, ex=engine.KEPT_SECONDS))
    writing.add(task)
    task.add_done_callback(writing.discard)
    return kept
