"""The ``[[stages]]`` tables of a plan."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import msgspec

LARGEST = 1e9
"""Of any figure in a plan; TOML also knows ``inf``, which no run could follow."""
MOST_USERS = 10_000
SHORTEST_SECONDS = 2.0
"""Of a stage that is scaled: it then holds a whole second wherever it begins, and only whole seconds are judged. It is
also what client and service need until connections are open, code is loaded and batches have found their size."""

Positive = Annotated[float, msgspec.Meta(gt=0.0, le=LARGEST)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=LARGEST)]
Users = Annotated[int, msgspec.Meta(ge=0, le=MOST_USERS)]

_RATES = ("rate", "rate_from", "rate_to")
_USERS = ("users", "users_from", "users_to")


class PlanStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[stages]]`` table. An open plan's has ``rate`` or a ramp from ``rate_from`` to ``rate_to``, in arrivals/s.

    A closed plan's has ``users`` or a ramp from ``users_from`` to ``users_to``, or nothing: then the plan's ``users``.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    seconds: Positive
    rate: NotNegative | None = None
    rate_from: NotNegative | None = None
    rate_to: NotNegative | None = None
    users: Users | None = None
    users_from: Users | None = None
    users_to: Users | None = None
    judged: bool = True
    side: Literal["both", "base", "head"] = "both"
    """In a duel, who gets the requests of this stage."""

    @property
    def rates(self) -> tuple[float, float]:
        """At the stage's begin and at its end; 0 for a closed plan, whose rate nobody sets."""
        if self.rate is not None:
            return self.rate, self.rate
        return self.rate_from or 0.0, self.rate_to or 0.0

    def users_or(self, usual: int) -> tuple[int, int]:
        """Users at the stage's begin and at its end; ``usual`` ones where the stage does not say."""
        if self.users_from is not None and self.users_to is not None:
            return self.users_from, self.users_to
        users = usual if self.users is None else self.users
        return users, users

    def scaled(self, *, time: float, rate: float) -> Self:
        """``time`` times as long, with ``rate`` times the rates or users.

        Shortened no further than to `SHORTEST_SECONDS`, whatever ``time`` is.
        """
        seconds = max(self.seconds * time, min(self.seconds, SHORTEST_SECONDS))
        changes = {key: value * rate for key in _RATES if (value := getattr(self, key)) is not None}
        changes |= {key: scaled_users(value, rate) for key in _USERS if (value := getattr(self, key)) is not None}
        return msgspec.structs.replace(self, seconds=seconds, **changes)

    def contradiction(self, *, closed: bool) -> str:
        """Why the stage's keys cannot stand together; empty when they can."""
        meaningless, meant = (_RATES, _USERS) if closed else (_USERS, _RATES)
        if strange := [key for key in meaningless if getattr(self, key) is not None]:
            return f"{strange[0]} has no meaning where arrivals are {'closed' if closed else 'open'}"
        given = [key for key in meant if getattr(self, key) is not None]
        if given in ([meant[0]], [*meant[1:]]) or (closed and not given):
            return ""
        return f"needs either `{meant[0]}` or both `{meant[1]}` and `{meant[2]}`"


def scaled_users(users: int, factor: float) -> int:
    """``factor`` times as many, and at least one where there was one."""
    return max(round(users * factor), 1) if users else 0
