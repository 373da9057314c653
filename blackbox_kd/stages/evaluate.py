"""evaluate: the untuned student, the tuned student and the teacher on the held-out prompts. It pays nothing."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows, text_digest, write_json, write_rows
from blackbox_kd.records import Completion, Example, Message, Prediction, Prompt, conversation
from blackbox_kd.run import (
    COMPLETIONS,
    METRICS,
    PREDICTIONS,
    PROMPTS,
    STUDENT,
    TRAIN_ROWS,
    Counts,
    RunDir,
    flatten,
    require,
)
from blackbox_kd.stages.scoring import Metrics, compared, model_score, scored, scorers
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stages.targets import shots_of
from blackbox_kd.stages.train import student_files, student_spec

HEADROOM = 1.5  # new tokens allowed, over the teacher's 99th percentile: an untuned model rambles to any limit


def main(run: RunDir, config: Config) -> Counts:
    """Generate, score and compare; writes eval/predictions.jsonl and eval/metrics.json.

    Raises `InputError` if there is nothing held out to measure on.
    """
    student = require(run / STUDENT, "train")
    answers = teacher_answers(run, config.evaluate.limit)
    held_out = [one for one in read_rows(run / PROMPTS, Prompt) if one.split == "held_out"]
    prompts = {one.id: one for one in held_out if one.id in answers}
    metrics = scorers(config.evaluate.metrics, run.root)
    teacher = [predicted("teacher", one) for one in answers.values()]
    limit = config.evaluate.max_new_tokens or token_limit(run, student)
    untuned = student_spec(config, run)
    by_model = {"base": answered(run, config, "base", untuned, prompts, limit)}
    if config.evaluate.full_prompt and config.teacher:
        full = answered(run, config, "base_full_prompt", untuned, prompts, limit)
        by_model["base_full_prompt"] = full
    by_model["student"] = answered(run, config, "student", str(student), prompts, limit)
    by_model["teacher"] = teacher
    texts = {name: one.text for name, one in answers.items()}
    by_model = {model: scored(found, prompts, texts, metrics) for model, found in by_model.items()}
    names = list(metrics)
    scores = {model: model_score(found, prompts, names) for model, found in by_model.items()}
    gap, p, detectable = compared(by_model, prompts, names[0], config.evaluate.draws, config.seed)
    write_rows(run / PREDICTIONS, (one for found in by_model.values() for one in found))
    whole = Metrics(
        metric=names[0],
        base=scores["base"],
        student=scores["student"],
        teacher=scores["teacher"],
        base_full_prompt=scores.get("base_full_prompt"),
        pgr=gap,
        mcnemar_p=p,
        minimum_detectable=detectable,
        max_new_tokens=limit,
        notes=notes(len(prompts), min(len(held_out), config.evaluate.limit or len(held_out))),
    )
    write_json(run / METRICS, whole)
    return {"items": len(prompts), "models": len(by_model), "max_new_tokens": limit}


def notes(measured: int, wanted: int) -> tuple[str, ...]:
    """What a reader has to know of the prompts that were measured."""
    missing = wanted - measured
    return (
        (f"{missing} of {wanted} held-out prompts have no answer of the teacher and are left out.",) if missing else ()
    )


def teacher_answers(run: RunDir, limit: int | None) -> dict[str, Completion]:
    """The teacher's first answer to each held-out prompt, by prompt id, sorted; raises `InputError` without any."""
    found = read_rows(require(run / COMPLETIONS, "generate"), Completion)
    answers = {one.prompt_id: one for one in found if one.split == "held_out" and one.sample == 0}
    if not answers:
        raise InputError("no held-out prompt has an answer", "Set [prompts] held_out above 0, then `bbkd generate`.")
    chosen = sorted(answers, key=lambda name: text_digest("evaluate", name))[:limit]  # a limit takes no one side
    return {name: answers[name] for name in sorted(chosen)}


def predicted(model: str, completion: Completion) -> Prediction:
    """The teacher's completion as a prediction."""
    return Prediction(
        prompt_id=completion.prompt_id,
        model=model,
        text=completion.text,
        finish_reason=completion.finish_reason,
        completion_tokens=completion.usage.completion_tokens,
    )


