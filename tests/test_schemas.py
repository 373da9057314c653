import json

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json
from blackbox_kd.schemas import Schema


def test_a_text_is_allowed_that_is_json_and_valid() -> None:
    schema = Schema('{"type": "integer"}', "here")
    assert [schema.allows(text) for text in ("3", " 3\n", '"3"', "3 4", "", "[" * 100_000)] == [
        True,
        True,
        *[False] * 4,
    ]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"type": "strin"}', r"\$\.type: 'strin' is not valid"),
        ('{"$schema": "https://example.org/mine"}', "is no draft of JSON Schema"),
        ('{"$ref": "other.json"}', "'other.json' leads nowhere"),
        ('{"$ref": "#"}', "leads back to itself"),
    ],
)
def test_a_schema_of_no_use_is_named_by_its_place(schema: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Schema(schema, "teacher.schema: a.json")
    assert caught.value.message.startswith("teacher.schema: a.json: ")


def test_a_reference_that_is_only_lost_in_use_is_named_then() -> None:
    hidden: dict[str, Json] = {"properties": {"a": {"$ref": "#/shared/a"}}, "shared": {"a": {"$ref": "gone.json"}}}
    with pytest.raises(UsageError, match=r"here: \$ref 'gone\.json' leads nowhere"):
        Schema(json.dumps(hidden), "here").allows('{"a": 1}')
