"""Quantities as people write them in objective files: ``500ms``, ``384MiB``, ``<= 0.1%``, ``>= 100/s``, ``<= +5%``.

Inside they are floats in base units: seconds, bytes, ratios, events per second.
"""

from __future__ import annotations

import math
import re

from slo.model import Comparison, Limit, Unit


class QuantityError(ValueError):
    """A text is no quantity of the wanted unit; says what one looks like."""


_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]{1,2})?)"
_DURATION = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}

_SUFFIXES: dict[Unit, dict[str, float]] = {
    Unit.RATIO: {"": 1.0, "%": 0.01},
    Unit.SECONDS: _DURATION,
    Unit.SECONDS_PER_REQUEST: _DURATION,
    Unit.BYTES: _BYTES,
    Unit.BYTES_PER_REQUEST: _BYTES,
    Unit.PER_SECOND: {"/s": 1.0, "/min": 1 / 60},
    Unit.COUNT: {"": 1.0},
}
_EXAMPLES: dict[Unit, str] = {
    Unit.RATIO: "0.001 or 0.1%",
    Unit.SECONDS: "500ms or 1.5s",
    Unit.SECONDS_PER_REQUEST: "2ms or 800us",
    Unit.BYTES: "384MiB",
    Unit.BYTES_PER_REQUEST: "16KiB",
    Unit.PER_SECOND: "100/s or 1000/min",
    Unit.COUNT: "20",
}
_LIMIT = re.compile(r"\s*(?P<comparison><=|>=)\s*(?P<rest>\S.*?)\s*")
_CHANGE = re.compile(r"(?P<sign>[+-])\s*" + _NUMBER + "%")


def quantity(text: str, unit: Unit) -> float:
    """``text`` in the base unit of ``unit``; raises `QuantityError`."""
    suffixes = _SUFFIXES[unit]
    ending = "|".join(re.escape(suffix) for suffix in suffixes)
    found = re.fullmatch(rf"\s*{_NUMBER}\s*(?P<suffix>{ending})\s*", text)
    if found is None:
        raise QuantityError(f"{text!r} is no quantity such as {_EXAMPLES[unit]}")
    number, factor = found["number"], suffixes[found["suffix"]]
    return float(number) / 100 if factor == 0.01 else float(number) * factor


def limit(text: str, unit: Unit) -> Limit:
    """A limit such as ``<= 0.1%``; raises `QuantityError`."""
    comparison, rest = _split(text, f"<= {_EXAMPLES[unit]}")
    return Limit(comparison, quantity(rest, unit))


def change(text: str) -> Limit:
    """A limit on a change against a base, such as ``<= +5%``; raises `QuantityError`."""
    comparison, rest = _split(text, "<= +5%")
    found = _CHANGE.fullmatch(rest)
    if found is None:
        raise QuantityError(f"{text!r} is no change such as '<= +5%'")
    share = float(found["number"]) / 100
    return Limit(comparison, share if found["sign"] == "+" else -share)


def _split(text: str, example: str) -> tuple[Comparison, str]:
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise QuantityError(f"{text!r} is no limit such as '{example}'")
    return Comparison(found["comparison"]), found["rest"]


def written(value: float, unit: Unit) -> str:
    """``value`` for people, with a fitting prefix: ``12.3 ms``, ``0.05 %``, ``384 MiB``, ``101/s``."""
    match unit:
        case Unit.RATIO:
            return _percent(value)
        case Unit.SECONDS:
            return _duration(value)
        case Unit.SECONDS_PER_REQUEST:
            return f"{_duration(value)}/request"
        case Unit.BYTES:
            return _size(value)
        case Unit.BYTES_PER_REQUEST:
            return f"{_size(value)}/request"
        case Unit.PER_SECOND:
            return f"{_digits(value)}/s"
        case Unit.COUNT:
            return _digits(value)


def _percent(ratio: float) -> str:
    """Two significant digits of the distance to 0 or 100 %, so that neither hides a small rest."""
    distance = min(abs(ratio), abs(1 - ratio)) * 100
    places = min(max(1 + math.ceil(-math.log10(distance)), 1), 6) if distance > 1e-9 else 0
    text = f"{ratio * 100:.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if places else text} %"


def _duration(seconds: float) -> str:
    size = abs(seconds)
    if size >= 1 or size == 0:
        return f"{_digits(seconds)} s"
    return f"{_digits(seconds * 1e3)} ms" if size >= 1e-3 else f"{_digits(seconds * 1e6)} µs"


def _size(count: float) -> str:
    for name, factor in (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10)):
        if abs(count) >= factor:
            return f"{_digits(count / factor)} {name}"
    return f"{_digits(count)} B"


def _digits(value: float) -> str:
    """Three significant digits, all digits of a whole part, never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{float(f'{value:.3g}'):.9f}".rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"
