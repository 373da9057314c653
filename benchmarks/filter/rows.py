"""What each filter of a text by itself rejects of text that nobody wrote for it, how fast, and what it finds of faults.

    .venv/bin/python -m benchmarks.filter.rows
    .venv/bin/python -m benchmarks.filter.rows --most 2000 --show loops

Legitimate texts are prose, Markdown, code and configuration that are installed here (`installed.py`), as answers to a
question that has nothing to do with them, and sentences of what programs say in eight languages; of the packages that
no model has learnt from. Loops of six kinds and cuts are planted in such texts. Refusals, leaks of an identity and
answers that only look like them are those of `--labelled`: written by people or models who had not seen the filters,
and never learnt from. Prints Markdown tables; `--show` prints what a filter rejects of legitimate texts.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.filter.answers import completion
from benchmarks.filter.endings import UNLIKE, wide
from benchmarks.filter.installed import Kinds, messages, texts
from blackbox_kd.filters.base import Given, RowRule
from blackbox_kd.filters.compression import Compression
from blackbox_kd.filters.echo import Echo
from blackbox_kd.filters.gate import Gate
from blackbox_kd.filters.identity import Identity
from blackbox_kd.filters.loops import Loops
from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.filters.repeated import Repeated
from blackbox_kd.records import Completion, FinishReason

RULES: tuple[RowRule, ...] = (Gate(), Refusal(), Identity(), Echo(), Loops(), Compression(), Repeated())
LABELLED = Path(__file__).parents[2] / "tests" / "filters" / "data"
ROUNDS = 3
ENDS, LEAST = ".!?。！？", 60  # marks, and letters, of a sentence


def spoken(most: int) -> list[str]:
    """At most so many sentences of each language that programs say: many are of what cannot be done."""
    source = random.Random(0)
    found = [[one for one in each if one[-1] in ENDS and wide(one) >= LEAST] for each in messages("measure").values()]
    return [one for each in found for one in source.sample(each, min(most, len(each)))]


def rejected(rule: RowRule, rows: Sequence[Completion]) -> list[Completion]:
    """Those that a filter does not let pass."""
    measure = rule.measurer(Given())
    return [one for one in rows if not rule.decide(measure(one)).kept]


def per_second(rule: RowRule, rows: Sequence[Completion]) -> float:
    """Texts per CPU-second, the median of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        start = time.process_time()
        rejected(rule, rows)
        spent.append(time.process_time() - start)
    return len(rows) / sorted(spent)[ROUNDS // 2]


def legitimate(kinds: Kinds, show: str) -> None:
    """A row a filter: the share of each kind that it rejects, and its speed."""
    say("filter", *(f"{kind} ({len(each):,})" for kind, each in kinds.items()), "texts a CPU-second", "messages")
    say(*["---"] * (len(kinds) + 3))
    for rule in RULES:
        reason: FinishReason = "unknown" if isinstance(rule, Gate) else "stop"
        rows = {kind: [completion(text, reason=reason) for text in each] for kind, each in kinds.items()}
        found = {kind: rejected(rule, each) for kind, each in rows.items()}
        shares = [f"{len(found[kind])} ({100 * len(found[kind]) / len(each):.3f} %)" for kind, each in rows.items()]
        others = [one for kind, each in rows.items() if kind != "messages" for one in each]
        say(f"`{rule.name}`", *shares, *(f"{per_second(rule, each):,.0f}" for each in (others, rows["messages"])))
        if rule.name == show:
            for one in (one for each in found.values() for one in each):
                span = rule.check(one).span or (0, 0)
                sys.stderr.write(f"{one.text[max(0, span[0] - 80) : span[1] + 80]!r}\n\n")


def looping(text: str, source: random.Random) -> dict[str, str]:
    """An answer that does not find its end, in six ways."""
    words = text.split()
    sentence = next((one for one in text.split(". ") if 30 <= len(one) <= 200), " ".join(words[:12])) + ". "
    paragraph = " ".join(words[:60]) + "\n\n"
    start = " ".join(words[: source.randrange(20, 60)]) + " "
    again = 80 // len(" ".join(words[:3])) + source.randrange(5, 30)
    counter = "".join(f"{number}. {sentence.strip()}\n" for number in range(1, source.randrange(14, 40)))
    return {
        "sentence": start + sentence * source.randrange(4, 20),
        "paragraph": start + paragraph * source.randrange(3, 8),
        "short cycle": start + (" ".join(words[:3]) + " ") * again,
        "one character": start + source.choice("!.a0-ー") * source.randrange(260, 900),
        "counter": start + counter,
        "inside, then an end": start + sentence * source.randrange(5, 12) + " ".join(words[-30:]),
    }


def loops(kinds: Kinds, count: int) -> None:
    """A row a kind of loop: how many are found, by whom."""
    source = random.Random(0)
    planted = [looping(text, source) for text in kinds["prose"][:count] if len(text.split()) > 70]
    say("loop", "planted", "`loops`", "`loops`, `compression` or `repeated`")
    say(*["---"] * 4)
    for kind in planted[0]:
        rows = [completion(one[kind]) for one in planted]
        missed = [one for one in rows if Loops().check(one).kept]
        all_missed = [one for one in missed if all(rule.check(one).kept for rule in (Compression(), Repeated()))]
        say(kind, f"{len(rows):,}", share(len(rows) - len(missed), rows), share(len(rows) - len(all_missed), rows))


def share(count: int, rows: Sequence[object]) -> str:
    """A percentage."""
    return f"{100 * count / len(rows):.2f} %"


def cuts(kinds: Kinds, count: int, show: str) -> None:
    """A row a kind of text: how many are found of those that were cut somewhere, the finish reason unknown."""
    source = random.Random(0)
    say("cut", "planted", "found")
    say(*["---"] * 3)
    for kind, make in CUT.items():
        rows = [completion(text, reason="unknown") for text in make(kinds, count, source)]
        found = rejected(Gate(), rows)
        say(kind, f"{len(rows):,}", share(len(found), rows))
        if show == "cuts":
            for one in (one for one in rows if one not in found):
                sys.stderr.write(f"{one.text[-300:]!r}\n\n")


def cut_at(text: str, source: random.Random) -> str:
    """A text up to a random place behind its first fifth, half of the time between words.

    Never where a sentence, a line or the text ends: nobody could tell.
    """
    between = source.random() < 0.5
    places = [
        place
        for place in range(len(text) // 5 + 20, len(text) - 1)
        if text[place - 1].isalnum() and text[place] != "\n" and (text[place] == " " or not between)
    ]
    return text[: source.choice(places)] if places else ""


def cut_prose(kinds: Kinds, count: int, source: random.Random) -> list[str]:
    """Prose."""
    whole = [one for one in kinds["prose"] if one.endswith(".") and "  " not in one and not UNLIKE.search(one)]
    return [part for one in whole[:count] if (part := cut_at(one, source))]


def cut_fence(kinds: Kinds, count: int, source: random.Random) -> list[str]:
    """A code block."""
    found = [f"Here is the code:\n\n```python\n{one}\n```" for one in kinds["code"][:count] if "```" not in one]
    return [one[: source.randrange(len(one) // 4 + 30, len(one) - 3)] for one in found]


def cut_json(kinds: Kinds, count: int, source: random.Random) -> list[str]:
    """A JSON object."""
    found = [json.dumps({"title": one[:40], "text": one, "words": one.split()[:9]}) for one in kinds["prose"][:count]]
    return [one[: source.randrange(5, len(one) - 1)] for one in found]


def cut_markdown(kinds: Kinds, count: int, source: random.Random) -> list[str]:
    """Markdown."""
    return [part for one in kinds["markdown"][:count] if (part := cut_at(one, source))]


CUT: dict[str, Callable[[Kinds, int, random.Random], list[str]]] = {
    "prose, inside a sentence": cut_prose,
    "a code block": cut_fence,
    "a JSON object": cut_json,
    "Markdown, inside a sentence, an item, a row": cut_markdown,
}


def labelled(paths: Sequence[Path]) -> None:
    """A row a file of texts that somebody labelled who had not seen the filters."""
    say("labelled", "filter", "to reject", "rejected", "to keep", "rejected for nothing")
    say(*["---"] * 6)
    for path in paths:
        rule: RowRule = Identity() if "identity" in path.name else Refusal()
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        bad = [completion(row["text"], row["prompt"]) for row in rows if row.get("class") or row.get("leak")]
        good = [completion(row["text"], row["prompt"]) for row in rows if not (row.get("class") or row.get("leak"))]
        found, nothing = len(rejected(rule, bad)), len(rejected(rule, good))
        shares = [f"{count} ({share(count, each)})" if each else "" for count, each in ((found, bad), (nothing, good))]
        say(path.name, f"`{rule.name}`", len(bad), shares[0], len(good), shares[1])


def say(*cells: object) -> None:
    """A line of a table."""
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=20_000, help="texts of each kind")
    parser.add_argument("--planted", type=int, default=2000, help="texts that a fault is planted in, of each kind")
    parser.add_argument("--labelled", type=Path, nargs="*", default=sorted(LABELLED.glob("*.jsonl")))
    parser.add_argument("--show", default="", help="a filter's name, or cuts")
    chosen = parser.parse_args()
    kinds = {**texts(chosen.most, of="measure"), "messages": spoken(chosen.most // 16)}
    legitimate(kinds, chosen.show)
    sys.stdout.write("\n")
    loops(kinds, chosen.planted)
    sys.stdout.write("\n")
    cuts(kinds, chosen.planted, chosen.show)
    sys.stdout.write("\n")
    labelled(chosen.labelled)


if __name__ == "__main__":
    main()
