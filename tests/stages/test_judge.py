from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.judge import Judge, JudgeSampling
from blackbox_kd.config.scoring import Scoring
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BudgetReached, InputError, UsageError
from blackbox_kd.filters.length import Length
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Prompt, Score
from blackbox_kd.run import BOOKS, COMPLETIONS, PROMPTS, SCORES, Manifest, RunDir, Silent
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.judge import STAGE, ready
from blackbox_kd.stages.scoring.cells import write_sheet
from blackbox_kd.stages.scoring.judging import estimate
from blackbox_kd.stages.scoring.sheets import COLUMNS
from blackbox_kd.stages.stage import execute, stale
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Patience, Price

Make = Callable[..., Completion]
UNITS = TASKS["units"]
ROWS = list(UNITS.generate(4, 1, 0))
REFUSAL = "I'm sorry, but I can't help with that."
JUDGE = Judge(model="simulated/units", price=Price(input_usd=1, output_usd=2))
SIX = ("p0#0", "p0#1", "p0#2", "p1#0", "p2#0", "p3#0")


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.notes.append(text)


@pytest.fixture
def rows(run: RunDir, completion: Make) -> list[Completion]:
    """A right answer, a wrong one and a copy of it; a refusal, a right answer; and a held-out prompt."""
    wrong = "no idea, sorry"
    texts = [(0, ROWS[0].reference), (0, wrong), (0, f"{wrong} "), (1, REFUSAL), (2, ROWS[2].reference), (3, "x")]
    found = [
        completion(text, ROWS[n].prompt, prompt_id=f"p{n}", sample=int(name[-1]), family=f"f{n}")
        for name, (n, text) in zip(SIX, texts, strict=True)
    ]
    found[-1] = msgspec.structs.replace(found[-1], split="held_out")
    first = {one.prompt_id: one for one in found}
    prompts = [
        Prompt(id=f"p{n}", messages=first[f"p{n}"].messages, split=first[f"p{n}"].split, family=f"f{n}", reference=gold)
        for n, gold in enumerate(row.reference for row in ROWS)
    ]
    write_rows(run / PROMPTS, prompts)
    write_rows(run / COMPLETIONS, found)
    for stage in ("prompts", "query"):
        run.finish(Manifest(stage=stage, settings={}, reads={}, writes={}, counts={}))
    return found


def settings(model: Judge | None = JUDGE, teacher: str = "simulated/tickets", **scoring: Any) -> Config:
    """A configuration with a simulated judge."""
    patience = Patience(concurrency=2, timeout_s=5, attempts=1)
    return Config(
        teacher=(Teacher(model=teacher),),
        query=patience,
        judge=model,
        train=Train(student="tiny:0"),
        scoring=Scoring(**scoring),
    )


def scores(run: RunDir, config: Config) -> dict[str, dict[str, float]]:
    """The scores of each completion, after the stage has run."""
    execute(STAGE, run, config)
    return {one.id: one.scores for one in read_rows(run / SCORES, Score)}


def billed(run: RunDir) -> int:
    """How many replies the simulated judge billed."""
    return len(list(read_books(run / BOOKS))) if (run / BOOKS).exists() else 0


def reviewing(run: RunDir, *lines: tuple[str, str, str]) -> None:
    """Leaves a sheet with these ids, verdicts and corrections."""
    write_sheet(run.root / "r.csv", COLUMNS, [(n, "", "", "", verdict, better, "hm") for n, verdict, better in lines])


def test_every_line_is_scored_by_what_was_asked_for_and_nothing_else(run: RunDir, rows: Sequence[Completion]) -> None:
    found = scores(run, settings(verify=("task:units",), judge="pointwise"))
    good, bad = {"verified": 1.0, "judged": 5.0}, {"verified": 0.0, "judged": 1.0}
    assert list(found) == list(SIX)
    assert list(found.values()) == [good, bad, bad, {}, good, {}]


def test_nobody_pays_for_a_refusal_a_copy_or_a_held_out_answer(run: RunDir, rows: Sequence[Completion]) -> None:
    outcome = execute(STAGE, run, settings(judge="pointwise"))
    assert billed(run) == 3
    assert outcome.counts["passed_filters"] == 4
    assert outcome.counts["cost_usd"] > 0


