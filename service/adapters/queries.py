"""Reads `.sql` files of named, described queries.

A query begins with its name, goes on with its description and ends where the next begins::

    -- name: find_job (read)
    -- The job with identifier $1.
    SELECT ... FROM jobs WHERE id = $1;

``(read)`` says that it changes nothing, so that it may be asked again when its answer is lost. The text that is sent
has the name as a comment behind the first word, where the server's logs and statistics keep it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType

import msgspec

SQL = resources.files("service.adapters") / "sql"
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)( \(read\))?$")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; ``text`` takes its parameters as ``$1``, ``$2`` ... in the order that the description gives."""

    name: str
    description: str
    text: str
    """What is sent: the statement, with `mark` behind its first word."""
    is_read: bool = False
    """It changes nothing: asking twice does what asking once does."""


class QueryFileError(Exception):
    """A file of queries breaks the form; the message says which and where."""


def load(file: str) -> Mapping[str, Query]:
    """The queries of ``sql/FILE`` by name."""
    return MappingProxyType(parse((SQL / file).read_text(encoding="utf-8"), file))


def every() -> Sequence[Query]:
    """The queries of all files; `QueryFileError` when two have the same name."""
    found: dict[str, Query] = {}
    for file in sorted(entry.name for entry in SQL.iterdir() if entry.name.endswith(".sql")):
        for query in load(file).values():
            if query.name in found:
                raise QueryFileError(f"{file}: {query.name} is the name of another file's query")
            found[query.name] = query
    return tuple(found.values())


def names() -> Sequence[str]:
    """The names of all queries."""
    return [query.name for query in every()]


def parse(text: str, file: str) -> dict[str, Query]:
    """The queries in ``text``; `QueryFileError` when one has no name, no description, no statement or no own name."""
    queries: dict[str, Query] = {}
    blocks = re.split(r"^(?=-- name:)", text, flags=re.MULTILINE)
    if any(line and not line.startswith("--") for line in blocks[0].splitlines()):
        raise QueryFileError(f"{file}: a statement comes before the first name")
    for block in blocks[1:]:
        query = _query(block, file)
        if query.name in queries:
            raise QueryFileError(f"{file}: {query.name} is there twice")
        queries[query.name] = query
    return queries


def mark(name: str) -> str:
    """The comment by which a query is known at the server."""
    return f"/* loadstone.{name} */"


def _query(block: str, file: str) -> Query:
    head, *lines = block.strip().splitlines()
    match = _NAME.match(head)
    if match is None:
        raise QueryFileError(f"{file}: {head!r} names no query")
    name = match.group(1)
    end = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
    description = " ".join(line.removeprefix("--").strip() for line in lines[:end])
    statement = "\n".join(lines[end:]).strip()
    if not description or not statement:
        raise QueryFileError(f"{file}: {name} has no {'statement' if description else 'description'}")
    text = re.sub(r"^\w+", rf"\g<0> {mark(name)}", statement)
    return Query(name=name, description=description, text=text, is_read=match.group(2) is not None)
