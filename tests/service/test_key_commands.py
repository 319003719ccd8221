"""``loadstone keys`` as an administrator uses it, on real databases: running, at rest, held by another, away."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from service.__main__ import main
from service.adapters.data_folder import DataFolder
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers, running_postgres
from service.adapters.keys import KeyEntry, PostgresKeys
from service.adapters.postgres import migrate
from service.core.keys import Seal, Secret, id_in, new_key
from service.core.ports import KeyRecord

SECRET, NEWER = "the secret under which tests keep keys", "the secret that comes after the other"

Keys = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder on which a service runs."""
    path = tmp_path_factory.mktemp("data")
    with EmbeddedServers(path) as servers:
        asyncio.run(migrate(servers.start_postgres()))
        yield path


@pytest.fixture
def keys(folder: Path) -> Keys:
    """Runs ``keys`` with these arguments beside the running service."""

    def run(*arguments: str, **variables: str | None) -> Result:
        settings = {
            "LOADSTONE_DATA_DIR": str(folder),
            "LOADSTONE_KEY_SECRET": SECRET,
            "DATABASE_URL": None,
            **variables,
        }
        return CliRunner().invoke(main, ["keys", *arguments], env=settings)

    return run


def record(folder: Path, identifier: str) -> KeyRecord | None:
    """What the database keeps of a key."""

    async def found() -> KeyRecord | None:
        async with open_database(running_postgres(folder) or "", size=1, application="tests") as database:
            return await PostgresKeys(database).find(identifier)

    return asyncio.run(found())


def test_a_key_is_printed_alone_and_opens_what_was_said(keys: Keys, folder: Path) -> None:
    made = keys("create", "--tenant", "acme", "--name", "tests", "--role", "read", "--rate", "100/s", "--burst", "200")
    key = made.stdout.removesuffix("\n")
    identifier = id_in(key.encode()) or ""
    kept = record(folder, identifier)

    assert made.exit_code == 0
    assert made.stderr == f"key {identifier} of acme, role read, without end; it is shown this once\n"
    assert kept is not None
    assert (kept.tenant, kept.role.word, kept.rate and kept.rate.text) == ("acme", "read", "100/s burst 200")
    assert kept.digest == Seal(Secret(SECRET)).digest(key.encode())
    assert kept.expires_in is None

    quiet = keys("create", "--tenant", "acme", "--name", "tests", "--expires", "90d", "--quiet")
    assert (id_in(quiet.stdout.strip().encode()) is not None, quiet.stderr) == (True, "")
    kept = record(folder, id_in(quiet.stdout.strip().encode()) or "")
    assert kept is not None
    assert kept.expires_in == pytest.approx(90 * 86_400, rel=0.01)


def test_keys_are_listed_for_people_and_for_programs_without_what_is_secret(keys: Keys) -> None:
    made = msgspec.json.decode(keys("create", "--tenant", "lists", "--name", "a name with spaces", "--json").stdout)
    old = msgspec.json.decode(keys("create", "--tenant", "lists", "--name", "b", "--json").stdout)
    ended = keys("revoke", old["key"])
    listed = keys("list")
    entries = msgspec.json.decode(keys("list", "--json").stdout, type=list[KeyEntry])

    assert f"revoked {old['id']} (b) of lists" in ended.stdout
    lines = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert lines["ID"].split()[:4] == ["ID", "TENANT", "ROLE", "STATE"]
    assert lines[made["id"]].split()[1:4] == ["lists", "write", "good"]
    assert lines[made["id"]].split("default")[1].strip() == "a name with spaces"
    assert lines[old["id"]].split()[3] == "revoked"
    states = {entry.id: entry.state for entry in entries}
    assert (states[made["id"]], states[old["id"]]) == ("good", "revoked")
    for text in (listed.output, ended.output, msgspec.json.encode(entries).decode()):
        assert made["key"][12:] not in text
        assert old["key"][12:] not in text


def test_the_list_tells_which_keys_a_secret_that_goes_would_take_along(keys: Keys) -> None:
    made = msgspec.json.decode(keys("create", "--tenant", "rotates", "--name", "x", "--json").stdout)

    def state(secrets: str) -> str:
        (line,) = (
            line for line in keys("list", LOADSTONE_KEY_SECRET=secrets).stdout.splitlines() if made["id"] in line
        )
        return line.split("write")[1].split("20")[0].strip()

    assert state(SECRET) == "good"
    assert state(f"{NEWER},{SECRET}") == "old secret"
    assert state(NEWER) == "unknown secret"


