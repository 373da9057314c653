import json
import socket
from pathlib import Path

import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.metrics.base import Scorer
from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.records import Json

TICKET: dict[str, Json] = {
    "type": "object",
    "properties": {"queue": {"enum": ["billing"]}, "items": {"type": "integer", "multipleOf": 0.5}},
    "required": ["queue"],
    "additionalProperties": False,
}


def ready(root: Path, schema: Json, fences: bool = False) -> Scorer:
    (root / "a.json").write_text(json.dumps(schema))
    return JsonSchema(schema="a.json", fences=fences).ready(root)


@pytest.mark.parametrize("text", ['{"queue": "billing"}', ' {"items": 2, "queue": "billing"}\n'])
def test_what_the_schema_allows_scores_one(tmp_path: Path, text: str) -> None:
    assert ready(tmp_path, TICKET).score(text, "") == 1.0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"queue": "sales"}', id="wrong-value"),
        pytest.param('{"queue": "billing", "more": 1}', id="further-key"),
        pytest.param('{"items": true, "queue": "billing"}', id="bool-for-integer"),
        pytest.param("[]", id="array"),
        pytest.param("", id="empty"),
        pytest.param("{", id="no-json"),
        pytest.param('{"queue": "billing", "queue": "billing"}', id="key-twice"),
        pytest.param('{"queue": "billing"} done', id="text-after-json"),
        pytest.param('```json\n{"queue": "billing"}\n```', id="fence"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param('{"queue": "billing", "items": ' + "9" * 4000 + "}", id="beyond-a-float"),
    ],
)
def test_all_else_scores_nothing(tmp_path: Path, text: str) -> None:
    assert ready(tmp_path, TICKET).score(text, "") == 0.0


def test_a_fence_may_be_allowed(tmp_path: Path) -> None:
    assert ready(tmp_path, TICKET, fences=True).score('```json\n{"queue": "billing"}\n```', "") == 1.0


def test_it_needs_no_reference_and_compares_no_answers(tmp_path: Path) -> None:
    metric = ready(tmp_path, TICKET)
    assert (metric.needs_reference, metric.reference_is_answer, metric.label) == (False, False, "json_schema(a.json)")


def test_the_draft_is_the_one_that_the_schema_names(tmp_path: Path) -> None:
    tuples: dict[str, Json] = {"items": [{"type": "string"}], "additionalItems": False}  # of 2019-09 and before
    old = ready(tmp_path, {"$schema": "http://json-schema.org/draft-07/schema#", **tuples})
    assert (old.score('["a"]', ""), old.score('["a", 1]', "")) == (1.0, 0.0)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/one", "$defs": {"one": {"type": "string"}}},
        {"$ref": "#one", "$defs": {"one": {"$anchor": "one", "type": "string"}}},
        {"$id": "http://127.0.0.1:9/a", "$ref": "b", "$defs": {"b": {"$id": "b", "type": "string"}}},
    ],
    ids=["pointer", "anchor", "id"],
)
def test_references_inside_the_file_are_followed(tmp_path: Path, schema: dict[str, Json]) -> None:
    metric = ready(tmp_path, schema)
    assert (metric.score('"a"', ""), metric.score("1", "")) == (1.0, 0.0)


def test_a_drafts_own_schema_is_known(tmp_path: Path) -> None:
    metric = ready(tmp_path, {"$ref": "https://json-schema.org/draft/2020-12/schema"})
    assert (metric.score('{"type": "string"}', ""), metric.score('{"type": 1}', "")) == (1.0, 0.0)


def test_a_remote_reference_is_refused_and_never_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        with pytest.raises(UsageError, match="leads nowhere"):
            ready(tmp_path, {"properties": {"a": {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/a.json"}}})
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "strin"}, r"\$\.type: 'strin' is not valid"),
        ({"pattern": "("}, r"\$\.pattern"),
        ({"$schema": "https://example.org/mine"}, "is no draft of JSON Schema"),
        ({"$schema": 7}, "is no draft of JSON Schema"),
        ({"$ref": "#/$defs/gone"}, "'#/\\$defs/gone' leads nowhere"),
        ({"$ref": "other.json"}, "'other.json' leads nowhere"),
        ({"$ref": "#"}, "leads back to itself"),
        ([1], "not a JSON object"),
        (True, "not a JSON object"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named(tmp_path: Path, schema: Json, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ready(tmp_path, schema)
    assert str(tmp_path / "a.json") in caught.value.message


@pytest.mark.parametrize(("text", "message"), [(b"{", "not JSON"), (b"\xff", "not JSON"), (b"[" * 100_000, "not JSON")])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(UsageError, match=message):
        JsonSchema(schema="a.json").ready(tmp_path)


@pytest.mark.parametrize(("path", "message"), [("gone.json", "there is no schema"), (".", "cannot be read")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        JsonSchema(schema=path).ready(tmp_path)


def test_a_reference_into_what_is_no_schema_is_followed_too(tmp_path: Path) -> None:
    metric = ready(tmp_path, {"$ref": "#/shared/a", "shared": {"a": {"$ref": "#/shared/b"}, "b": {"type": "string"}}})
    assert (metric.score('"a"', ""), metric.score("1", "")) == (1.0, 0.0)


def test_a_reference_that_is_only_lost_in_use_is_named_then(tmp_path: Path) -> None:
    hidden: dict[str, Json] = {"properties": {"a": {"$ref": "#/shared/a"}}, "shared": {"a": {"$ref": "gone.json"}}}
    with pytest.raises(UsageError, match=r"'gone\.json' leads nowhere"):
        ready(tmp_path, hidden).score('{"a": 1}', "")
