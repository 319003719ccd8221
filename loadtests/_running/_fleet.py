"""The generators of a run as its recorder sees them: who they are, what their clocks show, and who is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import gevent
from locust.runners import STATE_MISSING, MasterRunner

from loadtests._running import _messages as messages
from loadtests._running._clocks import RemoteClock
from loadtests._running._messages import ASK, BEGIN, GO, HALT, Ask, Begin, Go, Share, Shown

_LOCAL = "local"
_ROUNDS = 8
"""Of asking for the time before the start; the quickest answer counts most."""
_ROUND_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
"""How long a generator may take to say anything at all before the start."""


class Fleet:
    """Names the generators after Locust's index of their processes, and speaks to them."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._names: dict[str, str] = {}
        self._clocks: dict[str, RemoteClock] = {}

    def __contains__(self, client: str) -> bool:
        return client in self._names

    @property
    def clients(self) -> list[str]:
        """Locust's names of the processes that were taken in."""
        return list(self._names)

    def present(self) -> list[str]:
        """The processes that are there now, taken in or not, in the order in which they came."""
        if not isinstance(self._runner, MasterRunner):
            return [_LOCAL]
        there = [client.id for client in self._runner.clients.all if client.state != STATE_MISSING]
        return sorted(there, key=self._runner.get_worker_index)

    def gone(self) -> Iterator[str]:
        """Names of the generators that were taken in and are not there now."""
        present = set(self.present())
        return (name for client, name in self._names.items() if client not in present)

    def take_in(self, client: str) -> str:
        """Give ``client`` its name in the record."""
        index = int(self._runner.get_worker_index(client)) if client != _LOCAL else 0
        name = self._names[client] = f"generator-{index}"
        self._clocks[name] = RemoteClock()
        return name

    def begin(self, client: str, begin: Begin) -> None:
        """Tell ``client`` what is coming."""
        self._runner.send_message(BEGIN, messages.packed(begin), client)

    def ask(self) -> None:
        """Ask every generator that is there what its clock shows."""
        for client in self.present():
            if client in self._names:
                self._runner.send_message(ASK, messages.packed(Ask(asked=time.perf_counter())), client)

    def hear(self, client: str, shown: Shown) -> None:
        """Take an answer to `ask`."""
        if client in self._names:
            clock = self._clocks[self._names[client]]
            clock.take(asked=shown.asked, shown=shown.shown, answered=time.perf_counter())

    def read_clocks(self) -> None:
        """Ask until the clocks of all are known well enough, or a generator seems to be mute."""
        deadline = time.perf_counter() + _ANSWER_SECONDS
        asked = 0
        while asked < _ROUNDS or (not self._all_known() and time.perf_counter() < deadline):
            self.ask()
            asked += 1
            if isinstance(self._runner, MasterRunner):
                gevent.sleep(_ROUND_SECONDS)

    def _all_known(self) -> bool:
        return all(clock.known for clock in self._clocks.values())

    def go(self, start: float, shares: Mapping[str, Mapping[str, Share]]) -> Iterator[str]:
        """Have all start at ``start`` on this process's clock; names of those whose own clock nobody knows."""
        for client, share in shares.items():
            name = self._names[client]
            clock = self._clocks[name]
            if not clock.known:
                yield name
                continue
            clock.settle()
            go = Go(start=clock.there(start), shares=dict(share))
            self._runner.send_message(GO, messages.packed(go), client)

    def halt(self) -> None:
        """Have all come to an end."""
        self._runner.send_message(HALT)

    def clock_error(self, name: str) -> float:
        """Seconds by which that generator's second 0 may lie off; 0 of one that is not known."""
        clock = self._clocks.get(name)
        return clock.error if clock is not None and clock.known else 0.0

    def users(self) -> dict[str, dict[str, int]]:
        """Processes to workloads to the users that they run."""
        counts: dict[str, dict[str, int]] = {}
        for client in self._names:
            if client == _LOCAL:
                by_class = self._runner.user_classes_count
            elif client in self._runner.clients:
                by_class = self._runner.clients[client].user_classes_count
            else:
                by_class = {}
            counts[client] = {
                self._runner.user_classes_by_name[name].workload: count for name, count in by_class.items() if count
            }
        return counts
