"""A plan: what load to send, from a TOML file.

PlanError
├── UnknownPlanError     no plan of that name, no file at that path
└── PlanInvalidError     the file cannot be used; the message names file and key
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec

from loadtests import _workloads
from loadtests._planning._complaints import located
from loadtests._planning._population import Population
from loadtests._planning._stages import MOST_USERS, SHORTEST_SECONDS, NotNegative, PlanStage, Positive, scaled_users
from loadtests._workloads import UnknownWorkloadError
from slo.record import LONGEST_RUN_S, PlanFacts, Stage

FOLDER = Path(__file__).parents[1] / "plans"

Scale = Annotated[float, msgspec.Meta(ge=1e-6, le=1e6)]
Seed = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""As far as every reader of JSON knows whole numbers exactly."""

FEWEST_ARRIVALS = 59
"""Fewer show nothing at 95 %: 0.95⁵⁸ > 0.05, so that 58 right answers of 58 are no proof that 95 % are right."""

_Table = TypeVar("_Table", bound=msgspec.Struct)


class PlanError(Exception):
    """A plan cannot be had."""


class UnknownPlanError(PlanError):
    """There is no such plan."""


class PlanInvalidError(PlanError):
    """The file does not describe a plan."""


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads]`` tables, by workload; one that has none sends what its defaults say."""

    tables: dict[str, dict[str, Any]] = {}

    def of(self, workload: str, kind: type[_Table]) -> _Table:
        """The table of ``workload`` as ``kind``, its own `Payloads`."""
        return msgspec.convert(self.tables.get(workload, {}), kind, str_keys=True)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A load test's intention. The file's name is the plan's name."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    """What it is for, in one line."""
    stages: Annotated[tuple[PlanStage, ...], msgspec.Meta(min_length=1)]
    mix: Annotated[dict[str, Positive], msgspec.Meta(min_length=1)]
    """Workloads to their weights in the rate, or in the users of a closed plan."""
    seed: Seed = 1
    arrivals: Literal["poisson", "constant", "closed"] = "poisson"
    users: Annotated[int, msgspec.Meta(ge=1, le=MOST_USERS)] = 8
    """Open: Locust users per workload, who share the rate; fewer than worker processes leave some idle.
    Closed: users of all workloads together, in stages that do not say otherwise."""
    in_flight: Annotated[int, msgspec.Meta(ge=1)] = 256
    """Requests that one user may have under way; an arrival beyond it is dropped and counted."""
    timeout_seconds: Positive = 10.0
    """A request without its whole answer by then has the outcome ``timeout``."""
    think_seconds: NotNegative = 1.0
    """Mean pause of a closed user between an answer and the next request, exponentially distributed."""
    cache: Literal["as-is", "cold", "warm"] = "as-is"
    """The service's cache when the judged part begins: emptied, or filled with what is sent again and again."""
    payloads: Payloads = msgspec.field(default_factory=Payloads)
    objectives: tuple[str, ...] = ()
    """Names of the objectives that this plan's record is judged by."""
    source: str = ""
    """What it was asked for by: a name, or the path of a file; like the two below not in the file itself."""
    time_scale: float = 1.0
    rate_scale: float = 1.0
    """What it was scaled by since it was read."""

    @property
    def seconds(self) -> float:
        """The planned length of the run."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def warm_up_seconds(self) -> float:
        """From the start to the first judged stage."""
        seconds = 0.0
        for stage in self.stages:
            if stage.judged:
                break
            seconds += stage.seconds
        return seconds

    @property
    def closed(self) -> bool:
        """Whether users wait for their answers; in an open plan nobody waits for anybody."""
        return self.arrivals == "closed"

    @property
    def shares(self) -> dict[str, float]:
        """Workloads to their parts of the rate, which add up to 1."""
        total = sum(self.mix.values())
        return {workload: weight / total for workload, weight in self.mix.items()}

    def population(self, workload: str) -> Population:
        """The users of ``workload`` in a closed plan: its share of all, and at least one while there are any."""
        share = self.shares.get(workload, 0.0)
        legs = ((stage.seconds, *stage.users_or(self.users)) for stage in self.stages)
        return Population((seconds, share * first, share * last) for seconds, first, last in legs)

    @property
    def users_to_start(self) -> int:
        """Locust users to start of each workload; those of a closed plan whose turn is not yet wait for it."""
        if not self.closed:
            return self.users
        return max(self.population(workload).most for workload in self.mix)

    def users_at(self, moment: float) -> int:
        """Users of all workloads who send at ``moment`` seconds from the start; in an open plan all, all the time."""
        if not self.closed:
            return self.users * len(self.mix)
        return sum(self.population(workload).users_at(moment) for workload in self.mix)

    def arrivals_expected(self, *, judged_only: bool) -> float:
        """Requests of all, or of the judged stages; of a closed plan the most, as if every answer came at once."""
        stages = [stage for stage in self.stages if stage.judged or not judged_only]
        return sum(sum(self.rates_of(stage)) / 2.0 * stage.seconds for stage in stages)

    def rates_of(self, stage: PlanStage) -> tuple[float, float]:
        """Arrivals per second at the stage's begin and end; of a closed plan the most, one per user and pause."""
        if not self.closed:
            return stage.rates
        pace = 1.0 / self.think_seconds if self.think_seconds else math.inf
        first, last = (users * pace if users else 0.0 for users in stage.users_or(self.users))
        return first, last

    @property
    def needs_base(self) -> bool:
        """Whether it makes sense in a duel alone, as a stage of it belongs to one side."""
        return any(stage.side != "both" for stage in self.stages)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a run of this plan, perhaps scaled, could not be judged, or hardly; a sentence each."""
        return tuple(_doubts(self))

    def facts(self) -> PlanFacts:
        """The plan as the run record keeps it."""
        return PlanFacts(
            name=self.name,
            description=self.description,
            arrivals=self.arrivals,
            stages=tuple(self._stage_facts(stage) for stage in self.stages),
            mix=self.shares,
            objectives=self.objectives,
            source=self.source,
            time_scale=self.time_scale,
            rate_scale=self.rate_scale,
        )

    def _stage_facts(self, stage: PlanStage) -> Stage:
        users = stage.users_or(self.users) if self.closed else (0, 0)
        return Stage(
            name=stage.name,
            seconds=stage.seconds,
            rate_from=stage.rates[0],
            rate_to=stage.rates[1],
            judged=stage.judged,
            users_from=users[0],
            users_to=users[1],
            side=stage.side,
        )

    def scaled(self, *, time: float = 1.0, rate: float = 1.0) -> Self:
        """The same plan with every stage ``time`` times as long and every rate ``rate`` times as high.

        No stage is cut down to less than `SHORTEST_SECONDS`. A closed plan has ``rate`` times the users, and at least
        one where it had one. Raises `PlanInvalidError` when it would last longer than a record can tell or have more
        users than a plan can have.
        """
        stages = tuple(stage.scaled(time=time, rate=rate) for stage in self.stages)
        users = scaled_users(self.users, rate) if self.closed else self.users
        scales = {"time_scale": self.time_scale * time, "rate_scale": self.rate_scale * rate}
        plan = msgspec.structs.replace(self, stages=stages, users=users, **scales)
        if plan.seconds > LONGEST_RUN_S:
            raise PlanInvalidError(f"plan {self.name!r} would last {plan.seconds:.3g} s, {_LONGEST}")
        if (most := max(max(stage.users_or(users)) for stage in stages)) > MOST_USERS:
            raise PlanInvalidError(f"plan {self.name!r} would have {most:,} users, and {MOST_USERS:,} are the most")
        return plan


_LONGEST = f"and {LONGEST_RUN_S:,} s are the most"


def _doubts(plan: Plan) -> Iterator[str]:
    begin, whole, short = 0.0, 0, []
    for stage in plan.stages:
        end = begin + stage.seconds
        if stage.judged:
            seconds = max(math.floor(end) - math.ceil(begin), 0)
            whole += seconds
            short += [] if seconds else [stage.name]
        begin = end
    if not whole:
        yield "no judged stage lasts a whole second, so that the run cannot be judged"
        return
    if short:
        yield f"without a whole second, {', '.join(short)} will not be judged"
    if 0.0 < plan.warm_up_seconds < SHORTEST_SECONDS:
        yield f"a warm-up of {plan.warm_up_seconds:.2g} s is short: what is slow only at first will be judged too"
    if (arrivals := plan.arrivals_expected(judged_only=True)) < FEWEST_ARRIVALS:
        yield f"{arrivals:.0f} requests in the judged part are too few to decide anything"


def plans() -> dict[str, str]:
    """The names of the plans that come with Loadstone, and their descriptions."""
    return {path.stem: load(path.stem).description for path in sorted(FOLDER.glob("*.toml"))}


def names() -> tuple[str, ...]:
    """The names alone, without reading the files."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name_or_path: str) -> Plan:
    """The plan of that name, or the one in that file (a path ends in ``.toml`` or holds a slash)."""
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return _read(Path(name_or_path), name_or_path, name_or_path)
    if name_or_path not in names():
        raise UnknownPlanError(f"there is no plan {name_or_path!r}; there are {', '.join(names())}")
    return _read(FOLDER / f"{name_or_path}.toml", f"plans/{name_or_path}.toml", name_or_path)


