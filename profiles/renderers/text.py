"""Profiles and their differences as tables."""

from __future__ import annotations

from collections.abc import Sequence

from profiles.culprit import Suspect
from profiles.diff import Change, Difference
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


def render_difference(difference: Difference, suspects: Sequence[Suspect], rows: int = 20) -> str:
    """What became of a request, who made it dearer, and the ``rows`` functions whose own cost changed most."""
    lines = [f"{difference.unit} for each request: {_told(difference.total)}", ""]
    if suspects:
        lines.append("dearer because of")
        lines += [
            f"  {number}. {suspect.change.frame}: {_told(suspect.change.own)}, {suspect.explains:.0%} of the rise"
            for number, suspect in enumerate(suspects[:rows], start=1)
        ]
    else:
        lines.append("no function made it dearer for certain")
    changed = [each for each in difference.frames if each.own.is_certain][:rows]
    if changed:
        lines += ["", f"{'before':>12} {'after':>12} {'own change':>12} {'incl.':>12}  function"]
        lines += [
            f"{each.own.before:>12,.5g} {each.own.after:>12,.5g} {each.own.by:>+12,.4g} {each.inclusive.by:>+12,.4g}  "
            f"{each.frame}"
            for each in changed
        ]
    return "\n".join(lines) + "\n"


def _told(change: Change) -> str:
    told = f"{change.before:,.6g} → {change.after:,.6g}"
    if change.before:
        told += f", {change.by / change.before:+.2%}"
    if change.high > change.low and change.before:
        told += f" ({change.low / change.before:+.2%} to {change.high / change.before:+.2%})"
    return told
