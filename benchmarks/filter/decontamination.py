"""How fast evaluation items are found in training data, how many of those planted, and what is flagged for nothing.

    .venv/bin/python -m benchmarks.filter.decontamination
    .venv/bin/python -m benchmarks.filter.decontamination --documents 20000 --items 20000

One corpus for all: documents of 200 words, 50 of the prompt and 150 of the answer, and items of 12 to 120 words, both
with Zipf's frequencies. Planted in some documents: an item, whole, or just above half of it without its template, in
prompt or answer, as it is or with other case and punctuation. Hard negatives: documents that share with items no more
than a template or a famous quotation. The peers' rules are written anew here after what their code does, over prompt
and answer together: open-r1 (any 8-gram, in sets of strings) and datatrove (any 12-gram, in a set of hashes). Prints a
Markdown table.
"""

import argparse
import random
import re
import string
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import xxhash

from benchmarks.filter.answers import completion
from blackbox_kd.filters.base import Given
from blackbox_kd.filters.decontamination import Decontamination
from blackbox_kd.records import Completion

TEMPLATES = (
    "The following is a multiple choice question. Think step by step and then finish your answer with the letter of "
    "the correct option on a line of its own.",
    "Read the passage below carefully, then answer the question that follows it. If the passage does not contain the "
    "answer, say that it cannot be answered from the passage.",
    "Complete the function according to its documentation string. Return only the code of the function, without any "
    "explanation before or after it, and do not change its signature.",
)
QUOTATIONS = (  # in the public domain
    "Four score and seven years ago our fathers brought forth, upon this continent, a new nation, conceived in "
    "Liberty, and dedicated to the proposition that all men are created equal.",
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a "
    "wife.",
    "We hold these truths to be self-evident, that all men are created equal, that they are endowed by their Creator "
    "with certain unalienable Rights, that among these are Life, Liberty and the pursuit of Happiness.",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity.",
)
QUOTING = 12  # items of each quotation
HEAD = """\
| rule | index, CPU s | documents per CPU-second | planted found | hard negatives flagged | others flagged |
|---|---|---|---|---|---|
"""
Rule = Callable[[Completion], bool]


class Corpus(NamedTuple):
    """Evaluation items, and documents of which some hold one and some share what is no evidence."""

    items: list[str]
    documents: list[Completion]
    planted: set[int]
    hard: set[int]


