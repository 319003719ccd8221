"""Which entries are to be forgotten, and how one process tells the others.

Keys are ``workload:version:lane:...``; a pattern is one of them in which ``*`` stands for any text and ``?`` for any
one character. The other signs that mean something to a tier's own patterns cannot be in it, so that it means the same
in every tier.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.core.errors import InvalidRequestError

MOST_KEYS = 1000
LONGEST_KEY = 512

KeyText = Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY, pattern=r"^[A-Za-z0-9_:.@+-]+$")]
PatternText = Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY, pattern=r"^[A-Za-z0-9_:.@+*?-]+$")]
WorkloadName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]


class Invalidation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Entries to be forgotten; exactly one of the three says which."""

    workload: Annotated[WorkloadName, Meta(description="All entries of this workload.")] | UnsetType = UNSET
    pattern: (
        Annotated[
            PatternText,
            Meta(
                description="All entries whose key `workload:version:lane:...` matches: `*` is any text, `?` any one "
                "character.",
                examples=["comments:*:good:*"],
            ),
        ]
        | UnsetType
    ) = UNSET
    keys: Annotated[tuple[KeyText, ...], Meta(min_length=1, max_length=MOST_KEYS, description="These entries.")] = ()

    def check(self) -> None:
        """Raise InvalidRequestError unless exactly one of the three is given."""
        given = (self.workload is not UNSET) + (self.pattern is not UNSET) + bool(self.keys)
        if given != 1:
            raise InvalidRequestError("$", "Give exactly one of workload, pattern and keys")

    @property
    def glob(self) -> str | None:
        """The pattern, None where single keys are meant."""
        if isinstance(self.workload, str):
            return f"{self.workload}:*"
        return self.pattern if isinstance(self.pattern, str) else None

    def matcher(self) -> Callable[[str], bool]:
        """What tells whether a key is meant."""
        return frozenset(self.keys).__contains__ if self.glob is None else matcher_of(self.glob)


EVERYTHING = Invalidation(pattern="*")


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What one process tells all that share the cache."""

    sender: str
    """The process that did the rest already, so that it need not heed its own word."""
    invalidation: Invalidation | None = None
    warm: tuple[str, ...] = ()
    """Prefixes of keys, the most used of which are to be loaded into memory."""
    most: int = 0
    """So many of each."""


encode_notice: Callable[[Notice], bytes] = msgspec.msgpack.Encoder().encode
decode_notice: Callable[[bytes], Notice] = msgspec.msgpack.Decoder(Notice).decode


def matcher_of(pattern: str) -> Callable[[str], bool]:
    """What tells whether a key matches ``pattern``."""
    prefix = pattern.removesuffix("*")
    if not {"*", "?"} & set(prefix):
        return pattern.__eq__ if prefix == pattern else lambda key: key.startswith(prefix)
    match = re.compile(translate(pattern)).match
    return lambda key: match(key) is not None
