"""split_audit.json: what is on each side, and every pair of a train and a held-out prompt measured again."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import InputError
from blackbox_kd.records import Prompt, Record, Split
from blackbox_kd.shingles import Shingles, by_name
from blackbox_kd.stages.content import asked_text, content_key
from blackbox_kd.stages.splitting.choosing import stratum_of
from blackbox_kd.stages.splitting.golden import Refused
from blackbox_kd.stages.splitting.overlapping import Block, blocks, frequent
from blackbox_kd.strategies.base import Draft

Bools = npt.NDArray[np.bool_]


class Pair(Record, frozen=True, kw_only=True):
    """A train and a held-out prompt, by id, and their Jaccard similarity, 0 to 1."""

    train: str
    held_out: str
    similarity: float


class Side(Record, frozen=True, kw_only=True):
    """How much is on a side, and which share of all."""

    prompts: int
    share: float
    families: int


class Stratum(Record, frozen=True, kw_only=True):
    """Prompts of a stratum, and which shares of all prompts and of those held out they are."""

    train: int
    held_out: int
    share: float
    held_out_share: float


class Audit(Record, frozen=True, kw_only=True):
    """What the split is. `pairs_across` leaves a template out where a prompt has a family of its own."""

    threshold: float  # Jaccard similarity of word 3-grams
    sides: dict[Split, Side]
    strata: dict[str, Stratum]
    largest_difference: float  # of the two shares of a stratum
    families_across: int  # own families that the registry has on both sides
    prompts_across: int  # equal texts on both sides
    pairs_compared: int  # all of a train and a held-out prompt
    pairs_overlapping: int  # of these, those that share a shingle
    pairs_across: int  # of these, those at or above the threshold
    highest: Pair | None  # None where no pair shares anything, a template left out
    own_family: int  # prompts that have a family of their own
    template_shingles: int
    pairs_across_with_template: int  # the same, whatever the prompts have in common
    highest_with_template: Pair | None
    refused: dict[str, int]  # by reason
    registry_lines: int | None  # None where none is kept


class _Best(NamedTuple):
    """How many pairs are at or above the threshold, and the nearest one by its places; -1.0 where there is none."""

    across: int = 0
    similarity: float = -1.0
    row: int = 0
    column: int = 0


def audited(
    named: Mapping[str, Draft],
    prompts: Sequence[Prompt],
    refused: Sequence[Refused],
    threshold: float,
    lines: int | None,
) -> Audit:
    """Measure the split of the prompts; `named` are all drafts, those that were refused too.

    Raises `InputError` where a pair, or an equal text, is across.
    """
    sets = by_name({name: asked_text(draft.messages) for name, draft in named.items()})
    own = {name for name, draft in named.items() if draft.family is not None}
    train, held = ([one for one in prompts if one.split == side] for side in ("train", "held_out"))
    template = frequent(list(sets.values()))
    overlapping, plain, strict = measured(train, held, sets, own, template, threshold)
    strata = strata_of(train, held)
    families = [{one.family for one in side} for side in (train, held)]
    texts = [{content_key(one.messages) for one in side} for side in (train, held)]
    found = Audit(
        threshold=threshold,
        sides={"train": side_of(train, len(prompts)), "held_out": side_of(held, len(prompts))},
        strata=strata,
        largest_difference=max((abs(one.share - one.held_out_share) for one in strata.values()), default=0.0),
        families_across=len(families[0] & families[1]),
        prompts_across=len(texts[0] & texts[1]),
        pairs_compared=len(train) * len(held),
        pairs_overlapping=overlapping,
        pairs_across=strict.across,
        highest=pair_of(strict, train, held),
        own_family=sum(one.id in own for one in prompts),
        template_shingles=len(template),
        pairs_across_with_template=plain.across,
        highest_with_template=pair_of(plain, train, held),
        refused=dict(sorted(Counter(one.reason for one in refused).items())),
        registry_lines=lines,
    )
    proved(found, train, held)
    return found


def proved(found: Audit, train: Sequence[Prompt], held: Sequence[Prompt]) -> None:
    """Raise `InputError` if something is across, naming two ids."""
    fix = "This is a fault of bbkd: report it, and meanwhile give both rows one `family`."
    if found.pairs_across and (pair := found.highest) is not None:
        both = f"{pair.train!r} (train) and {pair.held_out!r} (held_out)"
        raise InputError(
            f"{found.pairs_across} pairs are across the split: {both} have similarity {pair.similarity}", fix
        )
    if found.prompts_across:
        ids = {content_key(one.messages): one.id for one in train}
        one, other = next((ids[key], two.id) for two in held if (key := content_key(two.messages)) in ids)
        raise InputError(f"{one!r} (train) and {other!r} (held_out) have the same text", fix)


def measured(
    train: Sequence[Prompt],
    held: Sequence[Prompt],
    sets: Mapping[str, Shingles],
    own: set[str],
    template: Shingles,
    threshold: float,
) -> tuple[int, _Best, _Best]:
    """Pairs that share anything, and what is nearest: by all shingles, and by the rare ones too where one is `own`."""
    left, right = ([sets[one.id] for one in side] for side in (train, held))
    sizes = [np.array([len(one) for one in side], dtype=np.float32) for side in (left, right)]
    rare = [sizes_without(template, side) for side in (left, right)]
    owned = [np.array([one.id in own for one in side], dtype=np.bool_) for side in (train, held)]
    overlapping, plain, strict = 0, _Best(), _Best()
    for block in blocks(left, right, template):
        rows, columns = (slice(at, at + n) for at, n in zip(block[:2], block.whole.shape, strict=True))
        whole = _Table(block.whole, sizes[0][rows], sizes[1][columns])
        overlapping += int(np.count_nonzero(block.whole))
        likely = whole.reaching(min(threshold, plain.similarity))
        plain = better(plain, whole.jaccard(cells := np.flatnonzero(likely)), block, cells, threshold)
        least = min(threshold, strict.similarity)
        both = owned[0][rows, None] | owned[1][None, columns]
        left_out = _Table(block.rare, rare[0][rows], rare[1][columns])
        cells = np.flatnonzero(whole.reaching(least) & (~both | left_out.reaching(least)))
        less = whole.jaccard(cells)
        less = np.where(both.ravel()[cells], np.minimum(less, left_out.jaccard(cells)), less)
        strict = better(strict, less, block, cells, threshold)
    return overlapping, plain, strict


def sizes_without(template: Shingles, sets: Sequence[Shingles]) -> npt.NDArray[np.float32]:
    """How many shingles of each set are none of the template."""
    return np.array([len(one) - np.isin(one, template).sum() for one in sets], dtype=np.float32)


class _Table(NamedTuple):
    """How many shingles pairs share, and how many each text has, down and across."""

    shared: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float32]

    def reaching(self, least: float) -> Bools:
        """The pairs that share anything and may be as similar; a few more, for it is reckoned in single precision."""
        near = max(0.0, least - 1e-4)
        bound = np.float32(near) * (self.rows[:, None] + self.columns[None, :])
        found: Bools = (self.shared * np.float32(1 + near) >= bound) & (self.shared > 0)
        return found

    def jaccard(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The similarity of the pairs in these cells, each of which shares something with the other."""
        rows, columns = np.divmod(cells, self.shared.shape[1])
        both = self.shared.ravel()[cells].astype(np.float64)
        found: npt.NDArray[np.float64] = both / np.maximum(1, self.rows[rows] + self.columns[columns] - both)
        return found


