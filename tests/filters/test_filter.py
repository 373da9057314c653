from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters import Filter, RowFilter
from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion


@pytest.mark.parametrize("kind", get_args(Filter))
def test_a_filter_is_named_by_its_module(kind: type[Rule]) -> None:
    assert kind.__struct_config__.tag == kind.__module__.rpartition(".")[2]


@pytest.mark.parametrize("kind", get_args(RowFilter))
@given(text=st.text())
def test_a_verdict_names_its_rule_and_gives_a_reason_for_a_rejection(
    completion: Callable[..., Completion], kind: type[RowFilter], text: str
) -> None:
    verdict = kind().check(completion(text))
    assert verdict.rule == kind().name
    assert verdict.kept == (verdict.reason == "")