class Words:
    """Texts of words with Zipf's frequencies, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.words = np.array([self.word() for _ in range(50_000)])
        self.shares = 1 / np.arange(10, len(self.words) + 10)
        self.shares /= self.shares.sum()

    def word(self) -> str:
        """One of 2 to 10 letters."""
        return "".join(self.random.choices(string.ascii_lowercase, k=self.random.randint(2, 10)))

    def texts(self, count: int, low: int, high: int) -> list[str]:
        """So many, of `low` to `high` words, in sentences of 12."""
        sizes = self.rng.integers(low, high + 1, count)
        drawn = iter(self.rng.choice(self.words, int(sizes.sum()), p=self.shares).tolist())
        return [
            " ".join(f"{next(drawn)}." if place % 12 == 11 else next(drawn) for place in range(size)) for size in sizes
        ]


def corpus(documents: int, items: int, seed: int) -> Corpus:
    """A fortieth of the documents hold an item, a fortieth are hard negatives."""
    source = Words(seed)
    evaluated = source.texts(items, 12, 120)
    for place in range(0, items, 4):
        evaluated[place] = f"{TEMPLATES[place // 4 % len(TEMPLATES)]}\n{evaluated[place]}"
    quoting = range(1, QUOTING * len(QUOTATIONS) * 4, 4)
    for place in quoting:
        quoted = QUOTATIONS[place // 4 % len(QUOTATIONS)]
        evaluated[place] = f"{source.texts(1, 20, 60)[0]} {quoted} {source.texts(1, 10, 30)[0]}"
    prompts, answers = source.texts(documents, 50, 50), source.texts(documents, 150, 150)
    planted = set(range(0, documents, 40))
    hard = set(range(5, documents, 40))
    for number, place in enumerate(sorted(planted)):
        chosen = source.random.randrange(items)
        while chosen in quoting and number % 4 >= 2:  # half of it may be nothing but the quotation
            chosen = source.random.randrange(items)
        part = changed(source, evaluated[chosen], number)
        texts = prompts if number % 2 else answers
        texts[place] = within(source, texts[place], part)
    for number, place in enumerate(sorted(hard)):
        if number % 2:
            prompts[place] = f"{TEMPLATES[number // 2 % len(TEMPLATES)]}\n{prompts[place]}"
        else:
            answers[place] = within(source, answers[place], QUOTATIONS[number // 2 % len(QUOTATIONS)])
    made = [completion(answer, prompt) for prompt, answer in zip(prompts, answers, strict=True)]
    return Corpus(evaluated, made, planted, hard)


def changed(source: Words, item: str, number: int) -> str:
    """The item, or 55 % of its own words from somewhere, at least 8; half of them in capitals and with commas."""
    words = item.split()
    if number % 4 >= 2:
        words = item.split("\n")[-1].split()
        kept = max(8, round(0.55 * len(words)))
        start = source.random.randrange(len(words) - kept + 1)
        words = words[start : start + kept]
    if number % 8 >= 4:
        words = [word.strip(".,").upper() + ("," if place % 5 == 4 else "") for place, word in enumerate(words)]
    return " ".join(words)


def within(source: Words, text: str, part: str) -> str:
    """The part somewhere between the words of the text."""
    words = text.split()
    place = source.random.randrange(len(words))
    return " ".join([*words[:place], part, *words[place:]])


def whole(one: Completion) -> str:
    """Prompt and answer."""
    return f"{one.messages[-1].content}\n{one.text}"


def ours(items: Sequence[str]) -> Rule:
    """The filter with its defaults."""
    rule = Decontamination(sets=("items.jsonl",))
    measure = rule.measurer(Given(read_items=lambda patterns: items))
    return lambda one: not rule.decide(measure(one)).kept


PUNCTUATION = re.compile(r"[^\w\s]")


def runs(text: str, size: int) -> list[str]:
    """The runs of `size` words, lower case, without punctuation."""
    words = PUNCTUATION.sub("", text.lower()).split()
    return [" ".join(words[start : start + size]) for start in range(len(words) - size + 1)]


def open_r1(items: Sequence[str]) -> Rule:
    """Any 8-gram of any item."""
    known = {one for item in items for one in runs(item, 8)}
    return lambda one: bool(set(runs(whole(one), 8)) & known)


def datatrove(items: Sequence[str]) -> Rule:
    """Any 12-gram of any item, by its hash."""
    known = {xxhash.xxh64_intdigest(one.encode()) for item in items for one in runs(item, 12)}
    return lambda one: any(xxhash.xxh64_intdigest(run.encode()) in known for run in runs(whole(one), 12))


def main(arguments: Sequence[str]) -> None:
    """Print a row for each rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    data = corpus(chosen.documents, chosen.items, chosen.seed)
    rest = len(data.documents) - len(data.planted) - len(data.hard)
    sys.stdout.write(HEAD)
    for name, make in (("bbkd", ours), ("open-r1's, any 8-gram", open_r1), ("datatrove's, any 12-gram", datatrove)):
        start = time.process_time()
        rule = make(data.items)
        indexed = time.process_time()
        flagged = {place for place, one in enumerate(data.documents) if rule(one)}
        spent = time.process_time() - indexed
        sys.stdout.write(
            f"| {name} | {indexed - start:.1f} | {len(data.documents) / spent:,.0f} "
            f"| {len(flagged & data.planted)} of {len(data.planted)} | {len(flagged & data.hard)} of {len(data.hard)} "
            f"| {len(flagged - data.planted - data.hard)} of {rest} |\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
