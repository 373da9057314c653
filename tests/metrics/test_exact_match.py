import json
import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.records import Json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
OBJECTS = st.dictionaries(st.text(), TREES, max_size=4)


def score(prediction: str, reference: str) -> float:
    return ExactMatch().score(prediction, reference)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        pytest.param("yes", "yes", id="same"),
        pytest.param("  yes\n", "yes", id="whitespace-around"),
        pytest.param("a \t\n b", "a b", id="whitespace-runs"),
        pytest.param("a\u00a0b", "a b", id="no-break-space"),
        pytest.param("cafe\u0301", "caf\u00e9", id="nfc"),
        pytest.param("", " ", id="both-empty"),
        pytest.param('{"a":1,"b":[1,2]}', '{ "b" : [1, 2],\n "a" : 1 }', id="json-layout"),
        pytest.param('{"a": "caf\\u00e9"}', '{"a": "cafe\u0301"}', id="json-escapes"),
        pytest.param('{"e\u0301": 1, "f": 2}', '{"f": 2, "\u00e9": 1}', id="json-keys-nfc"),
        pytest.param('{"a": 1, "a": 2}', '{"a":  1, "a": 2}', id="same-text-that-is-no-json"),
        pytest.param("[" * 20_000, "[" * 20_000, id="nested-too-deep-to-read"),
    ],
)
def test_same_answers_match(prediction: str, reference: str) -> None:
    assert score(prediction, reference) == 1.0


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        pytest.param("yes", "Yes", id="case"),
        pytest.param("", "yes", id="empty"),
        pytest.param("yes.", "yes", id="punctuation"),
        pytest.param("ab", "a b", id="missing-space"),
        pytest.param('{"a": 1}', '{"a": "1"}', id="number-for-string"),
        pytest.param('{"a": 1}', '{"a": true}', id="number-for-bool"),
        pytest.param('{"a": 1}', '{"a": 1.0}', id="integer-for-float"),
        pytest.param('{"a": null}', "{}", id="null-for-absent"),
        pytest.param('{"a": "x  y"}', '{"a": "x y"}', id="space-inside-a-string"),
        pytest.param("[1, 2]", "[2, 1]", id="array-order"),
        pytest.param('{"a": 1, "a": 2}', '{"a": 2}', id="key-twice"),
        pytest.param('{"a": NaN}', '{"a":  null}', id="not-a-number"),
        pytest.param('{"a": 1} done', '{"a": 1}', id="text-after-json"),
        pytest.param('```json\n{"a": 1}\n```', '{"a": 1}', id="fence"),
        pytest.param("[" * 20_000 + "]" * 20_000, "[]", id="nested-too-deep-to-read"),
    ],
)
def test_other_answers_do_not(prediction: str, reference: str) -> None:
    assert score(prediction, reference) == 0.0


@settings(max_examples=50)
@given(OBJECTS)
def test_json_layout_and_key_order_are_free(tree: dict[str, Json]) -> None:
    tree = {unicodedata.normalize("NFC", key): value for key, value in tree.items()}
    turned = dict(reversed(tree.items()))
    assert score(json.dumps(tree, indent=2), json.dumps(turned, ensure_ascii=False)) == 1.0


@given(st.text(), st.text())
def test_it_does_not_matter_which_side_is_the_reference(one: str, other: str) -> None:
    assert score(one, other) == score(other, one)


@given(st.text())
def test_a_text_matches_its_other_unicode_form(text: str) -> None:
    assert score(unicodedata.normalize("NFD", text), text) == 1.0


def test_its_tag_is_its_name() -> None:
    assert msgspec.json.encode(ExactMatch()) == b'{"name":"exact_match"}'
