"""No filter takes quadratic time on an endless answer: a model that repeats one thing must not stop a run."""

from collections.abc import Callable

import pytest

from blackbox_kd.config.whole import Config
from blackbox_kd.filters import Filter, SetFilter
from blackbox_kd.records import Completion

RULES = Config().filter.rules()


@pytest.mark.timeout(20)  # a quadratic pattern takes an hour; a linear one, a moment
@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@pytest.mark.parametrize("unit", ["\n", " ", "a", "I ", "As an AI ", "(", "{", "i am claude, "])
def test_an_endless_answer_is_judged(rule: Filter, unit: str, completion: Callable[..., Completion]) -> None:
    one = completion(unit * (300_000 // len(unit)), finish_reason="unknown")
    verdicts = list(rule.run([one])) if isinstance(rule, SetFilter) else [rule.check(one)]
    assert [verdict.rule for verdict in verdicts] == [rule.name]
