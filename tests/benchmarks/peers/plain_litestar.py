"""The endpoint in plain Litestar, each duty by what its documentation shows; served by Granian."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.config.compression import CompressionConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import JSONBody
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController
from litestar.stores.memory import MemoryStore
from litestar.types import Message, Scope

from service.core.errors import InvalidRequestError
from service.workloads.comments import WORKLOAD
from service.workloads.comments.messages import CommentsAnswer, CommentsRequest
from tests.benchmarks.peers import engine

AnyRequest = Request[Any, Any, Any]
answers = MemoryStore()
encode = msgspec.json.Encoder().encode


def authorised(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    if not engine.is_known(engine.token(connection.headers.get("authorization", ""))):
        raise NotAuthorizedException("a valid API key is needed")


async def name_answer(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers[engine.REQUEST_ID] = Headers.from_scope(scope).get(engine.REQUEST_ID) or str(uuid.uuid4())
        headers["x-content-type-options"] = "nosniff"


@post(engine.PATH, status_code=200, guards=[authorised], request_max_body_size=engine.BODY_BYTES)
async def analyse_comments(request: AnyRequest, data: JSONBody[CommentsRequest]) -> Response[CommentsAnswer | bytes]:
    key = sha256(await request.body()).hexdigest()
    kept = await answers.get(key)
    if kept is None:
        outcomes = engine.analyse([item.text for item in WORKLOAD.split(data)])
        kept = encode(WORKLOAD.join(data, outcomes))
        await answers.set(key, kept, expires_in=engine.KEPT_SECONDS)
    return Response(kept, media_type="application/json")


def as_problem(error: HTTPException) -> ProblemDetailsException:
    return ProblemDetailsException(error.detail, status_code=error.status_code, headers=error.headers)


def invalid_as_problem(error: InvalidRequestError) -> ProblemDetailsException:
    return ProblemDetailsException(str(error), status_code=400)


async def prepare() -> None:
    engine.analyse(["Excelente servicio"])


app = Litestar(
    [analyse_comments, PrometheusController],
    before_send=[name_answer],
    middleware=[
        PrometheusConfig(group_path=True).middleware,
        RateLimitConfig(("second", engine.REQUESTS_A_SECOND)).middleware,
    ],
    compression_config=CompressionConfig("gzip"),
    plugins=[
        ProblemDetailsPlugin(
            ProblemDetailsConfig(
                exception_to_problem_detail_map={
                    HTTPException: as_problem,
                    InvalidRequestError: invalid_as_problem,
                }
            )
        )
    ],
    on_startup=[prepare],
    logging_config=None,
)
