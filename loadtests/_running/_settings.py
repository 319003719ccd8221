"""The options that these load tests add to Locust's own, on the command line and in its web form."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path
from typing import Annotated, Any

import msgspec

from loadtests._planning import _plan
from loadtests._planning._plan import Plan, PlanError, Scale, Seed
from loadtests._running._efforts import Side
from loadtests._running._target import UnreachableTargetError, checked_address

RUNS = ".loadstone/runs"
"""Where records go unless ``--run-record`` says otherwise; relative to the working directory."""

_NO_PLAN = ""


class BadSettingError(Exception):
    """An option's value cannot be used; the message names option and reason."""


class _PlanNames(list[str]):
    """The choices of ``--plan``: the web form lists them, while the option's type judges, as paths are welcome too."""

    def __contains__(self, value: object) -> bool:
        return True


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for a run; ``plan`` is already scaled."""

    plan: Plan | None
    seed: int
    user_rate: float
    record: str
    api_key: str = ""
    """What the target is shown, when it asks for a key; empty for none."""
    base: str = ""
    """The address that the target is compared with in a duel; empty for none."""
    processes: dict[Side, int] = {}
    """In a duel the sides whose CPU time and memory are measured, each with the first of its processes."""


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    plan: str = _NO_PLAN
    run_record: str = RUNS + "/"
    seed: Seed | None = None
    time_scale: Scale = 1.0
    rate_scale: Scale = 1.0
    user_rate: Scale = 1.0
    api_key: Annotated[str, msgspec.Meta(max_length=512, pattern=r"^[\x21-\x7e]*$")] = ""
    base: str = ""
    base_pid: Annotated[int, msgspec.Meta(ge=1)] | None = None
    head_pid: Annotated[int, msgspec.Meta(ge=1)] | None = None


def add_options(parser: Any) -> None:
    """Add the options to Locust's parser."""
    add = parser.add_argument
    add(
        "--plan",
        type=_plan_name,
        choices=_PlanNames([_NO_PLAN, *_plan.names()]),
        default=_NO_PLAN,
        metavar="NAME|PATH",
        env_var="LOADSTONE_PLAN",
        help=f"The load to send: {', '.join(_plan.names())}, or the path of a TOML file. It sets rate and run "
        "time, and outside the web form the users; without it every user arrives at its own rate.",
    )
    add(
        "--run-record",
        default=RUNS + "/",
        metavar="PATH",
        env_var="LOADSTONE_RUN_RECORD",
        help="The run record's file, or a folder (with a slash at its end) for one named after time and plan.",
    )
    add(
        "--seed",
        type=int,
        default=None,
        metavar="N",
        env_var="LOADSTONE_SEED",
        help="Seed of arrivals and payloads; equal seeds send equal requests. Default: the plan's, or 1.",
    )
    add(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="Makes every stage this many times as long, but none shorter than two seconds.",
    )
    add(
        "--rate-scale",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="Makes every rate, or the users of a closed plan, this many times as high.",
    )
    add(
        "--user-rate",
        type=float,
        default=1.0,
        metavar="PER_SECOND",
        help="Arrivals per second of one user in a run without a plan.",
    )
    add(
        "--api-key",
        default="",
        metavar="KEY",
        env_var="LOADSTONE_API_KEY",
        include_in_web_ui=False,
        help="Key to show, if the service wants one; an administrator's where the plan empties the cache.",
    )
    add(
        "--base",
        default="",
        metavar="URL",
        env_var="LOADSTONE_BASE",
        help="Makes the run a duel: of each two requests one goes there and one, the same, to --host, which is the "
        "head; in stages of the plan that belong to one side all go to it.",
    )
    for side in ("base", "head"):
        add(
            f"--{side}-pid",
            type=int,
            default=None,
            metavar="N",
            env_var=f"LOADSTONE_{side.upper()}_PID",
            include_in_web_ui=False,
            help=f"The first process of the duel's {side}: CPU time and memory of it and of all below it are recorded.",
        )


def _plan_name(text: str) -> str:
    """``text`` if it names a usable plan; an unusable one ends the command line with its reason."""
    if text != _NO_PLAN:
        try:
            _plan.load(text)
        except PlanError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return text


def chosen_plan(options: Any) -> Plan | None:
    """The plan that ``options`` (Locust's parsed ones, perhaps changed by its web form) name, unscaled."""
    name = getattr(options, "plan", None)
    return _plan.load(name) if name else None


def settings_of(options: Any) -> Settings:
    """What ``options`` ask for; raises `PlanError` or `BadSettingError`."""
    values = {name: getattr(options, name, None) for name in _Given.__struct_fields__}
    given_values = {name: value for name, value in values.items() if value not in (None, "")}
    try:
        given = msgspec.convert(given_values, _Given, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        option = place.removesuffix("`").replace("_", "-")
        raise BadSettingError(f"--{option}: {reason[0].lower()}{reason[1:]}") from error
    plan = chosen_plan(options)
    seed = given.seed if given.seed is not None else (plan.seed if plan else 1)
    if plan is not None:
        plan = plan.scaled(time=given.time_scale, rate=given.rate_scale)
    base = _base(given, plan)
    pids: dict[Side, int | None] = {"base": given.base_pid, "head": given.head_pid}
    return Settings(
        plan=plan,
        seed=seed,
        user_rate=given.user_rate * given.rate_scale,
        record=given.run_record,
        api_key=given.api_key,
        base=base,
        processes={side: pid for side, pid in pids.items() if pid is not None},
    )


def _base(given: _Given, plan: Plan | None) -> str:
    """The base's address, if there is one; raises `BadSettingError` where it makes no sense or is missing."""
    if given.base:
        try:
            return checked_address(given.base)
        except UnreachableTargetError as error:
            raise BadSettingError(f"--base: {error}") from error
    if plan is not None and plan.needs_base:
        raise BadSettingError(f"plan {plan.name!r} has stages for one side of a duel, and there is no --base")
    for option, pid in (("--base-pid", given.base_pid), ("--head-pid", given.head_pid)):
        if pid is not None:
            raise BadSettingError(f"{option} is for duels, and there is no --base")
    return ""


def record_path(record: str, *, plan: str, started_at: str) -> Path:
    """The file that ``record`` means: itself, or one in the folder it names, called after time and plan."""
    path = Path(record)
    if not record.endswith("/") and not path.is_dir():
        return path
    moment = started_at.replace("-", "").replace(":", "")
    return path / f"{moment}-{plan or 'free'}-{uuid.uuid4().hex[:6]}.jsonl"
