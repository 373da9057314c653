import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.evaluate import Evaluate
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.config.teacher import Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, ProviderRefused, UsageError
from blackbox_kd.jsonl import write_rows
from blackbox_kd.records import Completion, Message, Prompt, Usage
from blackbox_kd.run import PROMPTS, RunDir, Silent
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import read_books
from blackbox_kd.simulate.script import Error, Play
from blackbox_kd.simulate.server import serving
from blackbox_kd.stages.differing import compare, difference, teacher_of
from blackbox_kd.stages.evaluating.scoring import scorers
from blackbox_kd.stages.query import ask_all
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Patience, Price, Sampling
from blackbox_kd.teachers.terms import Terms

ROWS = list(TASKS["tickets"].generate(60, 1, 0))
PATIENCE = Patience(concurrency=8, timeout_s=5, attempts=1)
EXACT = scorers(["exact_match"], Path())["exact_match"]


class Notes(Silent):
    """Progress whose notes are kept."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


@contextmanager
def threaded(settings: Simulated, books: Path) -> Iterator[str]:
    """A simulated teacher in a thread, that answers some prompts with 400; yields its base_url."""
    address: list[str] = []
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    def script(asked: Asked, attempt: int) -> Play | None:
        return Error(400, "Not this one.") if asked.prompt in UNANSWERED else None

    async def serve() -> None:
        async with serving(settings, books=books, script=script) as url:
            address.append(f"{url}/v1")
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


UNANSWERED = ("Refuse this.", "And this.")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """Settings with two teachers: openai/old is always right, openai/new is wrong on 30 % of the prompts."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        teachers = []
        for name, wrong in (("old", 0.0), ("new", 0.3)):
            settings = Simulated(task="tickets", served_model=name, wrong=wrong)
            url = stack.enter_context(threaded(settings, folder / name))
            teachers.append(Teacher(model=f"openai/{name}", base_url=url, identity=str(folder / name)))
        yield Config(teacher=tuple(teachers), query=PATIENCE)


def billed(config: Config) -> int:
    """How many replies both teachers billed."""
    return sum(len(list(read_books(Path(one.identity or "")))) for one in config.teacher if one.identity)


def write(run: RunDir, texts: list[str], references: bool = True) -> None:
    """Prompts where the stage reads them, each a family of its own."""
    gold = {row.prompt: row.reference for row in ROWS} if references else {}
    rows = [
        Prompt(
            id=f"p{n:02}",
            messages=(Message(role="user", content=text),),
            split="train",
            family=f"f{n}",
            reference=gold.get(text),
        )
        for n, text in enumerate(texts)
    ]
    write_rows(run / PROMPTS, rows)


def test_a_worse_model_is_found_out_and_its_answers_are_paid_once(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS])
    before = billed(servers)
    found = compare(run, servers, "openai/old", "openai/new", 60)
    assert billed(servers) - before == 120
    assert compare(run, servers, "openai/old", "openai/new", 60) == found
    assert billed(servers) - before == 120
    assert (found.n, found.unanswered, found.old.accuracy, found.old.served) == (60, 0, 1.0, ("old",))
    assert found.new.accuracy == found.agreement
    assert found.change == pytest.approx(found.agreement - 1)
    assert found.change is not None
    assert -0.5 < found.change < -0.1
    assert found.change_interval is not None
    assert found.change_interval.low < found.change < found.change_interval.high < 0
    assert (found.mcnemar_p or 1) < 0.01
    assert 0 < (found.detectable or 0) < 0.3
    assert len(found.differ) == min(10, round(-60 * found.change))


def test_the_other_way_round_the_change_is_the_opposite(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS[:20]])
    there = compare(run, servers, "openai/old", "openai/new", 20)
    back = compare(run, servers, "openai/new", "openai/old", 20)
    assert (back.change, back.old, back.differ) == (-(there.change or 0), there.new, there.differ)


def test_without_references_agreement_alone_is_told(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS[:30]], references=False)
    found = compare(run, servers, "openai/old", "openai/new", 30)
    assert (found.old.accuracy, found.new.accuracy, found.change, found.change_interval) == (None, None, None, None)
    assert (found.mcnemar_p, found.detectable) == (None, None)
    assert found.agreement_interval.low < found.agreement < 1
    assert found.agreement_interval.high >= found.agreement


def test_a_smaller_number_takes_the_same_prompts_first(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS[30:50]])
    compare(run, servers, "openai/old", "openai/new", 5)
    before = billed(servers)
    compare(run, servers, "openai/old", "openai/new", 8)
    assert billed(servers) - before == 6


def test_what_the_query_stage_has_bought_is_not_asked_again(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS[:6]])
    asyncio.run(ask_all(run, msgspec.structs.replace(servers, teacher=servers.teacher[:1])))
    before = billed(servers)
    compare(run, servers, "openai/old", "openai/new", 6)
    assert billed(servers) - before == 6


