"""How often a cache can answer, from the popularity law that texts are drawn by.

A share u of the draws is unique and never comes again; the others are text i with probability pᵢ. With qᵢ = (1 - u)·pᵢ,
a cache that forgets nothing answers the n-th draw with probability Σ qᵢ·(1 - (1 - qᵢ)ⁿ⁻¹).

A cache of N entries that forgets the one used longest ago keeps a text for about T draws after its last use, the same T
for all of them: the T in which N different texts come, N = Σ (1 - (1 - qᵢ)ᵀ) + u·T ("Che's approximation").

Source: H. Che, Y. Tung, Z. Wang, Hierarchical Web Caching Systems: Modeling, Design and Experimental Results,
IEEE Journal on Selected Areas in Communications 20 (2002); C. Fricker, P. Robert, J. Roberts, A Versatile and Accurate
Approximation for LRU Cache Performance, ITC 24 (2012).
"""

from __future__ import annotations

import math

from loadtests._payloads._corpus import Zipf

_FOREVER = 1e15
"""Draws after which all that repeats has come; more of them change nothing."""
_ROUNDS = 200
"""Of halving: more than a float has digits, whatever it starts from."""


def hit_ratio(law: Zipf, draws: float, *, unique: float = 0.0, entries: float = math.inf) -> float:
    """The share of the first ``draws`` texts that a cache of ``entries``, empty at first, is expected to answer.

    Both numbers may be infinite.
    """
    if draws <= 0.0:
        return 0.0
    draws = min(draws, _FOREVER)
    chances = [(1.0 - unique) * law.probability(rank) for rank in range(law.size)]
    filled = _filled_after(chances, unique, entries, draws)
    hits = (1.0 - unique) * filled - _different(chances, filled)
    if filled < draws:
        hits += (draws - filled) * sum(chance * _seen(chance, filled) for chance in chances)
    return hits / draws


def _filled_after(chances: list[float], unique: float, entries: float, most: float) -> float:
    """The number of draws in which ``entries`` different texts come, or ``most`` if that is less."""
    if _different(chances, most) + unique * most <= entries:
        return most
    low, high = 0.0, most
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if _different(chances, middle) + unique * middle < entries:
            low = middle
        else:
            high = middle
    return high


def _different(chances: list[float], draws: float) -> float:
    """Different texts, unique ones apart, among so many draws."""
    return sum(_seen(chance, draws) for chance in chances)


def _seen(chance: float, draws: float) -> float:
    """1 - (1 - chance)^draws, exact for small chances too."""
    return -math.expm1(draws * math.log1p(-chance)) if chance < 1.0 else 1.0
