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
    seconds: Annotated[int, Meta(ge=1, le=3600)]
    samples_per_second: Annotated[int, Meta(ge=1, le=1000)] = 250
    native: bool = False


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
