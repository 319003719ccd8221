"""The endpoint as most teams would write it: FastAPI, Pydantic, Redis, and a package for each duty.

Good code of its kind: typed in and out, injected dependencies, a straight loop over the comments of a request.
Served by uvicorn with uvloop and httptools.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_fastapi_instrumentator import Instrumentator
from redis.asyncio import Redis
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address
from starlette.exceptions import HTTPException as StarletteHTTPException

from tests.benchmarks.peers import engine
from tests.benchmarks.peers.models import CommentsAnswer, CommentsRequest, answered


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine.analyse(["Excelente servicio"])
    app.state.redis = Redis.from_url(engine.REDIS_URL, max_connections=engine.MOST_CONNECTIONS)
    yield
    await app.state.redis.aclose()


app = FastAPI(title="comments", lifespan=lifespan)
limiter = Limiter(key_func=get_remote_address, storage_uri=engine.LIMITS_URL)
app.state.limiter = limiter
app.add_middleware(GZipMiddleware, minimum_size=500)
Instrumentator().instrument(app).expose(app)
bearer = HTTPBearer(auto_error=False)


@app.middleware("http")
async def name_request(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    identifier = request.headers.get(engine.REQUEST_ID) or str(uuid.uuid4())
    response = await call_next(request)
    response.headers[engine.REQUEST_ID] = identifier
    response.headers["x-content-type-options"] = "nosniff"
    return response


@app.exception_handler(StarletteHTTPException)
async def explain_refusal(request: Request, error: StarletteHTTPException) -> JSONResponse:
    return problem(request, error.status_code, str(error.detail))


@app.exception_handler(RequestValidationError)
async def explain_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    return problem(request, 400, "; ".join(each["msg"] for each in error.errors()))


@app.exception_handler(RateLimitExceeded)
async def explain_limit(request: Request, error: RateLimitExceeded) -> JSONResponse:
    return problem(request, 429, f"at most {error.detail}")


def problem(request: Request, status: int, detail: str) -> JSONResponse:
    content = {"type": "about:blank", "title": detail, "status": status, "instance": request.url.path}
    return JSONResponse(content, status, media_type="application/problem+json")


async def authorised(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    if credentials is None or not engine.is_known(credentials.credentials):
        raise HTTPException(401, "a valid API key is needed")


def redis_of(request: Request) -> Redis:
    redis: Redis = request.app.state.redis
    return redis


@app.post(
    engine.PATH,
    response_model=CommentsAnswer,
    response_model_exclude_defaults=True,
    dependencies=[Depends(authorised)],
)
@limiter.limit(f"{engine.REQUESTS_A_SECOND}/second")
async def analyse_comments(
    request: Request, payload: CommentsRequest, redis: Annotated[Redis, Depends(redis_of)]
) -> CommentsAnswer:
    key = f"{engine.KEY_PREFIX}:{sha256(await request.body()).hexdigest()}"
    kept = await redis.get(key)
    if kept is not None:
        return CommentsAnswer.model_validate_json(kept)
    answer = answered(payload, engine.analyse(payload.texts))
    await redis.set(key, answer.model_dump_json(exclude_defaults=True), ex=engine.KEPT_SECONDS)
    return answer
