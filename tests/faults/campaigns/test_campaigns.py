"""The short form of ``tox run -e faults``: campaigns of some seconds, each with the same invariant."""

from __future__ import annotations

import pytest

from tests.faults.campaigns.campaign import Terms, held
from tests.faults.campaigns.catalogue import INJECTIONS
from tests.faults.conftest import State

SHORT = {"worker-killed": 4, "everything": 4, "poison": 1}
"""Faults, and how often each strikes."""
TERMS = Terms(rows=4_000, seed=11, workers=2, lease=1.0)
by_name = {injection.name: injection for injection in INJECTIONS}


@pytest.mark.parametrize(("name", "strikes"), SHORT.items(), ids=SHORT)
def test_results_equal_rows_exactly(name: str, strikes: int, state: State) -> None:
    account = held(by_name[name], TERMS._replace(strikes=strikes))

    state("rows", account)
    assert account.complaints() == []
