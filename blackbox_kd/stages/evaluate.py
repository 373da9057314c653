"""evaluate: the student beside the untuned one, the teacher and further arms, on prompts that nobody was trained on.

It pays nothing but for `--judge`, which says so.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.jsonl import read_json, read_rows, write_json, write_rows
from blackbox_kd.measures import Trained
from blackbox_kd.metrics import Metric
from blackbox_kd.records import Example, Json, Message, Prediction, Prompt, conversation
from blackbox_kd.run import (
    COMPLETIONS,
    FACTS,
    ITEMS,
    JUDGEMENTS,
    METRICS,
    PREDICTIONS,
    PROMPTS,
    STUDENT,
    TRAIN_ROWS,
    TRAINING_RESULT,
    Counts,
    RunDir,
    flatten,
    require,
)
from blackbox_kd.stages.evaluating import arms as further
from blackbox_kd.stages.evaluating.evidence import Facts
from blackbox_kd.stages.evaluating.measuring import SCHEMA, measured
from blackbox_kd.stages.evaluating.modelling import Answers, Conversations, Models, Timing
from blackbox_kd.stages.evaluating.opinions import judge_of
from blackbox_kd.stages.evaluating.retention import NAMED, retention_prompts
from blackbox_kd.stages.evaluating.scoring import Scorer, scored, scorers
from blackbox_kd.stages.evaluating.served import is_served, served_answers
from blackbox_kd.stages.evaluating.subjects import Subjects, item, items_of, subjects
from blackbox_kd.stages.evaluating.verdicts import judged_by
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stages.targets import shots_of
from blackbox_kd.stages.train import settings as train_settings
from blackbox_kd.stages.train import student_files, student_spec
from blackbox_kd.student.source import path_of

HEADROOM = 1.5  # new tokens allowed, over the teacher's 99th percentile: an untuned model rambles to any limit
WHOLE = ("stop", "unknown")  # an answer that was cut, or kept back by the provider, is not one to find likely
FREE = ("batch_size", "judge")  # of [evaluate]: no reason to measure again


def main(run: RunDir, config: Config) -> Counts:
    """Generate, score and compare; writes all of eval/: items, predictions and facts, and of these the metrics.

    Raises `InputError` if there is nothing to measure on.
    """
    if config.evaluate.judge:
        judge_of(config)
    metrics = scorers(config.evaluate.metrics, run.root)
    asked = subjects(run, config)
    limit = config.evaluate.max_new_tokens or token_limit(run, config, asked)
    models = Models(run, config, limit)
    answers = answers_of(run, config, asked, models)
    items = items_of(asked.prompts, run)
    references = {name: one.reference for name, one in asked.prompts.items()}
    kept, forgotten = retained(run, config, models, answers)
    items += [item(one, None, retention=True) for one in kept]
    references |= {one.id: one.reference for one in kept}
    given = [one for found in answers.values() for one in found.predictions]
    teacher = {name: one.text for name, one in asked.teacher.items()}
    predictions = scored([*given, *asked.teacher.values(), *asked.again, *forgotten], references, teacher, metrics)
    predictions.sort(key=lambda one: (one.model, one.prompt_id))
    facts = facts_of(run, config, asked, answers, metrics, limit)
    facts = msgspec.structs.replace(facts, judged=judged_by(run, config, asked.prompts, predictions, items))
    write_rows(run / ITEMS, items)
    write_rows(run / PREDICTIONS, predictions)
    write_json(run / FACTS, facts)
    write_json(run / METRICS, measured(items, predictions, facts))
    return {"items": len(asked.prompts), "arms": len(answers) + bool(asked.teacher), "max_new_tokens": limit}


def token_limit(run: RunDir, config: Config, asked: Subjects) -> int:
    """1.5 times the 99th percentile of the teacher's answers, in the untuned student's tokens.

    Of those that the student learns from, where there are any: the others may ramble.
    """
    from blackbox_kd.student.load import tokenizer_of
    from blackbox_kd.student.template import encode_content

    tokenizer = tokenizer_of(student_spec(config, run))
    texts = [one.text for one in (asked.teacher or {one.prompt_id: one for one in asked.given}).values()]
    if (run / TRAIN_ROWS).exists():
        texts = [one.completion[0].content for one in read_rows(run / TRAIN_ROWS, Example)] or texts
    counts = sorted(len(encode_content(tokenizer, text)) for text in texts)
    return int(HEADROOM * counts[math.ceil(0.99 * len(counts)) - 1]) + 1


def answers_of(run: RunDir, config: Config, asked: Subjects, models: Models) -> dict[str, Answers]:
    """The answers of each arm but the teacher."""
    untuned, short = student_spec(config, run), student_side(config, asked.prompts)
    texts = {name: one.text for name, one in asked.teacher.items() if one.text and one.finish_reason in WHOLE}
    found = {"base": models.answers("base", untuned, short, texts)}
    if config.evaluate.full_prompt and config.teacher:
        found["base_full_prompt"] = models.answers("base_full_prompt", untuned, full_prompt(run, config, asked), {})
    if config.evaluate.few_shot and (run / TRAIN_ROWS).exists():
        shots = further.few_shot_messages(list(read_rows(run / TRAIN_ROWS, Example)), config.evaluate.few_shot)
        found["base_few_shot"] = models.answers("base_few_shot", untuned, with_shots(short, shots), {})
    for arm in config.evaluate.arms:
        models.drop()
        folder = further.trained_arm(run, config, arm)
        found[arm] = models.answers(arm, str(folder), short, texts)
    found["student"] = student_answers(run, config, asked, models, short, texts)
    return found


def student_answers(
    run: RunDir, config: Config, asked: Subjects, models: Models, short: Conversations, texts: Mapping[str, str]
) -> Answers:
    """The answers of whatever is measured as the student: the run's own, another model, a server, or a file."""
    if asked.given:
        return Answers(predictions=asked.given)
    spec = config.evaluate.student
    if is_served(spec):
        served = served_answers(spec, short, models.limit, config, run)
        timing = Timing(
            latency_s=served.latency_s,
            prompts_per_second=served.prompts_per_second,
            tokens_per_second=served.tokens_per_second,
        )
        return Answers(predictions=tuple(served.predictions), timing=timing)
    return models.answers("student", local_spec(run, config), short, texts, timed=True)


