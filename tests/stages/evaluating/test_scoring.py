from pathlib import Path

from blackbox_kd.metrics.json_schema import JsonSchema
from blackbox_kd.records import Prediction
from blackbox_kd.stages.evaluating.scoring import scored, scorers


def said(text: str) -> Prediction:
    """An answer of the student to the only prompt."""
    return Prediction(prompt_id="p", model="student", text=text, finish_reason="stop", completion_tokens=1)


def test_every_metric_that_compares_answers_holds_them_to_the_teachers_too(tmp_path: Path) -> None:
    metrics = scorers(["exact_match", "chrf"], tmp_path)
    (one,) = scored([said("a b c d")], {"p": None}, {"p": "a b c x"}, metrics)
    assert one.scores == {}
    assert one.agreements["exact_match"] == 0.0
    assert 0.0 < one.agreements["chrf"] < 1.0


def test_agreement_stands_beside_a_score_against_gold(tmp_path: Path) -> None:
    (one,) = scored([said("yes")], {"p": "no"}, {"p": "yes"}, scorers(["exact_match"], tmp_path))
    assert (one.scores, one.agreements) == ({"exact_match": 0.0}, {"exact_match": 1.0})


def test_to_be_valid_alike_is_no_agreement(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    metrics = scorers([JsonSchema(schema="schema.json"), "exact_match"], tmp_path)
    (one,) = scored([said('{"a": 1}')], {"p": None}, {"p": '{"b": 2}'}, metrics)
    assert list(one.scores.values()) == [1.0]
    assert one.agreements == {"exact_match": 0.0}


def test_without_a_teachers_answer_there_is_no_agreement(tmp_path: Path) -> None:
    (one,) = scored([said("yes")], {"p": "yes"}, {}, scorers(["exact_match"], tmp_path))
    assert (one.scores, one.agreements) == ({"exact_match": 1.0}, {})
