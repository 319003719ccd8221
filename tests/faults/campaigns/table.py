"""Accounts of campaigns as the rows of a table, and the table in the page that keeps it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from slo.documentation import put
from tests.faults.campaigns.campaign import Account

PLACE = "campaigns"
COLUMNS = (
    "fault",
    "what it does",
    "struck",
    "rows",
    "lost",
    "duplicated",
    "wrong",
    "progress fell",
    "longest past its lease",
    "chunks recovered",
    "after their lease: median, longest",
    "seed",
)
HEAD = (f"| {' | '.join(COLUMNS)} |", f"| --- | --- |{' ---: |' * (len(COLUMNS) - 2)}")


def row(account: Account) -> str:
    """One campaign."""
    audit, after = account.audit, [recovery.after_lease for recovery in account.recoveries]
    cells = [
        account.injection.name,
        account.injection.what,
        f"{account.strikes:,}",
        f"{audit.rows:,}",
        f"{len(audit.lost):,}",
        f"{len(audit.duplicated):,}",
        f"{len(audit.wrong) + len(audit.foreign):,}",
        f"{len(account.falls):,}",
        f"{account.overdue:.2f} s",
        f"{len(after):,}",
        f"{statistics.median(after):.2f} s, {max(after):.2f} s" if after else "–",
        str(account.terms.seed),
    ]
    return f"| {' | '.join(cells)} |"


def table(accounts: Sequence[Account], page: str = "") -> str:
    """All campaigns; those that the table in ``page`` has and ``accounts`` have not are kept, in their order."""
    _, _, kept = page.partition(f"<!-- {PLACE}: begin -->")
    lines = kept.partition(f"<!-- {PLACE}: end -->")[0].splitlines()
    rows = {_name(line): line for line in lines if line.startswith("| ") and line not in HEAD}
    rows |= {account.injection.name: row(account) for account in accounts}
    return "\n".join([*HEAD, *rows.values()])


def written(accounts: Sequence[Account], page: str) -> str:
    """``page`` with the campaigns in its table; raises `slo.documentation.NoPlaceError`."""
    return put(page, PLACE, table(accounts, page))


def sums(accounts: Sequence[Account]) -> str:
    """The one sentence that counts what matters."""
    rows = sum(account.audit.rows for account in accounts)
    strikes = sum(account.strikes for account in accounts)
    lost = sum(len(account.audit.lost) for account in accounts)
    duplicated = sum(len(account.audit.duplicated) for account in accounts)
    return f"{len(accounts):,} campaigns, {strikes:,} faults, {rows:,} rows: {lost:,} lost, {duplicated:,} duplicated"


def _name(line: str) -> str:
    return line.split(" | ")[0].removeprefix("| ")
