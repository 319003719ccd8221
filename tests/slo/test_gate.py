from __future__ import annotations

import pytest

from slo import gate
from slo.exits import ExitCode
from slo.model import Overall


@pytest.mark.parametrize(
    ("outcome", "code", "strict_code"),
    [
        (Overall.MET, 0, 0),
        (Overall.MISSED, 1, 1),
        (Overall.UNJUDGED, 3, 3),
        (Overall.INCONCLUSIVE, 0, 4),
    ],
)
def test_exit_codes(outcome: Overall, code: int, strict_code: int) -> None:
    assert gate.exit_code(outcome, strict=False) == code
    assert gate.exit_code(outcome, strict=True) == strict_code


def test_every_outcome_has_an_exit_code() -> None:
    assert {gate.exit_code(outcome, strict=True) for outcome in Overall} == set(ExitCode) - {ExitCode.USAGE}
