"""What ``loadstone cache`` tells: a running service's cache in plain sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import msgspec
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from service.core.cache_statistics import CacheStatistics, TierStatistics
from service.core.caretaker import WORKERS, Forgotten, Unreached
from service.core.errors import InvalidRequestError
from service.core.invalidation import Invalidation
from service.core.metrics import CACHE_MEMORY
from service.core.warming import Progress
from service.remote import RefusedError, RemoteService


def show(service: RemoteService, *, as_json: bool) -> str:
    """What the cache did, a sentence a tier, or as JSON."""
    statistics = service.statistics()
    if as_json:
        return msgspec.json.format(msgspec.json.encode(statistics)).decode()
    return "\n".join(_told(statistics))


def invalidate(service: RemoteService, wish: dict[str, object]) -> tuple[str, str]:
    """Forget what ``wish`` says; what was forgotten, and what could not be reached."""
    try:
        invalidation = msgspec.convert(wish, Invalidation)
    except msgspec.ValidationError as error:
        raise InvalidRequestError("$", str(error)) from None
    invalidation.check()
    forgotten = service.invalidate(invalidation)
    return _forgotten(forgotten), _unreached(forgotten.unreached)


def warm_most_frequent(service: RemoteService, most: int, workload: str | None) -> tuple[str, str]:
    """Load what is used most; what was loaded, and what could not be reached."""
    warmed = service.warm_most_frequent(most, workload)
    return f"{warmed.entries:,} entries loaded into memory", _unreached(warmed.unreached)


def warm_from(service: RemoteService, lines: Iterable[bytes], workload: str, at_once: int) -> str:
    """Have the requests in ``lines`` answered, showing the progress on a terminal; how that went."""
    last = asyncio.run(_followed(service, lines, workload, at_once))
    told = f"{last.answered:,} requests answered, {last.refused:,} lines refused"
    if last.refused:
        told += f"; the first is line {last.first_refused}: {last.first_problem}"
    if last.refused and not last.answered:
        raise RefusedError(told)
    return told


async def _followed(service: RemoteService, lines: Iterable[bytes], workload: str, at_once: int) -> Progress:
    last = Progress()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("warming")
        async for last in service.warm_with(lines, workload, at_once):
            bar.update(task, description=f"{last.answered:,} answered, {last.refused:,} refused")
    return last


def _told(statistics: CacheStatistics) -> Iterator[str]:
    memory = statistics.memory
    yield (
        f"memory of {_number(statistics.workers, 'worker')}: {_found(memory.hits, memory.misses, memory.hit_ratio)}; "
        f"{_number(memory.entries, 'entry', 'entries')} in {memory.resident_bytes / 2**20:,.1f} MiB, "
        f"{memory.evictions:,} had to go for others"
    )
    for tier in statistics.shared:
        yield f"{tier.name}: {_found(tier.hits, tier.misses, tier.hit_ratio)}; {', '.join(_ways(tier))}"


def _ways(tier: TierStatistics) -> Iterator[str]:
    yield f"{tier.promoted:,} promoted"
    yield f"{tier.written:,} written"
    if tier.saved_bytes:
        yield f"{tier.saved_bytes / 2**20:,.1f} MiB saved by compression"
    if tier.skipped:
        yield f"{tier.skipped:,} not looked up"
    if tier.dropped:
        yield f"{tier.dropped:,} not written"
    if tier.failed_reads or tier.failed_writes:
        yield f"{_number(tier.failed_reads + tier.failed_writes, 'failure')}"
    if tier.left_alone_by:
        yield f"left alone at the moment by {_number(tier.left_alone_by, 'worker')}"


def _found(hits: int, misses: int, ratio: float | None) -> str:
    if ratio is None:
        return "nothing looked up yet"
    return f"{hits:,} of {hits + misses:,} items found ({ratio:.1%})"


def _forgotten(forgotten: Forgotten) -> str:
    if not forgotten.entries:
        return "nothing was reached"
    names = {CACHE_MEMORY: "the memory of the worker that was asked"}
    told = (f"{entries:,} in {names.get(name, name)}" for name, entries in forgotten.entries.items())
    return f"forgotten: {', '.join(told)}"


def _unreached(places: Iterable[Unreached]) -> str:
    names = {WORKERS: "the memory of the other workers"}
    return "; ".join(f"not reached: {names.get(place.where, place.where)} ({place.reason})" for place in places)


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
