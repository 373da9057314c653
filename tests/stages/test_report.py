import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.evaluate import Report
from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import write_json, write_rows
from blackbox_kd.records import Completion, Item, Json, Prediction, Prompt, Rejection
from blackbox_kd.run import (
    COMPLETIONS,
    FACTS,
    ITEMS,
    METRICS,
    PREDICTIONS,
    PROMPTS,
    REJECTED,
    TRAINING_RESULT,
    Manifest,
    RunDir,
)
from blackbox_kd.stages.evaluating.evidence import Facts
from blackbox_kd.stages.report import STAGE, gathered, main
from blackbox_kd.stages.stage import execute

QUERY_COUNTS = {"rows": 4, "completions": 3, "failed": 1, "ambiguous": 2, "prompt_tokens": 9, "completion_tokens": 9}
FILTER_COUNTS = {"held_out": 1, "completions": 2, "train_rows": 2, "validation_rows": 0}
SEEN = Facts(metrics=("exact_match",), student="runs/main/student", max_new_tokens=4, notes=("One thing.",), draws=100)
FORGOTTEN = Item(id="r", key="kr", family="r", retention=True)
CHANGED = Config(seed=99, train=Train(student="another/model", system="Another."), report=Report(title="Mine"))


def manifest(stage: str, counts: dict[str, int] | None = None, **more: Any) -> Manifest:
    """A finished stage."""
    found: dict[str, Any] = {"settings": {}, "reads": {}, "writes": {}, "finished": "2026-11-30T10:00:00+00:00"}
    return Manifest(stage=stage, counts=dict(counts or {}), **{**found, **more})


def train(**more: Json) -> Manifest:
    """A training with some settings."""
    settings = {"train.student": "tiny:0", "train.system": "Be short.", "seed": 7, **more}
    return manifest("train", settings=settings, reads={"dataset/train.jsonl": "d1"}, recorded={"bbkd": "0.0.9"})


def answer(name: str, model: str) -> Prediction:
    """What a model says to a prompt: its own name, as the teacher would."""
    same = {"exact_match": 1.0}
    return Prediction(
        prompt_id=name, model=model, text=model, finish_reason="stop", completion_tokens=1, agreements=same
    )


@pytest.fixture
def done(run: RunDir, completion: Callable[..., Completion], prompt: Callable[..., Prompt]) -> RunDir:
    """A run with all stages finished, on a server of the user's, without references."""
    answers = [completion(prompt_id=name, split=split) for name, split in (("a", "train"), ("b", "held_out"))]
    write_rows(run / COMPLETIONS, answers)
    write_rows(run / PROMPTS, [prompt(id="a"), prompt(id="b", split="held_out")])
    write_rows(run / REJECTED, list[Rejection]())
    write_rows(run / ITEMS, [Item(id="b", key="kb", family="b", slices=("long",)), FORGOTTEN])
    models = ("base", "student", "teacher")
    write_rows(run / PREDICTIONS, [*(answer("b", model) for model in models), answer("r", "student")])
    write_json(run / FACTS, SEEN)
    write_json(run / TRAINING_RESULT, {"train_s": 12.345678, "note": "", "why": "because " * 40, "steps": 12345})
    terms = {"openai/teacher": {"ack": "openai-2026-01-01", "basis": "legal"}}
    for made in (
        manifest("prompts", {"prompts": 2}),
        manifest("query", QUERY_COUNTS | {"bought_usd": 0}, recorded={"terms": terms}),
        manifest("filter", FILTER_COUNTS, writes={"dataset/train.jsonl": "d1"}),
        train(),
        manifest("evaluate", settings={"train.student": "tiny:0"}),
    ):
        run.finish(made)
    return run


def test_the_report_tells_what_the_student_was_made_with_whatever_the_config_says_now(done: RunDir) -> None:
    data = gathered(done, CHANGED)
    assert (data.student, data.student_system, data.seed, data.version) == ("tiny:0", "Be short.", 7, "0.0.9")
    assert (data.dataset_sha256, data.terms) == ("d1", "openai/teacher: openai-2026-01-01 (legal)")
    assert data.run == "Mine"
    assert not [fact for fact in data.provenance if "another/model" in fact.value]