def token_limit(run: RunDir, student: Path) -> int:
    """1.5 times the 99th percentile of the dataset's completions, in the student's tokens."""
    from blackbox_kd.student.load import load
    from blackbox_kd.student.template import encode_content

    tokenizer = load(str(student)).tokenizer
    rows = read_rows(run / TRAIN_ROWS, Example)
    counts = sorted(len(encode_content(tokenizer, one.completion[0].content)) for one in rows)
    return int(HEADROOM * counts[min(len(counts) - 1, int(0.99 * len(counts)))]) + 1


def answered(
    run: RunDir, config: Config, model: str, spec: str, prompts: dict[str, Prompt], limit: int
) -> list[Prediction]:
    """A model's answers to all prompts, in their order; kept in eval/cache, for the untuned student stays the same."""
    from blackbox_kd.student.generate import Sampling, generate
    from blackbox_kd.student.load import load
    from blackbox_kd.student.source import resolve

    source = resolve(spec)
    conversations = [asked(run, config, model, prompt) for prompt in prompts.values()]
    args = config.train.template_args
    identity = [source.name, source.revision, str(limit), msgspec.json.encode(args).decode()]
    identity += [msgspec.json.encode(conversations).decode(), *prompts]
    cache = run.path / "eval" / "cache" / f"{model}-{text_digest(*identity)}.jsonl"
    if cache.exists():
        return list(read_rows(cache, Prediction))
    if source.note:
        run.progress.note(f"evaluate: {source.note}")
    run.progress.start(f"evaluate {model}", len(prompts))
    done = 0

    def advanced(count: int) -> None:
        nonlocal done
        run.progress.advance(steps=count - done)
        done = count

    made = generate(
        load(spec),
        conversations,
        Sampling(max_new_tokens=limit),
        template_args=args,
        batch_size=config.evaluate.batch_size,
        on_done=advanced,
    )
    run.progress.finish()
    predictions = [
        Prediction(
            prompt_id=prompt_id,
            model=model,
            text=one.text,
            finish_reason=one.finish_reason,
            completion_tokens=one.completion_tokens,
        )
        for prompt_id, one in zip(prompts, made, strict=True)
    ]
    write_rows(cache, predictions)
    return predictions


def asked(run: RunDir, config: Config, model: str, prompt: Prompt) -> Sequence[Message]:
    """The conversation that a model sees: the student's system prompt, or all that the teacher saw."""
    if model != "base_full_prompt":
        return conversation(prompt.messages, config.train.system)
    teacher = config.teacher[0]
    whole = conversation(prompt.messages, teacher.system)
    system = [one for one in whole if one.role == "system"]
    return (*system, *shots_of(teacher, run.root), *(one for one in whole if one.role != "system"))


def settings(config: Config) -> dict[str, object]:
    """`[evaluate]`, and what of the other sections the models see."""
    plain = {name: value for name, value in flatten(config.evaluate).items() if name != "batch_size"}
    seen: dict[str, object] = {"evaluate": plain, "seed": config.seed, "train.system": config.train.system}
    seen |= {"train.student": config.train.student, "train.template_args": config.train.template_args}
    if config.evaluate.full_prompt and config.teacher:
        seen["teacher.system"] = config.teacher[0].system
        seen["teacher.shots"] = config.teacher[0].shots
    return seen


def reads(run: RunDir, config: Config) -> list[Path]:
    """Prompts, the teacher's answers, the student, the shots, and the user's own metrics."""
    own = [run.root / name.rpartition(":")[0] for name in config.evaluate.metrics if ".py:" in name]
    shots = [run.root / one.shots.file for one in config.teacher[:1] if one.shots]
    return [run / PROMPTS, run / COMPLETIONS, run / STUDENT, *student_files(config, run), *shots, *own]


STAGE = Stage(
    name="evaluate",
    settings=settings,
    reads=reads,
    writes=(PREDICTIONS, METRICS),
    main=main,
)
