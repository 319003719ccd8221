"""Which commit a change is compared with, and its files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
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


def test_a_copy_has_the_work_as_it_is_and_goes(repository: Path) -> None:
    (repository / ".gitignore").write_text("ignored\n")
    (repository / "file").write_text("changed")
    (repository / "folder").mkdir()
    (repository / "folder" / "new").write_text("new")
    (repository / "ignored").write_text("secret")
    with trees.copy_of(repository / "folder") as tree:
        assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()) == [
            ".gitignore",
            "file",
            "folder/new",
        ]
        assert (tree / "file").read_text() == "changed"
        (repository / "file").write_text("changed while it is measured")
        assert (tree / "file").read_text() == "changed"
    assert not tree.exists()


def test_a_commit_says_when_something_is_not_in_it(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert trees.commit_of(repository) == head
    (repository / "new").write_text("new")
    assert trees.commit_of(repository) == f"{head}+dirty"


def test_a_tree_with_the_same_lock_has_this_python(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    for folder in (repository, other):
        (folder / trees.LOCK).write_text("same\n")
    with trees.python_for(other, repository) as python:
        assert python == Path(sys.executable)


BACKEND = """
import zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "films-2.5-py3-none-any.whl"
    info = "films-2.5.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: films\\nVersion: 2.5\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def test_a_tree_with_another_lock_is_installed_with_what_it_needs(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (repository / trees.LOCK).write_text("# nothing is needed\n")
    (repository / "backend.py").write_text(BACKEND)
    (repository / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    asked = "import importlib.metadata; print(importlib.metadata.version('films'))"
    with trees.python_for(repository, tmp_path_factory.mktemp("other")) as python:
        told = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "2.5"
    assert not python.exists()


def test_dependencies_that_cannot_be_had_are_said_and_leave_nothing(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (repository / trees.LOCK).write_text("no-such-file-anywhere.whl --hash=sha256:00\n")
    other = tmp_path_factory.mktemp("other")
    with (
        pytest.raises(trees.TreeError, match="the dependencies of the base cannot be installed: "),
        trees.python_for(repository, other),
    ):
        pass
    assert list(scratch.iterdir()) == []
