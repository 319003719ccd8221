"""Which runs can be compared, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from slo.model import Overall
from slo.record import Stage
from slo.reports.comparison.change import Change, Tone
from slo.reports.comparison.summary import Comparison, ComparisonError, Judged, compare
from tests.slo.reports import examples
from tests.slo.reports.comparison.conftest import Change as Other
from tests.slo.reports.comparison.conftest import machine


def changes(comparison: Comparison, side: int) -> Iterator[Change]:
    for group in comparison.groups:
        for row in group.rows:
            found = row.cells[side].change
            if found is not None:
                yield found


def row(comparison: Comparison, title: str) -> list[str]:
    cells = next(row.cells for group in comparison.groups for row in group.rows if row.title == title)
    return [cell.change.words if cell.change else cell.value for cell in cells]


@pytest.mark.parametrize("number", [0, 1, 6])
def test_only_two_to_five_runs_can_be_compared(number: int, other: Other) -> None:
    with pytest.raises(ComparisonError, match=f"takes 2 to 5 run records, not {number}"):
        compare([other(f"run-{index}") for index in range(number)])


def test_the_same_record_twice_differs_by_exactly_nothing(other: Other) -> None:
    comparison = compare([other("same"), other("same")])

    found = list(changes(comparison, 1))
    assert len(found) >= 8
    assert {each.value for each in found} == {0.0}
    assert {each.words.partition(", ")[2] for each in found} == {"the same run"}
    assert [notice.text for notice in comparison.notices] == ["B is the same run as A."]


def test_equal_figures_of_two_runs_are_no_clear_difference(other: Other) -> None:
    found = list(changes(compare([other("one"), other("two")]), 1))

    assert {each.value for each in found} == {0.0}
    assert {each.tone for each in found} == {Tone.OPEN}


def test_a_run_that_takes_a_third_longer_is_slower_and_the_other_one_faster(two: Comparison, other: Other) -> None:
    swapped = compare([other("after", slow=4 / 3), other("before")])

    for title in ("Median", "95 % within"):
        assert row(two, title)[1].startswith("slower by 3")
        assert row(swapped, title)[1].startswith("faster by 2")
    assert row(two, "Answered rightly")[1] == "0 %"
    assert {each.tone for each in changes(two, 1)} == {Tone.WORSE, Tone.OPEN}


def test_on_another_machine_nothing_is_compared(other: Other) -> None:
    comparison = compare(
        [
            other("here"),
            other("also-here", head={"machine": machine(memory_bytes=8 * 2**30 - 2**20, kernel="6.9")}),
            other("there", head={"machine": machine(cpu="another")}),
        ]
    )

    assert list(changes(comparison, 1))
    assert not list(changes(comparison, 2))
    assert comparison.notices[0].grave
    assert comparison.notices[0].text == "Different machines: figures of C cannot be compared with A's."
    assert [each.differs for each in comparison.circumstances if each.label == "Machine"] == [True]


def test_a_run_that_cannot_be_trusted_says_why_and_claims_nothing(other: Other) -> None:
    comparison = compare([other("whole"), other("cut", slow=3.0, footer=None)])

    assert comparison.notices[0].grave
    assert comparison.notices[0].text == "B cannot be trusted: the run was aborted: its record has no end."
    assert row(comparison, "Median")[1].endswith(" %, not to be trusted")
    assert {each.tone for each in changes(comparison, 1)} == {Tone.OPEN}


def test_another_load_is_named_and_so_is_another_seed(other: Other) -> None:
    longer = Stage(name="steady", seconds=100, rate_from=1, rate_to=1, judged=True)
    plan = msgspec.structs.replace(examples.header().plan, stages=(longer,))

    for head, text in (({"plan": plan}, "Different loads: B"), ({"seed": 8}, "Different seeds")):
        notice = compare([other("one"), other("two", head=head)]).notices[-1]
        assert notice.text.startswith(text)
        assert not notice.grave


def test_the_port_of_this_machine_is_no_difference_and_the_workers_are(other: Other) -> None:
    target = examples.header().target
    port, workers = (
        msgspec.structs.replace(target, **changed) for changed in ({"url": "http://127.0.0.1:9"}, {"workers": 2})
    )

    for found, differs in ((port, False), (workers, True)):
        comparison = compare([other("one"), other("two", head={"target": found})])
        assert [each.differs for each in comparison.circumstances if each.label == "Target"] == [differs]


def test_a_run_without_an_answer_has_failures_and_no_latency(other: Other, unanswered: Judged) -> None:
    for judged in ([other("before"), unanswered], [unanswered, other("after")]):
        comparison = compare(judged)
        assert "–" in row(comparison, "Median")
        assert row(comparison, "Not answered rightly")[1].endswith("points)")
        assert any(value.isdecimal() or "," in value for value in row(comparison, "refused"))


def test_workloads_have_figures_of_their_own_where_there_are_several(
    two: Comparison, other: Other, judged: dict[Overall, examples.Judged]
) -> None:
    cells = judged[Overall.MET][0].cells
    images = tuple(msgspec.structs.replace(cell, workload="images") for cell in cells[::2])

    comparison = compare([other("one"), other("both", cells=(*cells, *images))])

    titles = [group.title for group in comparison.groups]
    assert titles[-2:] == ["Workload comments", "Workload images"]
    assert not [group.title for group in two.groups if group.title.startswith("Workload")]
    rows = {row.title: [cell.value for cell in row.cells] for row in comparison.groups[-1].rows}
    assert rows["Median"][0] == "–"
    assert rows["Not answered rightly"][1] == "0 %"


def test_all_runs_are_told_in_the_steps_of_the_longest(other: Other, judged: dict[Overall, examples.Judged]) -> None:
    cells = judged[Overall.MET][0].cells
    late = (*cells, msgspec.structs.replace(cells[-1], second=1_500))

    comparison = compare([other("short"), other("long", cells=late)])

    assert {side.report.timeline.step_s for side in comparison.sides} == {5}


def test_every_objective_of_any_run_has_a_row(two: Comparison) -> None:
    assert [row.name for row in two.objectives] == [each.name for each in examples.example_verdicts(Overall.MET)]
    assert all(len(row.verdicts) == 2 for row in two.objectives)
