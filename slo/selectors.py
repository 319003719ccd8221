"""Series selectors in PromQL's form, on the samples of a snapshot and on the cells of a run record.

``name{label="value", other!="value", third=~"pattern", fourth!~"pattern"}``; patterns match the whole value, and a
label that is not there counts as empty, as in Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCHER = re.compile(
    r'\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>(?:[^"\\\n]|\\.)*)"\s*'
)
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
LONGEST = 2_000
"""Characters a selector may have."""


class SelectorError(ValueError):
    """A text is no selector; says where it stops being one."""


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one label."""

    label: str
    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Whether a series whose label has ``value`` is selected."""
        match self.operator:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return re.fullmatch(self.value, value) is not None
            case _:
                return re.fullmatch(self.value, value) is None

    def __str__(self) -> str:
        escaped = self.value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        return f'{self.label}{self.operator}"{escaped}"'


class Selector(msgspec.Struct, frozen=True):
    """A metric name and conditions on its labels."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def accepts(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether the series ``name`` with ``labels`` is selected."""
        return name == self.name and all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.matchers)

    def label(self, name: str) -> str | None:
        """The value that the label must equal, if there is such a condition."""
        return next((each.value for each in self.matchers if each.label == name and each.operator == "="), None)

    def replace(self, label: str, value: str) -> Selector:
        """The same selector with another value for the conditions on ``label``."""
        return Selector(
            self.name,
            tuple(Matcher(each.label, each.operator, value) if each.label == label else each for each in self.matchers),
        )

    def __str__(self) -> str:
        inside = ",".join(str(matcher) for matcher in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name


@lru_cache(maxsize=4096)
def parse(text: str) -> Selector:
    """The selector behind ``text``; raises `SelectorError`."""
    if len(text) > LONGEST:
        raise SelectorError(f"{len(text)} characters are too many for a selector")
    found = _NAME.match(text.strip())
    if found is None:
        raise SelectorError(f"{text!r} does not begin with a metric name")
    rest = text.strip()[found.end() :].strip()
    if not rest:
        return Selector(found[0])
    if not (rest.startswith("{") and rest.endswith("}")):
        raise SelectorError(f"{text!r} has more than a metric name and labels in braces")
    return Selector(found[0], _matchers(text, rest[1:-1]))


def _matchers(text: str, inside: str) -> tuple[Matcher, ...]:
    matchers: list[Matcher] = []
    position = 0
    while inside[position:].strip():
        found = _MATCHER.match(inside, position)
        if found is None:
            raise SelectorError(f"{text!r} is no selector from {inside[position:].strip()!r} on")
        matchers.append(_matcher(text, found))
        position = found.end()
        if position < len(inside):
            if inside[position] != ",":
                raise SelectorError(f"{text!r} lacks a comma before {inside[position:].strip()!r}")
            position += 1
    return tuple(matchers)


def _matcher(text: str, found: re.Match[str]) -> Matcher:
    value = re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), found["value"])
    if "~" in found["operator"]:
        try:
            re.compile(value)
        except re.error as error:
            raise SelectorError(f"{text!r} holds the pattern {value!r}, which is none: {error}") from error
    return Matcher(found["label"], found["operator"], value)


def total(selector: Selector, samples: Mapping[str, float]) -> float | None:
    """The sum of the selected series of a snapshot, None where it selects none."""
    values = [value for series, value in samples.items() if _selects(selector, series)]
    return sum(values) if values else None


@lru_cache(maxsize=65_536)
def _selects(selector: Selector, series: str) -> bool:
    """Whether ``selector`` accepts ``series``; one in a notation of the server's own is none that it can name."""
    try:
        parsed = parse(series)
    except SelectorError:
        return False
    return selector.accepts(parsed.name, {matcher.label: matcher.value for matcher in parsed.matchers})
