"""The options that the plugin adds to Locust's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from slo.record import LONGEST_RUN_S, Stage

_LARGEST_BYTES = 1_048_576
_HIGHEST_PID = 4_194_304
"""Of Linux, on 64 bits."""
_Stages = Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1, max_length=1_000)]


class BadSettingError(Exception):
    """An option's value cannot be used; the message names option and reason."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    base: str
    head: str
    stages: tuple[Stage, ...]
    record: Path
    pids: dict[Literal["base", "head"], int]
    """First processes of the sides whose CPU time and memory are to be measured."""
    seed: int
    per: Literal["request", "user"]
    users: int


def add_options(parser: Any) -> None:
    """Add the options to Locust's parser."""
    add = parser.add_argument_group("duel", "base against head, on a Locust file as it is").add_argument
    add("--base", metavar="URL", default="", help="The service before the change; --host is the one after it.")
    add("--duel-stages", metavar="PATH", default="", help="A JSON list of stages, with who gets their requests.")
    add("--run-record", metavar="PATH", default="", help="Where the run record goes; there must be no such file yet.")
    add("--base-pid", metavar="N", type=int, help="The base's first process, to measure it and its descendants.")
    add("--head-pid", metavar="N", type=int, help="The head's first process.")
    add("--duel-seed", metavar="N", type=int, default=1, help="Of the lots that say who gets a request.")
    add(
        "--duel-per",
        choices=("request", "user"),
        default="request",
        help="What a lot is drawn for. Users that log in or carry on what they began need 'user': each of them then "
        "stays with one side for good.",
    )


def settings_of(options: Any) -> Settings:
    """What Locust's parsed ``options`` ask for; raises `BadSettingError`."""
    for option in ("host", "base", "duel_stages", "run_record"):
        if not getattr(options, option, None):
            raise BadSettingError(f"--{option.replace('_', '-')} is missing")
    if not options.headless:
        raise BadSettingError("a duel has no web page: it needs --headless")
    if options.master or options.worker or options.processes:
        raise BadSettingError("a duel runs in one process: leave out --processes, --master and --worker")
    users = options.num_users or 1
    if options.duel_per == "user" and users < 2:
        raise BadSettingError("--users: with --duel-per user it takes two at least, one for each side")
    return Settings(
        base=options.base,
        head=options.host,
        stages=_stages(Path(options.duel_stages), users),
        record=Path(options.run_record),
        pids=_pids(options),
        seed=options.duel_seed,
        per=options.duel_per,
        users=users,
    )


def _pids(options: Any) -> dict[Literal["base", "head"], int]:
    given: dict[Literal["base", "head"], int | None] = {"base": options.base_pid, "head": options.head_pid}
    pids = {side: pid for side, pid in given.items() if pid is not None}
    for side, pid in pids.items():
        if not 0 < pid <= _HIGHEST_PID:
            raise BadSettingError(f"--{side}-pid: {pid} is the number of no process")
    return pids


def _stages(path: Path, users: int) -> tuple[Stage, ...]:
    try:
        with path.open("rb") as file:
            stages = msgspec.json.decode(file.read(_LARGEST_BYTES), type=_Stages)
    except OSError as error:
        raise BadSettingError(f"--duel-stages: {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSettingError(f"--duel-stages: {path}: {error}") from error
    if len({stage.name for stage in stages}) < len(stages):
        raise BadSettingError(f"--duel-stages: {path}: two stages have the same name")
    if not 0 < sum(stage.seconds for stage in stages) <= LONGEST_RUN_S:
        raise BadSettingError(f"--duel-stages: {path}: the stages take no time, or more than {LONGEST_RUN_S} seconds")
    return tuple(msgspec.structs.replace(stage, users_from=users, users_to=users) for stage in stages)
