import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.filters.length import Length
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Example, Message, Prediction, Prompt, Verdict
from blackbox_kd.run import COMPLETIONS, PREDICTIONS, PROMPTS, TRAIN_ROWS, VERDICTS, Manifest, RunDir
from blackbox_kd.stages.buying import Row, asked_of, ledger_path
from blackbox_kd.stages.explaining import differences, explain, leaves
from blackbox_kd.stages.filtering import columns
from blackbox_kd.stages.targets import target_of
from blackbox_kd.teachers.ledger import open_ledger
from blackbox_kd.teachers.request import Asked
from blackbox_kd.teachers.target import Sampling

BODY = json.dumps(
    {"model": "m-1", "choices": [{"message": {"content": "Paris."}, "finish_reason": "length"}], "usage": None}
).encode()


def config(temperature: float = 0.2, max_tokens: int = 100, system: str = "Be brief.") -> Config:
    """A teacher that nobody ever reaches, and that has no key."""
    teacher = Teacher(
        model="openai/m",
        base_url="http://127.0.0.1:9/v1",
        api_key_env="NOT_SET",
        system=system,
        sampling=Sampling(temperature=temperature, max_tokens=max_tokens),
    )
    return Config(teacher=(teacher,))


@pytest.fixture
def rows(run: RunDir, prompt: Callable[..., Prompt]) -> list[Prompt]:
    """Three prompts, written where the stage reads them."""
    made = [prompt("Capital of France?", id="a"), prompt("Capital of Italy?", id="b#1"), prompt("Sum?", id="c")]
    write_rows(run / PROMPTS, made)
    return made


def asked(run: RunDir, settings: Config, row: Prompt, sample: int = 0) -> Asked:
    """The request for a row."""
    return asked_of(Row(row, sample), (target_of(settings.teacher[0], run.root),))


def stored(run: RunDir, *requests: Asked, raw: bytes = BODY) -> None:
    """Put replies into the ledger."""

    async def fill() -> None:
        with open_ledger(ledger_path(run.root)) as ledger:
            for one in requests:
                attempt = await ledger.claim(one.key, one.target.label, one.identity, one.max_tokens)
                await ledger.store(attempt, 200, {}, raw)

    asyncio.run(fill())


def test_a_row_that_the_ledger_holds_is_shown_with_attempts_and_reply(run: RunDir, rows: list[Prompt]) -> None:
    one = asked(run, config(), rows[0])
    stored(run, one)
    found = explain(run, config(), "a").request
    assert found is not None
    assert (found.key, found.teacher, found.answer, found.nearest) == (one.key, "openai/m", "held", None)
    assert found.reply == BODY.decode()
    assert [(attempt.state, attempt.status, attempt.size) for attempt in found.attempts] == [("stored", 200, len(BODY))]
    assert found.attempts[0].who.startswith("pid ")


def test_another_temperature_is_named_as_what_makes_the_miss(run: RunDir, rows: list[Prompt]) -> None:
    stored(run, *(asked(run, config(0.2), row) for row in rows))
    found = explain(run, config(0.7), "a").request
    assert found is not None
    assert (found.answer, found.attempts, found.reply) == ("missing", (), None)
    assert found.nearest is not None
    assert found.nearest.key == asked(run, config(0.2), rows[0]).key
    assert found.nearest.answered
    assert [(one.path, one.held, one.asked) for one in found.nearest.differences] == [
        ("body.temperature", "0.2", "0.7")
    ]


def test_another_system_prompt_is_shown_as_text(run: RunDir, rows: list[Prompt]) -> None:
    stored(run, asked(run, config(), rows[0]))
    found = explain(run, config(system="Be verbose."), "a").request
    assert found is not None
    assert found.nearest is not None
    shown = [(one.path, one.held, one.asked) for one in found.nearest.differences]
    assert shown == [("body.messages[0].content", '"Be brief."', '"Be verbose."')]


def test_another_sample_of_the_same_prompt_is_nearer_than_another_prompt(run: RunDir, rows: list[Prompt]) -> None:
    stored(run, asked(run, config(), rows[1]), asked(run, config(), rows[0]))
    found = explain(run, config(), "a#3").request
    assert found is not None
    assert found.nearest is not None
    assert [(one.path, one.held, one.asked) for one in found.nearest.differences] == [("sample", "0", "3")]


def test_without_the_same_question_the_request_with_most_equal_fields_is_nearest(
    run: RunDir, rows: list[Prompt]
) -> None:
    stored(run, asked(run, config(), rows[0]), asked(run, config(0.9, system="x"), rows[1]))
    found = explain(run, config(), "c").request
    assert found is not None
    assert found.nearest is not None
    assert [one.path for one in found.nearest.differences] == ["body.messages[1].content"]


