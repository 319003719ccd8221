"""Vectors to test with."""

from __future__ import annotations

import numpy as np

from service.workloads.products.lens import unit
from service.workloads.products.network import Floats


def drawn(count: int, length: int = 512, seed: int = 1) -> Floats:
    """So many unit vectors in any direction, as rows."""
    return unit(np.random.default_rng(seed).standard_normal((count, length)))


def crowded(kinds: int, each: int, length: int = 24, seed: int = 1) -> tuple[Floats, list[str]]:
    """Vectors of ``kinds`` with ``each``, and the kinds' names; they differ most in what says nothing of their kind."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((kinds, length)) * np.where(np.arange(length) < length // 2, 0.5, 0.0)
    noise = generator.standard_normal((kinds, each, length)) * np.where(np.arange(length) < length // 2, 0.25, 2.0)
    labels = [f"kind {kind}" for kind in range(kinds) for _ in range(each)]
    return unit((centres[:, None] + noise).reshape(-1, length) + 1.0), labels
