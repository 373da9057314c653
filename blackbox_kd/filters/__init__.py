"""One filter a file: pure, no I/O. A filter that is in the union can be set in bbkd.toml, counts and reports.

A row filter measures one completion and decides; a set filter compares what it measured of all of them (`base`).
"""

from blackbox_kd.filters.best_of import BestOf
from blackbox_kd.filters.compression import Compression
from blackbox_kd.filters.decontamination import Decontamination
from blackbox_kd.filters.difficulty import Difficulty
from blackbox_kd.filters.duplicates import Duplicates
from blackbox_kd.filters.echo import Echo
from blackbox_kd.filters.empty import Empty
from blackbox_kd.filters.format import Format
from blackbox_kd.filters.gate import Gate
from blackbox_kd.filters.human import Human
from blackbox_kd.filters.identity import Identity
from blackbox_kd.filters.judged import Judged
from blackbox_kd.filters.language import Language
from blackbox_kd.filters.length import Length
from blackbox_kd.filters.loops import Loops
from blackbox_kd.filters.near import Near
from blackbox_kd.filters.own import Own
from blackbox_kd.filters.pii import Pii
from blackbox_kd.filters.reasoning import Reasoning
from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.filters.repeated import Repeated
from blackbox_kd.filters.secrets import Secrets
from blackbox_kd.filters.selection import Selection
from blackbox_kd.filters.self_consistency import SelfConsistency
from blackbox_kd.filters.semantic import Semantic
from blackbox_kd.filters.special_tokens import SpecialTokens
from blackbox_kd.filters.verified import Verified

RowFilter = (
    Gate
    | Empty
    | Length
    | Refusal
    | Identity
    | SpecialTokens
    | Echo
    | Loops
    | Compression
    | Repeated
    | Reasoning
    | Format
    | Language
    | Pii
    | Secrets
    | Own
    | Verified
    | Judged
    | Difficulty
    | Human
    | Decontamination
)
SetFilter = SelfConsistency | Duplicates | Near | Semantic | BestOf | Selection  # votes are counted before copies go
Filter = RowFilter | SetFilter  # in the order in which they run; set filters see what the row filters kept
