"""The usual form, tuned by somebody who knows and wants to go on writing FastAPI.

Changed against it: Granian; answers in the worker's memory before Redis, which is written to behind the answer's
back; msgspec makes the answers, without response_model; a token bucket in memory for slowapi; plain ASGI in place of
the HTTP middleware; the digest of a key is remembered. Kept: the typed body, the dependencies, the instrumentator,
GZipMiddleware.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Any, cast

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_fastapi_instrumentator import Instrumentator
from redis.asyncio import Redis
from starlette.exceptions import HTTPException as StarletteHTTPException

from service.workloads.comments import WORKLOAD
from tests.benchmarks.peers import engine, lean
from tests.benchmarks.peers.models import CommentsRequest

GZIP_LEVEL = 5

encode = msgspec.json.Encoder().encode
memory: lean.Memory[bytes] = lean.Memory()
buckets = lean.Buckets(engine.REQUESTS_A_SECOND)
is_known = lru_cache(1024)(engine.is_known)
writing: set[asyncio.Future[Any]] = set()
bearer = HTTPBearer(auto_error=False)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine.analyse(["Excelente servicio"])
    app.state.redis = Redis.from_url(engine.REDIS_URL, max_connections=engine.MOST_CONNECTIONS)
    yield
    await app.state.redis.aclose()


app = FastAPI(title="comments", lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=GZIP_LEVEL)
app.add_middleware(lean.Namer)
Instrumentator().instrument(app).expose(app)
app.add_exception_handler(StarletteHTTPException, lean.explain_refusal)
app.add_exception_handler(RequestValidationError, lean.explain_body)


async def admitted(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    if credentials is None or not is_known(credentials.credentials):
        raise HTTPException(401, "a valid API key is needed")
    if not buckets.take(credentials.credentials):
        raise HTTPException(429, "too many requests")


@app.post(engine.PATH, dependencies=[Depends(admitted)])
async def analyse_comments(request: Request, payload: CommentsRequest) -> Response:
    digest = blake2b(await request.body(), digest_size=16).digest()
    body = memory.get(digest)
    if body is None:
        body = await fetched(digest, payload, request.app.state.redis)
        memory.put(digest, body)
    return Response(body, media_type="application/json")


async def fetched(digest: bytes, payload: CommentsRequest, redis: Redis) -> bytes:
    name = f"{engine.KEY_PREFIX}:".encode() + digest
    found = cast("bytes | None", await redis.get(name))
    if found is not None:
        return found
    content = WORKLOAD.request(comments=payload.structs, quality=payload.quality)
    body = encode(WORKLOAD.join(content, engine.analyse(payload.texts)))
    # Nobody waits for the write: an answer that another worker has to make again is no harm.
    task = asyncio.ensure_future(redis.set(name, body, ex=engine.KEPT_SECONDS))
    writing.add(task)
    task.add_done_callback(writing.discard)
    return body
