"""Further students to compare with: trained as the student is, on other answers, fewer rows, or another seed.

Each lies in eval/students/ARM, laid out as a run directory is, and is trained again only if what it is made of changed.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from blackbox_kd.config.evaluate import share_of
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, read_rows, text_digest, write_json
from blackbox_kd.records import Example, Json, Message, Prompt, Record, conversation
from blackbox_kd.run import PROMPTS, STUDENT, TRAINING_RESULT, RunDir, flatten, require
from blackbox_kd.stages.train import dataset, seed_of, settings, student_spec, train_in
from blackbox_kd.student.source import resolve
from blackbox_kd.text import fold

MIN_GOLD = 20  # rows; fewer teach a student nothing that is worth a comparison
COMMON = 0.05  # of the rows: answers that so many share are labels
TRIES = 1_000  # exchanges tried for a row whose answer is its own
SHOT_CHARACTERS = 1_500  # of prompt and answer together: longer rows are no examples


class Origin(Record, frozen=True, kw_only=True):
    """`origin.json`: what an arm is made of. `rows` is a digest of the rows to train on and to validate with."""

    arm: str
    student: str  # name@revision of what was trained
    rows: str
    settings: dict[str, Json]


def folder_of(run: RunDir, arm: str) -> Path:
    """Where an arm lies: `1/4` in eval/students/1-4."""
    return run.path / "eval" / "students" / re.sub(r"\W", "-", arm)


def result_path(run: RunDir, arm: str) -> Path:
    """Where rows, steps, tokens and seconds of an arm's training are told: `student.train.TrainResult` as JSON."""
    return folder_of(run, arm) / TRAINING_RESULT


def trained_arm(run: RunDir, config: Config, arm: str) -> Path:
    """The model folder of an arm, trained unless it is there already; one that was cut off goes on.

    Raises `InputError` without rows to train on or with fewer than `MIN_GOLD` of gold, and what training raises.
    """
    examples, validation = dataset(run, config)
    seed = int(arm.removeprefix("seed:")) if arm.startswith("seed:") else seed_of(config)
    examples = rows_of(run, config, arm, examples, validation)
    source = resolve(student_spec(config, run))
    origin = Origin(
        arm=arm,
        student=f"{source.name}@{source.revision}",
        rows=text_digest(msgspec.json.encode([examples, validation]).decode()),
        settings=flatten({**settings(config), "seed": seed}),
    )
    folder, result = folder_of(run, arm), result_path(run, arm)
    if result.exists() and (folder / STUDENT).is_dir() and recorded(folder / "origin.json") == origin:
        return folder / STUDENT
    result.unlink(missing_ok=True)  # it says that the arm is whole
    write_json(folder / "origin.json", origin)
    train_in(folder, run, config, examples, validation, seed, f"train {arm}")
    return folder / STUDENT


def recorded(path: Path) -> Origin | None:
    """What an arm was made of; None if that is not told."""
    try:
        return read_json(path, Origin)
    except InputError:
        return None


def rows_of(
    run: RunDir, config: Config, arm: str, examples: Sequence[Example], validation: Sequence[Example]
) -> list[Example]:
    """The rows that an arm is trained on; raises `InputError` where there is too little gold."""
    if arm == "shuffled":
        rows, kept = shuffled(examples, config.seed)
        if kept:
            run.progress.note(f"train shuffled: by chance {kept} of {len(rows)} rows get an answer equal to their own")
        return rows
    if arm == "gold":
        return gold(run, config.train.system, {prompt_of(one) for one in validation})
    share = share_of(arm)
    return list(examples) if share is None else part(examples, share)


def prompt_of(example: Example) -> str:
    """The prompt's id in a row's id, `prompt_id#sample`."""
    return example.id.rpartition("#")[0] or example.id


def shuffled(examples: Sequence[Example], seed: int) -> tuple[list[Example], int]:
    """The rows with their answers permuted among the prompts, and how many got an answer equal to their own."""
    answers = [fold(one.completion[0].content) for one in examples]
    sources = deranged([(prompt_of(one), text) for one, text in zip(examples, answers, strict=True)], seed)
    rows = [
        msgspec.structs.replace(one, completion=examples[source].completion)
        for one, source in zip(examples, sources, strict=True)
    ]
    return rows, sum(answers[index] == answers[source] for index, source in enumerate(sources))


def deranged(rows: Sequence[tuple[str, str]], seed: int) -> list[int]:
    """For each row (prompt, answer), the row whose answer it gets: a random permutation, the same for the same seed.

    No row gets an answer of its own prompt, nor one equal to its own, where that can be had. Answers of more than
    `COMMON` of the rows may meet their equals by chance: to forbid it among a few labels would teach their opposite.
    """
    rng = random.Random(f"shuffled:{seed}")
    sources = list(range(len(rows)))
    rng.shuffle(sources)
    counts = Counter(answer for _, answer in rows)

    def clash(one: int, source: int) -> bool:
        (prompt, answer), (other, given) = rows[one], rows[source]
        return prompt == other or (answer == given and counts[answer] <= COMMON * len(rows))

    for one in range(len(rows)):
        for _ in range(TRIES):
            if not clash(one, sources[one]):
                break
            two = rng.randrange(len(rows))
            if not clash(one, sources[two]) and not clash(two, sources[one]):
                sources[one], sources[two] = sources[two], sources[one]
    return sources


def gold(run: RunDir, system: str, validated: set[str]) -> list[Example]:
    """The train prompts that have a reference, with it as the answer; raises `InputError` if they are too few.

    Prompts whose rows are kept for validation are left out, as they are for the student.
    """
    rows = [
        Example(
            id=f"{one.id}#gold",
            prompt=conversation(one.messages, system),
            completion=(Message(role="assistant", content=one.reference.strip()),),
            weight=one.weight,
        )
        for one in read_rows(require(run / PROMPTS, "prompts"), Prompt)
        if one.split == "train" and one.id not in validated and one.reference and one.reference.strip()
    ]
    enough_gold(len(rows))
    return rows


def enough_gold(count: int) -> None:
    """Raise `InputError` where too few train prompts have a reference."""
    if count < MIN_GOLD:
        raise InputError(
            f"evaluate.arms: gold: {count} train prompts have a reference, at least {MIN_GOLD} are needed",
            "Give rows of [prompts] files a `reference`, or take gold out of [evaluate] arms.",
        )


def part(examples: Sequence[Example], share: float) -> list[Example]:
    """The rows of a share of the prompts, in an order fixed by their ids: a smaller share lies within a larger one."""
    names = sorted({prompt_of(one) for one in examples}, key=lambda name: text_digest("share", name))
    chosen = set(names[: max(1, round(share * len(names)))])
    return [one for one in examples if prompt_of(one) in chosen]


def few_shot_messages(examples: Sequence[Example], k: int) -> tuple[Message, ...]:
    """At most `k` rows of as many prompts as user and assistant turns, without system messages, chosen by digest.

    Rows of more than `SHOT_CHARACTERS` are no examples: with long rows alone there are none.
    """
    chosen: dict[str, Example] = {}
    for one in sorted(examples, key=lambda one: text_digest("0", one.id)):
        if len(chosen) == k:
            break
        if sum(len(turn.content) for turn in (*one.prompt, *one.completion)) <= SHOT_CHARACTERS:
            chosen.setdefault(prompt_of(one), one)
    return tuple(turn for one in chosen.values() for turn in (*one.prompt, *one.completion) if turn.role != "system")
