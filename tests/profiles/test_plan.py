"""Profile plans: what is shipped loads, what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.plan import ProfilePlan, ProfilePlanError, load, of


def test_the_plan_of_comments_is_there() -> None:
    plan = load("comments")

    assert plan.workload == "comments"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('workload = "a"\nload = "gate"\nseconds = 0\n', "seconds"),
        ('workload = "a"\nload = "gate"\nseconds = 5\nspeed = 1\n', "speed"),
        ('workload = "b"\nload = "gate"\nseconds = 5\n', "file's name says 'a'"),
        ("workload = ", "a.toml"),
    ],
)
def test_a_wrong_plan_is_named(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "a.toml").write_text(content)

    with pytest.raises(ProfilePlanError, match=reason):
        load("a", tmp_path)


def test_a_load_plan_is_profiled_as_usual_where_no_profile_plan_has_its_name() -> None:
    assert of("comments") == load("comments")
    assert of("smoke") == ProfilePlan(workload="", load="smoke")


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfilePlanError, match="No such file"):
        load("nothing", tmp_path)
