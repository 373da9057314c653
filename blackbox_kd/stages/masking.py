"""Masks prompts by the user's own function, then looks for keys and personal data: before any is stored or sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from blackbox_kd import own
from blackbox_kd.config.prompts import Policy, Prompts
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.private import Found, Kind, findings, mapped, texts
from blackbox_kd.records import Message
from blackbox_kd.strategies.base import Draft
from blackbox_kd.teachers.target import Target

SIGNATURE = "It has to be `def function(text: str) -> str`."
SHOWN = 5  # places that an error names


def masked(drafts: Iterable[Draft], prompts: Prompts, root: Path) -> Iterator[Draft]:
    """The drafts with every text passed through `[prompts] redact`: turns, reference and other columns.

    Raises `UsageError` naming the row where the function fails or gives no text.
    """
    if prompts.redact is None:
        yield from drafts
        return
    spec, function = prompts.redact, own.load(prompts.redact, root, 1, SIGNATURE)
    for draft in drafts:

        def change(text: str, where: str = draft.where) -> str:
            value = own.call(function, f"{spec} at {where}", SIGNATURE, text)
            if not isinstance(value, str):
                raise UsageError(f"{spec} at {where}: it gave {type(value).__name__}, not a text", SIGNATURE)
            return value

        yield msgspec.structs.replace(
            draft,
            messages=tuple(Message(role=turn.role, content=change(turn.content)) for turn in draft.messages),
            reference=None if draft.reference is None else change(draft.reference),
            meta=mapped(draft.meta, change),
        )


def looked_over(drafts: Iterable[Draft], prompts: Prompts, note: Callable[[str], None]) -> Iterator[Draft]:
    """The drafts, once none of them is found to hold what `[prompts] secrets` and `personal` refuse.

    Raises `InputError` at the end of the rows, naming the first places and never the finding itself. What is only
    warned of is counted in one note.
    """
    policy: dict[Kind, Policy] = {"secret": prompts.secrets, "personal": prompts.personal}
    if set(policy.values()) == {"allow"}:
        yield from drafts
        return
    refused: list[str] = []
    rows, counts = 0, Counter[str]()
    for draft in drafts:
        held: dict[str, None] = {}
        for found in in_draft(draft):
            counts[found.what] += policy[found.kind] == "warn"
            if policy[found.kind] == "refuse":
                held[found.what] = None
        rows += bool(held)
        if held and len(refused) < SHOWN:
            refused.append(f"{draft.where} ({', '.join(held)})")
        yield draft
    if refused:
        more = f" and {rows - SHOWN} more" if rows > SHOWN else ""
        raise InputError(
            f"prompts that hold what must not be sent: {', '.join(refused)}{more}",
            'Remove it, mask it with [prompts] redact = "file.py:function", or set secrets (personal) = "allow".',
        )
    if told := ", ".join(f"{count} x {what}" for what, count in sorted(counts.items()) if count):
        note(f"prompts: personal data or keys may be sent to the teacher: {told} ([prompts] redact masks them)")


def in_draft(draft: Draft) -> Iterator[Found]:
    """What is found in any text of a row, those included that are stored and not sent: id, reference, other columns."""
    parts = [turn.content for turn in draft.messages]
    parts += [text for text in (draft.id, draft.family, draft.slice, draft.reference) if text]
    if draft.meta:
        parts += texts(draft.meta)
    return findings(parts[0] if len(parts) == 1 else "\n".join(parts))


def sent_along(target: Target, prompts: Prompts, note: Callable[[str], None]) -> None:
    """Look for keys in what is sent with every prompt; raises `UsageError` naming the setting, never the key."""
    parts = {
        "system": [target.system],
        "shots": [turn.content for turn in target.shots],
        "schema": list(texts(target.schema or {})),
        "extra": list(texts(target.extra)),
    }
    for name, said in parts.items() if prompts.secrets != "allow" else ():
        held = {found.what: None for found in findings("\n".join(said)) if found.kind == "secret"}
        if held and prompts.secrets == "warn":
            note(f"teacher.{name} of {target.label} holds what would be sent with every prompt: {', '.join(held)}")
        elif held:
            raise UsageError(
                f"teacher.{name} of {target.label} holds what must not be sent: {', '.join(held)}",
                'Remove it, or set [prompts] secrets = "allow".',
            )
