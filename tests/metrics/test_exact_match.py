import json
import unicodedata
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.normalising import Normaliser
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


KINDS = get_args(Normaliser)
SETS = st.lists(st.sampled_from(KINDS), unique=True).map(tuple)


@pytest.mark.parametrize(
    ("kinds", "prediction", "reference"),
    [
        pytest.param(("case",), "YES", "yes", id="case"),
        pytest.param(("case",), "STRASSE", "straße", id="case-folded"),
        pytest.param(("punctuation",), "“Yes.”", "Yes", id="punctuation"),
        pytest.param(("articles",), "The cat and a dog", "cat and dog", id="articles"),
        pytest.param(("numbers",), "about 1,000.0 m", "about 1000 m", id="thousands"),
        pytest.param(("numbers",), "\u2212.50", "-0.5", id="minus-sign"),
        pytest.param(("numbers",), "-0.0", "0", id="signed-zero"),
        pytest.param(("numbers", "punctuation"), "It is 1,000.0.", "It is 1000", id="numbers-and-punctuation"),
        pytest.param(("fences",), '```json\n{"a": 1}\n```', '{"a": 1}', id="fence"),
        pytest.param(("case",), '{"A": ["X"]}', '{"a": ["x"]}', id="json-case"),
        pytest.param(("numbers",), '{"a": 1.0, "b": "1,000"}', '{"a": 1, "b": "1000"}', id="json-numbers"),
        pytest.param(("numbers",), '{"a": 1e999}', '{"a": 1e998}', id="json-infinite"),
    ],
)
def test_normalisers_take_differences_away(kinds: tuple[Normaliser, ...], prediction: str, reference: str) -> None:
    assert ExactMatch(normalise=kinds).score(prediction, reference) == 1.0
    assert ExactMatch().score(prediction, reference) == float("1e999" in prediction)


@pytest.mark.parametrize(
    ("kinds", "prediction", "reference"),
    [
        pytest.param(("punctuation",), "3.5", "35", id="decimal-point"),
        pytest.param(("punctuation",), "-5", "5", id="sign"),
        pytest.param(("numbers",), "1.2.3", "1.2.30", id="version"),
        pytest.param(("numbers",), "1,0000", "10000", id="no-thousands"),
        pytest.param(("numbers",), "1000000000000000000000000000001", "1000000000000000000000000000002", id="long"),
        pytest.param(("numbers",), '{"a": 1}', '{"a": "1"}', id="json-types"),
        pytest.param(("articles",), "anthem", "them", id="inside-a-word"),
        pytest.param(("fences",), '```\n{"a": 1}\n```\ndone', '{"a": 1}', id="text-after-the-fence"),
        pytest.param(("fences",), "```\na\n```\n```\nb\n```", "a", id="two-fences"),
    ],
)
def test_normalisers_keep_what_matters(kinds: tuple[Normaliser, ...], prediction: str, reference: str) -> None:
    assert ExactMatch(normalise=kinds).score(prediction, reference) == 0.0


@given(st.text(), SETS)
def test_an_answer_matches_itself_however_it_is_normalised(text: str, kinds: tuple[Normaliser, ...]) -> None:
    assert ExactMatch(normalise=kinds).score(text, text) == 1.0


@given(st.integers(-(10**12), 10**12), st.integers(0, 999), st.integers(0, 3))
def test_every_spelling_of_a_number_is_one(whole: int, part: int, zeros: int) -> None:
    plain = f"{whole}.{part:03}"
    assert ExactMatch(normalise=("numbers",)).score(f"{whole:,}.{part:03}" + "0" * zeros, plain) == 1.0


@pytest.mark.parametrize("text", ["\ud800", "[" * 100_000, "1," * 50_000, "`" * 100_000, "a " * 50_000])
def test_hostile_answers_are_compared(text: str) -> None:
    assert ExactMatch(normalise=KINDS).score(text, "other") == 0.0


def test_its_tag_is_its_name() -> None:
    assert msgspec.to_builtins(ExactMatch())["name"] == "exact_match"
