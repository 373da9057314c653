"""Intervals, tests and power for scores of a few hundred held-out prompts.

Everything is a share between 0 and 1, never a percentage, and the same for the same seed and items in any order. Items
that share a family count as the family lets them.
"""

from blackbox_kd.stats.agreement import Kappa, cohen_kappa
from blackbox_kd.stats.clusters import Clusters, Values
from blackbox_kd.stats.gating import Decision, items_to_pass, non_inferior
from blackbox_kd.stats.intervals import Interval, rate_interval, wilson
from blackbox_kd.stats.judged import WinRate, length_controlled_win_rate
from blackbox_kd.stats.paired import Difference, holm, mcnemar_exact, paired_difference
from blackbox_kd.stats.pgr import Pgr, paired_bootstrap_pgr
from blackbox_kd.stats.power import minimum_detectable, power_statement
from blackbox_kd.stats.seeds import Spread, seed_spread
from blackbox_kd.stats.selective import CoveragePoint, coverage_curve

__all__ = [
    "Clusters",
    "CoveragePoint",
    "Decision",
    "Difference",
    "Interval",
    "Kappa",
    "Pgr",
    "Spread",
    "Values",
    "WinRate",
    "cohen_kappa",
    "coverage_curve",
    "holm",
    "items_to_pass",
    "length_controlled_win_rate",
    "mcnemar_exact",
    "minimum_detectable",
    "non_inferior",
    "paired_bootstrap_pgr",
    "paired_difference",
    "power_statement",
    "rate_interval",
    "seed_spread",
    "wilson",
]
