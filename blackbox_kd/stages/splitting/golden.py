"""Gold: a pinned file of prompts with references. Rows may be added to it; none is trained on, changed or removed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Record
from blackbox_kd.shingles import holding_most
from blackbox_kd.stages.content import asked_text, content_key
from blackbox_kd.stages.splitting.registry import Registered, Registry
from blackbox_kd.strategies.base import Draft
from blackbox_kd.strategies.files import drafts

SOURCE = "gold:"  # of a gold row, followed by its file


class Refused(Record, frozen=True, kw_only=True):
    """A prompt that is left out. `near` is the prompt that it may not be parted from, `other` one on the other side."""

    id: str
    reason: str  # near_gold, both_sides, near_held_out
    near: str  # the gold, held-out or train prompt's id; `family F` where only absent ones of a family are known
    other: str = ""
    similarity: float | None = None  # 0 to 1; None where a family or an equal text binds them
    text: str


def gold_drafts(name: str, root: Path) -> Iterator[Draft]:
    """The rows of the gold file, held out; raises `InputError` for one without a reference or pinned to train."""
    path = root / name
    if not path.exists():
        raise InputError(f"prompts.gold: {name}: no such file below {root}", "Paths start at bbkd.toml.")
    for one in drafts(path):
        if one.reference is None or not one.reference.strip():
            raise InputError(f"{one.where}: a gold row needs a `reference`", "Rows without one belong into files.")
        if one.split == "train":
            raise InputError(f"{one.where}: pinned to train, and gold is held out", "Take `split` out of the row.")
        yield msgspec.structs.replace(one, split="held_out", source=SOURCE + name)


def is_gold(draft: Draft) -> bool:
    """Whether the row stands in the gold file."""
    return draft.source.startswith(SOURCE)


def registered_gold(name: str, draft: Draft) -> Registered:
    """The line that pins a gold row."""
    return Registered(
        key=content_key(draft.messages),
        split="held_out",
        family=draft.family,
        gold=draft.source.removeprefix(SOURCE),
        id=name,
        reference=text_digest(draft.reference or ""),
    )


def kept_as_pinned(named: Mapping[str, Draft], registry: Registry) -> None:
    """Raise `InputError` if a gold row was trained on, or if a registered one is gone or has another reference."""
    present = {content_key(one.messages): one for one in named.values() if is_gold(one)}
    fix = "Gold is pinned: put the row back as it was and add new ones, or start a new set under another file name."
    for key, one in present.items():
        if registry.sides.get(key) == "train":
            raise InputError(
                f"{one.where}: this prompt is registered as train: students were trained on it",
                "Take it out of the gold file, or name another [prompts] splits file to start over.",
            )
    for key, was in registry.gold.items():
        now = present.get(key)
        if now is None:
            raise InputError(f"{was.gold}: the row {was.id!r} is gone, or its prompt was changed", fix)
        if text_digest(now.reference or "") != was.reference:
            raise InputError(f"{now.where}: the reference of gold row {was.id!r} was changed", fix)


def near_gold(named: Mapping[str, Draft], threshold: float, exempt: set[str]) -> list[Refused]:
    """The prompts that hold the share `threshold` or more of a gold prompt (see `shingles.nearest`), but the exempt."""
    gold = [name for name, one in named.items() if is_gold(one)]
    if not gold:
        return []
    rest = [name for name, one in named.items() if not is_gold(one)]
    texts = {name: asked_text(one.messages) for name, one in named.items()}
    found = holding_most([texts[name] for name in rest], [texts[name] for name in gold])
    return [
        Refused(id=name, reason="near_gold", near=gold[best[0]], similarity=round(best[1], 4), text=texts[name])
        for name, best in zip(rest, found, strict=True)
        if best is not None and best[1] >= threshold and name not in exempt
    ]
