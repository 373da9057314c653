"""Fault matrix, rows 63 and 64: settings and prompt files that change between two runs; what is asked, and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blackbox_kd.jsonl import digest
from blackbox_kd.simulate.script import Body, Play
from blackbox_kd.tasks import TASKS
from blackbox_kd.teachers.target import Api

pytestmark = pytest.mark.slow

Projects = Callable[..., Any]
WIRE = pytest.mark.parametrize("wire", ["openai", "anthropic"])
ROWS = [row.prompt for row in TASKS["tickets"].generate(13, 1, 0)]
FIRST, MORE = ROWS[:12], ROWS[12:]
SHOT = '{"prompt": "Example?", "completion": "Answer."}\n'
FILES = """
[teacher]
model = "openai/simulated-tickets"
base_url = "{url}/v1"
identity = "the simulated teacher"
[prompts]
files = ["{file}"]
held_out = 2
second_samples = 0
"""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("teacher.sampling.temperature=0.5", ".sampling.temperature unset -> 0.5"),
        ('teacher.system="Be brief."', ".system  -> Be brief."),
        ('teacher.shots={file = "shots.jsonl", k = 1}', ".shots.file unset -> shots.jsonl"),
        ("teacher.extra={seed = 7}", ".extra.seed unset -> 7"),
    ],
    ids=["temperature", "system", "shots", "extra"],
)
@WIRE
def test_row_63_what_happens_after_a_change_of_the_request_is_that_all_are_asked_and_the_reason_is_told(
    wire: Api, change: str, reason: str, project: Projects
) -> None:
    with project(wire) as one:
        (one.folder / "shots.jsonl").write_text(SHOT)
        assert one.bbkd("generate").code == 0
        filled = one.completions
        end = one.bbkd("generate", f"--set={change}")
        assert (end.code, len(one.seen)) == (0, 24)
        assert f"query: teacher{reason}\n" in end.said
        assert "prompts: up to date" in end.said
        assert one.bbkd("generate").code == 0
        assert (one.completions, len(one.seen)) == (filled, 24)  # and back again, for nothing


@pytest.mark.parametrize(
    "change",
    [
        "query.concurrency=2",
        "query.timeout_s=7",
        "query.attempts=2",
        "teacher.budget_usd=9.0",
        "teacher.stream=true",
        "teacher.base_url={other}",
        "teacher.price={{input_usd = 1, output_usd = 2}}",
    ],
)
@WIRE
def test_row_63_what_happens_after_a_change_of_the_way_is_that_nothing_is_asked(
    wire: Api, change: str, project: Projects
) -> None:
    price = "--set=teacher.price={input_usd = 2, output_usd = 2}"  # or no budget could be set
    with project(wire) as one:
        assert one.bbkd("generate", price).code == 0
        before = one.completions
        other = one.url.replace("127.0.0.1", "localhost") + ("" if wire == "anthropic" else "/v1")
        end = one.bbkd("generate", price, f"--set={change.format(other=other)}")
        assert (end.code, len(one.seen)) == (0, 12), end.said
        assert (one.completions == before) == ("price" not in change)
        assert ("query: up to date" in end.said) == ("base_url" not in change and "price" not in change)


def cut(count: int) -> Play | None:
    """Every third reply ends by its token limit."""

    def spoilt(reply: dict[str, Any]) -> object:
        if "choices" in reply:
            reply["choices"][0]["finish_reason"] = "length"
        else:
            reply["stop_reason"] = "max_tokens"
        return reply

    return Body(spoilt) if count % 3 == 0 else None


@WIRE
def test_row_63_what_happens_after_a_higher_token_limit_is_that_only_cut_rows_are_asked_again(
    wire: Api, project: Projects
) -> None:
    with project(wire, concurrency=1) as one:
        one.script = cut
        end = one.bbkd("generate", "--set=teacher.sampling.max_tokens=500")
        assert "4 of 12 completions ended by length: raise [teacher] sampling.max_tokens" in end.said
        one.script = lambda count: None
        end = one.bbkd("generate", "--set=teacher.sampling.max_tokens=600")
        assert (end.code, one.seen[12:]) == (0, one.seen[2:12:3])
        assert "sampling.max_tokens 500 -> 600" in end.said
        assert one.bbkd("generate", "--set=teacher.sampling.max_tokens=400").code == 0
        assert len(one.seen) == 16


def test_row_63_what_happens_after_a_change_of_a_filter_is_that_only_it_and_what_reads_its_files_runs_again(
    project: Projects,
) -> None:
    with project() as one:
        assert [one.bbkd(name).code for name in ("generate", "filter")] == [0, 0]
        before = digest(one.run / "dataset")
        change = "--set=filter.validation=0.5"
        assert "query: up to date" in one.bbkd("generate", change).said
        assert "filter: validation 0.05 -> 0.5\n" in one.bbkd("filter", change).said
        assert digest(one.run / "dataset") != before
        assert "filter: up to date" in one.bbkd("filter", change).said
        assert len(one.seen) == 12


def rows(prompts: list[str]) -> bytes:
    """A file of prompts."""
    return b"".join(json.dumps({"prompt": prompt}).encode() + b"\n" for prompt in prompts)


def asking_files(one: Any, file: str = "prompts.jsonl") -> Path:
    """Have the prompts come from a file; returns its path."""
    (one.folder / "bbkd.toml").write_text(FILES.format(url=one.url, file=file))
    return Path(one.folder / file)


@pytest.mark.parametrize(
    "content",
    [
        rows(FIRST[::-1]),
        rows(FIRST).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + rows(FIRST),
        rows(FIRST).replace(b"\n", b"\n\n  \n"),
        rows(FIRST).replace(b'{"prompt": ', b'{ "extra" : null,\t"prompt":'),
        rows([*FIRST, *FIRST[:3]]),
    ],
    ids=["reordered", "crlf", "mark", "blank lines", "another spelling", "repeated"],
)
def test_row_64_what_happens_to_a_file_with_the_same_prompts_is_that_none_is_asked_again(
    content: bytes, project: Projects
) -> None:
    with project() as one:
        file = asking_files(one)
        file.write_bytes(rows(FIRST))
        assert one.bbkd("generate").code == 0
        before = texts(one.completions)
        file.write_bytes(content)
        end = one.bbkd("generate")
        assert (end.code, len(one.seen)) == (0, 12), end.said
        assert "prompts: prompts.jsonl changed\n" in end.said
        assert texts(one.completions) == before


def test_row_64_what_happens_to_a_file_that_was_moved_is_that_none_is_asked_again(project: Projects) -> None:
    with project() as one:
        asking_files(one).write_bytes(rows(FIRST))
        assert one.bbkd("generate").code == 0
        before = texts(one.completions)
        (one.folder / "prompts.jsonl").unlink()
        asking_files(one, "others.jsonl").write_bytes(rows(FIRST))
        end = one.bbkd("generate")
        assert (end.code, len(one.seen)) == (0, 12), end.said
        assert 'prompts: prompts.files ["prompts.jsonl"] -> ["others.jsonl"]\n' in end.said
        assert texts(one.completions) == before


@pytest.mark.parametrize(
    ("prompts", "asked"),
    [([*FIRST, *MORE], MORE), ([*FIRST[:5], f"{FIRST[5]} Please.", *FIRST[6:]], [f"{FIRST[5]} Please."])],
    ids=["added", "edited"],
)
def test_row_64_what_happens_to_a_prompt_that_is_new_is_that_it_alone_is_asked(
    prompts: list[str], asked: list[str], project: Projects
) -> None:
    with project() as one:
        file = asking_files(one)
        file.write_bytes(rows(FIRST))
        assert one.bbkd("generate").code == 0
        file.write_bytes(rows(prompts))
        end = one.bbkd("generate")
        assert (end.code, one.seen[12:]) == (0, asked), end.said
        assert "prompts: prompts.jsonl changed\n" in end.said
        assert "query: prompts.jsonl changed\n" in end.said
        assert len(one.completions.splitlines()) == len(prompts)


def texts(completions: bytes) -> dict[str, str]:
    """The answer to each prompt."""
    found = [json.loads(line) for line in completions.splitlines()]
    return {one["messages"][0]["content"]: one["text"] for one in found}
