from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import BudgetReached, InputError, ProviderRefused, ProviderUnavailable, UsageError
from blackbox_kd.jsonl import read_rows, write_rows
from blackbox_kd.records import Completion, Failure, Prompt
from blackbox_kd.run import BOOKS, COMPLETIONS, FAILURES, PLANTED, PROMPTS, RunDir
from blackbox_kd.simulate.books import read_books
from blackbox_kd.stages.answering import Planted
from blackbox_kd.stages.buying import ledger_path
from blackbox_kd.stages.query import STAGE, ask_all
from blackbox_kd.stages.stage import Outcome, execute
from blackbox_kd.teachers.target import Patience, Price, Sampling

MakePrompt = Callable[..., Prompt]
Answering = Callable[[Callable[[bytes], tuple[int, str]]], AbstractAsyncContextManager[str]]
PATIENCE = Patience(concurrency=4, timeout_s=5, attempts=1)


def config(**fields: Any) -> Config:
    """The settings of a simulated teacher, or of another one."""
    return Config(teacher=(Teacher(**{"model": "simulated/tickets", **fields}),), query=PATIENCE)


def query(run: RunDir, settings: Config) -> Outcome:
    """The stage, as the command line runs it."""
    with run.locked():
        return execute(STAGE, run, settings)


def names(run: RunDir) -> list[str]:
    """The completions' ids, in the order of the file."""
    return [one.id for one in read_rows(run / COMPLETIONS, Completion)]


def billed(run: RunDir) -> int:
    """How many replies the simulated teacher billed."""
    return len(list(read_books(run / BOOKS)))


def test_completions_of_both_splits_are_sorted_by_id(run: RunDir, prompts: list[Prompt]) -> None:
    outcome = query(run, config())
    assert names(run) == [f"p{n}#0" for n in range(10)]
    assert [one.split for one in read_rows(run / COMPLETIONS, Completion)] == ["train"] * 8 + ["held_out"] * 2
    counts = outcome.counts
    assert (counts["rows"], counts["completions"], counts["failed"], counts["ambiguous"]) == (10, 10, 0, 0)
    assert counts["completion_tokens"] > 0


def test_every_sample_is_bought(run: RunDir, prompts: list[Prompt]) -> None:
    query(run, config(sampling=Sampling(n=3)))
    assert names(run)[:4] == ["p0#0", "p0#1", "p0#2", "p1#0"]
    assert (len(names(run)), billed(run)) == (26, 26)  # of a held-out prompt only the first is measured
    assert [name for name in names(run) if name > "p8"] == ["p8#0", "p9#0"]


def test_a_second_run_buys_nothing(run: RunDir, prompts: list[Prompt]) -> None:
    query(run, config())
    first = (run / COMPLETIONS).read_bytes()
    run.manifest_path("query").unlink()
    assert query(run, config()).ran
    assert ((run / COMPLETIONS).read_bytes(), billed(run)) == (first, 10)


def test_more_samples_buy_only_what_is_new(run: RunDir, prompts: list[Prompt]) -> None:
    query(run, config())
    query(run, config(sampling=Sampling(n=2)))
    assert billed(run) == 18


def test_another_temperature_asks_again(run: RunDir, prompts: list[Prompt]) -> None:
    query(run, config())
    query(run, config(sampling=Sampling(temperature=0.5)))
    assert billed(run) == 20


@pytest.mark.parametrize(
    "change", [{"query": Patience(concurrency=2, attempts=3)}, {"seed": 9}], ids=["patience", "seed"]
)
def test_what_changes_no_answer_is_no_reason_to_run(run: RunDir, prompts: list[Prompt], change: dict[str, Any]) -> None:
    query(run, config())
    assert not query(run, Config(**{"teacher": config().teacher, **change})).ran


def test_what_was_planted_is_told_apart(run: RunDir, prompts: list[Prompt]) -> None:
    query(run, config(simulated=Simulated(truncated=0.5)))
    planted = list(read_rows(run / PLANTED, Planted))
    cut = [one.id for one in read_rows(run / COMPLETIONS, Completion) if one.finish_reason == "length"]
    assert 0 < len(cut) < 10
    assert [one.id for one in planted if one.kind == "truncated"] == cut


def test_costs_are_summed_where_the_price_is_known(run: RunDir, prompts: list[Prompt]) -> None:
    counts = query(run, config(price=Price(input_usd=1, output_usd=2))).counts
    expected = (counts["prompt_tokens"] + 2 * counts["completion_tokens"]) / 1e6
    assert counts["cost_usd"] == pytest.approx(expected, abs=1e-6)
    assert counts["unpriced"] == 0


def test_an_unknown_price_is_counted_as_unknown(run: RunDir, prompts: list[Prompt]) -> None:
    counts = query(run, config()).counts
    assert (counts.get("cost_usd"), counts.get("bought_usd"), counts["unpriced"]) == (None, None, 10)


def test_a_new_price_rewrites_the_costs_and_buys_nothing(run: RunDir, prompts: list[Prompt]) -> None:
    first = query(run, config(price=Price(input_usd=1, output_usd=2))).counts
    again = query(run, config(price=Price(input_usd=2, output_usd=4)))
    assert (again.ran, again.counts["bought_usd"], billed(run)) == (True, 0, 10)
    assert again.counts["cost_usd"] == pytest.approx(2 * first["cost_usd"], abs=2e-6)
    assert first["bought_usd"] == first["cost_usd"]


