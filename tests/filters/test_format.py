import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured
from blackbox_kd.filters.format import AT_MOST, Format
from blackbox_kd.records import Completion, Json

TICKET: dict[str, Json] = {"type": "object", "properties": {"queue": {"enum": ["billing"]}}, "required": ["queue"]}
SCHEMA = Given(
    read_text={"ticket.json": json.dumps(TICKET), "bad.json": '{"type": "strin"}', "no.json": "{"}.__getitem__
)
GOOD = '{"queue": "billing"}'


@given(st.text())
def test_without_a_condition_all_pass(completion: Callable[..., Completion], text: str) -> None:
    verdict = Format().check(completion(text))
    assert (verdict.kept, verdict.value, verdict.span) == (True, "", None)


@pytest.mark.parametrize(
    ("rule", "good", "bad", "value"),
    [
        (Format(json=True), " [1, 2]\n", "[1, 2] done", "json"),
        (Format(json=True), "3", '{"a": 1, "a": 2}', "json"),
        (Format(json=True), "null", "NaN", "json"),
        (Format(json=True), '"x"', "[" * 100_000, "json"),
        (Format(json=True, fences=True), "```json\n{}\n```", "```json\n{\n```", "json"),
        (Format(json_schema="ticket.json"), GOOD, '{"queue": "sales"}', "schema"),
        (Format(json_schema="ticket.json"), GOOD, "not JSON", "schema"),
        (Format(json_schema="ticket.json", fences=True), f"```\n{GOOD}\n```", "```\n{}\n```", "schema"),
        (Format(pattern=r"\A\d+\Z"), "42", "It is 42.", "pattern"),
        (Format(pattern="(?i)answer:"), "The Answer: 42", "42", "pattern"),
        (Format(must_contain=("Answer:", "Reason:")), "Reason: x. Answer: y.", "Answer: y.", "must_contain"),
        (Format(must_not_contain=("TODO", "lorem")), "todo", "A TODO.", "must_not_contain"),
    ],
)
def test_the_condition_that_fails_is_the_reason(
    rule: Format, good: str, bad: str, value: str, completion: Callable[..., Completion]
) -> None:
    assert rule.check(completion(good), SCHEMA).kept
    verdict = rule.check(completion(bad), SCHEMA)
    assert (verdict.kept, verdict.reason, verdict.value) == (False, value, value)
    assert rule.decide(Measured(verdict.value, verdict.span)) == verdict


def test_of_several_conditions_the_first_that_fails_is_told(completion: Callable[..., Completion]) -> None:
    rule = Format(json=True, pattern="billing", must_not_contain=("TODO",))
    answers = [GOOD, "TODO billing", '"TODO"', '"billing TODO"']
    assert [rule.check(completion(text)).value for text in answers] == ["", "json", "pattern", "must_not_contain"]


def test_the_text_that_must_not_be_there_is_shown(completion: Callable[..., Completion]) -> None:
    assert Format(must_not_contain=("lorem", "TODO")).check(completion("Not a TODO.")).span == (6, 10)


def test_a_pattern_is_not_tried_on_an_endless_answer(completion: Callable[..., Completion]) -> None:
    rule = Format(pattern="a")
    assert rule.check(completion("a" * AT_MOST)).kept
    assert rule.check(completion("a" * (AT_MOST + 1))).value == "pattern"


def test_its_file_is_the_schema() -> None:
    assert (Format().files(), Format(json_schema="ticket.json").files()) == ((), ("ticket.json",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pattern": "("}, r"pattern: '\(' is no regular expression"),
        ({"must_contain": [""]}, "must_contain: an empty text"),
        ({"must_not_contain": ["a", ""]}, "must_not_contain: an empty text"),
    ],
)
def test_a_condition_that_means_nothing_is_refused_with_its_path(settings: dict[str, Json], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"rule": "format", **settings}, Format)


@pytest.mark.parametrize(
    ("path", "message"), [("bad.json", r"\$\.type: 'strin' is not valid"), ("no.json", "not JSON")]
)
def test_a_schema_that_cannot_be_used_is_named(path: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Format(json_schema=path).measurer(SCHEMA)
    assert caught.value.message.startswith(f"filter.format.json_schema: {path}: ")


def test_a_schema_that_is_not_there_is_named() -> None:
    def absent(path: str) -> str:
        raise FileNotFoundError(path)

    with pytest.raises(UsageError, match=r"filter\.format\.json_schema: gone\.json: cannot be read"):
        Format(json_schema="gone.json").measurer(Given(read_text=absent))
