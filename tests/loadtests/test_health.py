from __future__ import annotations

from loadtests._running._health import Health
from slo.histogram import Histogram
from slo.record import Pulse


def pulse(second: int, *, cpu: float, waiting: float = 0.0, late: float = 0.001, dropped: int = 0) -> Pulse:
    return Pulse(
        second=second,
        generator="generator-0",
        intended=100,
        started=100 - dropped,
        dropped=dropped,
        lateness=Histogram.of([late] * 100).encode(),
        cpu=cpu,
        waiting=waiting,
    )


def test_the_sentence_tells_of_the_worst_second_after_the_warm_up() -> None:
    health = Health(since=2.0)
    assert not health.sentence
    health.add([pulse(1, cpu=1.0, late=0.9, dropped=50)])
    assert not health.sentence, "a warm-up may be rough"
    health.add([pulse(2, cpu=0.2), pulse(3, cpu=0.3, waiting=0.4, late=0.02, dropped=1_234)])
    assert "busiest second took 70% of a core" in health.sentence
    assert "was 20.0 ms late or more" in health.sentence
    assert "1,234 arrivals were dropped" in health.sentence
