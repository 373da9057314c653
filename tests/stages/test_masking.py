from pathlib import Path

import msgspec
import pytest

from blackbox_kd.config.prompts import Prompts
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.records import Message
from blackbox_kd.stages.masking import looked_over, masked, sent_along
from blackbox_kd.strategies.base import Draft, asked
from blackbox_kd.teachers.target import Target

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5q"
MAIL = "anna@muster.org"


def draft(text: str, where: str = "a.jsonl:1", **fields: object) -> Draft:
    return Draft(messages=asked(text), where=where, **fields)  # type: ignore[arg-type]


def own(folder: Path, body: str) -> Prompts:
    (folder / "mask.py").write_text(body)
    return Prompts(redact="mask.py:mask")


def test_every_text_of_a_row_passes_through_the_users_function(tmp_path: Path) -> None:
    prompts = own(tmp_path, f"def mask(text): return text.replace({MAIL!r}, '<mail>')")
    turns = (Message(role="system", content=MAIL), Message(role="user", content=f"Write to {MAIL}"))
    row = Draft(messages=turns, where="a.jsonl:1", reference=MAIL, meta={"from": [MAIL, 3]})
    (made,) = masked([row], prompts, tmp_path)
    assert [turn.content for turn in made.messages] == ["<mail>", "Write to <mail>"]
    assert (made.reference, made.meta) == ("<mail>", {"from": ["<mail>", 3]})


@pytest.mark.parametrize("body", ["def mask(text): return 3", "def mask(text): raise KeyError(text)"])
def test_a_function_that_gives_no_text_stops_everything_and_names_the_row(tmp_path: Path, body: str) -> None:
    with pytest.raises(UsageError, match=r"mask\.py:mask at b\.jsonl:7"):
        list(masked([draft("hello", "b.jsonl:7")], own(tmp_path, body), tmp_path))


def test_keys_are_refused_by_place_and_never_shown() -> None:
    rows = [draft("fine"), draft(f"my key is {KEY}", "a.jsonl:2"), draft("x", "a.jsonl:3", meta={"note": KEY})]
    with pytest.raises(InputError) as caught:
        list(looked_over(rows, Prompts(), lambda text: None))
    assert "a.jsonl:2 (API key), a.jsonl:3 (API key)" in caught.value.message
    assert KEY not in str(caught.value)


def test_personal_data_is_counted_in_one_note() -> None:
    said: list[str] = []
    rows = [draft(f"{MAIL} and {MAIL}"), draft("call +49 151 2345 6789")]
    assert list(looked_over(rows, Prompts(), said.append)) == rows
    assert len(said) == 1
    assert "2 x e-mail address, 1 x phone number" in said[0]
    assert MAIL not in said[0]


def test_what_is_allowed_is_not_mentioned() -> None:
    said: list[str] = []
    rows = [draft(f"{MAIL} {KEY}")]
    assert list(looked_over(rows, Prompts(secrets="allow", personal="allow"), said.append)) == rows
    assert said == []


def test_a_masked_key_is_none() -> None:
    assert len(list(looked_over([draft("my key is [key]")], Prompts(), lambda text: None))) == 1


def test_a_row_is_named_once_and_of_many_the_first_alone() -> None:
    rows = [draft(f"{KEY} {KEY}", f"a.jsonl:{n}", meta={"auth": f"Bearer {KEY}"}) for n in range(1, 9)]
    with pytest.raises(InputError) as caught:
        list(looked_over(rows, Prompts(), lambda text: None))
    assert caught.value.message.count("a.jsonl:1 ") == 1
    assert "a.jsonl:5 (API key, bearer token) and 3 more" in caught.value.message


@pytest.mark.parametrize("field", ["id", "family", "slice", "reference"])
def test_what_is_stored_and_not_sent_is_looked_over_too(field: str) -> None:
    with pytest.raises(InputError, match="API key"):
        list(looked_over([draft("x", **{field: KEY})], Prompts(), lambda text: None))


TARGET = Target(wire="openai", model="m", label="openai/m", base_url=None, identity="own")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("system", f"Use {KEY}."),
        ("shots", (Message(role="user", content="a"), Message(role="assistant", content=KEY))),
        ("schema", {"title": KEY}),
        ("extra", {"metadata": {"auth": [KEY]}}),
    ],
)
def test_a_key_in_what_goes_with_every_prompt_names_the_setting(name: str, value: object) -> None:
    target = msgspec.structs.replace(TARGET, **{name: value})
    said: list[str] = []
    with pytest.raises(UsageError, match=f"teacher.{name} of openai/m .*: API key") as caught:
        sent_along(target, Prompts(), said.append)
    assert KEY not in str(caught.value)
    sent_along(target, Prompts(secrets="warn"), said.append)
    sent_along(target, Prompts(secrets="allow"), said.append)
    assert [note.partition(" of ")[0] for note in said] == [f"teacher.{name}"]


def test_an_address_in_the_system_prompt_is_no_finding() -> None:
    said: list[str] = []
    sent_along(msgspec.structs.replace(TARGET, system=f"Tell them to write to {MAIL}."), Prompts(), said.append)
    assert said == []