def test_a_second_run_pays_nothing_and_writes_the_same(run: RunDir, rows: Sequence[Completion]) -> None:
    config = settings(judge="pointwise", verify=("task:units",))
    first = scores(run, config)
    assert not execute(STAGE, run, config).ran
    (run / SCORES).unlink()
    assert scores(run, config) == first
    assert billed(run) == 3


def test_samples_of_a_prompt_are_compared_with_each_other(run: RunDir, rows: Sequence[Completion]) -> None:
    found = scores(run, settings(judge="pairwise"))
    assert found["p0#0"] == {"judged": 1.0}
    assert found["p0#1"] == found["p0#2"] == {"judged": 0.0}
    assert [found[name] for name in ("p1#0", "p2#0", "p3#0")] == [{}, {}, {}]
    assert billed(run) == 2


def test_a_count_limits_what_is_judged_and_not_what_is_verified(run: RunDir, rows: Sequence[Completion]) -> None:
    found = scores(run, settings(judge="pointwise", verify=("task:units",), count=1))
    assert billed(run) == 1
    assert sum("verified" in one for one in found.values()) == 4


def test_the_student_tells_how_difficult_an_answer_is(run: RunDir, rows: Sequence[Completion]) -> None:
    found = scores(run, settings(None, difficulty=True))
    assert [set(one) for one in found.values()] == [{"difficulty"}] * 3 + [set(), {"difficulty"}, set()]
    assert found["p0#1"] == found["p0#2"]
    assert all(one["difficulty"] > 0 for one in found.values() if one)


def test_people_may_speak_on_any_train_row_and_their_corrections_count(run: RunDir, rows: Sequence[Completion]) -> None:
    reviewing(run, ("p0#1", "reject", ""), ("p1#0", "", ROWS[1].reference), ("p2#0", "keep", "=better "))
    execute(STAGE, run, settings(judge="pointwise", verify=("task:units",), review="r.csv"))
    found = {one.id: one for one in read_rows(run / SCORES, Score)}
    assert found["p0#1"].scores == found["p0#2"].scores == {"verified": 0.0, "judged": 1.0, "human": 0.0}
    assert found["p1#0"] == Score(
        id="p1#0", scores={"verified": 1.0, "human": 1.0}, correction=ROWS[1].reference, note="hm"
    )
    assert found["p2#0"] == Score(id="p2#0", scores={"verified": 0.0, "human": 1.0}, correction="=better ", note="hm")
    assert billed(run) == 3


def test_the_judge_is_held_against_people(run: RunDir, rows: Sequence[Completion]) -> None:
    reviewing(run, ("p0#0", "keep", ""), ("p0#1", "reject", ""), ("p2#0", "reject", ""), ("p1#0", "reject", ""))
    heard = Heard()
    config = settings(judge="pointwise", review="r.csv")
    counts = execute(STAGE, RunDir(run.path, run.root, heard), config).counts
    assert (counts["labels"], counts["human_agreement"], counts["base_rate"]) == (3, 0.6667, 0.6667)
    assert counts["kappa"] == pytest.approx(0.4, abs=1e-4)
    assert any("it agrees with people on 67% of 3 answers" in note for note in heard.notes)


def test_a_judge_without_verdicts_leaves_no_scores_and_says_why(run: RunDir, rows: Sequence[Completion]) -> None:
    heard = Heard()
    cutting = msgspec.structs.replace(JUDGE, sampling=JudgeSampling(max_tokens=4))
    found = scores(RunDir(run.path, run.root, heard), settings(cutting, judge="pointwise"))
    assert set(map(len, found.values())) == {0}
    assert any("no verdict on 3 of 3 completions" in note and "max_tokens" in note for note in heard.notes)


def test_a_budget_stops_it_and_leaves_no_scores(run: RunDir, rows: Sequence[Completion]) -> None:
    poor = msgspec.structs.replace(JUDGE, budget_usd=1e-6)
    with pytest.raises(BudgetReached, match="simulated/units"):
        execute(STAGE, run, settings(poor, judge="pointwise"))
    assert not (run / SCORES).exists()
    assert run.manifest("judge") is None