def test_a_dataset_that_was_made_anew_after_training_is_a_warning(done: RunDir) -> None:
    assert not [one for one in gathered(done, Config()).warnings if "another" in one]
    done.finish(manifest("filter", FILTER_COUNTS, writes={"dataset/train.jsonl": "d2"}))
    first = gathered(done, Config()).warnings[0]
    assert first == "train used another dataset/train.jsonl than filter wrote last: run `bbkd run`."


def test_an_evaluation_with_another_system_prompt_is_a_warning(done: RunDir) -> None:
    done.finish(manifest("evaluate", settings={"train.system": "Be long."}))
    assert "evaluate used another train.system than train: run `bbkd run`." in gathered(done, Config()).warnings


@pytest.mark.parametrize("stage", ["prompts", "query", "filter", "train", "evaluate"])
def test_a_stage_that_has_not_finished_is_named(done: RunDir, stage: str) -> None:
    done.manifest_path(stage).unlink()
    with pytest.raises(InputError, match=f"{stage} has not finished") as caught:
        gathered(done, Config())
    assert caught.value.fix == f"Run `bbkd {stage}`."


def test_imported_completions_need_neither_prompts_nor_query(done: RunDir) -> None:
    for name in ("prompts", "query"):
        done.manifest_path(name).unlink()
    done.finish(manifest("import", {"prompts": 2, "completions": 2}))
    data = gathered(done, Config())
    assert [step.name for step in data.funnel][:2] == ["prompts", "replied"]
    assert data.usage == ()


@pytest.mark.parametrize(
    ("teacher", "served_model", "simulated", "task"),
    [
        ("openai/own", "simulated-tickets", True, ""),
        ("simulated/tickets", "x", True, "tickets"),
        ("openai/own", "llama", False, ""),
    ],
)
def test_a_simulated_teacher_is_known_by_its_replies(
    done: RunDir, completion: Callable[..., Completion], teacher: str, served_model: str, simulated: bool, task: str
) -> None:
    one = msgspec.structs.replace(completion(), teacher=teacher, served_model=served_model)
    write_rows(done / COMPLETIONS, [one])
    data = gathered(done, Config())
    assert (data.simulated, data.task) == (simulated, task)


def test_a_real_teacher_without_terms_is_a_warning(done: RunDir) -> None:
    done.finish(manifest("query", QUERY_COUNTS))
    assert "No acknowledgement of the teacher's terms is recorded." in gathered(done, Config()).warnings


def test_rows_that_failed_or_were_lost_stand_beside_the_cost(done: RunDir) -> None:
    (usage,) = gathered(done, Config()).usage
    assert (usage.failed, usage.ambiguous, usage.bought_usd, usage.cost_usd) == (1, 2, 0, None)


def test_the_funnel_names_samples_and_leaves_out_steps_that_lost_nothing(done: RunDir) -> None:
    assert [step.name for step in gathered(done, Config()).funnel][:3] == [
        "prompts",
        "asked (2 samples a prompt)",
        "failed",
    ]
    done.finish(manifest("query", QUERY_COUNTS | {"failed": 0}))
    assert "failed" not in [step.name for step in gathered(done, Config()).funnel]


def test_training_facts_are_rounded_and_whole(done: RunDir) -> None:
    facts = {fact.key: fact.value for fact in gathered(done, Config()).training}
    assert facts == {"train_s": "12.35", "why": "because " * 40, "steps": "12345"}


def test_settings_are_whole(done: RunDir) -> None:
    done.finish(train(**{"train.system": "rule " * 100}))
    (block,) = [fact.value for fact in gathered(done, Config()).provenance if fact.key == "settings: train"]
    assert f'train.system = "{"rule " * 100}"' in block


def test_without_references_a_score_is_that_of_agreement(done: RunDir) -> None:
    data = gathered(done, Config())
    assert data.measured.reference == "teacher"
    assert (data.examples[0].student_score, data.examples[0].teacher_score) == (1.0, None)
    assert data.warnings[-2:] == (
        "One thing.",
        "No prompt has a reference: what is measured is agreement with the teacher, not accuracy.",
    )


def test_examples_name_their_slices_and_leave_the_retention_set_out(done: RunDir) -> None:
    assert [(one.prompt_id, one.slice) for one in gathered(done, Config()).examples] == [("b", "long")]


