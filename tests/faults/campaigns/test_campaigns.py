"""The short form of ``tox run -e faults``: campaigns of some seconds, each with the same invariant."""

from __future__ import annotations

import pytest

from tests.faults.campaigns.campaign import Terms, held
from tests.faults.campaigns.catalogue import INJECTIONS
from tests.faults.conftest import State

TERMS = Terms(rows=4_000, seed=11, workers=2, lease=1.0)
LONG = TERMS._replace(rows=40_000)
"""So many that fast workers, too, have some in hand still when the fault strikes."""
SHORT = {
    "worker-killed": LONG._replace(strikes=4),
    "everything": LONG._replace(strikes=4),
    "poison": TERMS._replace(strikes=1),
}
"""Faults, and the campaigns that each is inflicted on."""
by_name = {injection.name: injection for injection in INJECTIONS}


@pytest.mark.parametrize(("name", "terms"), SHORT.items(), ids=SHORT)
def test_results_equal_rows_exactly(name: str, terms: Terms, state: State) -> None:
    account = held(by_name[name], terms)

    state("rows", account)
    assert account.complaints() == []
