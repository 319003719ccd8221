"""A history on a branch of a git repository, written past the work tree and the index.

Each entry is a commit whose tree has ``history.jsonl``, beside whatever else the branch holds. The branch moves only
from where it was read, so nobody's entry is lost; who comes second tries again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from slo.history.entries import Entry, HistoryError, joined, parsed

FILE = "history.jsonl"
ATTEMPTS = 20
"""So often others may be quicker."""
GIT_SECONDS = 60.0
_NEW = "0" * 40
_AUTHOR = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Loadstone"), ("EMAIL", "loadstone@localhost"))
}


class _MovedError(Exception):
    """Somebody else moved the branch meanwhile."""


def check(here: Path, branch: str) -> str:
    """The reference of ``branch``, if it may take entries; raises `HistoryError` as `append` does."""
    reference = _reference(here, branch)
    if f"branch {reference}" in _git(here, "worktree", "list", "--porcelain").decode().splitlines():
        raise HistoryError(f"branch {branch}: it is checked out; keep the history on a branch of its own")
    return reference


def append(here: Path, branch: str, entry: Entry) -> None:
    """Add ``entry`` to the history on ``branch`` of the repository that ``here`` lies in; the branch may be new.

    Raises `HistoryError`: no git, no repository, no name of a branch, a branch that is checked out in some work tree
    (whose files would then seem deleted), or a file there that is no history.
    """
    reference = check(here, branch)
    for _ in range(ATTEMPTS):
        try:
            _append(here, reference, entry)
        except _MovedError:
            continue
        return
    raise HistoryError(f"branch {branch}: others moved it {ATTEMPTS} times while the entry was written")


def read(here: Path, branch: str) -> tuple[Entry, ...]:
    """The entries on ``branch``, in their order; raises `HistoryError` where it has no history."""
    reference = _reference(here, branch)
    tip = _tip(here, reference) or _tip(here, f"refs/remotes/origin/{branch}")
    if not tip:
        raise HistoryError(f"branch {branch}: there is none here; `git fetch origin {branch}` may bring it")
    if FILE not in _names(here, tip):
        raise HistoryError(f"branch {branch}: it has no {FILE}")
    return parsed(_git(here, "cat-file", "blob", f"{tip}:{FILE}"), f"branch {branch}, {FILE}")


def _append(here: Path, reference: str, entry: Entry) -> None:
    own = _tip(here, reference)
    tip = own or _tip(here, reference.replace("refs/heads/", "refs/remotes/origin/", 1))
    kept = [line for line in _git(here, "ls-tree", "-z", tip).split(b"\0") if line] if tip else []
    others = [line for line in kept if line.partition(b"\t")[2] != FILE.encode()]
    old = _git(here, "cat-file", "blob", f"{tip}:{FILE}") if len(others) < len(kept) else b""
    content = joined(old, entry, f"{reference}, {FILE}")
    blob = _git(here, "hash-object", "-w", "--stdin", stdin=content).strip()
    lines = [*others, b"100644 blob " + blob + b"\t" + FILE.encode()]
    tree = _git(here, "mktree", "-z", stdin=b"\0".join(lines) + b"\0").strip().decode()
    message = f"{entry.commit[:10] or 'an unknown commit'}: {entry.outcome.value}"
    parents = ("-p", tip) if tip else ()
    commit = _git(here, "commit-tree", tree, *parents, "-m", message).strip().decode()
    try:
        _git(here, "update-ref", "-m", "loadstone history", reference, commit, own or _NEW)
    except HistoryError as error:
        if _tip(here, reference) != own or ".lock" in str(error):
            raise _MovedError from error
        raise


def _reference(here: Path, branch: str) -> str:
    try:
        _git(here, "check-ref-format", f"refs/heads/{branch}")
    except HistoryError as error:
        if "check-ref-format" in str(error):
            raise HistoryError(f"{branch!r} is no name of a branch") from error
        raise
    return f"refs/heads/{branch}"


def _tip(here: Path, reference: str) -> str:
    """The commit that ``reference`` points at; empty where there is none."""
    listed = _git(here, "for-each-ref", "--format=%(refname) %(objectname)", reference).decode().splitlines()
    return next((commit for name, _, commit in (line.partition(" ") for line in listed) if name == reference), "")


def _names(here: Path, tip: str) -> list[str]:
    return _git(here, "ls-tree", "-z", "--name-only", tip).decode(errors="replace").split("\0")


def _git(here: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    git = shutil.which("git")
    if git is None:
        raise HistoryError("git is not installed")
    try:
        done = subprocess.run(
            [git, "-C", str(here), *arguments],
            input=stdin,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            env={**os.environ, **_AUTHOR},
        )
    except subprocess.TimeoutExpired as error:
        raise HistoryError(f"git {arguments[0]} did not end within {GIT_SECONDS:.0f} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise HistoryError(f"git {arguments[0]}: {said[-1] if said else f'ended with {done.returncode}'}")
    return done.stdout
