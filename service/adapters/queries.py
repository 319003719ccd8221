"""Reads `.sql` files of named, described queries.

A query begins with its name, goes on with its description and ends where the next begins::

    -- name: find_job
    -- The job with identifier $1.
    SELECT ... FROM jobs WHERE id = $1;
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

import msgspec

SQL = resources.files("service.adapters") / "sql"
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; ``text`` takes its parameters as ``$1``, ``$2`` ... in the order that the description gives."""

    name: str
    description: str
    text: str


class QueryFileError(Exception):
    """A file of queries breaks the form; the message says which and where."""


def load(file: str) -> Mapping[str, str]:
    """The statements of ``sql/FILE`` by name."""
    queries = parse((SQL / file).read_text(encoding="utf-8"), file)
    return MappingProxyType({name: query.text for name, query in queries.items()})


def parse(text: str, file: str) -> Mapping[str, Query]:
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
    return Query(name=name, description=description, text=statement)
