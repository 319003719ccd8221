"""What msgspec finds wrong with a table, said as the file's author would write it: the key first, then the reason."""

from __future__ import annotations

import re

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.+)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>.+)`")


def located(message: str, within: str = "") -> str:
    """``message`` of a `msgspec.ValidationError`, with the key in front; ``within`` is the key of the table itself."""
    reason, _, place = message.partition(" - at `")
    parent = f"{within}.{place.removesuffix('`').removeprefix('$').removeprefix('.')}".strip(".")
    for pattern, meaning in ((_UNKNOWN, "unknown key"), (_MISSING, "missing")):
        if found := pattern.fullmatch(reason):
            return f"{parent}.{found['key']}: {meaning}".removeprefix(".")
    reason = reason[0].lower() + reason[1:]
    return f"{parent}: {reason}" if parent else reason
