"""The usual form with four things changed, and all else as it was.

Granian serves it; answers are kept in the worker's memory before Redis; msgspec makes them, without response_model;
the limiter is a token bucket in memory. Kept, beside what the tuned form keeps too: the HTTP middleware.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Annotated, cast

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

encode = msgspec.json.Encoder().encode
memory: lean.Memory[bytes] = lean.Memory()
buckets = lean.Buckets(engine.REQUESTS_A_SECOND)
bearer = HTTPBearer(auto_error=False)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine.analyse(["Excelente servicio"])
    app.state.redis = Redis.from_url(engine.REDIS_URL, max_connections=engine.MOST_CONNECTIONS)
    yield
    await app.state.redis.aclose()


app = FastAPI(title="comments", lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=500)
Instrumentator().instrument(app).expose(app)
app.add_exception_handler(StarletteHTTPException, lean.explain_refusal)
app.add_exception_handler(RequestValidationError, lean.explain_body)


@app.middleware("http")
async def name_request(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    identifier = request.headers.get(engine.REQUEST_ID) or str(uuid.uuid4())
    response = await call_next(request)
    response.headers[engine.REQUEST_ID] = identifier
    response.headers["x-content-type-options"] = "nosniff"
    return response


async def admitted(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    if credentials is None or not engine.is_known(credentials.credentials):
        raise HTTPException(401, "a valid API key is needed")
    if not buckets.take(credentials.credentials):
        raise HTTPException(429, "too many requests")


def redis_of(request: Request) -> Redis:
    redis: Redis = request.app.state.redis
    return redis


@app.post(engine.PATH, dependencies=[Depends(admitted)])
async def analyse_comments(
    request: Request, payload: CommentsRequest, redis: Annotated[Redis, Depends(redis_of)]
) -> Response:
    digest = blake2b(await request.body(), digest_size=16).digest()
    body = memory.get(digest)
    if body is None:
        body = await fetched(digest, payload, redis)
        memory.put(digest, body)
    return Response(body, media_type="application/json")


async def fetched(digest: bytes, payload: CommentsRequest, redis: Redis) -> bytes:
    name = f"{engine.KEY_PREFIX}:".encode() + digest
    found = cast("bytes | None", await redis.get(name))
    if found is not None:
        return found
    content = WORKLOAD.request(comments=payload.structs, quality=payload.quality)
    body = encode(WORKLOAD.join(content, engine.analyse(payload.texts)))
    await redis.set(name, body, ex=engine.KEPT_SECONDS)
    return body
