import random
from collections.abc import Callable, Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.filters.base import Given, Measured
from blackbox_kd.filters.decontamination import Decontamination
from blackbox_kd.records import Completion, Message, Verdict

RULE = Decontamination(sets=("items.jsonl",))
ITEM = (
    "A train leaves the station at noon and drives 80 km/h; another one leaves two hours later at 120 km/h. "
    "After how many hours does the second train overtake the first?"
)
SPEECH = "Four score and seven years ago our fathers brought forth on this continent a new nation, conceived in Liberty"
OTHER = "Once upon a time a miller had three sons, his mill, a donkey and a cat, and he divided them among the sons."


def verdict(items: Iterable[str], one: Completion) -> Verdict:
    listed = list(items)
    return RULE.check(one, Given(read_items=lambda patterns: listed))


def test_without_sets_everything_passes_unmeasured(completion: Callable[..., Completion]) -> None:
    found = Decontamination().check(completion(ITEM))
    assert (found.kept, found.value) == (True, None)


def test_the_sets_are_its_files() -> None:
    assert RULE.files() == ("items.jsonl",)


@pytest.mark.parametrize("change", [str, str.upper, lambda text: text.replace(" ", " , "), lambda text: f"“{text}”"])
def test_an_item_in_prompt_or_answer_is_rejected(
    change: Callable[[str], str], completion: Callable[..., Completion]
) -> None:
    inside = f"{OTHER} {change(ITEM)} {OTHER}"
    for one in (completion("Two.", inside), completion(inside)):
        found = verdict([ITEM], one)
        assert (found.kept, found.reason, found.value, found.threshold) == (False, "contaminated", 1.0, 0.4)


def test_the_span_is_where_the_item_stands_in_the_answer(completion: Callable[..., Completion]) -> None:
    for before in (f"{OTHER} So: ", "Été — ", "“So”: "):
        found = verdict([ITEM], completion(f"{before}{ITEM} Four."))
        assert found.span == (len(before), len(before) + len(ITEM) - 1)


def test_an_item_in_the_prompt_has_no_span(completion: Callable[..., Completion]) -> None:
    assert verdict([ITEM], completion(OTHER, f"{OTHER} {ITEM}")).span is None


def test_half_in_the_prompt_and_half_in_the_answer_are_one_item(completion: Callable[..., Completion]) -> None:
    words = ITEM.split()
    assert verdict([ITEM], completion(" ".join(words[15:]), " ".join(words[:15]))).value == 1.0


def test_a_chinese_item_is_found_in_other_text(completion: Callable[..., Completion]) -> None:
    item = "一列火车中午从车站出发,时速八十公里,两小时后另一列火车出发。"
    assert not verdict([item], completion(f"从前有一个磨坊主。{item}他有三个儿子。")).kept


def test_half_of_an_item_is_enough_and_a_small_part_is_not(completion: Callable[..., Completion]) -> None:
    words = ITEM.split()
    assert not verdict([ITEM], completion(" ".join(words[: len(words) // 2]))).kept
    found = verdict([ITEM], completion(" ".join(words[:10])))
    assert (found.kept, 0 < float(found.value or 0) < 0.4) == (True, True)


def test_a_template_that_many_items_share_is_no_evidence(completion: Callable[..., Completion]) -> None:
    template = "Read the following passage carefully and answer the question after it with one word or one number only."
    items = [f"{template} {' '.join(f'w{n}x{m}' for m in range(9))}" for n in range(50)]
    assert verdict(items, completion(OTHER, f"{template} {OTHER}")).kept
    assert not verdict(items, completion(OTHER, items[17])).kept


def test_a_famous_quotation_is_no_item(completion: Callable[..., Completion]) -> None:
    items = [f"{' '.join(f'w{n}x{m}' for m in range(20))} {SPEECH}" for n in range(8)]
    assert verdict(items, completion(f"Lincoln said: {SPEECH}. {OTHER}")).kept
    assert verdict([f"{ITEM} {SPEECH} {ITEM[::-1]}"], completion(f"Lincoln said: {SPEECH}. {OTHER}")).kept


@pytest.mark.parametrize(
    ("prompt", "text", "kept"),
    [
        ("What is the capital of France?", "Paris.", False),
        ("Answer in a word.\nWhat is the CAPITAL of France", "Paris.", False),
        ("Ask me something.", "Well:\n- What is the capital of France?\n- Who are you?", False),
        ("What is the capital of France and of Spain?", "Paris and Madrid.", True),
        ("He asked what is the capital of France.", "Paris.", True),
    ],
)
def test_a_short_item_is_a_whole_line(
    prompt: str, text: str, kept: bool, completion: Callable[..., Completion]
) -> None:
    assert verdict(["What is the capital of France?", ITEM], completion(text, prompt)).kept == kept


def test_an_item_of_a_word_or_two_is_only_a_whole_prompt(completion: Callable[..., Completion]) -> None:
    for text in ("Yes.", "No.\nYes"):
        assert verdict(["Yes"], completion(text, "Is it?\nYes")).kept
    assert not verdict(["Who am I?"], completion("Me.", "who am i")).kept


def test_no_item_of_a_prompt_with_an_earlier_turn_is_a_whole_prompt(completion: Callable[..., Completion]) -> None:
    turns = tuple(Message(role="user", content=text) for text in ("Hello.", "Who am I?"))
    assert verdict(["Who am I?"], completion("Me.", messages=turns)).kept


@given(st.one_of(st.none(), st.floats(0, 1)), st.one_of(st.none(), st.just((0, 3))))
def test_the_verdict_follows_from_value_and_span(value: float | None, span: tuple[int, int] | None) -> None:
    found = RULE.decide(Measured(value, span))
    assert RULE.decide(Measured(found.value, found.span)) == found
    assert found.kept == (value is None or value < 0.4)


@settings(max_examples=20)
@given(st.integers(0, 10**9))
def test_every_planted_half_is_found_and_nothing_else(completion: Callable[..., Completion], seed: int) -> None:
    rng = random.Random(seed)
    items = [" ".join(f"w{rng.randrange(500)}" for _ in range(rng.randint(16, 60))) for _ in range(50)]
    words = rng.choice(items).split()
    start = rng.randint(0, len(words) // 2)
    half = " ".join(words[start : start + (len(words) + 1) // 2])
    filler = " ".join(f"w{rng.randrange(500)}" for _ in range(100))
    assert not verdict(items, completion(f"{filler} {half.upper()}! {filler}")).kept
    assert verdict(items, completion(filler, filler)).kept


@pytest.mark.parametrize("settings", [{"threshold": 0}, {"threshold": 1.1}, {"sizes": []}, {"sizes": [3]}, {"set": []}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"rule": "decontamination", **settings}, Decontamination)
