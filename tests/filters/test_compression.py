import random
from collections.abc import Callable

import pytest

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.compression import Compression
from blackbox_kd.records import Completion

PHRASES = ("The light was red again. ", "Nobody came to the door. ", "She waited for the train. ")


def test_a_few_phrases_in_any_order_are_rejected(completion: Callable[..., Completion]) -> None:
    rng = random.Random(1)
    verdict = Compression().check(completion("".join(rng.choice(PHRASES) for _ in range(80))))
    assert (verdict.kept, verdict.reason, verdict.threshold) == (False, "repetitive", 8.0)
    assert Compression(max_ratio=100).decide(Measured(verdict.value)).kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris.",
        "".join(PHRASES),
        "```\n" + "0 0 0 0\n" * 200 + "```",
        "[" + "0, " * 500 + "0]",
        "| 0 | 0 |\n" * 200,
    ],
)
def test_honest_text_and_what_may_repeat_itself_are_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Compression().check(completion(text)).kept
