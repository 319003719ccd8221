"""A flame graph as one SVG file: wide is dear, above is called by below.

Of two profiles it is differential: as wide as after, and coloured by what became of each place since before, red
where it is dearer, blue where it is cheaper. A place is a function with all its callers.

Source: B. Gregg, "The Flame Graph", CACM 59(6), 2016, and his differential flame graphs (2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Final

from profiles.stacks import Profile, Stack

WIDTH: Final = 1200.0
ROW: Final = 17.0
NARROWEST: Final = 0.4
"""Places that would be narrower are left out."""
_SLIGHTEST: Final = 1e-9
_MARGIN: Final = 30.0
_LETTER: Final = 6.6
_STYLE: Final = (
    "text{font:11px system-ui,sans-serif;fill:#1b1b1f}.g:hover rect{stroke:#1b1b1f}"
    "@media(prefers-color-scheme:dark){.page{fill:#1b1b1f}.title{fill:#f2f2f5}}"
)


@dataclass(slots=True)
class _Place:
    cost: float = 0.0
    before: float = 0.0
    children: dict[str, _Place] = field(default_factory=dict)


def render(
    profile: Profile, title: str, *, per: float = 1.0, before: Profile | None = None, per_before: float = 1.0
) -> str:
    """The SVG. Costs are divided by ``per`` (requests, say); ``before`` makes it differential."""
    root = _Place()
    _grow(root, profile.stacks, per, is_before=False)
    if before is not None:
        _grow(root, before.stacks, per_before, is_before=True)
    depth = _depth(root)
    height = _MARGIN + (depth + 1) * ROW
    scale = WIDTH / root.cost if root.cost else 0.0
    boxes = "".join(_boxes(root, profile.unit, scale, height, is_differential=before is not None))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect class="page" width="100%" height="100%" fill="#fff"/>'
        f'<text class="title" x="6" y="18">{escape(title)}: {root.cost:,.6g} {profile.unit}'
        f"{_since(root)}</text>{boxes}</svg>\n"
    )


def _grow(root: _Place, stacks: Mapping[Stack, int], per: float, *, is_before: bool) -> None:
    for stack, cost in stacks.items():
        place = root
        for frame in ("", *stack):
            place = place.children.setdefault(frame, _Place()) if frame else root
            if is_before:
                place.before += cost / per
            else:
                place.cost += cost / per


def _depth(root: _Place) -> int:
    depth, row = 0, list(root.children.values())
    while row:
        depth += 1
        row = [child for place in row for child in place.children.values()]
    return depth


def _boxes(root: _Place, unit: str, scale: float, height: float, *, is_differential: bool) -> Iterator[str]:
    waiting = [("all", root, 0.0, 0)]
    while waiting:
        name, place, x, row = waiting.pop()
        width = place.cost * scale
        if width < NARROWEST:
            continue
        y = height - (row + 1) * ROW
        share = place.cost / root.cost
        told = f"{name}: {place.cost:,.6g} {unit}, {share:.1%}{_since(place) if is_differential else ''}"
        letters = int((width - 6) / _LETTER)
        label = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > 3 else ""
        colour = _change_colour(place, root) if is_differential else _colour(name)
        yield (
            f'<g class="g"><title>{escape(told)}</title>'
            f'<rect x="{x:.2f}" y="{y:g}" width="{width:.2f}" height="{ROW - 1:g}" rx="2" fill="{colour}"/>'
            f'<text x="{x + 3:.2f}" y="{y + 12:g}">{escape(label)}</text></g>'
        )
        left = x
        for frame, child in sorted(place.children.items()):
            waiting.append((frame, child, left, row + 1))
            left += child.cost * scale


def _since(place: _Place) -> str:
    if not place.before:
        return ", new" if place.cost else ""
    return f", {place.cost / place.before - 1:+.1%} ({place.before:,.6g} before)"


def _colour(name: str) -> str:
    """Warm and the same for the same file, so that what belongs together looks alike."""
    file = name.rpartition("(")[2]
    tone = sum(file.encode("utf-8")) % 40
    return f"hsl({15 + tone},75%,{66 + tone % 7}%)"


def _change_colour(place: _Place, root: _Place) -> str:
    """Grey where nothing changed; a tenth of all costs more or less is as red, or as blue, as it gets."""
    change = (place.cost - place.before) / (0.1 * root.cost)
    if abs(change) < _SLIGHTEST:
        return "hsl(230,8%,92%)"
    light = 96 - 38 * min(abs(change), 1.0)
    return f"hsl({8 if change > 0 else 215},80%,{light:.0f}%)"
