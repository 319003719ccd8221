"""The watch knows falling progress, leases that nobody minds, and how long a lost chunk stays lost."""

from __future__ import annotations

import pytest

from tests.faults.campaigns.watch import Held, Recovery, Sighting, Watch

LEASE_END = 10.0
HELD = Held(number=3, attempt=1, worker="host:42", lease_end=LEASE_END)
AGAIN = Held(number=3, attempt=2, worker="host:43", lease_end=20.0)


def seen(*sightings: Sighting) -> Watch:
    watch = Watch()
    for sighting in sightings:
        watch.see(sighting)
    return watch


def progress(done: int, chunks: int) -> Sighting:
    return Sighting(0.0, done, chunks, [])


def in_hand(at: float, *held: Held, done: frozenset[tuple[int, int]] = frozenset()) -> Sighting:
    return Sighting(at, 0, 0, held, done)


def test_progress_that_stays_or_grows_is_well() -> None:
    watch = seen(progress(0, 0), progress(5, 1), progress(5, 1), progress(9, 2))

    assert (watch.falls, watch.done, watch.sightings) == ([], 9, 4)


def test_progress_that_falls_is_told() -> None:
    watch = seen(progress(5, 2), progress(4, 2), progress(6, 1))

    assert watch.falls == ["rows done fell from 5 to 4", "chunks done fell from 2 to 1"]


def test_the_longest_time_past_a_lease_is_told() -> None:
    assert seen(in_hand(9.0, HELD), in_hand(9.5, HELD)).overdue == 0.0
    assert seen(in_hand(9.0, HELD), in_hand(12.5, HELD), in_hand(13.0, AGAIN)).overdue == 2.5


def test_while_nobody_can_do_anything_a_lease_may_be_over() -> None:
    watch = seen(in_hand(9.0, HELD))
    watch.leave()
    watch.see(in_hand(15.0, HELD))
    watch.attend()
    watch.see(in_hand(16.0, HELD))
    assert watch.overdue == 0.0
    watch.see(in_hand(16.5, HELD))
    assert watch.overdue == 0.5, "it counts from when somebody can"


def test_without_a_worker_nobody_can_do_anything() -> None:
    watch = seen(in_hand(9.0, HELD))
    watch.lose("host:42")
    watch.see(in_hand(15.0, HELD)._replace(is_attended=False))
    watch.see(in_hand(16.0, HELD))
    watch.see(in_hand(16.5))

    assert (watch.overdue, watch.recoveries) == (1.0, [Recovery(3, 1.5)])


@pytest.mark.parametrize(
    ("after", "recoveries"),
    [
        (in_hand(10.25, AGAIN), [Recovery(3, 0.25)]),
        (in_hand(10.25), [Recovery(3, 0.25)]),
        (in_hand(9.0, done=frozenset({(3, 1)})), []),
        (in_hand(10.5, HELD), []),
    ],
    ids=["begun again", "pending", "completed before its end", "still lost"],
)
def test_a_lost_chunk_is_recovered_when_its_attempt_is_over(after: Sighting, recoveries: list[Recovery]) -> None:
    watch = seen(in_hand(8.0, HELD, HELD._replace(number=4, worker="host:41")))
    watch.lose("host:42")
    assert watch.awaited == (3,)
    watch.see(after)

    assert watch.recoveries == recoveries


def test_a_recovery_counts_from_the_last_extension() -> None:
    watch = seen(in_hand(8.0, HELD))
    watch.lose("host:42")
    watch.see(in_hand(8.1, HELD._replace(lease_end=11.0)))
    watch.see(in_hand(11.5))

    assert watch.recoveries == [Recovery(3, 0.5)]
