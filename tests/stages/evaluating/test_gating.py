"""Two runs written by hand: their items, their answers, and what the gate makes of them."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.gate import Gate
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.jsonl import digest, read_rows, write_json, write_rows
from blackbox_kd.measures import Arm, Estimate, Measured
from blackbox_kd.measures import Part as Measure
from blackbox_kd.records import FinishReason, Item, Message, Prediction, Prompt, Split
from blackbox_kd.run import ITEMS, METRICS, PREDICTIONS, PROMPTS, Manifest, RunDir
from blackbox_kd.stages.content import content_key
from blackbox_kd.stages.evaluating.gating import Gated, gate, opponent

EXACT = Config()
LOOP = "yes and " * 40


class Asked(NamedTuple):
    """One held-out prompt of a run: its text, and what is known of it and answered to it."""

    text: str
    student: str = "yes"
    teacher: str | None = "yes"
    reference: str | None = "yes"
    finish_reason: FinishReason = "stop"
    slices: tuple[str, ...] = ()
    retention: bool = False
    split: Split = "held_out"


def questions(n: int, right: int, **more: Any) -> list[Asked]:
    """So many questions, the first `right` of which the student answers rightly."""
    return [Asked(f"Question {k}?", "yes" if k < right else "no")._replace(**more) for k in range(n)]


def written(path: Path, rows: Sequence[Asked], ids: str = "q", metric: str = "exact_match") -> RunDir:
    """A run that has been evaluated on these questions."""
    run = RunDir(path, path.parent)
    prompts, items, predictions = [], [], []
    for number, one in enumerate(rows):
        name, messages = f"{ids}{number}", (Message(role="user", content=one.text),)
        prompts.append(Prompt(id=name, messages=messages, split=one.split, family=name, reference=one.reference))
        key = content_key(messages)
        items.append(
            Item(id=name, key=key, family=name, slices=one.slices, retention=one.retention, reference=one.reference)
        )
        for model, text in (("student", one.student), ("teacher", one.teacher)):
            if text is not None:
                reason = one.finish_reason if model == "student" else "stop"
                made = Prediction(
                    prompt_id=name,
                    model=model,
                    text=text,
                    finish_reason=reason,
                    completion_tokens=1,
                    scores={metric: 0.0},
                )
                predictions.append(made)
    write_rows(run / PROMPTS, prompts)
    write_rows(run / ITEMS, items)
    write_rows(run / PREDICTIONS, predictions)
    arm = Arm(name="student", whole=Measure(accuracy=Estimate(value=0.5, n=len(rows), families=len(rows))))
    whole = Measured(schema=2, metric=metric, reference="gold", student="student", arms=(arm,), minimum_detectable=0.1)
    write_json(run / METRICS, whole)
    writes = {name: digest(run / name) for name in (ITEMS, PREDICTIONS, METRICS)}
    reads = {PROMPTS: digest(run / PROMPTS)}
    run.finish(Manifest(stage="evaluate", settings={}, reads=reads, writes=writes, counts={}))
    return run


Compare = Callable[..., Gated]


@pytest.fixture
def compared(tmp_path: Path) -> Compare:
    """`compared(new, old)`: the gate between two runs that were asked these questions."""

    def compare(new: Sequence[Asked], old: Sequence[Asked], **settings: object) -> Gated:
        run, baseline = written(tmp_path / "new", new, ids="n"), written(tmp_path / "old", old, ids="o")
        return gate(run, Config(gate=msgspec.convert(settings, Gate)), baseline)

    return compare


def test_a_student_that_is_as_good_passes_under_new_ids(compared: Compare) -> None:
    found = compared(questions(400, 340), questions(400, 336))
    assert (found.verdict, found.compared, found.whole.new, found.whole.old) == ("pass", 400, 0.85, 0.84)
    assert found.whole.difference == pytest.approx(0.01)
    assert found.whole.low is not None
    assert -0.03 < found.whole.low < 0.01
    assert found.needed is None


def test_a_student_that_is_worse_fails(compared: Compare) -> None:
    found = compared(questions(300, 150), questions(300, 270))
    assert (found.verdict, [one.name for one in found.failed]) == ("fail", ["all"])


def test_what_so_few_items_cannot_show_is_not_told(compared: Compare) -> None:
    even = [one._replace(student="yes" if n % 2 else "no") for n, one in enumerate(questions(120, 0))]
    odd = [one._replace(student="no" if n % 2 else "yes") for n, one in enumerate(questions(120, 0))]
    found = compared(even, odd)
    assert found.verdict == "cannot tell"
    assert found.needed is not None
    assert found.needed > 1_000


def test_fewer_items_than_the_gate_asks_for_cannot_tell(compared: Compare) -> None:
    found = compared(questions(90, 90), questions(90, 90), margin=0.2)
    assert (found.verdict, found.needed) == ("cannot tell", 100)
    assert "min_items is 100" in found.line
    assert compared(questions(90, 90), questions(90, 90), margin=0.2, min_items=50).verdict == "pass"


def test_changed_references_make_no_difference(compared: Compare) -> None:
    old = questions(300, 300, student="ja", teacher="ja", reference="ja")
    found = compared(questions(300, 300, reference="ja", student="ja"), old)
    assert (found.verdict, found.whole.new, found.whole.old) == ("pass", 1.0, 1.0)
    moved = compared(questions(300, 300, reference="yes", student="ja"), old)
    assert (moved.verdict, moved.whole.new, moved.whole.old) == ("pass", 0.0, 0.0)


def test_without_gold_both_are_held_against_the_new_teacher(compared: Compare) -> None:
    new = questions(300, 300, reference=None, teacher="yes", student="yes")
    found = compared(new, questions(300, 300, reference=None, teacher="oui", student="oui"))
    assert (found.reference, found.whole.new, found.whole.old) == ("teacher", 1.0, 0.0)
    assert "agreement with the teacher" in found.notes[0]


def test_items_without_a_reference_are_left_out_and_told_where_others_have_one(compared: Compare) -> None:
    new = questions(300, 300)
    new[:40] = [one._replace(reference=None) for one in new[:40]]
    found = compared(new, questions(300, 300))
    assert (found.reference, found.compared) == ("gold", 260)
    assert found.notes == ("40 of 300 items left out: they have no reference",)


def test_the_retention_set_is_no_part_of_it(compared: Compare) -> None:
    new, old = questions(200, 200), questions(200, 200)
    new[:50] = [one._replace(retention=True, student="no") for one in new[:50]]
    assert compared(new, old).compared == 150


def test_items_that_one_of_the_runs_trains_on_are_left_out_and_told(compared: Compare) -> None:
    old = questions(300, 300)
    old[:30] = [one._replace(split="train") for one in old[:30]]
    found = compared(questions(300, 300), old)
    assert (found.trained_on, found.compared) == (30, 270)
    assert "30 items left out: one of the two runs trains on their prompts" in found.notes


def test_what_a_baseline_trained_on_is_not_known_without_its_prompts(tmp_path: Path) -> None:
    run, baseline = written(tmp_path / "new", questions(200, 200)), written(tmp_path / "old", questions(200, 200))
    (baseline / PROMPTS).unlink()
    baseline.manifest_path("evaluate").unlink()
    found = gate(run, EXACT, baseline)
    assert found.verdict == "pass"
    assert found.notes == (f"whether {baseline.path} trained on these items is not known: it has no prompts.jsonl",)


def test_items_without_a_partner_are_counted_and_many_are_told(compared: Compare) -> None:
    found = compared(questions(300, 300), questions(200, 200))
    assert (found.compared, found.unpaired_new, found.unpaired_old) == (200, 100, 0)
    assert found.notes == ("100 of the new run's 300 items have no partner: 200 are compared",)
    assert compared(questions(210, 210), questions(200, 200)).notes == ()


def test_a_slice_that_fails_fails_the_whole(compared: Compare) -> None:
    new, old = questions(1_000, 1_000), questions(1_000, 1_000)
    new[:40] = [one._replace(student="no", slices=("rare",)) for one in new[:40]]
    new[40:] = [one._replace(slices=("usual", "x" * 3)) for one in new[40:]]
    found = compared(new, old, margin=0.1)
    assert (found.verdict, found.whole.verdict) == ("fail", "pass")
    assert {one.name: one.verdict for one in found.slices} == {"rare": "fail", "usual": "pass", "xxx": "pass"}
    assert "slices fail: rare, pass: usual, xxx" in found.line


def test_a_slice_that_cannot_tell_is_told_and_stops_nobody(compared: Compare) -> None:
    new = questions(300, 300)
    new[:4] = [one._replace(slices=("tiny",)) for one in new[:4]]
    found = compared(new, questions(300, 300))
    assert (found.verdict, [one.verdict for one in found.slices]) == ("pass", ["cannot tell"])
    assert "slices cannot tell: tiny" in found.line


def test_a_slice_that_holds_every_item_is_not_compared_again(compared: Compare) -> None:
    assert compared(questions(200, 200, slices=("all of them",)), questions(200, 200)).slices == ()


def test_a_student_that_no_longer_stops_fails_however_right_it_is(compared: Compare) -> None:
    found = compared(questions(300, 300, finish_reason="length"), questions(300, 300))
    assert (found.whole.verdict, found.verdict, [one.name for one in found.failed]) == ("pass", "fail", ["stops"])
    unknown = compared(questions(300, 300, finish_reason="unknown"), questions(300, 300))
    assert (unknown.verdict, unknown.guards[0].verdict, unknown.guards[0].n) == ("pass", "cannot tell", 0)


def test_a_student_that_loops_fails(compared: Compare) -> None:
    found = compared(questions(300, 300, student=LOOP), questions(300, 300, student="never mind"))
    assert [one.name for one in found.failed] == ["no loop"]


def test_the_teacher_of_the_run_can_be_the_baseline(tmp_path: Path) -> None:
    found = gate(written(tmp_path / "run", questions(300, 200)), EXACT, None)
    assert (found.verdict, found.against, found.whole.old) == ("fail", "teacher", 1.0)
    assert gate(written(tmp_path / "run", questions(300, 300)), EXACT, None).verdict == "pass"


def test_a_metric_that_one_run_lacks_is_named_with_those_that_it_has(tmp_path: Path) -> None:
    run, old = written(tmp_path / "a", questions(9, 9)), written(tmp_path / "b", questions(9, 9), metric="choice")
    with pytest.raises(
        InputError, match=r"not measured by exact_match in both runs: .*a has exact_match; .*b has choice"
    ):
        gate(run, EXACT, old)
    with pytest.raises(UsageError, match=r"gate\.metric: chrf is none of"):
        gate(run, Config(gate=Gate(metric="chrf")), old)


def test_a_metric_other_than_the_headline_can_decide(tmp_path: Path) -> None:
    run, old = written(tmp_path / "a", questions(200, 200, student="YES")), written(tmp_path / "b", questions(200, 200))
    own = tmp_path / "own.py"
    own.write_text("def loose(prediction: str, reference: str) -> float:\n    return prediction.lower() == reference\n")
    config = Config(evaluate=Evaluate(metrics=("own.py:loose", "exact_match")), gate=Gate(metric="exact_match"))
    assert gate(run, config, old).verdict == "fail"


def test_an_unfinished_or_changed_evaluation_is_refused(tmp_path: Path) -> None:
    run, old = written(tmp_path / "a", questions(9, 9)), written(tmp_path / "b", questions(9, 9))
    rows = list(read_rows(old / PREDICTIONS, Prediction))
    write_rows(old / PREDICTIONS, rows[1:])
    with pytest.raises(InputError, match=r"predictions\.jsonl has changed"):
        gate(run, EXACT, old)
    write_rows(old / PREDICTIONS, rows)
    write_rows(run / PROMPTS, [])
    with pytest.raises(InputError, match=r"prompts\.jsonl has changed"):
        gate(run, EXACT, old)
    run.manifest_path("evaluate").unlink()
    with pytest.raises(InputError, match="evaluate has not finished"):
        gate(run, EXACT, old)


def test_runs_without_a_common_item_are_refused(compared: Compare) -> None:
    with pytest.raises(InputError, match="share no item"):
        compared(questions(9, 9), [Asked("Something else?")])


def test_the_flag_beats_the_file_and_the_teacher_beats_both(run: RunDir) -> None:
    (run.root / "jan").mkdir()
    (run.root / "feb").mkdir()
    config = Config(gate=Gate(baseline="jan"))
    found = [opponent(run, config, path, False) for path in (None, run.root / "feb")]
    assert [one.path.name for one in found if one] == ["jan", "feb"]
    assert opponent(run, config, None, True) is None


def test_the_line_is_one_line_in_which_nothing_is_markup(compared: Compare) -> None:
    new = questions(200, 200)
    new[:100] = [one._replace(slices=("a\n| <img> **b** @all",)) for one in new[:100]]
    line = compared(new, questions(200, 200)).line
    assert line.startswith("bbkd gate: **pass** - exact_match 100.0 % vs 100.0 % (0.0 points, 95 % bounds ")
    assert "over 200 items, margin 3 points; slices " in line
    assert "\n" not in line
    assert r"a \| \<img\> \*\*b\*\*" in line


def test_the_order_of_the_files_plays_no_part(tmp_path: Path) -> None:
    rows = [one._replace(slices=("even",) if n % 2 else ("odd",)) for n, one in enumerate(questions(150, 140))]
    run, old = written(tmp_path / "a", rows), written(tmp_path / "b", questions(150, 138))
    first = gate(run, EXACT, old)
    for name, kind in ((ITEMS, Item), (PREDICTIONS, Prediction)):
        lines = list(read_rows(run / name, kind))
        random.Random(1).shuffle(lines)
        write_rows(run / name, lines)
    was = run.manifest("evaluate")
    assert was is not None
    run.finish(msgspec.structs.replace(was, writes={name: digest(run / name) for name in was.writes}))
    assert gate(run, EXACT, old) == first


def test_two_alike_students_are_told_a_feasible_number_of_items(compared: Compare) -> None:
    found = compared(questions(20, 20), questions(20, 20), min_items=10)
    assert found.verdict == "cannot tell"
    assert found.needed is not None
    assert 100 < found.needed < 150
    assert compared(questions(found.needed, 999), questions(found.needed, 999), min_items=10).verdict == "pass"
