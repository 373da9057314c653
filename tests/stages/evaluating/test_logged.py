import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Completion, Message, Prediction, Prompt
from blackbox_kd.stages.evaluating.logged import Logged, logged, with_families, without_system

MakePrompt = Callable[..., Prompt]
MakeCompletion = Callable[..., Completion]
Read = Callable[..., Logged]
Row = dict[str, Any]
TURN = {"role": "user", "content": "Where is the invoice?"}


@pytest.fixture
def known(prompt: MakePrompt) -> list[Prompt]:
    """The run's prompts: a and b held out, the latter with a reference, t trained on."""
    b = prompt("Cancel my order.", id="b", split="held_out")
    return [
        prompt("Where is the invoice?", id="a", split="held_out"),
        msgspec.structs.replace(b, reference="cancel", slice="orders"),
        prompt("Change my address.", id="t"),
    ]


@pytest.fixture
def answers(completion: MakeCompletion) -> dict[str, Completion]:
    """What the teacher answered to the held-out prompts."""
    return {
        "a": completion("billing", prompt_id="a", split="held_out"),
        "b": completion("cancelling", prompt_id="b", split="held_out"),
    }


@pytest.fixture
def read(tmp_path: Path, known: list[Prompt], answers: dict[str, Completion]) -> Read:
    """Reads rows, as JSON lines: `read({"id": "a", "completion": "billing"})`."""

    def reading(*rows: Row, **options: Any) -> Logged:
        path = tmp_path / "logged.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return logged(path, known, answers, **options)

    return reading


def test_a_row_with_the_id_of_a_held_out_prompt_is_that_prompt(read: Read, known: list[Prompt]) -> None:
    found = read({"id": "b", "completion": "cancel", "finish_reason": "length", "completion_tokens": 3})
    assert (found.prompts, found.teacher) == ([known[1]], {"b": "cancelling"})
    told = Prediction(prompt_id="b", model="student", text="cancel", finish_reason="length", completion_tokens=3)
    assert found.student == {"b": told}


@pytest.mark.parametrize(
    "asked",
    [
        {"prompt": " where is\nTHE invoice? "},
        {"messages": [TURN]},
        {"messages": [TURN], "prompt": None, "id": None},
        {"prompt": "Where is the invoice?", "id": "request-77"},
        {"prompt": "Where is the invoice?", "id": "a"},
    ],
)
def test_a_row_with_the_text_of_a_held_out_prompt_is_that_prompt(asked: Row, read: Read, known: list[Prompt]) -> None:
    found = read({**asked, "completion": "billing"})
    assert (found.prompts, list(found.student)) == ([known[0]], ["a"])


def test_what_is_not_given_is_unknown(read: Read) -> None:
    student = read({"id": "a", "completion": ""}).student["a"]
    assert (student.text, student.finish_reason, student.completion_tokens, student.logprob) == ("", "unknown", 0, None)


def test_another_row_is_a_prompt_of_its_own(read: Read) -> None:
    row = {"prompt": "Reset my password.", "completion": "account", "teacher": "account", "region": "EU"}
    more = {"reference": "account", "slice": "access", "family": "passwords", "weight": "heavy", "split": "B"}
    found = read({**row, **more, "id": 7})
    assert found.prompts == [
        Prompt(
            id="7",
            messages=(Message(role="user", content="Reset my password."),),
            split="held_out",
            family="passwords",
            reference="account",
            slice="access",
            source="logged.jsonl",
            meta={"region": "EU"},
        )
    ]
    assert found.teacher == {"7": "account"}


def test_a_row_without_an_id_is_named_by_its_text(read: Read) -> None:
    row = {"prompt": "Reset my password.", "completion": "account", "teacher": "account"}
    one, other = read(row), read({**row, "completion": "another"})
    assert one.prompts == other.prompts
    assert len(one.prompts[0].id) == 16


def test_the_teachers_answer_in_a_row_goes_before_the_runs(read: Read) -> None:
    assert read({"id": "a", "completion": "x", "teacher": "shipping"}).teacher == {"a": "shipping"}


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_a_blank_answer_of_the_teacher_is_none(blank: str | None, read: Read) -> None:
    row = {"prompt": "Reset my password.", "completion": "account", "reference": "account"}
    found = read({"id": "a", "completion": "x", "teacher": blank}, {**row, "id": "n", "teacher": blank})
    assert found.teacher == {"a": "billing"}
    assert [one.id for one in found.prompts] == ["a", "n"]


def test_a_prompt_that_was_trained_on_is_left_out_and_counted(read: Read) -> None:
    found = read(
        {"prompt": "change my ADDRESS.", "completion": "x", "teacher": "x", "reference": "y"},
        {"id": "t", "completion": "x"},
        {"id": "a", "completion": "x"},
    )
    assert [one.id for one in found.prompts] == ["a"]
    assert "2 of 3 rows of logged.jsonl are prompts that the student was trained on: left out." in found.notes


