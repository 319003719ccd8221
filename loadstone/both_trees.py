"""The source trees of base and head: what is ours in them, where it stands in the head, and what was edited."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from profiles.blame import outer
from profiles.source import Edits, Source, file_of
from profiles.stacks import Stack
from slo.duel.model import CulpritPlace

REPLAY: Final = ("service/replay.py", "service/stand_ins.py")
"""Files of what replays requests, and of what answers in place of the world around the service."""
_NOT_SERVED: Final = ("profiles/", *REPLAY)


def replay_alike(base: Path, head: Path) -> bool:
    """Whether both trees replay requests in the same way, so that their counts compare."""
    return all(_content(base / file) == _content(head / file) for file in REPLAY)


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


class Trees:
    """Both source trees, and what was edited between them."""

    def __init__(self, base: Source, head: Source) -> None:
        self.base = base
        self.head = head
        self.edits = Edits(base, head)

    def has(self, frame: str) -> bool:
        """Whether a function is the project's own, and no part of how it is replayed."""
        return not file_of(frame).startswith(_NOT_SERVED) and (self.head.has(frame) or self.base.has(frame))

    def name(self, frame: str) -> str:
        """The function of the project that ``frame`` belongs to, with its class."""
        return self.head.qualified(outer(frame))

    def place(self, frame: str) -> CulpritPlace | None:
        """Where it stands in the head."""
        if not self.head.has(frame):
            return None
        function = self.head.find(frame)
        if function is None:
            return CulpritPlace(file=file_of(frame), line=1)
        return CulpritPlace(file=file_of(frame), line=function.line, end_line=function.end_line)

    def edited_below(self, frame: str, stacks: Iterable[Stack]) -> tuple[str, ...]:
        """Edited functions that ``frame`` calls, by whatever way."""
        below: set[str] = set()
        for stack in stacks:
            names = [self.name(each) for each in stack if self.has(each)]
            if frame in names:
                below |= set(names[names.index(frame) + 1 :])
        return tuple(sorted(each for each in below - {frame} if self.edits.has(each)))
