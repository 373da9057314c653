"""One filter a file: pure, no I/O. A filter that is in the union can be set in bbkd.toml, counts and reports.

A row filter has `check(completion) -> Verdict`; a set filter has `run(completions) -> verdicts`, in the same order.
"""

from blackbox_kd.filters.duplicates import Duplicates
from blackbox_kd.filters.empty import Empty
from blackbox_kd.filters.gate import Gate
from blackbox_kd.filters.identity import Identity
from blackbox_kd.filters.length import Length
from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.filters.repeated import Repeated

RowFilter = Gate | Empty | Length | Refusal | Identity | Repeated
SetFilter = Duplicates
Filter = RowFilter | SetFilter  # in the order in which they run; set filters see what the row filters kept
