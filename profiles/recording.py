"""A profile and what it was taken of, as a file: so many requests, counted or sampled in so many parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from profiles.stacks import FoldedStacksError, Profile

SUFFIX = ".profile.json"
FORMAT: Final = 1
LARGEST_BYTES = 256 * 2**20
EXACT_UNITS = frozenset({"bytecodes", "calls", "bytes", "allocations", "waited", "queries"})
"""Costs that are counted, not sampled; ``waited`` is in microseconds of a clock that goes on by what is waited for."""

Unit = Literal["samples", "bytecodes", "calls", "bytes", "allocations", "waited", "queries"]
Cost = Annotated[int, Meta(ge=0)]


class RecordingError(Exception):
    """A file is no recording; names it and says why."""


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Costs of ``requests`` requests by folded stack, part by part: each part is a process or a stretch of time."""

    unit: Unit
    of: str
    """What was profiled, in a few words."""
    requests: Annotated[tuple[Annotated[float, Meta(gt=0)], ...], Meta(min_length=1)]
    """Requests answered in each part; 1 where there is nothing to count them by."""
    parts: Annotated[tuple[dict[str, Cost], ...], Meta(min_length=1)]
    """Folded stacks to their costs, outermost frame first, for each part."""
    format: Literal[1] = FORMAT

    @classmethod
    def of_profiles(cls, profiles: Sequence[Profile], requests: Sequence[float], of: str) -> Recording:
        """The recording of ``profiles``, which have one unit and so many requests each."""
        parts = tuple({";".join(stack): cost for stack, cost in profile.stacks.items()} for profile in profiles)
        return msgspec.convert(
            {"unit": profiles[0].unit, "of": of, "requests": tuple(requests), "parts": parts}, Recording
        )

    @classmethod
    def load(cls, path: Path) -> Recording:
        """The recording in ``path``: one of our files, or anybody's folded stacks, taken for samples of one part."""
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise RecordingError(f"{path}: larger than {LARGEST_BYTES // 2**20} MiB")
            content = path.read_bytes()
            if path.name.endswith(".json"):
                return _checked(msgspec.json.decode(content, type=cls))
            return cls.of_profiles([Profile.parse(content.decode("utf-8"), "samples")], [1.0], path.stem)
        except OSError as error:
            raise RecordingError(f"{path}: {error.strerror}") from error
        except (msgspec.DecodeError, FoldedStacksError, UnicodeDecodeError, ValueError) as error:
            raise RecordingError(f"{path}: {error}") from error

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(self))

    @property
    def is_exact(self) -> bool:
        """Whether its costs are counted, so that one part tells all."""
        return self.unit in EXACT_UNITS

    @property
    def answered(self) -> float:
        """Requests in all parts."""
        return sum(self.requests)

    def profiles(self) -> list[Profile]:
        """Its parts."""
        return [
            Profile(self.unit, {tuple(stack.split(";")): cost for stack, cost in part.items()}) for part in self.parts
        ]

    def profile(self) -> Profile:
        """All parts together."""
        return Profile.combined(self.profiles())


def _checked(recording: Recording) -> Recording:
    if len(recording.requests) != len(recording.parts):
        raise ValueError(f"{len(recording.parts)} parts with {len(recording.requests)} numbers of requests")
    return recording
