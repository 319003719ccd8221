from __future__ import annotations

import pytest

from loadtests._running import _target
from loadtests._running._target import UnreachableTargetError

METRICS = """\
# HELP http_requests_total Requests
# TYPE http_requests_total counter
http_requests_total{route="/v1/comments",status="200"} 12 1718000000000
http_requests_total{route="/odd } # path",status="500"} 1e3
process_seconds 0.5 # {trace_id="a"} 1.0
bucket{le="+Inf"} 7
gauge NaN
limit +Inf
0bad 1
noise
"""


def test_prometheus_text_becomes_series_and_values() -> None:
    assert _target.parse_metrics(METRICS) == {
        'http_requests_total{route="/v1/comments",status="200"}': 12.0,
        'http_requests_total{route="/odd } # path",status="500"}': 1000.0,
        "process_seconds": 0.5,
        'bucket{le="+Inf"}': 7.0,
    }


@pytest.mark.parametrize("address", [None, "", "localhost:8000", "ftp://somewhere", "http://", "http://a:port"])
def test_what_is_no_address_is_refused(address: str | None) -> None:
    with pytest.raises(UnreachableTargetError):
        _target.checked_address(address)


def test_an_address_may_end_in_a_slash() -> None:
    assert _target.checked_address("http://localhost:8000/") == "http://localhost:8000"