def test_a_secret_is_made_that_the_service_takes(keys: Keys) -> None:
    made = keys("secret").stdout.strip()
    assert len(bytes.fromhex(made)) == 32
    assert made != keys("secret").stdout.strip()
    assert keys("create", "--tenant", "a", "--name", "b", LOADSTONE_KEY_SECRET=made).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "--name", "x"], "--tenant"),
        (["create", "--tenant", "a b", "--name", "x"], "a letter or digit"),
        (["create", "--tenant", "a", "--name", ""], "1 to 100 printable characters"),
        (["create", "--tenant", "a", "--name", "x\n"], "1 to 100 printable characters"),
        (["create", "--tenant", "a", "--name", "x", "--role", "root"], "'root' is not one of"),
        (["create", "--tenant", "a", "--name", "x", "--expires", "90"], "'90' is no time such as 90d"),
        (["create", "--tenant", "a", "--name", "x", "--rate", "100"], "must be a number of requests and a time"),
        (["create", "--tenant", "a", "--name", "x", "--burst", "5"], "needs --rate"),
        (["create", "--tenant", "a", "--name", "x", "--rate", "1/s", "--burst", "0"], "0 is not in the range"),
        (["revoke", "nothing1"], "loadstone: no key nothing1"),
        (["revoke", "' OR true --"], "loadstone: no key ' OR true --"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_printed(keys: Keys, arguments: list[str], sentence: str) -> None:
    done = keys(*arguments)
    said = " ".join(done.stderr.replace("│", " ").split())

    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in said
    assert "Traceback" not in done.stderr


def test_without_a_secret_no_key_is_made(keys: Keys) -> None:
    done = keys("create", "--tenant", "a", "--name", "x", LOADSTONE_KEY_SECRET=None)
    assert done.exit_code == 2
    assert "LOADSTONE_KEY_SECRET is missing" in done.stderr


def test_a_database_that_is_away_or_empty_is_said_without_the_password(keys: Keys, folder: Path) -> None:
    away = keys("list", DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/x?password=hunter2")
    url = (running_postgres(folder) or "").replace("/postgres?", "/template1?")
    empty = keys("list", DATABASE_URL=url)

    assert (away.exit_code, empty.exit_code) == (2, 2)
    assert "Connection refused" in away.stderr
    assert "hunter2" not in away.output
    assert empty.stderr == "loadstone: the database has no table of keys yet: run `loadstone migrate`\n"


def test_a_folder_that_is_held_while_no_database_answers_is_said(keys: Keys, tmp_path: Path) -> None:
    held = DataFolder(tmp_path)
    held.hold()
    try:
        done = keys("list", LOADSTONE_DATA_DIR=str(tmp_path))
    finally:
        held.release()

    assert done.exit_code == 2
    assert f"is in use by process {os.getpid()}, and no database answers there" in done.stderr


def test_what_a_service_left_behind_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    assert running_postgres(tmp_path) is None
    (data / "postmaster.pid").write_text(f"1\n{data}\n0\n5432\n{tmp_path}\n\n0 0\nready   \n")
    assert running_postgres(tmp_path) is None


def test_the_front_door_makes_a_key_where_no_service_runs(tmp_path: Path) -> None:
    variables = {name: text for name, text in os.environ.items() if not name.endswith("_URL")}
    made = subprocess.run(
        [sys.executable, "-m", "loadstone", "keys", "create", "--tenant", "acme", "--name", "x", "--quiet"],
        env={**variables, "LOADSTONE_KEY_SECRET": SECRET, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert (made.returncode, made.stderr) == (0, "")
    assert id_in(made.stdout.removesuffix("\n").encode()) is not None
    assert running_postgres(tmp_path / ".loadstone/data") is None, "what was started for the command has ended"


def test_a_key_that_leaked_is_not_repeated_when_it_is_unknown(keys: Keys) -> None:
    key = new_key().text
    done = keys("revoke", key)
    assert done.exit_code == 2
    assert key[12:] not in done.output
