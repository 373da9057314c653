from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.judge import Judge
from blackbox_kd.records import Message
from blackbox_kd.stages.evaluating.judging import Pair, chosen, digest_of, judgement, prompts_of
from blackbox_kd.stages.evaluating.opinions import Opinion

JUDGE = Judge(model="openai/j")
PAIR = Pair("p", (Message(role="user", content="Is it?"),), "Yes.", "No.")
RUBRIC = "{{prompt}}\n{{answer_a}}\n{{answer_b}}\nVerdict:"


def test_so_many_items_are_judged_as_are_asked_for_whatever_their_order() -> None:
    many = [Pair(f"p{n}", (), "a", "b") for n in range(50)]
    few = chosen(many, 10)
    assert chosen(many[::-1], 10) == few
    assert [one.id for one in few] == sorted(one.id for one in few)
    assert set(few) <= set(chosen(many, 11))


def test_each_pair_is_asked_in_both_orders_and_equal_texts_in_none() -> None:
    first, second = prompts_of([PAIR, PAIR._replace(id="q", other=" Yes.\n")], RUBRIC)
    assert (first.id, second.id) == ("p:first", "p:second")
    at = [(text.index("Yes."), text.index("No.")) for text in (first.messages[0].content, second.messages[0].content)]
    assert [student < other for student, other in at] == [True, False]


@given(st.sampled_from(["A", "B", "tie", ""]), st.sampled_from(["A", "B", "tie", ""]))
def test_swapping_the_two_answers_swaps_the_winner(first: str, second: str) -> None:
    """Whoever wins, wins under the other name too: no arm has an advantage of its own."""
    says = {"p:first": first, "p:second": second}
    swapped = {"p:first": second, "p:second": first}
    one = judgement(PAIR, "d", {name: Opinion(f"Verdict: {said}", 0.1) for name, said in says.items()})
    other = judgement(PAIR, "d", {name: Opinion(f"Verdict: {said}", 0.1) for name, said in swapped.items()})
    mirrored = {"student": "other", "other": "student", "tie": "tie", None: None}
    assert other.winner == mirrored[one.winner]
    assert (one.winner is None) == ("" in (first, second))


def test_a_digest_is_of_texts_judge_and_rubric_and_of_no_more() -> None:
    digest = digest_of(JUDGE, RUBRIC, PAIR)
    cheaper = Judge(model="openai/j", budget_usd=1.0, count=3, labels="l.jsonl", api_key_env="K")
    assert digest_of(cheaper, RUBRIC, PAIR._replace(id="q")) == digest
    others = [
        digest_of(Judge(model="openai/k"), RUBRIC, PAIR),
        digest_of(JUDGE, f"{RUBRIC} ", PAIR),
        digest_of(JUDGE, RUBRIC, PAIR._replace(student="No.", other="Yes.")),
        digest_of(JUDGE, RUBRIC, PAIR._replace(reference="")),
    ]
    assert len({digest, *others}) == 5


def test_a_cost_is_known_if_both_are() -> None:
    opinions = {"p:first": Opinion("Verdict: A", 0.25), "p:second": Opinion("Verdict: B", 0.5)}
    assert judgement(PAIR, "d", opinions).cost_usd == 0.75
    assert judgement(PAIR, "d", {**opinions, "p:second": Opinion(None, None)}).cost_usd is None
