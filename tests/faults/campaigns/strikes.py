"""What is inflicted on campaigns: over when it comes back; False when nothing was left to inflict it on."""

from __future__ import annotations

import asyncio

import asyncpg
from redis import Redis

from tests.faults.campaigns.disk import fill, make_room
from tests.faults.campaigns.pictures import NamedPictures
from tests.faults.campaigns.scene import Scene

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
)
LONGEST_GAP = 0.3
"""Seconds, at most, from the point that is drawn to the kill, so that it may hit anything that a worker does."""


def kill_worker(scene: Scene) -> bool:
    """At a random moment, one that has something in hand: the process that has it, or all of it, as with a machine."""
    scene.pause(scene.draw.uniform(0, LONGEST_GAP))
    holder = scene.holder()
    if holder is None:
        return False
    if scene.draw.random() < 0.5:
        holder.worker.kill_inside(holder.name)
    else:
        scene.workforce.replace(holder.worker)
    scene.observer.of(lambda watch: watch.lose(holder.name))
    return True


def hang_worker(scene: Scene) -> bool:
    """Until well after somebody else has begun what it has in hand; then it goes on as if nothing had been."""
    holder = scene.holder()
    if holder is None:
        return False
    holder.worker.hang()
    scene.pause(scene.lease * scene.draw.uniform(1.2, 2.0))
    holder.worker.go_on()
    return True


def relieve_workers(scene: Scene) -> bool:
    """One after the other, as a new version is rolled out."""
    for worker in list(scene.workforce.workers):
        scene.workforce.relieve(worker)
    return True


def kill_postgres(scene: Scene) -> bool:
    """By SIGKILL; started again on the same data."""

    def act() -> None:
        scene.ground.postgres.kill()
        scene.pause(scene.draw.uniform(0.1, 2.0))
        scene.ground.postgres.start()

    scene.unattended(act)
    return True


def terminate_backends(scene: Scene) -> bool:
    """All connections at once, the observer's too."""

    async def act() -> None:
        connection = await asyncpg.connect(scene.ground.database_url)
        await connection.execute(TERMINATE)
        await connection.close()

    asyncio.run(act())
    return True


def hold_horizon(scene: Scene) -> bool:
    """A transaction that sees the begin of the campaign stays open while a good part of it is done."""

    async def act() -> None:
        connection = await asyncpg.connect(scene.ground.database_url)
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM batch_chunks")
        begun = scene.done
        await asyncio.to_thread(scene.wait_until, lambda: scene.done >= begun + scene.rows // 4)
        await connection.close()

    asyncio.run(act())
    return True


def kill_valkey(scene: Scene) -> bool:
    """By SIGKILL; started again, empty."""
    scene.ground.valkey.kill()
    scene.pause(scene.draw.uniform(0.1, 2.0))
    scene.ground.valkey.start()
    return True


def flush_valkey(scene: Scene) -> bool:
    """All that it knows is gone."""
    with Redis.from_url(scene.ground.redis_url) as valkey:
        valkey.flushall()
    return True


def fill_valkey(scene: Scene) -> bool:
    """It refuses whatever takes memory, for a while."""
    with Redis.from_url(scene.ground.redis_url) as valkey:
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", 1)
        scene.pause(scene.lease)
        valkey.config_set("maxmemory", 0)
    return True


def fill_disk(scene: Scene) -> bool:
    """Not a byte is left for PostgreSQL; when there is room again, it starts again if that had ended it."""
    disk, postgres = scene.ground.folder, scene.ground.postgres

    def act() -> None:
        fill(disk)
        scene.pause(scene.lease * scene.draw.uniform(1.0, 2.0))
        make_room(disk)
        if not postgres.is_running:
            postgres.start()

    scene.unattended(act)
    return True


def planted(scene: Scene) -> bool:
    """The fault lies in the rows."""
    return True


def forget_names(scene: Scene) -> bool:
    """No worker can look up the origin, and no connection is left that would make that needless."""
    assert isinstance(scene.source, NamedPictures)
    scene.source.names.forget()
    scene.source.to_origin.sever()
    scene.pause(scene.draw.uniform(2.0, 10.0))
    scene.source.names.learn()
    return True


def any_of_them(scene: Scene) -> bool:
    """Whichever is drawn."""
    strike = scene.draw.choice(
        (kill_worker, hang_worker, relieve_workers, kill_postgres, terminate_backends, kill_valkey, flush_valkey)
    )
    return strike(scene)
