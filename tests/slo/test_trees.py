"""Which commit a change is compared with, and its files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slo import trees


def git(here: Path, *arguments: str) -> str:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(here), *names, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(here: Path, content: str) -> str:
    (here / "file").write_text(content)
    git(here, "add", "file")
    git(here, "commit", "--message", content)
    return git(here, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--initial-branch", "main")
    commit(tmp_path, "first")
    return tmp_path


def test_a_branch_is_compared_with_where_it_left_the_main_branch(repository: Path) -> None:
    left = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-b", "work")
    commit(repository, "work")
    git(repository, "checkout", "main")
    commit(repository, "others")
    git(repository, "checkout", "work")
    assert trees.base_of(repository) == left


def test_what_has_landed_is_compared_with_what_was_before_it(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    second = commit(repository, "second")
    assert trees.base_of(repository) == first
    (repository / "file").write_text("changed")
    assert trees.base_of(repository) == second
    assert trees.base_of(repository, "HEAD~1") == first


def test_a_tree_has_the_files_of_its_commit_and_goes(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    with trees.tree_of(repository, first) as tree:
        assert (tree / "file").read_text() == "first"
    assert not tree.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_what_cannot_be_had_is_said(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(trees.TreeError, match="there is no commit 'nowhere'"):
        trees.base_of(repository, "nowhere")
    with pytest.raises(trees.TreeError, match="no commit before this one"):
        trees.base_of(repository)
    with pytest.raises(trees.TreeError, match="there is no commit yet"):
        trees.base_of(tmp_path_factory.mktemp("nothing"))
    with pytest.raises(trees.TreeError, match="no work tree of nowhere"), trees.tree_of(repository, "nowhere"):
        pass