def test_cut_replies_that_were_bought_again_are_money_spent(run: RunDir, prompts: list[Prompt]) -> None:
    money = {"price": Price(input_usd=0, output_usd=1_000), "simulated": Simulated(truncated=1.0)}
    first = query(run, config(sampling=Sampling(max_tokens=100), **money)).counts
    second = query(run, config(sampling=Sampling(max_tokens=200), **money)).counts
    assert billed(run) == 20
    assert second["bought_usd"] > 0
    assert second["cost_usd"] == pytest.approx(first["cost_usd"] + second["bought_usd"], abs=1e-5)


def test_retryable_rows_leave_no_manifest(run: RunDir, prompts: list[Prompt]) -> None:
    with pytest.raises(ProviderUnavailable, match="10 of 10 rows are left"):
        query(run, config(simulated=Simulated(rate_500=1.0)))
    assert run.manifest("query") is None
    assert all(one.retryable for one in read_rows(run / FAILURES, Failure))


def test_no_server_is_unavailable_and_leaves_no_manifest(run: RunDir, prompts: list[Prompt]) -> None:
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        query(run, config(model="openai/m", base_url="http://127.0.0.1:9/v1"))
    assert run.manifest("query") is None


def test_a_missing_key_is_named_before_anything_is_sent(run: RunDir, prompts: list[Prompt]) -> None:
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY is not set"):
        query(run, config(model="anthropic/m"))


def test_terms_that_were_not_acknowledged_stop_the_run(
    run: RunDir, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(ProviderRefused, match="have not been acknowledged"):
        query(run, config(model="openai/m"))


def test_a_budget_needs_a_price(run: RunDir, prompts: list[Prompt]) -> None:
    with pytest.raises(UsageError, match="budget_usd"):
        query(run, config(budget_usd=1.0))


def test_a_budget_stops_in_time_and_goes_on_when_raised(run: RunDir, prompts: list[Prompt]) -> None:
    money = {"price": Price(input_usd=0, output_usd=1_000), "sampling": Sampling(max_tokens=100)}
    with pytest.raises(BudgetReached, match="budget reached"):
        query(run, config(budget_usd=0.15, **money))
    assert 0 < billed(run) < 10
    assert run.manifest("query") is None
    query(run, config(budget_usd=5.0, **money))
    assert billed(run) == 10


def test_money_spent_on_these_prompts_before_counts(run: RunDir, prompts: list[Prompt]) -> None:
    money = {"price": Price(input_usd=0, output_usd=1_000), "sampling": Sampling(max_tokens=100)}
    spent = query(run, config(**money)).counts["cost_usd"]
    write_rows(run / PROMPTS, [*prompts, another(prompts[0])])
    with pytest.raises(BudgetReached, match=f"{spent:.4f} of"):
        query(run, config(budget_usd=spent + 0.05, **money))


def another(prompt: Prompt) -> Prompt:
    """One more prompt of the kind."""
    return Prompt(
        id="z", messages=(*prompt.messages, *prompt.messages), split="train", family="z", reference=prompt.reference
    )


def test_without_prompts_the_stage_before_is_named(run: RunDir) -> None:
    with pytest.raises(InputError, match=r"prompts\.jsonl"):
        query(run, config())


def test_the_ledger_lies_beside_the_settings_or_where_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ledger_path(tmp_path) == tmp_path / ".bbkd" / "ledger.sqlite3"
    monkeypatch.setenv("BBKD_LEDGER", str(tmp_path / "elsewhere.sqlite3"))
    assert ledger_path(tmp_path) == tmp_path / "elsewhere.sqlite3"


async def test_rows_that_failed_for_good_are_listed_and_do_not_stop_the_rest(
    run: RunDir, prompts: list[Prompt], answering: Answering
) -> None:
    bad = [msgspec.json.encode(prompts[n].messages[0].content) for n in (3, 7)]
    async with answering(lambda body: (400 if any(text in body for text in bad) else 200, "Yes.")) as url:
        counts = await ask_all(run, config(model="openai/m", base_url=url))
    failures = list(read_rows(run / FAILURES, Failure))
    assert [(one.prompt_id, one.code, one.retryable) for one in failures] == [
        ("p3", "http_400", False),
        ("p7", "http_400", False),
    ]
    assert (counts["completions"], counts["failed"]) == (8, 2)


async def test_a_later_run_gets_what_was_left(run: RunDir, prompts: list[Prompt], answering: Answering) -> None:
    asked: list[bytes] = []

    def says(body: bytes) -> tuple[int, str]:
        asked.append(body)
        return 503 if len(asked) in (2, 5, 6) else 200, "Yes."

    async with answering(says) as url:
        settings = config(model="openai/m", base_url=url)
        with pytest.raises(ProviderUnavailable, match="3 of 10 rows are left"):
            await ask_all(run, settings)
        assert len(names(run)) == 7
        await ask_all(run, settings)
    assert (len(names(run)), len(asked), len(set(asked))) == (10, 13, 10)


async def test_a_refused_key_stops_all_workers_and_writes_nothing(
    run: RunDir, prompts: list[Prompt], answering: Answering
) -> None:
    asked: list[bytes] = []

    def says(body: bytes) -> tuple[int, str]:
        asked.append(body)
        return 401, ""

    async with answering(says) as url:
        with pytest.raises(ProviderRefused):
            await ask_all(run, config(model="openai/m", base_url=url))
    assert len(asked) <= PATIENCE.concurrency
    assert not (run / COMPLETIONS).exists()
