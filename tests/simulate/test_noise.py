import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked, read_chat
from blackbox_kd.simulate.noise import ENDING, NO_ORACLE, NOISE, Reply, latency_s, reply, speaking_s
from blackbox_kd.simulate.shapes import tokens
from blackbox_kd.tasks import TASKS

TICKETS = TASKS["tickets"]
ROWS = list(TICKETS.generate(400, 5, 100))
NOISY = Simulated(task="tickets", wrong=0.1, refused=0.1, truncated=0.1, rambling=0.1, leaking=0.1, duplicated=0.1)


def ask(prompt: str, **fields: object) -> Asked:
    body = {"model": "tickets", "messages": [{"role": "user", "content": prompt}], **fields}
    asked = read_chat(msgspec.json.encode(body))
    assert isinstance(asked, Asked)
    return asked


def only(kind: str) -> list[tuple[Reply, str]]:
    settings = msgspec.convert({"task": "tickets", kind: 1.0}, Simulated)
    return [(reply(settings, ask(row.prompt)), row.reference) for row in ROWS[:100]]


def test_without_noise_every_reply_is_the_gold_answer() -> None:
    assert [reply(Simulated(task="tickets"), ask(row.prompt)).text for row in ROWS] == [row.reference for row in ROWS]


@pytest.mark.parametrize("kind", sorted(NOISE))
def test_spoilt_replies_never_check_as_right(kind: str) -> None:
    assert [said.kind for said, gold in only(kind) if TICKETS.check(said.text, gold) == 0.0] == [kind] * 100


def test_the_rates_are_kept() -> None:
    counts = Counter(reply(NOISY, ask(row.prompt)).kind for row in ROWS)
    # 400 draws of probability 0.1: mean 40, standard deviation 6; five of them to each side.
    assert all(10 <= counts[kind] <= 70 for kind in NOISE)
    assert counts["ok"] == 400 - sum(counts[kind] for kind in NOISE)


def test_truncated_replies_end_by_length() -> None:
    assert all(said.finish == "length" and gold.startswith(said.text) for said, gold in only("truncated"))


def test_some_refusals_have_the_wires_own_mark_and_most_are_plain_text() -> None:
    marked = sum(said.finish == "refusal" for said, _ in only("refused"))
    assert 5 <= marked <= 50


def test_refusals_come_in_several_phrasings() -> None:
    assert len({said.text for said, _ in only("refused")}) >= 6


def test_rambling_and_leaking_hold_the_answer_among_other_words() -> None:
    assert all(gold in said.text != gold for said, gold in only("rambling") + only("leaking"))


def test_duplicated_replies_hold_the_answer_twice() -> None:
    assert all(said.text.count(gold) == 2 for said, gold in only("duplicated"))


def test_order_does_not_matter() -> None:
    asked = [ask(row.prompt) for row in ROWS]
    shuffled = random.Random(0).sample(asked, len(asked))
    said = {item.digest: reply(NOISY, item) for item in shuffled}
    assert [said[item.digest] for item in asked] == [reply(NOISY, item) for item in asked]


def test_the_seed_of_the_settings_changes_which_replies_are_spoilt() -> None:
    first, second = (
        [reply(server, ask(row.prompt)).kind for row in ROWS]
        for server in (Simulated(task="tickets", wrong=0.5), Simulated(task="tickets", wrong=0.5, seed=1))
    )
    assert first != second


def test_a_seed_in_the_request_lets_samples_of_one_prompt_differ() -> None:
    assert len({reply(NOISY, ask(ROWS[0].prompt, seed=sample)).text for sample in range(40)}) > 3


def test_a_prompt_that_no_oracle_knows_is_answered_honestly() -> None:
    assert reply(Simulated(task="tickets", wrong=1.0), ask("Who are you?")) == Reply("no_oracle", NO_ORACLE, "stop")


def test_without_a_task_there_is_no_oracle() -> None:
    assert reply(Simulated(), ask(ROWS[0].prompt)).text == NO_ORACLE


@given(max_tokens=st.integers(min_value=1, max_value=200))
def test_max_tokens_cuts_the_reply_and_says_so(max_tokens: int) -> None:
    said = reply(Simulated(task="tickets", rambling=1.0), ask(ROWS[0].prompt, max_tokens=max_tokens))
    assert tokens(said.text) <= max_tokens
    assert said.finish == ("stop" if said.text.endswith(ENDING) else "length")


@given(max_tokens=st.integers(min_value=1, max_value=100))
def test_reasoning_takes_its_tokens_from_the_answers(max_tokens: int) -> None:
    said = reply(Simulated(task="tickets", reasoning="Let me see. " * 10), ask(ROWS[0].prompt, max_tokens=max_tokens))
    assert tokens(said.reasoning) + (tokens(said.text) if said.text else 0) <= max_tokens
    assert said.finish == ("stop" if said.text == ROWS[0].reference else "length")


def test_a_reply_in_one_piece_takes_as_long_as_all_of_its_tokens() -> None:
    assert speaking_s(Simulated(first_token_s=0.5, token_s=0.25), 5) == 1.5


def test_the_slow_share_takes_ten_times_as_long() -> None:
    settings = Simulated(latency_s=0.1, slow=0.5)
    assert {round(latency_s(settings, ask(row.prompt)), 6) for row in ROWS} == {0.1, 1.0}


def test_rates_of_noise_above_one_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"add up to 1\.2"):
        msgspec.convert({"wrong": 0.6, "refused": 0.6}, Simulated)


def test_rates_of_faults_above_one_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="rate_429 and rate_500"):
        msgspec.convert({"rate_429": 0.6, "rate_500": 0.6}, Simulated)