def test_a_reply_that_was_cut_is_told_from_a_miss(run: RunDir, rows: list[Prompt]) -> None:
    stored(run, asked(run, config(), rows[0]))
    found = explain(run, config(max_tokens=400), "a").request
    assert found is not None
    assert (found.answer, found.nearest) == ("cut", None)
    assert "ended at 100 tokens, and 400 are wanted" in found.why


def test_a_reply_without_sense_is_told(run: RunDir, rows: list[Prompt]) -> None:
    stored(run, asked(run, config(), rows[0]), raw=b"\x1b[31mnonsense")
    found = explain(run, config(), "a").request
    assert found is not None
    assert (found.answer, found.reply) == ("malformed", "\x1b[31mnonsense")


@pytest.mark.parametrize("given_up", [False, True])
def test_a_row_that_failed_is_told_with_its_code(run: RunDir, rows: list[Prompt], given_up: bool) -> None:
    one = asked(run, config(), rows[0])

    async def fill() -> None:
        with open_ledger(ledger_path(run.root)) as ledger:
            attempt = await ledger.claim(one.key, "openai/m", one.identity, one.max_tokens)
            await ledger.fail(attempt, "context_length", 400, {}, b"{}", False)
            if given_up:
                await ledger.give_up(one.key, "context_length", "too long")

    asyncio.run(fill())
    found = explain(run, config(), "a").request
    assert found is not None
    assert (found.answer, found.why.split(":")[0]) == ("given up" if given_up else "failed", "context_length")


def test_it_changes_no_file_and_makes_no_ledger(run: RunDir, rows: list[Prompt]) -> None:
    found = explain(run, config(), "a").request
    assert found is not None
    assert (found.answer, found.nearest) == ("missing", None)
    assert not ledger_path(run.root).exists()
    assert not Path(run.root / ".bbkd").exists()


def test_what_the_later_stages_made_of_it_is_shown(
    run: RunDir, rows: list[Prompt], completion: Callable[..., Completion]
) -> None:
    kept, gone = completion(prompt_id="a"), completion(prompt_id="c", sample=1)
    verdict = Verdict(rule="length", kept=False, reason="too_short", value=1.0, threshold=3.0)
    answer = (Message(role="assistant", content="Paris."),)
    write_rows(run / COMPLETIONS, [kept, gone])
    write_rows(run / TRAIN_ROWS, [Example(id="a#0", prompt=kept.messages, completion=answer)])
    table = pa.table({"id": ["c#1"]} | columns.columns("length", [verdict]))
    (run / VERDICTS).mkdir()
    columns.write(run / VERDICTS / "000000.parquet", table, [Length()])
    prediction = Prediction(prompt_id="a", model="student", text="Paris.", finish_reason="stop", completion_tokens=2)
    write_rows(run / PREDICTIONS, [prediction])
    found = explain(run, config(), "a")
    assert (found.completion, found.kept, found.verdicts, found.predictions) == (kept, TRAIN_ROWS, (), (prediction,))
    other = explain(run, config(), "c#1")
    assert (other.completion, other.kept, other.verdicts, other.predictions) == (gone, None, (verdict,), ())


def test_a_run_that_was_imported_has_no_request(run: RunDir, rows: list[Prompt]) -> None:
    run.finish(Manifest(stage="import", settings={}, reads={}, writes={}, counts={}))
    assert explain(run, Config(), "a").request is None


@pytest.mark.parametrize(("name", "row"), [("a", "a#0"), ("a#2", "a#2"), ("b#1", "b#1#0"), ("b#1#4", "b#1#4")])
def test_an_id_may_hold_a_hash_itself(run: RunDir, rows: list[Prompt], name: str, row: str) -> None:
    assert explain(run, config(), name).id == row


@pytest.mark.parametrize("name", ["nobody", "a#x", "#1", ""])
def test_an_unknown_id_names_the_file(run: RunDir, rows: list[Prompt], name: str) -> None:
    with pytest.raises(InputError, match=r"prompts\.jsonl: no prompt has the id"):
        explain(run, config(), name)


def test_fields_are_compared_by_dotted_path_and_by_type() -> None:
    held = leaves({"a": {"b": [1, {"c": "x"}], "e": []}, "d": True})
    assert held == {"a.b[0]": 1, "a.b[1].c": "x", "a.e": [], "d": True}
    asked = leaves(msgspec.json.decode(b'{"a":{"b":[1],"e":[]},"d":1,"f":null}'))
    found = [(one.path, one.held, one.asked) for one in differences(held, asked)]
    assert found == [("a.b[1].c", '"x"', None), ("d", "true", "1"), ("f", None, "null")]
