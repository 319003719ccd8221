"""Which workload a URL belongs to: the one whose name is the last part of its path, as in ``/v1/comments``."""

from __future__ import annotations

import re

from loadtests import _workloads
from loadtests._imports._streams import Traffic
from loadtests._imports._table import Remarks

_ROUTE = re.compile(r"(?:^|[/}])v1/(?P<name>[a-z][a-z0-9_]*)/?(?:[?#].*)?\Z", re.DOTALL)
_LONGEST_URL = 2_000


class Routes:
    """The routes of all workloads that there are."""

    def __init__(self, remarks: Remarks) -> None:
        self._workloads = frozenset(_workloads.names())
        self._remarks = remarks

    def workload_of(self, url: str) -> str:
        """The workload that ``url`` asks, of any host, also one that a template leaves open; empty if there is none."""
        found = _ROUTE.search(url[-_LONGEST_URL:])
        return found["name"] if found and found["name"] in self._workloads else ""

    def asked(self, method: str, url: object, where: str) -> str:
        """The workload that a request asks; one that asks none is remarked on."""
        says = f"{method.upper()} {url}"
        workload = self.workload_of(url) if isinstance(url, str) else ""
        if workload and method.upper() == "POST":
            return workload
        why = f"a request to {workload} is a POST" if workload else f"no route of Loadstone; there is {self._known()}"
        self._remarks.add(where, says, why)
        return ""

    def or_all(self, traffic: Traffic, where: str) -> Traffic:
        """``traffic``, and where it asks nothing that is known, one request of any workload."""
        if traffic.requests:
            return traffic
        self._remarks.add(
            where,
            "no request to a known route",
            f"each arrival, or turn of a user, sends one request to {self._known()} instead",
            lost=False,
        )
        share = 1.0 / len(self._workloads)
        return traffic._replace(requests=dict.fromkeys(sorted(self._workloads), share))

    def _known(self) -> str:
        return ", ".join(f"/v1/{name}" for name in sorted(self._workloads))
