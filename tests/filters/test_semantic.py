from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.filters.base import InMemory, in_turn
from blackbox_kd.filters.semantic import Semantic, Task, greedy, parts
from blackbox_kd.records import Completion

ASKED = "How do I reset my password?", "How can I reset my password?"
TEXT = "Reset the password by clicking on Forgot password on the sign-in page, then follow the link in the e-mail."
AGAIN = "To reset your password, click Forgot password on the sign-in page and follow the link sent by e-mail."


def test_it_is_off_by_default() -> None:
    assert not Semantic.on


def test_the_same_in_other_words_goes_and_names_the_one_that_stays(completion: Callable[..., Completion]) -> None:
    pair = [completion(text, asked, prompt_id=asked) for text, asked in zip((TEXT, AGAIN), ASKED, strict=True)]
    first, second = Semantic().run(pair)
    assert (first.kept, first.value) == (True, None)
    assert (second.kept, second.reason, second.threshold, second.duplicate_of) == (False, "semantic", 0.95, pair[0].id)
    assert 0.95 <= float(second.value or 0) <= 1


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (AGAIN, "How do I change the colour of my desktop?"),
        ("Ask your administrator, who alone can do that for you.", ASKED[1]),
        (AGAIN, f"{ASKED[1]} I have version 3."),
        (f"{AGAIN} It takes 5 minutes.", ASKED[1]),
    ],
)
def test_another_prompt_text_or_number_stays(text: str, prompt: str, completion: Callable[..., Completion]) -> None:
    assert all(one.kept for one in Semantic().run([completion(TEXT, ASKED[0]), completion(text, prompt)]))


def test_a_thousand_prompts_that_are_all_answered_yes_lose_none(completion: Callable[..., Completion]) -> None:
    asked = [completion("Yes.", f"Is {n} a number?", prompt_id=str(n)) for n in range(1000)]
    assert all(verdict.kept for verdict in Semantic().run(asked))


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 10**6), st.sampled_from([3, 1024]), st.sampled_from([4, 8192]))
def test_it_is_the_greedy_choice_by_brute_force(count: int, seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    features = {name: rng.normal(size=(count, 3)).astype(np.float16) for name in ("text", "prompt")}
    features["numbers"] = rng.integers(0, 2, count).astype(np.uint64)
    rank, alive = rng.permutation(count), rng.random(count) < 0.9
    half = count // 2
    table = InMemory(
        ({name: one[:half] for name, one in features.items()}, {name: one[half:] for name, one in features.items()}),
        (half, count - half),
    )
    removed: dict[int, int] = {}
    for part in parts(table, np.flatnonzero(alive), rank):
        found = greedy(Task(table, part, 0.8, rows, columns))
        removed.update(zip(found.removed.tolist(), found.of.tolist(), strict=True))
    whole = Semantic(threshold=0.8).decide(table, alive, rank, in_turn)
    assert removed.keys() == {*np.flatnonzero(~whole.kept).tolist()}
    vectors = {name: features[name].astype(np.float64) for name in ("text", "prompt")}
    close = np.minimum(*((one @ one.T) / np.outer(*[np.linalg.norm(one, axis=1)] * 2) for one in vectors.values()))
    close[features["numbers"][:, None] != features["numbers"]] = 0
    kept: list[int] = []
    for index in sorted(np.flatnonzero(alive).tolist(), key=lambda place: int(rank[place])):
        others = [other for other in kept if close[index, other] >= 0.8]
        assert (index in removed) == bool(others)
        if others:
            assert removed[index] == others[0]
        else:
            kept.append(index)
    assert not set(removed) & {*np.flatnonzero(~alive).tolist()}


def test_too_many_to_compare_all_are_compared_in_parts(completion: Callable[..., Completion]) -> None:
    topics = ("rain", "bread", "music", "trees", "chess", "law", "gold", "horses")
    rows = [completion(f"I know much about {one}.", f"Tell me of {one}", prompt_id=one) for one in topics * 2]
    table = InMemory((Semantic().features(rows, None),), (len(rows),))
    found = [sorted(part.tolist()) for part in parts(table, np.arange(16), np.arange(16), most=4)]
    assert max(map(len, found)) <= 4
    assert all([n, n + 8] in ([one for one in part if one in (n, n + 8)] for part in found) for n in range(8))


def test_nothing_is_kept_of_nothing() -> None:
    assert list(Semantic().run([])) == []