def test_the_estimate_is_what_the_stage_then_asks(run: RunDir, rows: Sequence[Completion]) -> None:
    config = settings(judge="pointwise")
    before = estimate(run, config)
    assert (before.stage, before.calls, billed(run)) == ("judge", 3, 0)
    cost = execute(STAGE, run, config).counts["cost_usd"]
    assert before.cost_usd_low is not None
    assert before.cost_usd_high is not None
    assert before.cost_usd_low <= cost <= before.cost_usd_high
    assert estimate(run, config).calls == 0
    with pytest.raises(UsageError, match="nobody would be asked"):
        estimate(run, settings(verify=("numeric",)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda config: settings(judge="pointwise", rubric="own.md"), "scoring.rubric"),
        (lambda config: settings(judge="pointwise", verify=("numeric",)), "scoring.verify"),
        (
            lambda config: settings(msgspec.structs.replace(JUDGE, system="Be strict."), judge="pointwise"),
            "judge.system",
        ),
        (
            lambda config: msgspec.structs.replace(
                config, filter=msgspec.structs.replace(config.filter, length=Length(max_words=7))
            ),
            "filter.length.max_words 2000 -> 7",
        ),
    ],
)
def test_it_is_stale_once_a_setting_changes(
    run: RunDir, rows: Sequence[Completion], change: Callable[[Config], Config], reason: str
) -> None:
    config = settings(judge="pointwise")
    (run.root / "own.md").write_text("{{prompt}} {{answer}} Verdict: 1 to 5")
    execute(STAGE, run, config)
    assert any(reason in why for why in stale(STAGE, run, change(config)))
    cheaper = msgspec.structs.replace(JUDGE, budget_usd=5.0, labels="l.jsonl")
    assert stale(STAGE, run, settings(cheaper, judge="pointwise")) == ()


@pytest.mark.parametrize("name", ["own.md", "r.csv", "checks.py", "run/completions.jsonl"])
def test_it_is_stale_once_a_file_changes(run: RunDir, rows: Sequence[Completion], name: str) -> None:
    (run.root / "own.md").write_text("{{prompt}} {{answer}} Verdict: 1 to 5")
    (run.root / "checks.py").write_text("def f(prediction, reference):\n    return 1.0\n")
    reviewing(run, ("p0#0", "keep", ""))
    config = settings(judge="pointwise", rubric="own.md", review="r.csv", verify=("checks.py:f",))
    execute(STAGE, run, config)
    assert stale(STAGE, run, config) == ()
    path = run.root / name
    path.write_text(path.read_text() + "\n")
    assert [why.endswith(f"{path.name} changed") for why in stale(STAGE, run, config)] == [True]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (settings(None, judge="pointwise"), r"no \[judge\]"),
        (settings(judge="pointwise", rubric="gone.md"), r"gone\.md: cannot be read"),
        (settings(review="gone.csv"), r"gone\.csv: cannot be read"),
        (settings(verify=("unit_tests",)), "no sandbox"),
        (settings(Judge(model="openai/m"), judge="pointwise"), "no key for openai/m"),
    ],
)
def test_what_cannot_work_is_found_before_anybody_is_asked(
    run: RunDir, rows: Sequence[Completion], config: Config, message: str
) -> None:
    with pytest.raises((UsageError, InputError), match=message):
        ready(run, config)
    with pytest.raises((UsageError, InputError), match=message):
        execute(STAGE, run, config)
    assert not (run / SCORES).exists()


def test_a_judge_of_the_teachers_own_model_is_warned_of(run: RunDir, rows: Sequence[Completion]) -> None:
    heard = Heard()
    execute(STAGE, RunDir(run.path, run.root, heard), settings(teacher="simulated/units", judge="pointwise"))
    assert any("2404.13076" in note for note in heard.notes)


def test_scores_go_once_nothing_is_asked_for_any_more(run: RunDir, rows: Sequence[Completion]) -> None:
    assert any(scores(run, settings(verify=("task:units",))).values())
    assert not any(scores(run, settings()).values())


def test_a_judge_that_errs_gives_the_scores_that_it_gives(run: RunDir, rows: Sequence[Completion]) -> None:
    erring = msgspec.structs.replace(JUDGE, simulated=Simulated(wrong=1.0))
    assert scores(run, settings(erring, judge="pointwise"))["p0#0"] == {"judged": 1.0}
