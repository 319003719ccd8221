"""The faults that campaigns are put through, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from types import MappingProxyType
from typing import TypeAlias

from tests.faults.campaigns.brittle_worker import DEADLY, ENDLESS
from tests.faults.campaigns.pictures import NamedPictures, Pictures
from tests.faults.campaigns.scene import Scene
from tests.faults.campaigns.sources import Source
from tests.faults.campaigns.strikes import (
    any_of_them,
    fill_disk,
    fill_valkey,
    flush_valkey,
    forget_names,
    hang_worker,
    hold_horizon,
    kill_postgres,
    kill_valkey,
    kill_worker,
    planted,
    relieve_workers,
    terminate_backends,
)
from tests.faults.campaigns.toxics import SERVERS, TOXICS, spoil_way

Strike: TypeAlias = Callable[[Scene], bool]
UNREACHED = frozenset({"dns", "connect", "timeout", "busy"})
"""The errors of rows whose origin is not to be reached."""

SHORT = MappingProxyType({"LOADSTONE_ANALYSIS_SECONDS": "5"})
"""An analysis that takes longer is never done."""


@dataclass(frozen=True)
class Injection:
    """One kind of fault."""

    name: str
    what: str
    """Does to the campaign, as the reader of a table is told."""
    strike: Strike
    strikes: int = 3
    """In a campaign of the usual length."""
    source: type[Source] | None = None
    """Where the rows come from, if not from where they usually do."""
    poison: str = ""
    """What so many rows have in them as it is to strike."""
    excuses: frozenset[str] = frozenset()
    """Errors with which rows may fail under it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What workers are told under it."""
    small_disk: bool = False
    """Whether PostgreSQL is to have a disk that can be filled."""

    @property
    def takes_root(self) -> bool:
        """Whether only root can inflict it: a disk is mounted, or a name space made."""
        return self.small_disk or self.source is NamedPictures


INJECTIONS: tuple[Injection, ...] = (
    Injection(
        "worker-killed", "SIGKILL of a worker that has rows in hand, at a random moment", kill_worker, strikes=20
    ),
    Injection("worker-hung", "SIGSTOP of a worker until its lease is long over, then SIGCONT", hang_worker),
    Injection("workers-relieved", "each worker stopped by SIGTERM after another one was started", relieve_workers),
    Injection("postgres-killed", "SIGKILL of PostgreSQL, which starts again on the same data", kill_postgres),
    Injection("backends-terminated", "all connections to PostgreSQL ended at once", terminate_backends, strikes=10),
    Injection("horizon-held", "an idle transaction keeps PostgreSQL from tidying up", hold_horizon),
    Injection("valkey-killed", "SIGKILL of Valkey, which starts again empty", kill_valkey),
    Injection("valkey-flushed", "Valkey forgets everything", flush_valkey, strikes=10),
    Injection("valkey-full", "Valkey refuses to keep anything", fill_valkey),
    Injection("everything", "one of those above after the other, as they are drawn", any_of_them, strikes=10),
    Injection("poison", "rows that kill every worker that reads them", planted, 2, poison=DEADLY),
    Injection("endless", "rows that no worker ever gets done with", planted, 2, poison=ENDLESS, settings=SHORT),
    Injection(
        "names-away", "the origin's name cannot be looked up", forget_names, source=NamedPictures, excuses=UNREACHED
    ),
    Injection("disk-full", "not a byte is left for PostgreSQL's files", fill_disk, small_disk=True),
    *(
        Injection(
            f"{server}-{name}",
            f"between workers and {server}, {toxic.seen}",
            partial(spoil_way, server, toxic),
            strikes=2,
            source=Pictures if server == "origin" else None,
            excuses=UNREACHED if server == "origin" else frozenset(),
        )
        for server, (name, toxic) in product(SERVERS, TOXICS.items())
    ),
)