def local_spec(run: RunDir, config: Config) -> str:
    """The student as the loader wants it: the run's own, or the one that `[evaluate] student` names."""
    spec = config.evaluate.student
    if not spec:
        return str(require(run / STUDENT, "train"))
    beside = run.root / spec
    return str(beside) if beside.exists() else spec


def student_side(config: Config, prompts: Mapping[str, Prompt]) -> dict[str, Sequence[Message]]:
    """What the student sees: its own system prompt and the prompt."""
    return {name: conversation(one.messages, config.train.system) for name, one in prompts.items()}


def full_prompt(run: RunDir, config: Config, asked: Subjects) -> dict[str, Sequence[Message]]:
    """What the teacher saw: its rules, its examples and the prompt."""
    teacher = config.teacher[0]
    whole = {name: conversation(one.messages, teacher.system) for name, one in asked.prompts.items()}
    return with_shots(whole, shots_of(teacher, run.root))


def with_shots(whole: Conversations, shots: Sequence[Message]) -> dict[str, Sequence[Message]]:
    """Examples put between the system prompt and the rest of each conversation."""
    return {
        name: (
            *(one for one in turns if one.role == "system"),
            *shots,
            *(one for one in turns if one.role != "system"),
        )
        for name, turns in whole.items()
    }


def retained(
    run: RunDir, config: Config, models: Models, answers: Mapping[str, Answers]
) -> tuple[list[Prompt], list[Prediction]]:
    """The retention set, and what untuned and tuned student answer to it; nothing for a student that is not here."""
    spec = config.evaluate.student
    if not config.evaluate.retention or config.evaluate.completions or is_served(spec):
        return [], []
    prompts = retention_prompts(run, config)
    short = student_side(config, {one.id: one for one in prompts})
    before = models.answers("base", student_spec(config, run), short, None)
    own = {one.prompt_id: one.text for one in before.predictions if one.text}
    after = models.answers("student", local_spec(run, config), short, own)
    return prompts, [*before.predictions, *after.predictions]


