"""A duel on a Locust file and a service that know nothing of it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from slo import record
from slo.duel.windows import blocks, windows
from slo.record import OK, Run
from tests.foreign.conftest import HERE, Duel, Shop, stage
from tests.loadtests.conftest import await_that

Duels = Callable[..., Duel]

PAGES = """
from locust import HttpUser, constant, task
class Reader(HttpUser):
    wait_time = constant(0.01)
    host = "https://shop.example"
    @task
    def read(self):
        self.client.get("https://shop.example/")
        self.client.get("/nowhere", name="missing")
        with self.client.get("/nowhere", name="looked for", catch_response=True) as answer:
            answer.success()
        with self.client.get("/", name="doubted", catch_response=True) as answer:
            answer.failure("not so")
"""


def sides(run: Run, of: str) -> Counter[tuple[str, str]]:
    """Requests of one stage by route and side."""
    found: Counter[tuple[str, str]] = Counter()
    for cell in run.cells:
        if cell.stage == of:
            found[cell.route, cell.side] += cell.requests
    return found


def test_each_side_gets_as_many_of_each_name_and_a_block_has_one_side_alone(
    duel: Duels, shops: tuple[Shop, Shop]
) -> None:
    base, head = shops
    stages = [stage("mixed", 2), stage("a", 1, side="base"), stage("b", 1, side="head")]
    pids = ("--base-pid", str(base.process.pid), "--head-pid", str(head.process.pid))

    fight = duel(HERE / "locustfile.py", stages, *pids)
    code, output = fight.finish()
    run = record.read(fight.record)

    assert code == 0, output
    assert "Evening of locustfile.py is left out" in output
    assert run.footer is not None
    assert run.footer.outcome == "completed"
    assert run.header.plan.arrivals == "closed"
    assert {cell.workload for cell in run.cells} == {"locustfile"}
    mixed = sides(run, "mixed")
    for route in ("/", "/search"):
        assert mixed[route, "base"] > 3
        assert abs(mixed[route, "base"] - mixed[route, "head"]) <= 1
    assert {side for _, side in sides(run, "a")} == {"base"}
    assert {side for _, side in sides(run, "b")} == {"head"}
    assert len(windows(run, 1)) == 2
    assert len(blocks(run)) == 1
    assert [pulse.second for pulse in run.pulses] == [0, 1, 2, 3]
    assert sum(pulse.started for pulse in run.pulses) == run.footer.requests
    idle = [effort.cpu for effort in run.efforts if effort.second == 2 and effort.side == "head"]
    busy = [effort.cpu for effort in run.efforts if effort.second == 2 and effort.side == "base"]
    assert busy[0] > idle[0]


def test_the_file_itself_says_what_failed_and_its_own_address_is_the_services(duel: Duels) -> None:
    fight = duel(PAGES, [stage("mixed", 1)], "-u", "2")
    code, output = fight.finish()
    run = record.read(fight.record)

    assert code == 0, output
    outcomes: dict[str, set[str]] = {}
    for cell in run.cells:
        assert cell.side
        outcomes.setdefault(cell.route, set()).update(cell.outcomes)
    assert outcomes == {"/": {OK}, "missing": {"http-404"}, "looked for": {OK}, "doubted": {"wrong-answer"}}


def test_a_user_that_carries_on_what_it_began_stays_with_its_side(duel: Duels) -> None:
    stages = [stage("mixed", 1), stage("a", 1, side="base"), stage("b", 1, side="head")]
    fight = duel(HERE / "basketfile.py", stages, "--duel-per", "user")
    code, output = fight.finish()
    run = record.read(fight.record)

    assert code == 0, output
    assert {outcome for cell in run.cells for outcome in cell.outcomes} == {OK}
    assert min(sides(run, "mixed")["check", side] for side in ("base", "head")) > 3
    assert {side for _, side in sides(run, "a")} == {"base"}
    assert {side for _, side in sides(run, "b")} == {"head"}


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_cookies_of_one_side_are_not_shown_to_the_other(
    duel: Duels, shops: tuple[Shop, Shop], tmp_path: Path, user: str
) -> None:
    base, head = shops
    seen = tmp_path / "seen.txt"
    fight = duel(
        f"""
from locust import constant, task, {user}
class Buyer({user}):
    wait_time = constant(0.01)
    @task
    def buy(self):
        answer = self.client.post("/basket", json={{"good": 1}}, name="/basket")
        cookie = answer.request.headers.get("Cookie", "")
        with open({str(seen)!r}, "a") as file:
            file.write(f"{{answer.url}} {{cookie}}\\n")
""",
        [stage("mixed", 1)],
        "-u",
        "1",
    )
    code, output = fight.finish()

    assert code == 0, output
    shown: dict[str, list[str]] = {base.url: [], head.url: []}
    for line in seen.read_text().splitlines():
        url, _, cookie = line.partition(" ")
        shown[url.removesuffix("/basket")].append(cookie)
    for url, cookies in shown.items():
        port = url.rpartition(":")[2]
        assert cookies[0] == ""
        assert len(set(cookies[1:])) == 1
        assert cookies[1].startswith(f"visitor={port}-")


def test_whoever_ends_it_early_leaves_a_record_that_says_so(duel: Duels) -> None:
    fight = duel(HERE / "locustfile.py", [stage("mixed", 600)])
    await_that(lambda: fight.record.exists() and '"type":"pulse"' in fight.record.read_text())
    fight.process.send_signal(signal.SIGINT)
    code, output = fight.finish()
    run = record.read(fight.record)

    assert code == 3, output
    assert run.footer is not None
    assert run.footer.outcome == "stopped"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("import nowhere_to_be_found", "theirs.py cannot be loaded: ModuleNotFoundError: No module named"),
        ("def (", "theirs.py cannot be loaded: line 1: invalid syntax"),
        ("x = 1", "theirs.py has no user class"),
    ],
)
def test_a_file_that_is_no_use_is_refused_in_a_sentence(duel: Duels, file: str, reason: str) -> None:
    code, output = duel(file, [stage("mixed", 1)]).finish()

    assert code == 2
    assert output.startswith(f"loadstone: {reason}")
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("stages", "more", "reason"),
    [
        ([], (), "--duel-stages"),
        ([stage("twice", 1), stage("twice", 1)], (), "two stages have the same name"),
        ([stage("mixed", 1)], ("--base", "nowhere"), "the target 'nowhere' is no http"),
        ([stage("mixed", 1)], ("--head-pid", "4194304"), "there is no process 4194304"),
        ([stage("mixed", 1)], ("--duel-per", "user", "-u", "1"), "it takes two at least"),
    ],
)
def test_a_duel_that_cannot_be_is_refused_in_a_sentence(
    duel: Duels, stages: list[record.Stage], more: tuple[str, ...], reason: str
) -> None:
    code, output = duel(HERE / "locustfile.py", stages, *more).finish()

    assert code == 2
    assert reason in output
    assert "Traceback" not in output


def test_a_file_that_never_asks_the_service_proves_nothing(duel: Duels) -> None:
    fight = duel(
        "from locust import HttpUser, constant, task\n"
        "class Idle(HttpUser):\n"
        "    wait_time = constant(0.1)\n"
        "    @task\n"
        "    def nothing(self): pass\n",
        [stage("mixed", 1)],
    )
    code, output = fight.finish()

    assert code == 2
    assert "theirs.py sent no request to" in output
    assert record.read(fight.record).footer is None
