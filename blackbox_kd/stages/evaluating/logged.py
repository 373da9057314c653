"""A student's answers from a file: logged pairs of production, or shadow traffic, the teacher's answer beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Completion, Message, Prediction, Prompt
from blackbox_kd.shingles import near_duplicate_groups
from blackbox_kd.stages.content import asked_text, folded
from blackbox_kd.stages.importing import reason
from blackbox_kd.strategies.files import Row, draft, plain, rows
from blackbox_kd.teachers.wire import MOST_TOKENS, clean

NOT_ASKED = ("completion", "teacher", "finish_reason", "completion_tokens", "split", "weight")
Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
EXAMPLE = '{"prompt": "...", "completion": "...", "teacher": "..."}'


class Logged(NamedTuple):
    """The prompts that are measured, sorted by id; the student's and the teacher's answers by prompt id.

    A prompt without a teacher's answer has a reference. `notes` tell every row that is left out.
    """

    prompts: list[Prompt]
    student: dict[str, Prediction]
    teacher: dict[str, str]
    notes: tuple[str, ...]


class _Taken(NamedTuple):
    where: str
    prompt: Prompt
    student: Prediction
    teacher: str | None


def logged(
    path: Path,
    known: Iterable[Prompt],
    answers: Mapping[str, Completion],
    system: str = "",
    near_duplicate: float = 0.8,
) -> Logged:
    """Read the rows beside the run's prompts and the teacher's answers to them, by prompt id.

    `system` is the student's system prompt, which logged messages may begin with; prompts that the run does not know
    are of one family where their word 3-gram Jaccard similarity is at least `near_duplicate`. Raises `InputError`
    naming file and line.
    """
    log = _Log(path.name, known, answers, system)
    total = 0
    for where, row in rows(path):
        total += 1
        log.take(where, row)
    notes = log.notes(total)
    if not log.taken:
        raise InputError(
            f"{path}: no row can be measured. {' '.join(notes)}".rstrip(), f"A row is {EXAMPLE}, or has a reference."
        )
    prompts = with_families(sorted((one.prompt for one in log.taken.values()), key=lambda one: one.id), near_duplicate)
    return Logged(
        prompts=prompts,
        student={one.id: log.taken[one.id].student for one in prompts},
        teacher={one.id: text for one in prompts if (text := log.taken[one.id].teacher) is not None},
        notes=notes,
    )


class _Log:
    """What was read so far: the first usable row of each prompt, and how many others there were of each kind."""

    def __init__(self, name: str, known: Iterable[Prompt], answers: Mapping[str, Completion], system: str) -> None:
        self.taken: dict[str, _Taken] = {}
        self._name = name
        self._answers = answers
        self._system = system
        self._by_id = {one.id: one for one in known}
        self._by_text = {folded(one.messages): one for one in self._by_id.values()}
        self._held_out = {one.id for one in self._by_id.values() if one.split == "held_out"}
        self._trained = self._repeats = self._bare = self._foreign = 0

    def take(self, where: str, row: Row) -> None:
        """Take a row, or count why it is left out; raises `InputError`."""
        student = answered(where, row)
        prompt = self._prompt(where, row)
        if prompt.split == "train":
            self._trained += 1
            return
        if (before := self.taken.get(prompt.id)) is not None:
            same_reference(where, prompt, before.prompt, before.where)
            self._repeats += 1
            return
        teacher = said(where, row)
        if teacher is None and prompt.id in self._answers:
            teacher = self._answers[prompt.id].text
        if teacher is None and prompt.reference is None:
            self._bare += 1
            return
        student = msgspec.structs.replace(student, prompt_id=prompt.id)
        self.taken[prompt.id] = _Taken(where, prompt, student, teacher)

    def _prompt(self, where: str, row: Row) -> Prompt:
        """The prompt that a row answers: the run's with its id or text, else one of its own."""
        if not row.get("prompt") and row.get("messages") is None:
            return self._named(where, row)
        fields = {name: cell for name, cell in row.items() if cell is not None and name not in NOT_ASKED}
        one = draft(fields, where, self._name)
        messages = without_system(one.messages, self._system)
        found = self._by_text.get(folded(messages)) or self._asked_otherwise(messages)
        named = None if one.id is None else self._by_id.get(one.id)
        if named is not None and (found is None or found.id != named.id):
            raise InputError(
                f"{where}: the id {one.id!r} is that of another prompt", "An id names one prompt: leave it out here."
            )
        if found is not None:
            return completed(where, found, one.reference, one.slice)
        made = Prompt(
            id=one.id or text_digest(*(f"{turn.role}:{turn.content}" for turn in messages)),
            messages=messages,
            split="held_out",
            family=one.family or "",
            reference=one.reference,
            slice=one.slice,
            source=one.source,
            meta=one.meta,
        )
        self._by_id[made.id] = self._by_text[folded(messages)] = made
        return made

    def _named(self, where: str, row: Row) -> Prompt:
        """The run's prompt of a row that has an id alone."""
        name = None if row.get("id") in (None, "") else plain(row["id"])
        if name is None or name not in self._by_id:
            message = "neither prompt nor messages" if name is None else f"the id {name!r} is no prompt of this run"
            raise InputError(f"{where}: {message}", f"A row is {EXAMPLE}, or has the id of a prompt of this run.")
        reference = row.get("reference")
        given = row.get("slice")
        return completed(
            where,
            self._by_id[name],
            None if reference is None else plain(reference),
            None if given in (None, "") else plain(given),
        )

    def _asked_otherwise(self, messages: tuple[Message, ...]) -> Prompt | None:
        """The prompt that was asked with a system prompt which is neither its own nor the student's."""
        turns = tuple(turn for turn in messages if turn.role != "system")
        found = self._by_text.get(folded(turns)) if len(turns) < len(messages) else None
        if found is None or any(turn.role == "system" for turn in found.messages):
            return None
        self._foreign += 1
        return found

    def notes(self, total: int) -> tuple[str, ...]:
        """What a reader has to know of the rows that are not measured, or not as they stand."""
        of = f"of {total} rows of {self._name}"
        missed = len(self._held_out - self.taken.keys())
        said_of = (
            (self._trained, f"{of} are prompts that the student was trained on: left out."),
            (self._repeats, f"{of} answer a prompt again: the first answer is measured."),
            (self._bare, f"{of} have neither an answer of the teacher nor a reference: left out."),
            (self._foreign, f"{of} were asked with another system prompt than the student was trained with."),
            (missed, f"of {len(self._held_out)} held-out prompts are not in {self._name}: not measured."),
        )
        return tuple(f"{count} {text}" for count, text in said_of if count)


