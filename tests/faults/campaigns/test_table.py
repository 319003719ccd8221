"""The page keeps one row for each fault, the one of the latest run that held it."""

from __future__ import annotations

from tests.faults.campaigns.audit import Audit
from tests.faults.campaigns.campaign import Account, Terms
from tests.faults.campaigns.catalogue import INJECTIONS
from tests.faults.campaigns.table import HEAD, PLACE, sums, written
from tests.faults.campaigns.watch import Recovery

PAGE = f"before\n<!-- {PLACE}: begin -->\n\n<!-- {PLACE}: end -->\nafter\n"


def account(place: int, **found: object) -> Account:
    books = {"falls": [], "overdue": 0.25, "recoveries": [Recovery(1, 0.2), Recovery(2, 0.4)], **found}
    terms = Terms(rows=100, seed=7)
    audit = books.pop("audit", Audit(rows=100, results=100))
    return Account(INJECTIONS[place], terms, 3, 9.0, 0, audit, **books)  # type: ignore[arg-type]


def test_a_run_replaces_its_own_rows_and_keeps_the_others() -> None:
    first = written([account(0), account(1)], PAGE)
    second = written([account(1, falls=["rows done fell"])], first)

    kept, replaced = second.splitlines()[5:7]
    assert second.splitlines()[3:5] == [*HEAD]
    assert kept == first.splitlines()[5]
    assert kept.endswith("| 3 | 100 | 0 | 0 | 0 | 0 | 0.25 s | 2 | 0.30 s, 0.40 s | 7 |")
    assert replaced.endswith("| 3 | 100 | 0 | 0 | 0 | 1 | 0.25 s | 2 | 0.30 s, 0.40 s | 7 |")
    assert second.splitlines()[-1] == "after"


def test_the_sum_counts_what_was_lost_and_duplicated() -> None:
    bad = account(1, audit=Audit(rows=100, results=101, lost=[4], duplicated=[5, 5]))

    assert not bad.holds
    assert sums([account(0), bad]) == "2 campaigns, 6 faults, 200 rows: 1 lost, 2 duplicated"


def test_a_campaign_holds_only_if_it_was_struck_and_no_lease_was_left_alone() -> None:
    assert account(0).holds
    assert account(0, overdue=5.5).complaints() == ["a chunk was running 5.5 s past its lease"]
