"""The statistics of the evidence: every formula with its source, and what it was seen to hold."""

from __future__ import annotations

from slo.stats.change_points import ChangePoint, change_points
from slo.stats.clusters import (
    PRIOR_WEIGHT,
    LaunchSpread,
    centres,
    cluster_p,
    launch_spread,
    moderated,
    two_level_interval,
)
from slo.stats.counts import more_bad, share_difference, wilson
from slo.stats.differences import difference, growth
from slo.stats.families import holm
from slo.stats.paired import hodges_lehmann, signed_rank
from slo.stats.power import smallest_change
from slo.stats.quantiles import median, quantile_interval
from slo.stats.ratios import mean_ratio
from slo.stats.shares import (
    block_length,
    blocks,
    clopper_pearson,
    deciding_events,
    design_effect,
    effective_sample,
    ratio_interval,
)
from slo.stats.spending import adjusted_for_looks, share, spent
from slo.stats.values import Estimate, Interval, Sample

__all__ = [
    "PRIOR_WEIGHT",
    "ChangePoint",
    "Estimate",
    "Interval",
    "LaunchSpread",
    "Sample",
    "adjusted_for_looks",
    "block_length",
    "blocks",
    "centres",
    "change_points",
    "clopper_pearson",
    "cluster_p",
    "deciding_events",
    "design_effect",
    "difference",
    "effective_sample",
    "growth",
    "hodges_lehmann",
    "holm",
    "launch_spread",
    "mean_ratio",
    "median",
    "moderated",
    "more_bad",
    "quantile_interval",
    "ratio_interval",
    "share",
    "share_difference",
    "signed_rank",
    "smallest_change",
    "spent",
    "two_level_interval",
    "wilson",
]
