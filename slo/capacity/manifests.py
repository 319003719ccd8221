"""Manifests for autoscalers, with the measured target in them."""

from __future__ import annotations

import math
from importlib.resources import files

import jinja2

from slo.capacity import wording
from slo.capacity.model import Capacity, Scaling

NAMES = ("hpa.yaml", "keda.yaml")

_ASSETS = files("slo.capacity") / "assets"
_ENVIRONMENT = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - YAML, from figures and one name without line ends


def render(found: Capacity, scaling: Scaling) -> dict[str, str]:
    """File names to their texts."""
    return {name: _manifest(name, found, scaling) for name in NAMES}


def _manifest(name: str, found: Capacity, scaling: Scaling) -> str:
    template = _ENVIRONMENT.from_string((_ASSETS / f"{name}.j2").read_text(encoding="utf-8"))
    knee = None if found.scalability is None else found.scalability.knee_per_s
    rests_on_knee = scaling.rests_on == "the knee" and knee is not None
    interval = wording.rates(knee) if rests_on_knee and knee is not None else wording.rates(found.sustainable_per_s)
    return template.render(
        threshold=max(math.floor(scaling.target_per_s), 1),
        rests_on=scaling.rests_on,
        workers=scaling.workers,
        measured=found.started_at[:10],
        plan=" ".join(found.plan.split()),
        interval=interval,
    )