def without_system(messages: tuple[Message, ...], system: str) -> tuple[Message, ...]:
    """The messages as a prompt has them: without the student's system prompt, which goes before a prompt's own."""
    if not system.strip() or messages[0].role != "system" or not messages[0].content.startswith(system.strip()):
        return messages
    own = messages[0].content.removeprefix(system.strip()).strip()
    return (Message(role="system", content=own), *messages[1:]) if own else messages[1:]


def answered(where: str, row: Row) -> Prediction:
    """A row's answer, of a prompt that is still to be found; tokens that are not given are 0, for unknown.

    Raises `InputError`.
    """
    text = row.get("completion")
    if not isinstance(text, str):
        raise InputError(f"{where}: a row needs a `completion`, the student's answer", f"A row is {EXAMPLE}.")
    given = row.get("completion_tokens")
    try:
        tokens = 0 if given in (None, "") else msgspec.convert(given, Tokens, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: completion_tokens: {error}", "Leave it out where it is not known.") from None
    return Prediction(
        prompt_id="",
        model="student",
        text=clean(text),
        finish_reason=reason(row.get("finish_reason")),
        completion_tokens=tokens,
    )


def said(where: str, row: Row) -> str | None:
    """The teacher's answer that a row brings; None if it brings none. Raises `InputError`."""
    text = row.get("teacher")
    if text is not None and not isinstance(text, str):
        raise InputError(f"{where}: teacher must be text, not {type(text).__name__}", f"A row is {EXAMPLE}.")
    return clean(text) if text and text.strip() else None


def completed(where: str, prompt: Prompt, reference: str | None, part: str | None) -> Prompt:
    """A held-out prompt with the reference and slice of a row where it has none; raises `InputError` as below."""
    if prompt.split == "train":
        return prompt
    made = msgspec.structs.replace(
        prompt,
        reference=prompt.reference if reference is None else reference,
        slice=prompt.slice or part,
    )
    same_reference(where, made, prompt, "this run")
    return made


def same_reference(where: str, one: Prompt, other: Prompt, origin: str) -> None:
    """Raise `InputError` where a prompt has two references."""
    if other.reference is not None and one.reference is not None and one.reference != other.reference:
        raise InputError(
            f"{where}: the reference of {one.id!r} is another one than in {origin}",
            "A prompt has one right answer: correct it, or leave `reference` out.",
        )


def with_families(prompts: list[Prompt], near_duplicate: float) -> list[Prompt]:
    """The prompts, those without a family in that of a near-duplicate of the run's, else in one with their like."""
    ordered = sorted(prompts, key=lambda one: (not one.family, one.id))
    groups = near_duplicate_groups([asked_text(one.messages) for one in ordered], near_duplicate)
    families = {
        one.id: one.family or ordered[group].family or f"near:{ordered[group].id}"
        for one, group in zip(ordered, groups, strict=True)
    }
    return [msgspec.structs.replace(one, family=families[one.id]) for one in prompts]
