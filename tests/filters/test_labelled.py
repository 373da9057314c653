"""What is found of texts that were labelled by writers who had not seen the filters; nothing is learnt from these."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.filters.identity import Identity
from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.records import Completion

DATA = Path(__file__).parent / "data"
LEARNT = Path(__file__).parents[2] / "benchmarks" / "filter" / "labelled"


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def rejected(rule: Refusal | Identity, chosen: list[dict[str, Any]], completion: Callable[..., Completion]) -> float:
    """The share that a filter rejects."""
    return sum(not rule.check(completion(row["text"], row["prompt"])).kept for row in chosen) / len(chosen)


@pytest.mark.parametrize(("name", "least"), [("refusals.jsonl", 0.92), ("refusals_2.jsonl", 0.98)])
def test_refusals_are_found(name: str, least: float, completion: Callable[..., Completion]) -> None:
    assert rejected(Refusal(), rows(name), completion) >= least


def test_of_answers_that_look_like_refusals_most_are_kept(completion: Callable[..., Completion]) -> None:
    chosen = [*rows("legitimate.jsonl"), *rows("legitimate_2.jsonl")]
    assert rejected(Refusal(), chosen, completion) <= 0.145


@pytest.mark.parametrize(("name", "least", "most"), [("identity.jsonl", 0.9, 0.03), ("identity_2.jsonl", 0.86, 0.06)])
def test_leaks_are_found_and_namesakes_kept(
    name: str, least: float, most: float, completion: Callable[..., Completion]
) -> None:
    leaks, others = ([row for row in rows(name) if row["leak"] == side] for side in (True, False))
    assert rejected(Identity(), leaks, completion) >= least
    assert rejected(Identity(), others, completion) <= most


def test_nothing_is_learnt_from_what_is_measured_on() -> None:
    lines = [line for path in LEARNT.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    learnt = {json.loads(line)["text"] for line in lines}
    measured = {row["text"] for path in DATA.glob("*.jsonl") for row in rows(path.name)}
    assert len(learnt) > 5000
    assert not learnt & measured
