"""Who fights in a duel, and under which load: work trees and plans of ours, or commands, URLs and Locust files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from loadtests._planning._duel import MIXED, WARM_UP, block_sides, duel_plans
from loadtests._planning._plan import Plan
from loadtests._planning._writing import written
from slo import conductor, trees
from slo.duel.conduct import Errand, Load
from slo.duel.contenders import CommandContender, Contender, TreeContender, UrlContender
from slo.duel.model import Side, SideFacts
from slo.duel.plan import Rhythm
from slo.record import Stage

FOREIGN = Path(conductor.SCENARIOS) / "_foreign" / "_plugin.py"
"""What lets anybody's Locust file take part in a duel."""


class Trees(NamedTuple):
    """Both work trees, and a Python for each."""

    base: Path
    head: Path
    base_python: Path
    base_commit: str


class Opponents(NamedTuple):
    """Both sides and what is sent to them."""

    base: Contender
    head: Contender
    load: Load
    trees: Trees | None = None
    """None where nothing but URLs and commands is known of them."""


@contextmanager
def of_trees(here: Path, commit: str, plan: Plan, rhythm: Rhythm, seed: int) -> Iterator[Opponents]:
    """The work in ``here``, as it is now, against ``commit``, each in its own copy; raises `slo.trees.TreeError`."""
    with ExitStack() as stack:
        base = stack.enter_context(trees.tree_of(here, commit))
        head = stack.enter_context(trees.copy_of(here))
        with between(base, head, plan, rhythm, seed, commits=(commit, trees.commit_of(here))) as opponents:
            yield opponents


@contextmanager
def between(
    base: Path, head: Path, plan: Plan, rhythm: Rhythm, seed: int, *, commits: tuple[str, str] = ("", "")
) -> Iterator[Opponents]:
    """The services of two folders that nobody changes meanwhile."""
    for tree in (base, head):
        trees.compiled(tree)
    with trees.python_for(base, head) as base_python, trees.python_for(head, Path.cwd()) as head_python:
        yield Opponents(
            TreeContender(SideFacts(name=commits[0][:12] or base.name, commit=commits[0]), base, base_python),
            TreeContender(SideFacts(name=_called(commits[1], head), commit=commits[1]), head, head_python),
            PlanLoad(plan, rhythm, seed),
            Trees(base, head, base_python, commits[0]),
        )


def _called(commit: str, tree: Path) -> str:
    if not commit:
        return tree.name
    return f"{commit[:12]} and what is not committed" if commit.endswith("+dirty") else commit[:12]


def of_commands(base: str, head: str, path: str, load: Load) -> Opponents:
    """Two commands that each serve at a port that they are told."""
    return Opponents(
        CommandContender(SideFacts(name=base), base, path), CommandContender(SideFacts(name=head), head, path), load
    )


def of_urls(base: str, head: str, load: Load) -> Opponents:
    """Two services that run already."""
    return Opponents(UrlContender(SideFacts(name=base, url=base)), UrlContender(SideFacts(name=head, url=head)), load)


class PlanLoad(NamedTuple):
    """A plan of ours, sent to both."""

    plan: Plan
    rhythm: Rhythm
    seed: int

    @property
    def name(self) -> str:
        """The plan's."""
        return self.plan.name

    def errands(self, launch: int, first: Side, folder: Path) -> tuple[Errand, Errand | None]:
        """The plans of the launch, written to ``folder``; no closed one where the rhythm has no rounds for it."""
        rhythm = self.rhythm
        plans = duel_plans(
            self.plan,
            seed=self.seed + launch,
            first=first,
            warm_up_seconds=rhythm.warm_up,
            mixed_seconds=rhythm.mixed,
            block_seconds=rhythm.block,
            block_rounds=rhythm.block_rounds,
            closed_seconds=max(rhythm.closed, 1),
            closed_rounds=max(rhythm.closed_rounds, 1),
            users=rhythm.users,
        )
        opened, closed = plans
        return self._errand(opened, folder), self._errand(closed, folder) if rhythm.closed_rounds else None

    def _errand(self, plan: Plan, folder: Path) -> Errand:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{plan.name}.toml"
        file.write_text(written(plan), encoding="utf-8")
        return Errand(str(conductor.SCENARIOS), ("--plan", str(file)))


class FileLoad(NamedTuple):
    """Anybody's Locust file, sent to both."""

    file: Path
    rhythm: Rhythm
    seed: int
    users: int
    per: str
    """``request``, or ``user`` where what a user does must stay on one side."""

    @property
    def name(self) -> str:
        """The file's."""
        return self.file.name

    def errands(self, launch: int, first: Side, folder: Path) -> tuple[Errand, Errand | None]:
        """One run of the file, whose stages are those of the rhythm; its users set their own pace, so that there is
        no other."""
        folder.mkdir(parents=True, exist_ok=True)
        stages = folder / "stages.json"
        stages.write_bytes(msgspec.json.encode(_stages(self.rhythm, first)))
        arguments = (
            *("--duel-stages", str(stages), "--duel-seed", str(self.seed + launch), "--duel-per", self.per),
            *("--users", str(self.users), "--spawn-rate", str(self.users)),
        )
        return Errand(f"{FOREIGN},{self.file}", arguments), None


def _stages(rhythm: Rhythm, first: Side) -> list[Stage]:
    def stage(name: str, seconds: int, *, judged: bool = True, side: Side | None = None) -> Stage:
        return Stage(name=name, seconds=seconds, rate_from=0, rate_to=0, judged=judged, side=side or "both")

    return [
        stage(WARM_UP, rhythm.warm_up, judged=False),
        stage(MIXED, rhythm.mixed),
        *(stage(name, rhythm.block, side=side) for name, side in block_sides(first, rhythm.block_rounds).items()),
    ]
