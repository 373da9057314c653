"""What holds of every metric that compares two texts."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.metrics.base import Scorer
from blackbox_kd.metrics.chrf import Chrf
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.json_fields import JsonFields
from blackbox_kd.metrics.rouge_l import RougeL

KEYS = st.text(max_size=3).map(lambda text: unicodedata.normalize("NFC", text))
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=4
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=4)
Spellings = st.SearchStrategy[tuple[str, str]]  # of one answer
SAME = st.text().map(lambda text: (text, text))
UNICODE = st.text().map(lambda text: (unicodedata.normalize("NFD", text), text))
LAYOUTS = OBJECTS.map(lambda tree: (json.dumps(tree), json.dumps(tree, indent=1)))


@pytest.mark.parametrize(
    ("metric", "answers", "symmetric", "rounding"),
    [
        pytest.param(ExactMatch(), UNICODE, True, 0.0, id="exact_match"),
        pytest.param(JsonFields(), LAYOUTS, True, 0.0, id="json_fields"),
        pytest.param(RougeL(), SAME, True, 0.0, id="rouge_l"),
        pytest.param(Chrf(), SAME, False, 1e-6, id="chrf"),  # recall counts for more
        pytest.param(Chrf(word_order=2), SAME, False, 1e-6, id="chrf++"),
    ],
)
@given(data=st.data())
def test_a_score_is_a_share_one_for_the_same_answer_and_the_same_both_ways(
    metric: Scorer, answers: Spellings, symmetric: bool, rounding: float, data: st.DataObject
) -> None:
    (one, spelled), (_, other) = data.draw(st.tuples(answers, answers))
    assert 0 <= metric.score(one, other) <= 1
    assert metric.score(one, spelled) == pytest.approx(1.0, rel=0, abs=rounding)
    assert not symmetric or metric.score(one, other) == metric.score(other, one)
