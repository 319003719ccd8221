"""Work trees of commits and of what is not committed yet, and Pythons to run them, for as long as a block lasts.

TreeError       there is no such commit, or no git, or its dependencies cannot be had; says which
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GIT_SECONDS = 120.0
INSTALL_SECONDS = 900.0
LOCK = "requirements.lock"
"""What a tree says its dependencies are in."""
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


def commit_of(here: Path) -> str:
    """The commit that the work in ``here`` stands on, with ``+dirty`` behind it where something is not committed."""
    head = _git(here, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", says="no commit yet")
    return head + ("+dirty" if _git(here, "status", "--porcelain", says="no status") else "")


@contextmanager
def copy_of(here: Path) -> Iterator[Path]:
    """A folder with the files of the work in ``here``, committed or not, as they are now; it is gone afterwards.

    Files that git is told to ignore are left out, so that what is measured is what would be committed.
    """
    root = Path(_git(here, "rev-parse", "--show-toplevel", says="no repository"))
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", says="no list of files")
    folder = Path(tempfile.mkdtemp(prefix="loadstone-tree-"))
    try:
        for name in filter(None, listed.split("\0")):
            source, place = root / name, folder / name
            if source.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compiled(tree: Path) -> None:
    """Have the bytecode of ``tree`` ready, so that whoever is started first does not compile it for the other."""
    compileall.compile_dir(str(tree), quiet=2, workers=1)


@contextmanager
def python_for(tree: Path, here: Path) -> Iterator[Path]:
    """A Python with ``tree`` and what it needs: this one where ``here`` has the same, else one made for the block."""
    if _lock(tree) == _lock(here):
        yield Path(sys.executable)
        return
    folder = Path(tempfile.mkdtemp(prefix="loadstone-python-"))
    try:
        venv.create(folder, with_pip=True)
        python = folder / "bin" / "python"
        _install(python, "dependencies", "--require-hashes", "-r", str(tree / LOCK))
        if (tree / "pyproject.toml").is_file():
            _install(python, "package", "--no-deps", "--editable", str(tree))
        yield python
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(python: Path, what: str, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise TreeError(f"the {what} of the base took longer than {INSTALL_SECONDS:.0f} s to install") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise TreeError(f"the {what} of the base cannot be installed" + (f": {said[-1]}" if said else ""))


def _lock(tree: Path) -> bytes:
    file = tree / LOCK
    return file.read_bytes() if file.is_file() else b""


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
