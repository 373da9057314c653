"""`bbkd import FILE`: completions that were bought elsewhere enter here, in place of prompts and query."""

from collections import Counter, defaultdict
from pathlib import Path

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import text_digest, write_rows
from blackbox_kd.records import Completion, FinishReason, Json, Prompt, Usage
from blackbox_kd.run import BOOKS, COMPLETIONS, FAILURES, PLANTED, PROMPTS, REFUSED_PROMPTS, SPLIT_AUDIT, Counts, RunDir
from blackbox_kd.stages.prompts import settled, written
from blackbox_kd.stages.stage import Stage
from blackbox_kd.strategies.base import Draft
from blackbox_kd.strategies.files import Row, draft, rows
from blackbox_kd.teachers.openai import REASONS
from blackbox_kd.teachers.wire import clean

OURS = ("completion", "model", "finish_reason", "sample")


def stage(file: Path) -> Stage:
    """The import of one file, as a stage."""

    def main(run: RunDir, config: Config) -> Counts:
        return imported(file, run, config)

    return Stage(
        name="import",
        settings=settings,
        reads=lambda run, config: [file.absolute()],
        writes=(PROMPTS, REFUSED_PROMPTS, SPLIT_AUDIT, COMPLETIONS),
        main=main,
    )


def settings(config: Config) -> dict[str, object]:
    """What decides on the split."""
    return {
        "prompts.held_out": config.prompts.held_out,
        "prompts.near_duplicate": config.prompts.near_duplicate,
        "prompts.splits": config.prompts.splits,
        "seed": config.seed,
    }


def imported(file: Path, run: RunDir, config: Config) -> Counts:
    """Write prompts.jsonl and completions.jsonl from the rows; raises `InputError` naming file and line."""
    if config.prompts.gold:
        fix = (
            'Give the rows of the test set a `reference` and split = "held_out", or set [prompts] gold = "" for import.'
        )
        raise UsageError("prompts.gold: import knows no gold file, so that its rows might be trained on", fix)
    named: dict[str, Draft] = {}
    answers: dict[str, dict[int, tuple[str, Row]]] = defaultdict(dict)
    for where, row in rows(file):
        one = draft({name: cell for name, cell in row.items() if name not in OURS}, where, file.name)
        name = one.id or text_digest(*(f"{turn.role}:{turn.content}" for turn in one.messages))
        first = named.setdefault(name, one)
        if first.messages != one.messages:
            raise InputError(f"{where}: the id {name!r} stands at {first.where} with another prompt", "Ids are unique.")
        sample = row.get("sample", len(answers[name]))
        if type(sample) is not int or sample < 0 or sample in answers[name]:
            fix = "Number the answers to a prompt 0, 1, 2, or leave `sample` out."
            raise InputError(f"{where}: sample {sample!r} is no whole number, or this prompt has it already", fix)
        answers[name][sample] = (where, row)
    if not named:
        raise InputError(f"{file}: no rows", 'A row has "prompt" or "messages", and "completion".')
    plan = settled(named, run, config)
    prompts = plan.prompts
    completions = [
        completion(prompt, sample, *answers[prompt.id][sample])
        for prompt in prompts
        for sample in sorted(answers[prompt.id])
    ]
    for name in ("prompts", "query"):  # what this run had before is not what its completions come from now
        run.manifest_path(name).unlink(missing_ok=True)
    for file_name in (FAILURES, PLANTED, BOOKS):
        (run / file_name).unlink(missing_ok=True)
    written(plan, run, config)
    write_rows(run / COMPLETIONS, completions)
    sides = Counter(prompt.split for prompt in prompts)
    return {"prompts": len(prompts), "held_out": sides["held_out"], "completions": len(completions)}


def completion(prompt: Prompt, sample: int, where: str, row: Row) -> Completion:
    """One imported answer; a finish reason that is not given is `unknown`, never `stop`."""
    text = row.get("completion")
    if not isinstance(text, str):
        raise InputError(f"{where}: a row needs a `completion`", 'Write {"prompt": "...", "completion": "..."}.')
    model = clean(str(row.get("model") or "unknown"))
    return Completion(
        prompt_id=prompt.id,
        sample=sample,
        messages=prompt.messages,
        split=prompt.split,
        family=prompt.family,
        text=clean(text),
        finish_reason=reason(row.get("finish_reason")),
        teacher=f"imported/{model}",
        served_model=model,
        usage=Usage(prompt_tokens=0, completion_tokens=len(text) // 4 + 1, source="estimated"),
        weight=prompt.weight,
        imported=True,
    )


def reason(given: Json) -> FinishReason:
    """A provider's finish reason, or one of ours, in our words."""
    ours: dict[str, FinishReason] = {"refusal": "refusal", "tool": "tool", "other": "other", "unknown": "unknown"}
    known = {**REASONS, **ours}
    return known.get(str(given), "other") if given else "unknown"
