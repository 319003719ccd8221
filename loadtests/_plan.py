"""A plan: what load to send, from a TOML file.

PlanError
├── UnknownPlanError     no plan of that name, no file at that path
└── PlanInvalidError     the file cannot be used; the message names file and key
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec

from loadtests._comments import CommentsPayloads
from slo.record import LONGEST_RUN_S, PlanFacts, Stage

FOLDER = Path(__file__).with_name("plans")

LARGEST = 1e9
"""Of any figure in a plan; TOML also knows ``inf``, which no run could follow."""

Positive = Annotated[float, msgspec.Meta(gt=0.0, le=LARGEST)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=LARGEST)]
Scale = Annotated[float, msgspec.Meta(ge=1e-6, le=1e6)]
Seed = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""As far as every reader of JSON knows whole numbers exactly."""


class PlanError(Exception):
    """A plan cannot be had."""


class UnknownPlanError(PlanError):
    """There is no such plan."""


class PlanInvalidError(PlanError):
    """The file does not describe a plan."""


class PlanStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[stages]]`` table: ``rate`` for an even stage, ``rate_from`` and ``rate_to`` for a ramp, in arrivals/s."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    seconds: Positive
    rate: NotNegative | None = None
    rate_from: NotNegative | None = None
    rate_to: NotNegative | None = None
    judged: bool = True

    @property
    def rates(self) -> tuple[float, float]:
        """At the stage's begin and at its end; 0 for a closed plan, whose rate nobody sets."""
        if self.rate is not None:
            return self.rate, self.rate
        return self.rate_from or 0.0, self.rate_to or 0.0


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads]`` tables, one per workload."""

    comments: CommentsPayloads = msgspec.field(default_factory=CommentsPayloads)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A load test's intention. The file's name is the plan's name."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    description: str
    stages: Annotated[tuple[PlanStage, ...], msgspec.Meta(min_length=1)]
    mix: Annotated[dict[str, Positive], msgspec.Meta(min_length=1)]
    """Workloads to their weights in the rate."""
    seed: Seed = 1
    arrivals: Literal["poisson", "constant", "closed"] = "poisson"
    users: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    """Locust users per workload. They share an open plan's rate; fewer than worker processes leave some idle."""
    in_flight: Annotated[int, msgspec.Meta(ge=1)] = 256
    """Requests that one user may have under way; an arrival beyond it is dropped and counted."""
    timeout_seconds: Positive = 10.0
    """A request without its whole answer by then has the outcome ``timeout``."""
    think_seconds: NotNegative = 1.0
    """Mean pause of a closed user between an answer and the next request, exponentially distributed."""
    payloads: Payloads = msgspec.field(default_factory=Payloads)
    objectives: tuple[str, ...] = ()
    """Names of the objectives that this plan's record is judged by."""

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
    def shares(self) -> dict[str, float]:
        """Workloads to their parts of the rate, which add up to 1."""
        total = sum(self.mix.values())
        return {workload: weight / total for workload, weight in self.mix.items()}

    def facts(self) -> PlanFacts:
        """The plan as the run record keeps it."""
        stages = tuple(
            Stage(
                name=stage.name,
                seconds=stage.seconds,
                rate_from=stage.rates[0],
                rate_to=stage.rates[1],
                judged=stage.judged,
            )
            for stage in self.stages
        )
        return PlanFacts(
            name=self.name,
            description=self.description,
            arrivals=self.arrivals,
            stages=stages,
            mix=self.shares,
            objectives=self.objectives,
        )

    def scaled(self, *, time: float = 1.0, rate: float = 1.0) -> Self:
        """The same plan with every stage ``time`` times as long and every rate ``rate`` times as high.

        Raises `PlanInvalidError` when it would last longer than a record can tell.
        """
        stages = tuple(
            msgspec.structs.replace(
                stage,
                seconds=stage.seconds * time,
                rate=_times(stage.rate, rate),
                rate_from=_times(stage.rate_from, rate),
                rate_to=_times(stage.rate_to, rate),
            )
            for stage in self.stages
        )
        plan = msgspec.structs.replace(self, stages=stages)
        if plan.seconds > LONGEST_RUN_S:
            raise PlanInvalidError(f"plan {self.name!r} would last {plan.seconds:.3g} s, {_LONGEST}")
        return plan


