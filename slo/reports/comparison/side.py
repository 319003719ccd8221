"""One of the runs that are compared."""

from __future__ import annotations

import msgspec

from slo.model import Distrust
from slo.record import PlanFacts, Run
from slo.reports.run.summary import Report

LETTERS = "ABCDE"
"""What the runs are called in every form."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A run among others."""

    letter: str
    name: str
    """What the reader called it by, such as the name of its folder."""
    run: Run
    report: Report
    doubts: tuple[Distrust, ...]
    """Why its figures cannot be trusted; a run that nothing is asked of can be."""

    @property
    def plan(self) -> PlanFacts:
        """The plan it followed."""
        return self.run.header.plan

    def is_same_run_as(self, other: Side) -> bool:
        """Whether both are one run, read twice."""
        return self.run.header.id == other.run.header.id

    def ran_where(self, other: Side) -> bool:
        """Whether both ran on the same kind of machine; memory is told anew at every start, so a tenth may differ."""
        own, others = self.run.header.machine, other.run.header.machine
        alike = (own.cpu, own.cores) == (others.cpu, others.cores)
        return alike and abs(own.memory_bytes - others.memory_bytes) * 10 <= max(own.memory_bytes, others.memory_bytes)

    def was_loaded_like(self, other: Side) -> bool:
        """Whether both had the same load to carry, whatever its seed."""
        own, others = self.plan, other.plan
        return (own.arrivals, own.stages, own.mix) == (others.arrivals, others.stages, others.mix)
