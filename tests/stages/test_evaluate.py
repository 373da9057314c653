from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, FinishReason, Message, Prompt
from blackbox_kd.run import COMPLETIONS, PROMPTS, TRAIN_ROWS, Manifest, RunDir
from blackbox_kd.stages.evaluate import answers_of, facts_of, settings, token_limit
from blackbox_kd.stages.evaluating.measuring import SCHEMA
from blackbox_kd.stages.evaluating.modelling import Answers, Models
from blackbox_kd.stages.evaluating.scoring import Scorer
from blackbox_kd.stages.evaluating.subjects import Subjects, subjects

ENDED: dict[str, FinishReason] = {"a": "stop", "b": "length", "c": "refusal", "d": "content_filter", "e": "unknown"}
TINY = Config(train=Train(student="tiny:0"), evaluate=Evaluate(student="tiny:1", full_prompt=False, few_shot=0))


class Unheard(Models):
    """Models that answer nothing, and remember which texts they were held to, by arm."""

    def __init__(self, run: RunDir, config: Config) -> None:
        super().__init__(run, config, 4)
        self.texts: dict[str, set[str]] = {}
        self.drops = 0

    def drop(self) -> None:
        """Count it."""
        self.drops += 1

    def answers(
        self,
        arm: str,
        spec: str,
        asked: Mapping[str, Sequence[Message]],
        texts: Mapping[str, str] | None,
        timed: bool = False,
    ) -> Answers:
        """No answers."""
        self.texts[arm] = set(texts or {})
        return Answers(predictions=())


@pytest.fixture
def asked(run: RunDir, prompt: Callable[..., Prompt], completion: Callable[..., Completion]) -> Subjects:
    """Five held-out prompts, the teacher's answer to each of which ended in another way; they cost a dollar."""
    write_rows(run / PROMPTS, [prompt(f"Say {name}.", id=name, split="held_out") for name in ENDED])
    answers = [
        completion("a text", f"Say {name}.", prompt_id=name, split="held_out", finish_reason=reason)
        for name, reason in ENDED.items()
    ]
    write_rows(run / COMPLETIONS, answers)
    run.finish(Manifest(stage="query", settings={}, reads={}, writes={}, counts={"cost_usd": 1.0}))
    return subjects(run, TINY)


def test_answers_that_were_cut_or_kept_back_are_no_text_to_be_likely(asked: Subjects, run: RunDir) -> None:
    models = Unheard(run, TINY)
    answers_of(run, TINY, asked, models)
    assert models.texts == {"base": {"a", "e"}, "student": {"a", "e"}}


def test_no_model_is_held_while_an_arm_is_trained(asked: Subjects, run: RunDir) -> None:
    config = msgspec.structs.replace(TINY, evaluate=msgspec.structs.replace(TINY.evaluate, arms=("1/2",)))
    models = Unheard(run, config)
    with pytest.raises(InputError, match=TRAIN_ROWS):  # training begins, and has no rows
        answers_of(run, config, asked, models)
    assert (list(models.texts), models.drops) == (["base"], 1)


@pytest.mark.parametrize(
    ("chosen", "cost_usd"), [({}, 1.0), ({"student": "tiny:1"}, None), ({"completions": "log.jsonl"}, None)]
)
def test_a_student_from_elsewhere_owes_nothing_to_this_runs_teacher(
    asked: Subjects, run: RunDir, chosen: dict[str, str], cost_usd: float | None
) -> None:
    config = Config(evaluate=Evaluate(**chosen))  # type: ignore[arg-type]
    answers = {"student": Answers(predictions=())}
    facts = facts_of(run, config, asked, answers, {"exact_match": Scorer(lambda text, reference: 0.0)}, 4)
    assert (facts.teacher_usd, facts.reference_free) == (cost_usd, False)


def test_that_the_headline_needs_no_reference_is_a_fact(asked: Subjects, run: RunDir) -> None:
    metrics = {
        "json_schema": Scorer(lambda text, reference: 1.0, needs_reference=False, reference_is_answer=False),
        "exact_match": Scorer(lambda text, reference: 0.0),
    }
    facts = facts_of(run, TINY, asked, {"student": Answers(predictions=())}, metrics, 4)
    assert (facts.metrics, facts.reference_free) == (("json_schema", "exact_match"), True)


def test_the_token_limit_is_one_and_a_half_times_the_teachers(asked: Subjects, run: RunDir) -> None:
    longer = {name: msgspec.structs.replace(one, text="a text" * 10) for name, one in asked.teacher.items()}
    few, many = (token_limit(run, TINY, asked._replace(teacher=given)) for given in (asked.teacher, longer))
    assert 1 < few < many


def test_files_of_another_format_are_written_anew() -> None:
    assert settings(TINY)["schema"] == SCHEMA