def _read(path: Path, shown: str, source: str) -> Plan:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnknownPlanError(f"{shown}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PlanInvalidError(f"{shown}: not UTF-8: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise PlanInvalidError(f"{shown}: not TOML: {error}") from error
    return msgspec.structs.replace(parse(table, name=path.stem, shown=shown), source=source)


def parse(table: Mapping[str, Any], *, name: str, shown: str) -> Plan:
    """The plan in ``table``; ``shown`` is the file's name in errors."""
    if "name" in table:
        raise PlanInvalidError(f"{shown}: name: unknown key, a plan is called after its file")
    if strange := [key for key in ("source", "time_scale", "rate_scale") if key in table]:
        raise PlanInvalidError(f"{shown}: {strange[0]}: unknown key")
    payloads = {"tables": table["payloads"]} if "payloads" in table else {}
    try:
        plan = msgspec.convert({"name": name, **table, "payloads": payloads}, Plan, str_keys=True)
    except msgspec.ValidationError as error:
        complaint = located(str(error)).replace("payloads.tables", "payloads", 1)
        raise PlanInvalidError(f"{shown}: {complaint}") from error
    for key, reason in (*_contradictions(plan), *_strangers(plan)):
        raise PlanInvalidError(f"{shown}: {key}: {reason}")
    return plan


def _contradictions(plan: Plan) -> Iterator[tuple[str, str]]:
    """Keys and why their values cannot stand, first things first."""
    seen: set[str] = set()
    for index, stage in enumerate(plan.stages):
        key = f"stages[{index}]"
        if stage.name in seen:
            yield f"{key}.name", f"there is already a stage {stage.name!r}"
        seen.add(stage.name)
        if reason := stage.contradiction(closed=plan.closed):
            yield key, reason
    if plan.seconds > LONGEST_RUN_S:
        yield "stages", f"together they last {plan.seconds:.3g} s, {_LONGEST}"
    if not any(stage.judged for stage in plan.stages):
        yield "stages", "none of them is judged"
    if plan.closed and not plan.users_to_start:
        yield "stages", "there is nowhere a user"
    if not plan.closed and sum(sum(stage.rates) for stage in plan.stages) == 0.0:
        yield "stages", "the rate is nowhere above 0"


def _strangers(plan: Plan) -> Iterator[tuple[str, str]]:
    """Workloads that are not there, and tables that they do not understand."""
    for place, workloads in (("mix", plan.mix), ("payloads", plan.payloads.tables)):
        for workload in workloads:
            try:
                module = _workloads.payloads_of(workload)
            except UnknownWorkloadError as error:
                yield f"{place}.{workload}", str(error)
                return
            try:
                plan.payloads.of(workload, module.Payloads)
            except msgspec.ValidationError as error:
                key, _, reason = located(str(error), f"payloads.{workload}").partition(": ")
                yield key, reason
