"""The circumstances of a run, in lines."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from slo.model import Overall
from slo.record import Stage
from slo.reports.run.facts import facts
from slo.reports.run.summary import summarise
from tests.slo.reports import examples


def told(judged: examples.Judged, label: str, *, url: str = "http://127.0.0.1:8000", **plan: Any) -> str:
    run, judgement = judged
    header = msgspec.structs.replace(
        run.header,
        plan=msgspec.structs.replace(run.header.plan, **plan),
        target=msgspec.structs.replace(run.header.target, url=url),
    )
    return dict(facts(summarise(msgspec.structs.replace(run, header=header), judgement)))[label]


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({}, "loadstone load comments --seed 7"),
        ({"source": "smoke", "time_scale": 0.5, "rate_scale": 2.0}, "smoke --seed 7 --scale time=0.5 --scale rate=2"),
        ({"source": "my plans/own.toml"}, "loadstone load 'my plans/own.toml' --seed 7"),
        ({"url": "https://example.org"}, "loadstone load comments --seed 7 --host https://example.org"),
    ],
)
def test_a_run_can_be_repeated_by_its_line(
    given: dict[str, Any], command: str, judged: dict[Overall, examples.Judged]
) -> None:
    assert told(judged[Overall.MET], "Repeat", **given).endswith(command)


def test_stages_say_when_they_are_and_what_they_ask_for(judged: dict[Overall, examples.Judged]) -> None:
    users = Stage(name="users", seconds=60, rate_from=0, rate_to=0, users_from=20, users_to=200, judged=True)

    assert (
        told(judged[Overall.MET], "Stages") == "warm-up 0:00–0:10 at 10 to 80/s (not judged), steady 0:10–1:00 at 80/s"
    )
    assert told(judged[Overall.MET], "Stages", stages=(users,)) == "users 0:00–1:00 with 20 to 200 users"