_LONGEST = f"and {LONGEST_RUN_S:,} s are the most"


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def plans() -> dict[str, str]:
    """The names of the plans that come with Loadstone, and their descriptions."""
    return {path.stem: load(path.stem).description for path in sorted(FOLDER.glob("*.toml"))}


def names() -> tuple[str, ...]:
    """The names alone, without reading the files."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name_or_path: str) -> Plan:
    """The plan of that name, or the one in that file (a path ends in ``.toml`` or holds a slash)."""
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return _read(Path(name_or_path), name_or_path)
    if name_or_path not in names():
        raise UnknownPlanError(f"there is no plan {name_or_path!r}; there are {', '.join(names())}")
    return _read(FOLDER / f"{name_or_path}.toml", f"plans/{name_or_path}.toml")


def _read(path: Path, shown: str) -> Plan:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnknownPlanError(f"{shown}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PlanInvalidError(f"{shown}: not UTF-8: {error.reason} at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise PlanInvalidError(f"{shown}: not TOML: {error}") from error
    return parse(table, name=path.stem, shown=shown)


def parse(table: Mapping[str, Any], *, name: str, shown: str) -> Plan:
    """The plan in ``table``; ``shown`` is the file's name in errors."""
    if "name" in table:
        raise PlanInvalidError(f"{shown}: name: unknown key, a plan is called after its file")
    try:
        plan = msgspec.convert({"name": name, **table}, Plan, str_keys=True)
    except msgspec.ValidationError as error:
        raise PlanInvalidError(f"{shown}: {_located(str(error))}") from error
    for key, reason in _contradictions(plan):
        raise PlanInvalidError(f"{shown}: {key}: {reason}")
    return plan


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.+)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.+)`")


def _located(message: str) -> str:
    """msgspec's message with the key in front, as the file's author would write it."""
    reason, _, place = message.partition(" - at `")
    parent = place.removesuffix("`").removeprefix("$").removeprefix(".")
    for pattern, meaning in ((_UNKNOWN, "unknown key"), (_MISSING, "missing")):
        if found := pattern.fullmatch(reason):
            return f"{parent}.{found['key']}: {meaning}".removeprefix(".")
    reason = reason[0].lower() + reason[1:]
    return f"{parent}: {reason}" if parent else reason


def _contradictions(plan: Plan) -> list[tuple[str, str]]:
    """Keys and why their values cannot stand, first things first."""
    found = []
    seen: set[str] = set()
    for index, stage in enumerate(plan.stages):
        key = f"stages[{index}]"
        if stage.name in seen:
            found.append((f"{key}.name", f"there is already a stage {stage.name!r}"))
        seen.add(stage.name)
        if reason := _rate_contradiction(stage, closed=plan.arrivals == "closed"):
            found.append((key, reason))
    if plan.seconds > LONGEST_RUN_S:
        found.append(("stages", f"together they last {plan.seconds:.3g} s, {_LONGEST}"))
    if not any(stage.judged for stage in plan.stages):
        found.append(("stages", "none of them is judged"))
    if not found and plan.arrivals != "closed" and sum(sum(stage.rates) for stage in plan.stages) == 0.0:
        found.append(("stages", "the rate is nowhere above 0"))
    return found


def _rate_contradiction(stage: PlanStage, *, closed: bool) -> str:
    given = [key for key in ("rate", "rate_from", "rate_to") if getattr(stage, key) is not None]
    if closed:
        return f"{given[0]} has no meaning where arrivals are closed" if given else ""
    if given not in (["rate"], ["rate_from", "rate_to"]):
        return "needs either `rate` or both `rate_from` and `rate_to`"
    return ""
