import pytest

from blackbox_kd.metrics.base import Base
from blackbox_kd.metrics.choice import Choice
from blackbox_kd.metrics.chrf import Chrf
from blackbox_kd.metrics.exact_match import ExactMatch
from blackbox_kd.metrics.json_fields import JsonFields
from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.metrics.numeric import Numeric
from blackbox_kd.metrics.unit_tests import UnitTests


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        (ExactMatch(), "exact_match"),
        (ExactMatch(normalise=("case", "punctuation")), "exact_match(case,punctuation)"),
        (JsonFields(ignore=("meta.id",), fences=True), "json_fields(meta.id,fences)"),
        (JsonSchema(schema="ticket.schema.json"), "json_schema(ticket.schema.json)"),
        (Numeric(relative_tolerance=0.01), "numeric(relative_tolerance=0.01)"),
        (Choice(labels=("yes", "no")), "choice(yes,no)"),
        (Chrf(word_order=2), "chrf(word_order=2)"),
        (UnitTests(run_code=True), "unit_tests"),
    ],
)
def test_a_label_is_the_tag_with_the_settings_that_are_not_the_default(metric: Base, label: str) -> None:
    assert metric.label == label