def facts_of(
    run: RunDir,
    config: Config,
    asked: Subjects,
    answers: Mapping[str, Answers],
    metrics: Mapping[str, Scorer],
    limit: int,
) -> Facts:
    """What items and predictions do not tell; a student from elsewhere owes nothing to this run's teacher."""
    query = run.manifest("query")
    name = config.evaluate.student or config.evaluate.completions
    trained = {arm: found for arm in answers if (found := trained_of(run, config, arm, answers[arm])) is not None}
    return Facts(
        metrics=tuple(metrics),
        reference_free=not next(iter(metrics.values())).needs_reference,
        student=name or str(run.name_of(run / STUDENT)),
        max_new_tokens=limit,
        trained=trained,
        timing=answers["student"].timing,
        teacher_usd=query.counts.get("cost_usd") if query and not name else None,
        teacher_request_usd=asked.request_usd,
        student_request_usd=config.evaluate.student_request_usd,
        draws=config.evaluate.draws,
        seed=config.seed,
        notes=asked.notes,
    )


def trained_of(run: RunDir, config: Config, arm: str, answers: Answers) -> Trained | None:
    """What it took to train an arm; None for what was not trained here."""
    if arm == "student":
        other = config.evaluate.student or config.evaluate.completions
        path = None if other else run / TRAINING_RESULT
    else:
        path = further.result_path(run, arm) if arm in config.evaluate.arms else None
    if path is None or not path.exists():
        return None
    told = read_json(path, dict[str, Json])
    rows, tokens, took_s = (told.get(name) for name in ("rows", "tokens", "train_s"))
    if not isinstance(rows, int) or not isinstance(tokens, int) or not isinstance(took_s, int | float):
        return None
    flops = None if answers.parameters is None else 6.0 * answers.parameters * tokens
    return Trained(rows=rows, tokens=tokens, train_s=took_s, flops=flops)


def settings(config: Config) -> dict[str, object]:
    """`[evaluate]`, what of the other sections the models see, and the format of what is written."""
    plain = {name: value for name, value in flatten(config.evaluate).items() if name not in FREE}
    seen: dict[str, object] = {"evaluate": plain, "seed": config.seed, "train.system": config.train.system}
    seen |= {"schema": SCHEMA, "train.student": config.train.student, "train.template_args": config.train.template_args}
    if config.evaluate.arms:
        seen["train"] = train_settings(config)["train"]
    if config.evaluate.completions:
        seen["prompts.near_duplicate"] = config.prompts.near_duplicate
    if config.evaluate.full_prompt and config.teacher:
        seen["teacher.system"] = config.teacher[0].system
        seen["teacher.shots"] = config.teacher[0].shots
    return seen


def reads(run: RunDir, config: Config) -> list[Path]:
    """Prompts, the teacher's answers, the student, and the user's files that bbkd.toml names."""
    chosen = config.evaluate
    ours = [run / PROMPTS, run / COMPLETIONS, run / TRAIN_ROWS, run / STUDENT, run / TRAINING_RESULT]
    if chosen.completions:
        ours = [path for path in ours if path.exists()]  # a file of completions needs no run behind it
    elif chosen.student:
        ours = [path for path in ours if path.exists() or path.name in (PROMPTS, COMPLETIONS)]
    named = [chosen.completions, "" if chosen.retention == NAMED else chosen.retention]
    named += [config.judge.rubric, config.judge.labels] if config.judge else []
    named += [own_file(spec) for spec in chosen.metrics]
    named += [one.shots.file for one in config.teacher[:1] if one.shots]
    files = [run.root / name for name in named if name]
    other = path_of(local_spec(run, config)) if chosen.student and not is_served(chosen.student) else None
    return [*ours, *student_files(config, run), *files, *([other] if other else [])]


def own_file(spec: str | Metric) -> str:
    """The file of the user's that a metric needs, "" where it needs none."""
    if isinstance(spec, str):
        return spec.rpartition(":")[0] if ".py:" in spec else ""
    return str(getattr(spec, "schema", ""))


def wanted(run: RunDir, config: Config) -> tuple[str, ...]:
    """Reasons that no file tells: a server may serve another model today, and a judge was asked for."""
    found = ["a served student may have changed"] if is_served(config.evaluate.student) else []
    return (*found, *(["--judge"] if config.evaluate.judge else []))


STAGE = Stage(
    name="evaluate",
    settings=settings,
    reads=reads,
    writes=(ITEMS, PREDICTIONS, FACTS, METRICS, JUDGEMENTS),
    main=main,
    wanted=wanted,
)
