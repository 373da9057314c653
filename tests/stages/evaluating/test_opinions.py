from collections.abc import Callable
from typing import Any

import pytest

from blackbox_kd.config.judge import Judge, JudgeSampling
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BudgetReached, ProviderRefused, ProviderUnavailable, UsageError
from blackbox_kd.records import Prompt
from blackbox_kd.run import BOOKS, RunDir, Silent
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.evaluating.opinions import forecast, opinions_on, said
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Patience, Price

MakePrompt = Callable[..., Prompt]
PRICE = Price(input_usd=1000, output_usd=1000)
ROWS = list(TASKS["units"].generate(8, 1, 0))


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, label: str, total: int) -> None:
        """Keep the label."""
        self.said.append(label)

    def note(self, text: str) -> None:
        """Keep one line."""
        self.said.append(text)


def settings(**fields: Any) -> Config:
    """A configuration with a simulated judge, or another one, and no teacher."""
    patience = Patience(concurrency=1, timeout_s=5, attempts=1)
    return Config(query=patience, judge=Judge(**{"model": "simulated/units", "price": PRICE, **fields}))


@pytest.fixture
def asks(prompt: MakePrompt) -> list[Prompt]:
    """Eight prompts to a judge."""
    return [prompt(row.prompt, id=f"j{n}", split="held_out") for n, row in enumerate(ROWS)]


def billed(run: RunDir) -> int:
    """How many replies the simulated judge billed."""
    return len(list(read_books(run / BOOKS))) if (run / BOOKS).exists() else 0


async def test_a_budget_stops_it_and_what_was_paid_is_not_paid_again(run: RunDir, asks: list[Prompt]) -> None:
    few = {"sampling": JudgeSampling(max_tokens=20)}
    with pytest.raises(BudgetReached, match="spent on simulated/units") as caught:
        await opinions_on(run, settings(budget_usd=0.32, **few), asks)
    assert "[judge] budget_usd" in caught.value.fix
    before = billed(run)
    assert 0 < before < 8
    found = await opinions_on(run, settings(budget_usd=100.0, **few), asks)
    assert billed(run) == 8
    assert [found[one.id].text for one in asks] == [row.reference for row in ROWS]


async def test_without_a_price_no_budget_can_hold(run: RunDir, asks: list[Prompt]) -> None:
    with pytest.raises(UsageError, match=r"^judge\.budget_usd: the price of simulated/units"):
        await opinions_on(run, settings(price=None, budget_usd=1.0), asks)
    assert billed(run) == 0


async def test_what_a_later_run_may_get_ends_it_as_unavailable(run: RunDir, asks: list[Prompt]) -> None:
    down = {"model": "openai/m", "base_url": "http://127.0.0.1:9/v1"}
    with pytest.raises(ProviderUnavailable):
        await opinions_on(run, settings(**down), asks)


async def test_a_failure_for_good_is_an_opinion_without_a_text(run: RunDir, asks: list[Prompt]) -> None:
    found = await opinions_on(run, settings(simulated=Simulated(truncated=1.0)), asks)
    assert all(one.text is None and one.cut and one.cost_usd for one in found.values())
    assert await opinions_on(run, settings(simulated=Simulated(truncated=1.0)), asks) == found


async def test_terms_are_acknowledged_for_the_judge_itself(run: RunDir, asks: list[Prompt]) -> None:
    elsewhere = settings(model="openai/m", base_url="https://judge.example/v1", api_key_env=None)
    with pytest.raises(ProviderRefused, match="terms for m") as caught:
        await opinions_on(run, elsewhere, asks)
    assert "[judge] terms" in caught.value.fix
    assert "--ack-terms" not in caught.value.fix


async def test_what_is_said_while_it_asks_is_said_of_the_judge(run: RunDir, asks: list[Prompt]) -> None:
    heard = Heard()
    await opinions_on(RunDir(run.path, run.root, heard), settings(), asks)
    assert "judge: the judge is SIMULATED (task units); no provider is asked" in heard.said
    assert "judge" in heard.said
    assert not any("query" in one or "teacher" in one for one in heard.said)


async def test_without_prompts_nobody_is_asked(run: RunDir) -> None:
    assert await opinions_on(run, settings(model="anthropic/m"), []) == {}


async def test_without_a_judge_the_fix_is_said(run: RunDir, asks: list[Prompt]) -> None:
    with pytest.raises(UsageError, match=r"no \[judge\]"):
        await opinions_on(run, Config(), asks)


def test_a_forecast_needs_no_key_and_opens_no_ledger(run: RunDir, asks: list[Prompt]) -> None:
    found = forecast(run, settings(model="openai/gpt-6.1-terra", budget_usd=0.001), asks)
    assert (found.calls, found.stage, found.budget) == (8, "judge", "too low")
    assert list(run.root.iterdir()) == []


@pytest.mark.parametrize(
    ("of_a_teacher", "of_the_judge"),
    [
        ("teacher.budget_usd: the price", "judge.budget_usd: the price"),
        ("Raise [teacher] budget_usd (--budget), then", "Raise [judge] budget_usd (--budget), then"),
        ('[teacher] terms = { ack = "a" }, or --ack-terms a --basis "b"', '[judge] terms = { ack = "a" }'),
        ("query: waiting for openai/teacher.v2", "judge: waiting for openai/teacher.v2"),
    ],
)
def test_words_for_a_teacher_become_words_for_a_judge(of_a_teacher: str, of_the_judge: str) -> None:
    assert said(of_a_teacher) == of_the_judge
