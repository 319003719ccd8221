"""Machines on one machine: network namespaces with addresses of their own, each reached over one cable.

That takes root. Where the system does not allow it, a machine is an address on loopback, and says so.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

_AS = 'hostname "$0" && exec "$@"'


@dataclass(frozen=True)
class Machine:
    """Where commands with this ``prefix`` run; servers that listen at ``gate`` are reached from there."""

    name: str
    prefix: tuple[str, ...]
    gate: str
    address: str
    """Its own."""


@contextmanager
def machines(*names: str) -> Iterator[list[Machine]]:
    """One for each name; what they are made of goes with the block."""
    with ExitStack() as stack:
        try:
            yield [stack.enter_context(_namespace(name, number)) for number, name in enumerate(names, 1)]
        except _NotAllowedError as error:
            sys.stderr.write(f"no network namespaces, so machines are addresses on loopback: {error}\n")
            yield [Machine(name, (), f"127.0.0.{number}", f"127.0.0.{number}") for number, name in enumerate(names, 2)]


class _NotAllowedError(Exception):
    """The system makes no namespaces for us."""


@contextmanager
def _namespace(name: str, number: int) -> Iterator[Machine]:
    """A namespace with one interface, whose other end is here, in a network of the range for tests (RFC 2544)."""
    if os.geteuid() != 0:
        raise _NotAllowedError("it takes root")
    mark = secrets.token_hex(3)
    space, near, far = f"loadstone-{mark}", f"ls{mark}a", f"ls{mark}b"
    block = f"198.18.{int(mark[:2], 16)}"
    gate, address = f"{block}.{4 * number + 1}", f"{block}.{4 * number + 2}"
    _ip("netns", "add", space)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
        _ip("address", "add", f"{gate}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", space, "address", "add", f"{address}/30", "dev", far)
        _ip("-n", space, "link", "set", far, "up")
        _ip("-n", space, "link", "set", "lo", "up")
        prefix = ("ip", "netns", "exec", space, "unshare", "--uts", "sh", "-c", _AS, name)
        yield Machine(name, prefix, gate, address)
    finally:
        _ip("netns", "delete", space)


def _ip(*words: str) -> None:
    try:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise _NotAllowedError("there is no command ip") from error
    except subprocess.CalledProcessError as error:
        raise _NotAllowedError(error.stderr.strip()) from error
