"""Work trees of other commits, for as long as a block lasts.

TreeError       there is no such commit, or no git; says which
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GIT_SECONDS = 120.0
MAIN_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where changes are merged into, the likeliest first."""


class TreeError(Exception):
    """A commit cannot be had."""


def base_of(here: Path, reference: str | None = None) -> str:
    """The commit that the work in ``here`` is to be compared with.

    That is ``reference``, or else where the work left the main branch: the merge base, and where that is the present
    commit itself (which then has landed), the commit before it, unless something is changed and not committed.
    """
    if reference is not None:
        return _git(
            here, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", says=f"no commit {reference!r}"
        )
    head = _git(here, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", says="no commit yet")
    for branch in MAIN_BRANCHES:
        try:
            base = _git(here, "merge-base", "HEAD", branch, says="")
        except TreeError:
            continue
        if base != head or _git(here, "status", "--porcelain", says="no status"):
            return base
        return _git(here, "rev-parse", "--verify", "--quiet", "HEAD~1^{commit}", says="no commit before this one")
    raise TreeError(f"there is none of {', '.join(MAIN_BRANCHES)} to compare with: name a commit")


@contextmanager
def tree_of(here: Path, commit: str) -> Iterator[Path]:
    """A folder with the files of ``commit`` of the repository that ``here`` lies in; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="loadstone-tree-"))
    try:
        _git(here, "worktree", "add", "--detach", "--force", str(folder), commit, says=f"no work tree of {commit}")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _git(here, "worktree", "prune", says="no pruning of work trees")


def _git(here: Path, *arguments: str, says: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise TreeError("git is not installed")
    try:
        done = subprocess.run(
            [git, "-C", str(here), *arguments], capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TreeError(f"git {arguments[0]} did not end within {GIT_SECONDS:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise TreeError(f"there is {says}" + (f": {said[-1]}" if said else ""))
    return done.stdout.strip()
