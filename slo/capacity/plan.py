"""The plan of one step, as the TOML that the load tests read: a settling time that is not judged, then the step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

SETTLING = "settling"
STEP = "step"

_LEFT_OUT = ("name", "stages", "arrivals", "description", "seed")
"""What a step says itself, or what is its file's name."""


class Course(NamedTuple):
    """How long a step settles and lasts, in seconds."""

    settle_seconds: float
    step_seconds: float


def step_plan(base: Mapping[str, Any], rate: float, course: Course, seed: int) -> str:
    """``base`` (a plan in plain values) with Poisson arrivals at one rate, in TOML."""
    table = {key: value for key, value in base.items() if key not in _LEFT_OUT}
    table["description"] = f"A step of a capacity test: {rate:.6g} arrivals a second"
    table["arrivals"] = "poisson"
    table["seed"] = seed
    table["stages"] = [
        {"name": SETTLING, "seconds": course.settle_seconds, "rate": rate, "judged": False},
        {"name": STEP, "seconds": course.step_seconds, "rate": rate},
    ]
    return "".join(f"{_key(key)} = {toml(value)}\n" for key, value in table.items() if value is not None)


def toml(value: Any) -> str:
    """``value`` in TOML, tables inline; None inside of a table is left out, as TOML knows no such thing.

    Raises TypeError for what is no value of a plan.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)
        case str():
            return _string(value)
        case list() | tuple():
            return f"[{', '.join(toml(each) for each in value)}]"
        case Mapping():
            inside = (f"{_key(key)} = {toml(each)}" for key, each in value.items() if each is not None)
            return f"{{{', '.join(inside)}}}"
        case _:
            raise TypeError(f"{value!r} has no form in TOML")


def _key(key: object) -> str:
    return _string(str(key))


def _string(text: str) -> str:
    """JSON's strings are TOML's basic strings, but for the one control character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
