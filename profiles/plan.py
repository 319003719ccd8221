"""A profile plan: which load a workload is profiled under, and how; one TOML file a workload in ``plans/``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

PLANS = Path(__file__).parent / "plans"


class ProfilePlanError(Exception):
    """A plan cannot be used; names the file and the key."""


class ProfilePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to profile one workload."""

    workload: str
    load: str
    """The load plan that runs meanwhile."""
    seconds: Annotated[int, Meta(ge=5, le=3600)] = 20
    """How long to sample."""
    samples_per_second: Annotated[int, Meta(ge=1, le=1000)] = 250
    native: bool = False
    """Also frames of C and Rust code."""
    requests: Annotated[int, Meta(ge=3, le=100_000)] = 300
    """How many to count; a third of them warms up."""


def of(name: str, folder: Path = PLANS) -> ProfilePlan:
    """The profile plan ``name``, or one of the usual figures under the load plan ``name`` where there is none."""
    if (folder / f"{name}.toml").is_file():
        return load(name, folder)
    return ProfilePlan(workload="", load=name)


def load(workload: str, folder: Path = PLANS) -> ProfilePlan:
    """The plan of ``workload``."""
    path = folder / f"{workload}.toml"
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=ProfilePlan)
    except OSError as error:
        raise ProfilePlanError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ProfilePlanError(f"{path}: {error}") from error
    if plan.workload != workload:
        raise ProfilePlanError(f"{path}: workload is {plan.workload!r}, the file's name says {workload!r}")
    return plan
