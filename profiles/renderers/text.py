"""A profile as a table: the dearest functions, their own and their inclusive share."""

from __future__ import annotations

from profiles.stacks import Profile


def render(profile: Profile, rows: int = 20) -> str:
    """The ``rows`` dearest functions of ``profile``, a line each under a heading."""
    total = profile.total
    if not total:
        return "nothing was seen\n"
    heading = f"{'own':>7} {'incl.':>7}  function    ({total:,} {profile.unit} in all)"
    dearest = [
        f"{cost.own / total:>7.1%} {cost.inclusive / total:>7.1%}  {cost.frame}" for cost in profile.frames()[:rows]
    ]
    return "\n".join([heading, *dearest]) + "\n"
