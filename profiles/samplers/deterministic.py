"""Counts of bytecodes and calls: what a piece of work does, however busy the machine is.

Every function's bytecodes are counted one by one, at some 75 times the work's own price. The count sees each turn
of a loop; it is blind to what one bytecode costs, such as a call into C.

Two runs of the same work count the same as long as it decides nothing by the time or by chance.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, NamedTuple

from profiles.frames import frame_name
from profiles.stacks import Profile, Stack

_Trace = Callable[[FrameType, str, Any], Any]


class Counted(NamedTuple):
    """What was counted of one piece of work."""

    bytecodes: Profile
    calls: Profile
    """Calls of each function by the stack it was called in."""


class _Node:
    """A function at one place of the tree of calls."""

    __slots__ = ("bytecodes", "calls", "children", "parent", "trace")

    def __init__(self, parent: _Node | None) -> None:
        self.parent = parent
        self.children: dict[CodeType, _Node] = {}
        self.bytecodes = 0
        self.calls = 0
        self.trace: _Trace | None = None


class _Counter:
    """Follows one thread. Python tells it of every call, bytecode and return (`sys.settrace`)."""

    def __init__(self) -> None:
        self.root = _Node(None)
        self._now = self.root

    def call(self, frame: FrameType, event: str, argument: Any) -> _Trace | None:
        """A frame is entered, or a generator goes on in it."""
        if event != "call":
            return None
        code = frame.f_code
        node = self._now.children.get(code)
        if node is None:
            node = self._now.children[code] = _Node(self._now)
            node.trace = self._inside(node)
        node.calls += frame.f_trace is None  # one that goes on after a pause was traced before
        self._now = node
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return node.trace

    def _inside(self, node: _Node) -> _Trace:
        def trace(frame: FrameType, event: str, argument: Any) -> _Trace:
            if event == "opcode":
                node.bytecodes += 1
            elif event == "return" and node.parent is not None:
                self._now = node.parent
            return trace

        return trace


def capture(work: Callable[[], object]) -> Counted:
    """What ``work`` does in this thread, by Python stack."""
    counter = _Counter()
    with _undisturbed():
        sys.settrace(counter.call)
        try:
            work()
        finally:
            sys.settrace(None)
    nodes = list(_walked(counter.root))
    return Counted(
        Profile("bytecodes", _summed((stack, node.bytecodes) for stack, node in nodes)),
        Profile("calls", _summed((stack, node.calls) for stack, node in nodes)),
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The garbage collector, whose finalisers run when they like, waits."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _walked(root: _Node) -> Iterator[tuple[Stack, _Node]]:
    """Every node with its stack, without recursion: what is profiled may be deep."""
    waiting: list[tuple[Stack, _Node]] = [((), root)]
    while waiting:
        stack, node = waiting.pop()
        for code, child in node.children.items():
            path = (*stack, frame_name(code))
            yield path, child
            waiting.append((path, child))


def _summed(costs: Iterator[tuple[Stack, int]]) -> dict[Stack, int]:
    found: dict[Stack, int] = {}
    for stack, cost in costs:
        if cost:
            found[stack] = found.get(stack, 0) + cost
    return found
