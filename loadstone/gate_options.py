"""Which options of ``loadstone gate`` do not go together, each told in a sentence."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

_PAIRS = (("base_command", "head_command"), ("base_url", "head_url"))


def complaints(asked: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with what was ``asked``, the plainest first."""
    foreign = [base for base, _ in _PAIRS if asked[base]]
    for base, head in _PAIRS:
        if bool(asked[base]) != bool(asked[head]):
            yield f"--{base.replace('_', '-')} and --{head.replace('_', '-')} belong together"
    if len(foreign) + bool(asked["base"]) + asked["no_base"] > 1:
        yield "of --base, --no-base, commands and URLs only one can be had"
    if asked["quick"] and asked["no_base"]:
        yield "--quick only compares, and with --no-base there is nothing to compare with"
    if foreign and not (asked["locustfile"] and asked["objectives"]):
        yield "another project's service needs --locustfile and --objectives"
    if asked["locustfile"] and not foreign:
        yield "--locustfile is for services of other projects: give their commands or URLs as well"
    if foreign:
        yield from _of_services(asked)


def _of_services(asked: Mapping[str, Any]) -> Iterator[str]:
    """What another project's services and Locust file lack."""
    if asked["base_url"] and asked["base_url"].rstrip("/") == asked["head_url"].rstrip("/"):
        yield "--base-url and --head-url are the same address, and nothing differs from itself"
    if asked["locustfile"].suffix != ".py":
        yield f"{asked['locustfile']} is no Locust file: its name does not end in .py"
    if asked["per"] == "user" and asked["users"] < 2:
        yield "--per user needs two users at least, one for each side"
    if not asked["ready"].startswith("/"):
        yield f"--ready is a path such as /health, and {asked['ready']!r} does not begin with a slash"
    for command in filter(None, (asked["base_command"], asked["head_command"])):
        try:
            words = shlex.split(command)
        except ValueError as error:
            yield f"{command!r} is no command: {error}"
        else:
            if not words:
                yield f"{command!r} is no command"
