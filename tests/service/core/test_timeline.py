from __future__ import annotations

from service.core.timeline import Timeline


def test_a_timeline_is_a_timing_that_remembers_when() -> None:
    moments = iter([10.0, 11.0, 12.0])
    timeline = Timeline(lambda: next(moments))
    timeline.cache += 0.5
    timeline.compute += 0.25
    timeline.queue += 0.0
    timeline.cache += 1.0
    assert (timeline.cache, timeline.compute, timeline.queue, timeline.db) == (1.5, 0.25, 0.0, 0.0)
    assert timeline.stages == [("cache", 9.5, 10.0), ("compute", 10.75, 11.0), ("cache", 11.0, 12.0)]


def test_stages_that_are_told_together_follow_one_another_and_the_database_lies_within() -> None:
    moments = iter([5.0, 6.0, 10.0, 10.0, 10.0])
    timeline = Timeline(lambda: next(moments))
    timeline.db += 0.5
    timeline.cache += 2.0
    timeline.queue += 2.0
    timeline.compute += 1.0
    timeline.batch += 0.25
    assert timeline.stages == [
        ("db", 4.5, 5.0),
        ("cache", 4.0, 6.0),
        ("queue", 6.75, 8.75),
        ("compute", 8.75, 9.75),
        ("batch", 9.75, 10.0),
    ]
