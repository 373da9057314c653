import json

import pytest

from blackbox_kd.metrics.json_fields import JsonFields


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        pytest.param('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', 1.0, id="key-order"),
        pytest.param('{"a": 1}', '{"a": 1, "b": 2}', 2 / 3, id="one-missing"),
        pytest.param('{"a": 1, "b": 2, "c": 3}', '{"a": 1}', 1 / 2, id="two-too-many"),
        pytest.param('{"a": 1, "b": 3}', '{"a": 1, "b": 2}', 1 / 2, id="one-wrong"),
        pytest.param('{"a": "1"}', '{"a": 1}', 0.0, id="string-for-number"),
        pytest.param('{"a": true}', '{"a": 1}', 0.0, id="bool-for-number"),
        pytest.param('{"a": {"b": 1}}', '{"a.b": 1}', 0.0, id="dot-in-a-key"),
        pytest.param('{"a": [1, 2]}', '{"a": [2, 1]}', 0.0, id="array-order"),
        pytest.param('{"a": [1]}', '{"a": {"0": 1}}', 0.0, id="index-is-no-key"),
        pytest.param('{"a": []}', '{"a": {}}', 0.0, id="empty-array-for-empty-object"),
        pytest.param("{}", "{}", 1.0, id="both-empty"),
        pytest.param("{}", '{"a": 1}', 0.0, id="nothing-found"),
        pytest.param('{"a": "caf\\u00e9"}', '{"a": "cafe\u0301"}', 1.0, id="nfc"),
    ],
)
def test_leaves_are_counted_as_f1(prediction: str, reference: str, expected: float) -> None:
    assert JsonFields().score(prediction, reference) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "[1]",
        "1",
        '{"a": 1',
        '{"a": 1, "a": 1}',
        '{"a": NaN}',
        '{"a": 1} x',
        "\ud800",
        '{"a":' * 100_000,
        "[" * 100_000,
    ],
)
def test_what_is_no_object_scores_nothing(text: str) -> None:
    assert JsonFields().score(text, '{"a": 1}') == JsonFields().score('{"a": 1}', text) == 0.0


@pytest.mark.parametrize("ignored", ["id", "meta", "meta.id", "items.*.price", "items.0", "*"])
def test_an_ignored_path_does_not_count(ignored: str) -> None:
    one = {"id": 1, "meta": {"id": 1}, "items": [{"price": 1}], "kept": 1}
    other = json.loads(json.dumps(one).replace("1", "2"))
    score = JsonFields(ignore=(ignored,)).score(json.dumps(one | {"kept": 0}), json.dumps(other | {"kept": 0}))
    assert score == (1.0 if ignored == "*" else pytest.approx(1 / 3))


def test_a_fence_counts_as_part_of_the_answer_unless_it_may_be_there() -> None:
    fenced = '```json\n{"a": 1}\n```'
    assert (JsonFields().score(fenced, '{"a": 1}'), JsonFields(fences=True).score(fenced, '{"a": 1}')) == (0.0, 1.0)
