"""The worker process: answers the jobs of the service's database as the service would have answered at once."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from service.adapters.consumer import Answer, Terms, consume
from service.adapters.redis import RedisChannel, RedisTier, open_client
from service.core.call import Call, Priority
from service.core.errors import InvalidRequestError, SettingsError, UnknownResourceError
from service.core.workload import AnyWorkload
from service.pipelines import AnyPipeline, SharedCache, open_metrics, open_works
from service.settings import Settings
from service.workloads import WORKLOADS

logger = logging.getLogger(__name__)


def run(settings: Settings, terms: Terms | None = None) -> None:
    """Work off jobs until SIGTERM or SIGINT, then finish the one in hand; waits for a database that is away."""
    if settings.database_url is None:
        raise SettingsError(["DATABASE_URL is missing: the worker shares the service's database"])
    for workload in WORKLOADS:
        workload.prepare()
    asyncio.run(_work(settings, settings.database_url, terms or Terms()))


async def _work(settings: Settings, database_url: str, terms: Terms) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_answer(settings, WORKLOADS) as answer:
        logger.info("the worker is ready")
        await consume(database_url, answer, stop, terms)
    logger.info("the worker has stopped")


@asynccontextmanager
async def open_answer(settings: Settings, workloads: Sequence[AnyWorkload]) -> AsyncIterator[Answer]:
    """What answers jobs, by the same pipelines and caches as the service; without Redis by the memory alone."""
    async with AsyncExitStack() as stack:
        metrics = open_metrics(workloads)
        stack.callback(metrics.close)
        shared = SharedCache()
        if settings.redis_url is not None:
            client = open_client(settings.redis_url)
            stack.push_async_callback(client.aclose)
            prefix = settings.redis_prefix
            shared = SharedCache(tiers=(RedisTier(client, prefix),), channel=RedisChannel(client, prefix))
        works = await stack.enter_async_context(open_works(settings, workloads, shared, metrics))
        yield _answer_from({pipeline.workload.name: pipeline for pipeline in works.pipelines})


def _answer_from(pipelines: Mapping[str, AnyPipeline]) -> Answer:
    decoders = {name: msgspec.json.Decoder(pipeline.workload.request) for name, pipeline in pipelines.items()}
    encode = msgspec.json.Encoder().encode

    async def answer(workload: str, request: bytes, tenant: str) -> bytes:
        if workload not in pipelines:
            raise UnknownResourceError("workload", workload)
        try:
            content = decoders[workload].decode(request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequestError("$", str(error)) from error
        return encode(await pipelines[workload].answer(content, Call(tenant, Priority.BULK)))

    return answer