def better(
    best: _Best, found: npt.NDArray[np.float64], block: Block, cells: npt.NDArray[np.int64], threshold: float
) -> _Best:
    """The count with that of the block, and the nearer of both."""
    if not len(found):
        return best
    across = best.across + int((found >= threshold).sum())
    place = int(found.argmax())
    if found[place] <= best.similarity:
        return best._replace(across=across)
    row, column = divmod(int(cells[place]), block.whole.shape[1])
    return _Best(across, float(found[place]), row + block.row, column + block.column)


def pair_of(best: _Best, train: Sequence[Prompt], held: Sequence[Prompt]) -> Pair | None:
    """The nearest pair by its ids."""
    if best.similarity < 0:
        return None
    return Pair(train=train[best.row].id, held_out=held[best.column].id, similarity=round(best.similarity, 4))


def side_of(side: Sequence[Prompt], whole: int) -> Side:
    """How much is on it."""
    share = round(len(side) / whole, 4) if whole else 0.0
    return Side(prompts=len(side), share=share, families=len({one.family for one in side}))


def strata_of(train: Sequence[Prompt], held: Sequence[Prompt]) -> dict[str, Stratum]:
    """The strata, in the order of their names."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for index, side in enumerate((train, held)):
        for one in side:
            counts[stratum_of(one.slice, one.source)][index] += 1
    whole, out = len(train) + len(held), max(1, len(held))
    return {
        name: Stratum(train=a, held_out=b, share=round((a + b) / whole, 4), held_out_share=round(b / out, 4))
        for name, (a, b) in sorted(counts.items())
    }


def line(found: Audit) -> str:
    """The audit in a line."""
    said = f"{found.pairs_across} of {found.pairs_compared:,} pairs across the split reach {found.threshold:g}"
    if found.highest is not None:
        said += f" (highest {found.highest.similarity:g})"
    if found.pairs_across_with_template > found.pairs_across:
        said += f", {found.pairs_across_with_template:,} by the template of their own families alone"
    if len(found.strata) > 1:
        said += f"; shares of {len(found.strata)} strata differ by {100 * found.largest_difference:.1f} points at most"
    return said