def test_an_arm_that_did_not_answer_is_left_open(done: RunDir) -> None:
    write_rows(done / ITEMS, [Item(id="log-1", key="k", family="f", reference="student")])
    write_rows(done / PREDICTIONS, [answer("log-1", "student"), answer("log-2", "base")])
    (one,) = gathered(done, Config()).examples
    assert (one.prompt, one.base, one.teacher, one.student, one.base_score) == (None, None, None, "student", None)
    assert one.reference == "student"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (FACTS, '{"metrics": ["exact_match"], "student": "s", "unheard": 1}'),
        (FACTS, "{"),
        (ITEMS, '{"id": "b", "key": "kb", "family": "b", "gold": true}\n'),
        (PREDICTIONS, '{"prompt_id": "b", "model": "student", "agreement": 1.0}\n'),
    ],
)
def test_files_of_an_older_bbkd_are_to_be_measured_again(done: RunDir, name: str, text: str) -> None:
    (done / name).write_text(text)
    with pytest.raises(InputError, match=name) as caught:
        gathered(done, Config())
    assert caught.value.fix == "Run `bbkd evaluate` again; it writes this file."


def test_the_report_is_made_of_the_answers_whatever_the_metrics_say(done: RunDir) -> None:
    main(done, Config())
    first = (done / "report.md").read_bytes()
    (done / METRICS).write_text('{"metric": "exact_match", "student": "better"}')
    main(done, Config())
    assert (done / "report.md").read_bytes() == first
    assert b"100 %" in first
    same = [msgspec.structs.replace(answer("b", "student"), agreements={"exact_match": 0.0})]
    write_rows(done / PREDICTIONS, [*same, answer("b", "base"), answer("b", "teacher")])
    assert execute(STAGE, done, Config()).ran
    assert (done / "report.md").read_bytes() != first


def test_a_metric_that_looks_at_an_answer_alone_is_called_validity(done: RunDir) -> None:
    write_json(done / FACTS, msgspec.structs.replace(SEEN, metrics=("json_schema",), reference_free=True))
    scored = [
        msgspec.structs.replace(answer("b", model), scores={"json_schema": score}, agreements={})
        for model, score in (("base", 0.0), ("student", 1.0), ("teacher", 1.0))
    ]
    write_rows(done / PREDICTIONS, scored)
    data = gathered(done, Config())
    assert data.warnings[-1] == (
        "json_schema looks at an answer alone: what is measured is whether it is valid, not accuracy."
    )
    assert (data.examples[0].base_score, data.examples[0].teacher_score) == (0.0, 1.0)
    main(done, Config())
    told = (done / "report.md").read_text()
    assert "Student (valid)" in told
    assert "Untuned student (invalid)" in told
    assert not re.search("gold|accuracy (of|on|to)|agreement with", told, re.IGNORECASE)


@pytest.mark.parametrize("key", ["evaluate.student", "evaluate.completions"])
def test_another_student_needs_neither_dataset_nor_training(done: RunDir, key: str) -> None:
    for name in ("prompts", "query", "filter", "train"):
        done.manifest_path(name).unlink()
    for file in (PROMPTS, COMPLETIONS, REJECTED, TRAINING_RESULT):
        (done / file).unlink()
    done.finish(manifest("evaluate", settings={key: "elsewhere", "train.system": "Be long.", "seed": 3}))
    write_json(done / FACTS, msgspec.structs.replace(SEEN, student="elsewhere"))
    assert execute(STAGE, done, Config()).ran
    assert not execute(STAGE, done, Config()).ran
    data = gathered(done, Config())
    assert (data.foreign, data.student, data.student_system, data.seed) == (True, "elsewhere", "Be long.", 3)
    assert data.warnings[0] == "What was evaluated is not this run's own student, but elsewhere."
    assert (data.funnel, data.training, data.teachers) == ((), (), ())


def test_another_student_is_not_told_by_the_runs_own_training(done: RunDir) -> None:
    done.finish(manifest("evaluate", settings={"evaluate.student": "elsewhere", "train.system": "Be long."}))
    data = gathered(done, Config())
    assert (data.training, data.student) == ((), "runs/main/student")
    assert data.funnel != ()
    assert not [one for one in data.warnings if "another train.system" in one]


def test_reports_are_for_the_owner_alone(done: RunDir) -> None:
    main(done, Config())
    written = [done / name for name in ("report.html", "report.md", "student-card.md")]
    assert [path.stat().st_mode & 0o777 for path in written] == [0o600] * 3
