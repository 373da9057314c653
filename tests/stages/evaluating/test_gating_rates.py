"""How often the gate is wrong, over simulated pairs of runs, and how many items it asks for."""

from statistics import NormalDist

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.config.gate import Gate
from blackbox_kd.records import Item, Prediction
from blackbox_kd.stages.evaluating.gating import needed, overall, parts_of
from blackbox_kd.stages.evaluating.pairing import Pair, Row

ANSWER = Prediction(prompt_id="p", model="student", text="yes", finish_reason="stop", completion_tokens=1)


def items_of(families: int) -> list[Item]:
    """Families of one, two and three items, in two slices."""
    names = [(family, number) for family in range(families) for number in range(1 + family % 3)]
    first = Item(id="", key="", family="")
    return [
        msgspec.structs.replace(
            first, id=f"{a}-{b}", key=f"{a}-{b}", family=str(a), slices=("odd" if a % 2 else "even",)
        )
        for a, b in names
    ]


def passed(families: int, old_rate: float, new_rate: float, margin: float, repetitions: int = 400) -> int:
    """How many pairs of runs pass; answers are alike within a family, and between the two students."""
    rng = np.random.default_rng(4)
    items = items_of(families)
    members = [int(one.family) for one in items]
    bars = [NormalDist().inv_cdf(rate) for rate in (new_rate, old_rate)]
    pairs = [Pair(one, ANSWER, ANSWER) for one in items[:30]]  # all end alike: for what is tried here a few will do
    count = 0
    for _ in range(repetitions):
        level = rng.normal(size=families)[members]
        drawn = 0.6 * level[:, None] + 0.8 * rng.normal(size=(len(items), 2))  # (items, students), variance 1
        rows = [
            Row(new, old, one) for (new, old), one in zip((drawn < bars).astype(float).tolist(), items, strict=True)
        ]
        whole, slices, guards = parts_of(rows, pairs, Gate(margin=margin))
        count += overall(whole, (*slices, *guards)) == "pass"
    return count


@pytest.mark.parametrize(("old_rate", "margin"), [(0.9, 0.1), (0.6, 0.05)])
def test_at_the_margin_the_gate_passes_in_no_more_than_one_of_twenty(old_rate: float, margin: float) -> None:
    wrong = passed(100, old_rate, old_rate - margin, margin)
    assert wrong <= 34  # of 400: 5 %, and what chance adds to it (99.9 % of a binomial)


def test_an_equally_good_student_passes_most_of_the_time() -> None:
    assert passed(200, 0.9, 0.9, 0.1, 100) >= 90


def rows_of(n: int, lost: int, won: int) -> list[Row]:
    """Scores of n items, so many lost and won."""
    item = Item(id="", key="", family="")
    pairs = [(0.0, 1.0)] * lost + [(1.0, 0.0)] * won + [(1.0, 1.0)] * (n - lost - won)
    return [Row(*pair, msgspec.structs.replace(item, family=str(place))) for place, pair in enumerate(pairs)]


@settings(max_examples=20)
@given(st.integers(2, 300), st.integers(0, 40), st.integers(0, 40), st.floats(0.01, 0.2))
def test_more_items_are_asked_for_only_where_more_would_help(n: int, lost: int, won: int, margin: float) -> None:
    told = Gate(margin=margin, min_items=50)
    lost, won = min(lost, n), min(won, n - min(lost, n))
    more, wider = needed(rows_of(n, lost, won), told), needed(rows_of(n, lost, won), Gate(margin=margin / 2))
    assert more is None or more >= max(50, n + 1)
    assert more is None or (wider is not None and wider >= more)
    assert more == needed(rows_of(n, won, lost), told)


def test_nothing_compared_leaves_open_how_many_items_would_do() -> None:
    assert needed([], Gate()) is None
    assert needed(rows_of(1, 0, 0), Gate()) is None