def test_the_first_answer_to_a_prompt_is_taken_and_the_others_are_counted(read: Read) -> None:
    new = {"prompt": "Reset my password.", "teacher": "account"}
    found = read(
        {"id": "a", "completion": "first"},
        {"prompt": "Where is the invoice?", "completion": "second"},
        {**new, "id": "r1", "completion": "third"},
        {**new, "id": "r2", "completion": "fourth"},
    )
    assert {name: one.text for name, one in found.student.items()} == {"a": "first", "r1": "third"}
    assert "2 of 4 rows of logged.jsonl answer a prompt again: the first answer is measured." in found.notes


def test_rows_with_nothing_to_compare_with_are_left_out_and_counted(read: Read) -> None:
    bare = {"prompt": "Reset my password.", "completion": "account"}
    found = read({"id": "a", "completion": "x"}, bare, {"prompt": "Hello?", "completion": "Hi."})
    assert [one.id for one in found.prompts] == ["a"]
    assert any(one.startswith("2 of 3 rows of logged.jsonl have neither") for one in found.notes)


def test_an_answer_that_can_be_compared_is_taken_after_one_that_cannot(read: Read) -> None:
    row = {"prompt": "Reset my password.", "id": "n"}
    found = read({**row, "completion": "first"}, {**row, "completion": "second", "reference": "account"})
    assert (found.student["n"].text, found.prompts[0].reference) == ("second", "account")


def test_held_out_prompts_without_a_row_are_counted(read: Read) -> None:
    (note,) = read({"id": "a", "completion": "x"}).notes
    assert note == "1 of 2 held-out prompts are not in logged.jsonl: not measured."


def test_what_the_run_leaves_open_the_row_says(read: Read) -> None:
    (found,) = read({"id": "a", "completion": "x", "reference": {"q": 1}, "slice": "money"}).prompts
    assert (found.reference, found.slice, found.family) == ('{"q": 1}', "money", "a")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            [{"id": "a", "completion": "x"}, {"id": "b", "completion": "x", "reference": "y"}],
            "another one than in this",
        ),
        (
            [
                {"id": "a", "completion": "x", "reference": "y"},
                {"prompt": "Where is the invoice?", "completion": "x", "reference": "z"},
            ],
            r"another one than in .*logged\.jsonl:1",
        ),
        ([{"id": "a", "completion": "x"}, {"id": "nobody", "completion": "x"}], "no prompt of this run"),
        ([{"id": "a", "completion": "x"}, {"completion": "x"}], "neither prompt nor messages"),
        ([{"id": "a", "completion": "x"}, {"id": "b"}], "needs a `completion`"),
        ([{"id": "a", "completion": "x"}, {"id": "b", "completion": ["x"]}], "needs a `completion`"),
        ([{"id": "a", "completion": "x"}, {"id": "b", "completion": "x", "teacher": 1}], "teacher must be text"),
        ([{"id": "a", "completion": "x"}, {"id": "b", "completion": "x", "completion_tokens": -1}], "completion_tok"),
        (
            [{"id": "a", "completion": "x"}, {"id": "b", "completion": "x", "completion_tokens": "few"}],
            "completion_tok",
        ),
        ([{"id": "a", "completion": "x"}, {"id": "a", "prompt": "Other.", "completion": "x"}], "id 'a' is that of"),
        ([{"id": "a", "completion": "x"}, {"id": "a", "prompt": "Cancel my order.", "completion": "x"}], "is that of"),
        ([{"id": "a", "completion": "x"}, {"prompt": "Hi.", "messages": [TURN], "completion": "x"}], "exactly one"),
    ],
)
def test_a_row_that_cannot_be_right_is_named_by_its_line(rows: list[Row], why: str, read: Read) -> None:
    with pytest.raises(InputError, match=rf"logged\.jsonl:2: .*{why}"):
        read(*rows)


def test_one_id_for_two_prompts_is_refused(read: Read) -> None:
    row = {"completion": "x", "teacher": "x", "id": "session-1"}
    with pytest.raises(InputError, match=r"logged\.jsonl:2: the id 'session-1'"):
        read({**row, "prompt": "Reset my password."}, {**row, "prompt": "Hello?"})


def test_a_file_without_a_row_that_can_be_measured_says_why(read: Read) -> None:
    with pytest.raises(InputError, match=r"no row can be measured\. 1 of 1 rows .* trained on"):
        read({"id": "t", "completion": "x"})


def test_the_students_system_prompt_is_no_part_of_a_prompt(read: Read, known: list[Prompt]) -> None:
    said = {"role": "system", "content": "Name the queue."}
    found = read({"messages": [said, TURN], "completion": "x"}, system="Name the queue.\n")
    assert (found.prompts, len(found.notes)) == ([known[0]], 1)


