"""Many tests at once, so that asking more questions gives no more false alarms."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """``p_values`` that may each be held against the alpha of the whole family, in the order given.

    With the m values sorted upwards: p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) · p₍ⱼ₎). The chance of any false alarm
    stays at or below alpha however the tests depend on each other; never weaker than Bonferroni.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6
    (1979).
    """
    number = len(p_values)
    adjusted = [1.0] * number
    highest = 0.0
    for place, index in enumerate(sorted(range(number), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (number - place) * p_values[index]))
        adjusted[index] = highest
    return tuple(adjusted)
