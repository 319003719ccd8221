"""The worker process: works off batches, and answers jobs as the service would have answered at once."""

from __future__ import annotations

import asyncio
import logging.config
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import uvloop

from service.adapters.chunk_consumer import work_off
from service.adapters.consumer import Answer, Terms, consume
from service.adapters.lookout import open_lookout
from service.adapters.restarter import MISCONFIGURED, RECYCLED
from service.campaigns.meters import WorkerMeters
from service.campaigns.recycling import outgrown
from service.campaigns.stopwatch import Stopwatch
from service.campaigns.terms import CampaignTerms
from service.core.call import Call, Priority
from service.core.errors import InvalidRequestError, SettingsError, UnknownResourceError
from service.core.processes import resident_bytes
from service.core.worker_metrics import END_REASONS
from service.core.workload import AnyWorkload
from service.pipelines import AnyPipeline
from service.settings import Settings, of_this_process
from service.view import View
from service.workloads import WORKLOADS
from service.workshop import open_workshop

logger = logging.getLogger(__name__)


def run(
    settings: Settings,
    terms: Terms | None = None,
    workloads: Sequence[AnyWorkload] = WORKLOADS,
    before: Mapping[str, int] | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, then finish or give back what is in hand; waits for a database that is away.

    ``before`` says how many workers this one replaces, by why they ended.

    SystemExit with `RECYCLED` when another process should take over, because this one has grown too large.
    """
    if settings.database_url is None:
        raise SettingsError(["DATABASE_URL is missing: the worker shares the service's database"])
    for workload in workloads:
        workload.prepare()
    if uvloop.run(_work(settings, settings.database_url, terms or Terms(), workloads, before or {})):
        raise SystemExit(RECYCLED)


async def _work(
    settings: Settings, url: str, terms: Terms, workloads: Sequence[AnyWorkload], before: Mapping[str, int]
) -> bool:
    """Whether another process should take over."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopwatch = Stopwatch(time.monotonic)
    watched = [stopwatch.watched(workload) for workload in workloads]
    # A job and a row that may end the process are never in hand together.
    turn = asyncio.Semaphore(1)
    async with open_workshop(settings, watched) as shop, AsyncExitStack() as stack:
        pipelines = shop.pipelines
        meters = WorkerMeters(shop.metrics, [workload.name for workload in workloads], stopwatch)
        if settings.worker_port is not None:
            view = View(shop, meters, settings, stop, before)
            await stack.enter_async_context(open_lookout(settings.host, settings.worker_port, view.writers))
        logger.info("the worker is ready")
        recycling = asyncio.create_task(_recycle(settings.worker_memory_bytes, stop))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consume(url, _answer_from(pipelines), stop, terms, turn))
            tasks.create_task(
                work_off(
                    url,
                    pipelines,
                    stop,
                    turn=turn,
                    stopwatch=stopwatch,
                    longest=settings.analysis_seconds,
                    keep_days=settings.batch_days,
                    known_days=settings.known_days,
                    meters=meters,
                    terms=CampaignTerms(lease=settings.lease_seconds, grace=settings.shutdown_seconds / 2),
                )
            )
        is_recycled = recycling.done()
        recycling.cancel()
    logger.info("the worker has stopped")
    return is_recycled


async def _recycle(limit: int, stop: asyncio.Event) -> None:
    taken = await outgrown(limit, lambda: resident_bytes(os.getpid()))
    logger.warning("the worker takes %d MiB, another one takes over", taken >> 20)
    stop.set()


@asynccontextmanager
async def open_answer(settings: Settings, workloads: Sequence[AnyWorkload]) -> AsyncIterator[Answer]:
    """What answers jobs."""
    async with open_workshop(settings, workloads) as shop:
        yield _answer_from(shop.pipelines)


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


def main() -> None:
    """Run as the environment says."""
    from service.web.logs import logging_configuration

    settings = of_this_process()
    logging.config.dictConfig(logging_configuration(settings.log_level))
    try:
        run(settings, before=dict(zip(END_REASONS, map(int, sys.argv[1:]), strict=False)))
    except SettingsError as error:
        sys.stderr.writelines(f"loadstone: {problem}\n" for problem in error.problems)
        sys.exit(MISCONFIGURED)


if __name__ == "__main__":
    main()