def test_prompts_that_one_did_not_answer_are_counted_and_told(run: RunDir, servers: Config) -> None:
    notes = Notes()
    write(run, [*UNANSWERED, *(row.prompt for row in ROWS[:10])])
    found = compare(RunDir(run.path, run.root, notes), servers, "openai/old", "openai/new", 12)
    assert (found.n, found.unanswered) == (10, 2)
    told = [note for note in notes.said if note.startswith("teacher-diff")]
    assert [note.partition(", such as")[0] for note in told] == [
        f"teacher-diff: openai/{name}: 2 not answered" for name in ("old", "new")
    ]
    assert all("Not this one." in note for note in told)


def test_where_nothing_was_answered_by_both_that_is_the_error(run: RunDir, servers: Config) -> None:
    write(run, [*UNANSWERED])
    with pytest.raises(InputError, match="no prompt was answered by both"):
        compare(run, servers, "openai/old", "openai/new", 2)


def test_a_batch_teacher_is_asked_at_once(run: RunDir, servers: Config) -> None:
    write(run, [row.prompt for row in ROWS[:3]])
    batched = [msgspec.structs.replace(one, batch=True) for one in servers.teacher]
    found = compare(run, msgspec.structs.replace(servers, teacher=tuple(batched)), "openai/old", "openai/new", 3)
    assert found.n == 3


@pytest.mark.parametrize(
    ("old", "new", "change", "why"),
    [
        ("openai/old", "openai/old", {}, "both models are openai/old"),
        ("openai/old", "nobody/new", {}, "nobody/new"),
        ("openai/old", "new", {}, "teacher-diff: new"),
        ("openai/old", "anthropic/new", {}, "ANTHROPIC_API_KEY is not set"),
        ("openai/old", "openai/new", {"evaluate": Evaluate(metrics=("exact_mach",))}, "exact_mach"),
        ("openai/old", "openai/new", {"teacher": ()}, r"no \[teacher\]"),
    ],
)
def test_what_cannot_be_compared_costs_nothing(
    old: str, new: str, change: dict[str, Any], why: str, run: RunDir, servers: Config
) -> None:
    write(run, ["Is it?"])
    settings = msgspec.structs.replace(servers, **change)
    before = billed(servers)
    with pytest.raises(UsageError, match=why):
        compare(run, settings, old, new, 1)
    assert billed(servers) == before


def test_terms_of_the_new_model_come_before_the_first_call(
    run: RunDir, servers: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    write(run, ["Is it?"])
    before = billed(servers)
    with pytest.raises(ProviderRefused, match="have not been acknowledged"):
        compare(run, servers, "openai/old", "anthropic/claude-opus-5-5", 1)
    assert billed(servers) == before


def test_without_prompts_the_stage_before_is_named(run: RunDir, servers: Config) -> None:
    with pytest.raises(InputError, match=r"prompts\.jsonl"):
        compare(run, servers, "openai/old", "openai/new", 1)


FIRST = Teacher(
    model="openai/old",
    base_url="http://127.0.0.1:9/v1",
    api_key_env="THE_KEY",
    identity="mine",
    system="Be brief.",
    sampling=Sampling(max_tokens=77),
    extra={"seed": 1},
    price=Price(input_usd=1, output_usd=2),
    terms=Terms(ack="x", basis="y"),
    budget_usd=3,
)


def test_another_model_of_the_provider_takes_all_but_the_price() -> None:
    found = teacher_of(Config(teacher=(FIRST,)), "openai/new")
    assert found == msgspec.structs.replace(FIRST, model="openai/new", price=None)


def test_another_provider_gets_neither_address_nor_key_of_the_first() -> None:
    found = teacher_of(Config(teacher=(FIRST,)), "anthropic/new")
    plain = Teacher(model="anthropic/new", system="Be brief.", sampling=Sampling(max_tokens=77), budget_usd=3)
    assert found == plain


def answer(prompt: Prompt, text: str, **fields: Any) -> Completion:
    """A completion."""
    plain = Completion(
        prompt_id=prompt.id,
        sample=0,
        messages=prompt.messages,
        split="train",
        text=text,
        finish_reason="stop",
        teacher="openai/old",
        served_model="m",
        usage=Usage(prompt_tokens=1, completion_tokens=4),
        cost_usd=0.5,
    )
    return msgspec.structs.replace(plain, **fields)


def test_refused_and_cut_answers_tokens_and_costs_are_told_apart(prompt: Callable[..., Prompt]) -> None:
    asked = [prompt(id=f"p{n}") for n in range(4)]
    old = [answer(one, "yes") for one in asked]
    new = [
        answer(asked[0], "yes", finish_reason="refusal", cost_usd=None),
        answer(asked[1], "no", finish_reason="length"),
        answer(asked[2], "yes", finish_reason="content_filter", served_model="n"),
        answer(asked[3], "yes", usage=Usage(prompt_tokens=1, completion_tokens=8)),
    ]
    found = difference(list(zip(asked, old, new, strict=True)), 3, EXACT)
    assert (found.unanswered, found.differ, found.agreement) == (3, ("p1",), 0.75)
    assert (found.old.cost_usd, found.old.refused, found.old.cut, found.old.completion_tokens) == (2.0, 0, 0, 4)
    assert (found.new.cost_usd, found.new.refused, found.new.cut, found.new.completion_tokens) == (None, 0.5, 0.25, 5)
    assert found.new.served == ("m", "n")