def test_a_prompts_own_system_prompt_stays() -> None:
    turns = (Message(role="system", content="Be brief.\n\nIn French."), Message(role="user", content="Hi."))
    assert without_system(turns, "Be brief.") == (Message(role="system", content="In French."), turns[1])
    assert without_system(turns, "") == turns


def test_another_system_prompt_is_told(read: Read, known: list[Prompt]) -> None:
    said = {"role": "system", "content": "Name the queue, please."}
    found = read({"messages": [said, TURN], "completion": "x"}, {"id": "b", "completion": "x"}, system="Be brief.")
    assert found.prompts == known[:2]
    (note,) = found.notes
    assert note.startswith("1 of 2 rows of logged.jsonl were asked with another system prompt")


def test_prompts_of_a_run_that_differ_by_their_system_prompts_are_told_apart(
    tmp_path: Path, prompt: MakePrompt
) -> None:
    def own(language: str) -> tuple[Message, ...]:
        return Message(role="system", content=f"In {language}."), Message(role="user", content="Greet me.")

    known = [msgspec.structs.replace(prompt(id=one, split="held_out"), messages=own(one)) for one in ("fr", "de")]
    turns = [{"role": "system", "content": "In de."}, {"role": "user", "content": "Greet me."}]
    rows: list[Row] = [
        {"messages": turns},
        {"messages": [{"role": "system", "content": "In it."}, turns[1]], "id": "it"},
    ]
    path = tmp_path / "logged.jsonl"
    path.write_text("".join(json.dumps({**row, "completion": "x", "teacher": "y"}) + "\n" for row in rows))
    assert [one.id for one in logged(path, known, {}).prompts] == ["de", "it"]


def test_near_duplicates_are_of_one_family_and_join_the_runs(prompt: MakePrompt) -> None:
    text = "Dear team, my order number 77 has not arrived and I would like to know where it is at this moment"
    held_out = msgspec.structs.replace(prompt(f"{text}.", id="z", split="held_out"), family="orders")
    other = "Please tell me how to reset the password of my account as soon as you can, thank you very much indeed"
    new = [prompt(f"{text}!!", id="n1"), prompt(other, id="n2"), prompt(f"{other}.", id="n3"), prompt("Hi.", id="n4")]
    found = with_families([held_out, *(msgspec.structs.replace(one, family="") for one in new)], 0.8)
    assert [one.family for one in found] == ["orders", "orders", "near:n2", "near:n2", "near:n4"]


def test_rows_in_any_order_are_measured_alike(read: Read) -> None:
    rows = [{"prompt": f"Ask number {n} of them all.", "completion": "x", "teacher": "y"} for n in range(6)]
    assert read(*rows).prompts == read(*reversed(rows)).prompts


def test_csv_and_parquet_are_read_too(tmp_path: Path, known: list[Prompt], answers: dict[str, Completion]) -> None:
    table = tmp_path / "logged.csv"
    table.write_text("id,prompt,completion,completion_tokens\na,,billing,3\n,Cancel my order.,cancel,\n")
    columns = {"id": ["a", None], "prompt": [None, "Cancel my order."], "completion": ["billing", "cancel"]}
    counted = pyarrow.table({**columns, "completion_tokens": pyarrow.array([3.0, None])})
    pyarrow.parquet.write_table(counted, tmp_path / "logged.parquet")
    for name in ("logged.csv", "logged.parquet"):
        found = logged(tmp_path / name, known, answers)
        assert [(one.text, one.completion_tokens) for one in found.student.values()] == [("billing", 3), ("cancel", 0)]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"prompt": st.sampled_from(["Where is the invoice?", "Change my address.", "Hello?", "Bye."])},
            optional={"teacher": st.sampled_from(["", "x"]), "reference": st.just("y")},
        ),
        min_size=1,
    )
)
def test_every_row_is_measured_or_told(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    def one(name: str, text: str, split: Any) -> Prompt:
        return Prompt(id=name, messages=(Message(role="user", content=text),), split=split, family=name)

    path = tmp_path_factory.mktemp("logged") / "logged.jsonl"
    path.write_text("".join(json.dumps({**row, "completion": "c"}) + "\n" for row in rows))
    run = [one("a", "Where is the invoice?", "held_out"), one("t", "Change my address.", "train")]
    try:
        found = logged(path, run, {})
    except InputError as error:
        assert all(
            row["prompt"] == "Change my address." or not (row.get("teacher") or "reference" in row) for row in rows
        )
        assert "no row can be measured" in error.message
        return
    told = sum(int(note.split()[0]) for note in found.notes if f"of {len(rows)} rows" in note)
    assert len(found.prompts) + told == len(rows)
    assert set(found.student) == {one.id for one in found.prompts}
    assert all(one.id in found.teacher or one.reference is not None for one in found.prompts)
