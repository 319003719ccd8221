"""A profile as a file of speedscope (https://www.speedscope.app), which draws it in any browser."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from profiles.stacks import Profile

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
_UNITS: Final = {"bytes": "bytes"}


def render(profile: Profile, name: str) -> bytes:
    """The file; its samples are the stacks and their weights the costs. Source: speedscope's file format, 0.0.1."""
    places: dict[str, int] = {}
    samples: list[list[int]] = []
    weights: list[int] = []
    for stack, cost in sorted(profile.stacks.items()):
        samples.append([places.setdefault(frame, len(places)) for frame in stack])
        weights.append(cost)
    document: dict[str, Any] = {
        "$schema": _SCHEMA,
        "exporter": "loadstone",
        "name": name,
        "shared": {"frames": [{"name": frame} for frame in places]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{name} ({profile.unit})",
                "unit": _UNITS.get(profile.unit, "none"),
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
    }
    return msgspec.json.encode(document)
