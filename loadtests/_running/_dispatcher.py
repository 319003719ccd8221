"""Who of Locust's processes runs which users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locust.dispatch import UsersDispatcher


class SteadyDispatcher(UsersDispatcher):
    """Leaves users where they are while ``steady`` says so, whichever workers come, go and come back.

    A plan's arrivals are shared out when it starts, and a user that is moved would leave its own behind: a worker that
    comes later would take load away instead of adding any.
    """

    def __init__(self, worker_nodes: list[Any], user_classes: list[Any], *, steady: Callable[[], bool]) -> None:
        super().__init__(worker_nodes, user_classes)
        self._steady = steady

    def add_worker(self, worker_node: Any) -> None:
        """A worker came."""
        if not self._steady():
            super().add_worker(worker_node)

    def remove_worker(self, worker_node: Any) -> None:
        """A worker went."""
        if not self._steady():
            super().remove_worker(worker_node)
