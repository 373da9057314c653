"""Tokens a second of a student's greedy answers: `model.generate` one by one beside bbkd, the same prompts, in turn.

    .venv/bin/python benchmarks/generation.py --prompts 24
    .venv/bin/python benchmarks/generation.py --prompts 24 --student runs/demo-tickets-1/student

Prompts are of the ticket task; new tokens are capped at 1.5 times the 99th percentile of the oracle's answers. Ends
with status 1 if a text differs. CPU seconds are of the process: other work on the machine counts less.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig

from blackbox_kd.records import Message
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import Student, load
from blackbox_kd.student.template import encode, encode_content, render, stop_ids
from blackbox_kd.tasks import named

Conversation = tuple[Message, ...]
WANTED = 200  # prompts that an evaluation is planned with


class Took(NamedTuple):
    """What one way took: new tokens with their stop tokens, seconds, and the answers."""

    tokens: int
    wall_s: float
    cpu_s: float
    texts: list[str]


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--student", default="packaged:smollm2-135m")
    chosen = parser.parse_args()
    student = load(chosen.student)
    rows = list(named("tickets").generate(chosen.prompts, seed=3))
    system = Message(role="system", content=named("tickets").student_system)
    conversations = [(system, Message(role="user", content=row.prompt)) for row in rows]
    counts = sorted(len(encode_content(student.tokenizer, row.reference)) for row in rows)
    limit = int(1.5 * counts[int(0.99 * (len(counts) - 1))]) + 1
    generate(student, conversations[:1], Sampling(max_new_tokens=2))  # the first call of a process is slow
    plain, ours = one_by_one(student, conversations, limit), batched(student, conversations, limit)
    same = sum(one == other for one, other in zip(plain.texts, ours.texts, strict=True))
    rate, cpu = (ours.tokens / ours.wall_s) / (plain.tokens / plain.wall_s), plain.cpu_s / ours.cpu_s
    lines = [
        "| | new tokens | s | CPU s | tokens/s |",
        "|---|---|---|---|---|",
        line("`model.generate`, one by one", plain),
        line("bbkd", ours),
        f"\nratio {rate:.1f} by the clock, {cpu:.1f} by CPU seconds; {same} of {len(rows)} texts are the same",
        f"{WANTED} prompts would take bbkd {WANTED * ours.wall_s / len(rows):.0f} s (at most {limit} new tokens each)",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(same != len(rows))


def line(name: str, took: Took) -> str:
    """One row of the table."""
    return f"| {name} | {took.tokens} | {took.wall_s:.1f} | {took.cpu_s:.1f} | {took.tokens / took.wall_s:.1f} |"


def one_by_one(student: Student, conversations: Sequence[Conversation], limit: int) -> Took:
    """transformers' own generation: greedy, with a cache, ended by the same tokens."""
    model: Any = student.model
    config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=limit,
        eos_token_id=stop_ids(student.tokenizer),
        pad_token_id=student.tokenizer.pad_token_id,
    )
    texts, tokens = [], 0
    wall_s, cpu_s = time.monotonic(), time.process_time()
    for conversation in conversations:
        ids = torch.tensor([encode(student.tokenizer, render(student.tokenizer, conversation))])
        with torch.inference_mode():
            whole = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        new = whole[0, ids.shape[1] :]
        tokens += len(new)
        texts.append(str(student.tokenizer.decode(new, skip_special_tokens=True, clean_up_tokenization_spaces=False)))
    return Took(tokens, time.monotonic() - wall_s, time.process_time() - cpu_s, texts)


def batched(student: Student, conversations: Sequence[Conversation], limit: int) -> Took:
    """The same by bbkd."""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    found = generate(student, conversations, Sampling(max_new_tokens=limit))
    took = time.monotonic() - wall_s, time.process_time() - cpu_s
    return Took(sum(one.completion_tokens for one in found), *took, [one.text for one in found])


if __name__ == "__main__":
    main()
