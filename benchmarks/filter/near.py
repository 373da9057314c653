"""How fast near-duplicates are removed, how many of them, and what is removed for nothing: bbkd beside its peers.

    python3 -m venv PEERS    # a folder outside the repository
    PEERS/bin/pip install -r benchmarks/filter/peers/requirements.txt
    .venv/bin/python -m benchmarks.filter.near --peers-python PEERS/bin/python
    .venv/bin/python -m benchmarks.filter.near --peers-python PEERS/bin/python --documents 20000 --real

One corpus for all, in random order: 60 % of the documents are new, 16 % exact copies of one of those, and 6 % each have
1, 2, 5 and 10 % of its words replaced. New documents are 200 random words, or (`--real`) runs of 200 words out of the
documentation and docstrings of the packages installed here, in lower case and without punctuation, since every package
has its own idea of a word. Each arm runs in a process of its own, one after another,
and counts its own CPU seconds, without imports and reading; the slow ones read the first documents only.

The truth is the exact Jaccard similarity of all pairs of sets of runs of five words, in no hash of bbkd's. Recall is
the share that an arm removed of those near a kept earlier one, at 0.8 or above; removed for nothing is who has none at
0.8 or above among those that the arm kept. Prints a Markdown table.
"""

import argparse
import json
import random
import re
import string
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.filter.answers import completion
from benchmarks.filter.peers.near import peak_mb
from blackbox_kd.filters.base import InMemory, in_turn
from blackbox_kd.filters.near import Near

WORDS, THRESHOLD, LENGTH = 5, 0.8, 200
EDITED = (0.01, 0.02, 0.05, 0.1)
SHARD = 10_000
PEERS = Path(__file__).parent / "peers" / "near.py"
HEAD = """\
| | documents | documents per CPU-second | recall | removed for nothing | compares | peak MB |
|---|---|---|---|---|---|---|
"""


class Arm(NamedTuple):
    """A row of the table; `most` documents are read."""

    title: str
    peer: str | None  # None: bbkd
    compares: str
    most: int = 10**9


ARMS = (
    Arm("bbkd `near`", None, "exactly"),
    Arm("datasketch 2.0.0, xxhash", "datasketch", "signatures"),
    Arm("datasketch 2.0.0, xxhash, 18 bands of 4, exact sets", "datasketch_exact", "exactly"),
    Arm("rensa 0.5.0, R-MinHash, 16 bands", "rensa", "signatures"),
    Arm("gaoya 0.2.2", "gaoya", "signatures"),
    Arm("semhash 0.5.0, wordllama 256, cosine 0.95", "semhash", "another measure", 10_000),
    Arm("datatrove 0.10.1", "datatrove", "nothing", 5_000),
)


def random_words(source: random.Random) -> Iterator[list[str]]:
    """Documents of random words, endlessly."""
    vocabulary = ["".join(source.choices(string.ascii_lowercase, k=source.randint(2, 9))) for _ in range(20_000)]
    while True:
        yield source.choices(vocabulary, k=LENGTH)


def installed(source: random.Random) -> Iterator[list[str]]:
    """Documents out of what is installed, in random order of files: Markdown, text, docstrings."""
    site = Path(sysconfig.get_paths()["purelib"])
    paths = [path for path in sorted(site.rglob("*")) if path.suffix in {".md", ".rst", ".txt", ".py"}]
    source.shuffle(paths)
    for path in filter(Path.is_file, paths):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".py":
            text = "\n".join(re.findall(r'"""(.+?)"""', text, flags=re.DOTALL))
        words = re.findall(r"\w+", text.lower())
        for start in range(0, len(words) - LENGTH + 1, LENGTH):
            yield words[start : start + LENGTH]


def corpus(count: int, seed: int, *, real: bool) -> list[str]:
    """New documents, copies and edited copies, at most `count`; fewer where less text is installed."""
    source = random.Random(seed)
    stream = installed(source) if real else random_words(source)
    new = [words for words, _ in zip(stream, range(count * 60 // 100), strict=False)]
    vocabulary = [word for words in new[:1000] for word in words]
    texts = [" ".join(words) for words in new]
    texts += [" ".join(source.choice(new)) for _ in range(len(new) * 16 // 60)]
    for share in EDITED:
        for _ in range(len(new) * 6 // 60):
            words = list(source.choice(new))
            for place in source.sample(range(LENGTH), int(share * LENGTH)):
                words[place] = source.choice(vocabulary)
            texts.append(" ".join(words))
    source.shuffle(texts)
    return texts


def neighbours(texts: Sequence[str]) -> list[set[int]]:
    """For each document all others at the threshold or above, by an inverted index of all runs."""
    having: dict[int, list[int]] = defaultdict(list)
    sizes: list[int] = []
    near: list[set[int]] = [set() for _ in texts]
    for place, text in enumerate(texts):
        words = text.split()
        own = {hash(tuple(words[start : start + WORDS])) for start in range(len(words) - WORDS + 1)} or {hash(text)}
        sizes.append(len(own))
        shared: Counter[int] = Counter()
        for one in own:
            if others := having[one]:
                shared.update(others)
            others.append(place)
        for other, count in shared.items():
            if count >= THRESHOLD * (len(own) + sizes[other] - count):
                near[place].add(other)
                near[other].add(place)
    return near


def in_order(near: Sequence[set[int]], count: int) -> set[int]:
    """Who is removed when the documents come in order: those near a kept earlier one."""
    kept: set[int] = set()
    for place in range(count):
        if kept.isdisjoint(near[place]):
            kept.add(place)
    return set(range(count)) - kept


def bbkd(corpus: str, count: int, found: str) -> None:
    """The filter by itself, all in memory."""
    with Path(corpus).open(encoding="utf-8") as lines:
        rows = [
            completion(json.loads(line)["text"], sample=place) for place, line in zip(range(count), lines, strict=False)
        ]
    start = time.process_time()
    rule = Near(threshold=THRESHOLD, words=WORDS)
    learnt = rule.learn(rows[:SHARD])
    shards = [rows[first : first + SHARD] for first in range(0, len(rows), SHARD)]
    table = InMemory(tuple(rule.features(one, learnt) for one in shards), tuple(map(len, shards)))
    decided = rule.decide(table, np.ones(len(rows), dtype=np.bool_), np.arange(len(rows)), in_turn)
    spent = time.process_time() - start
    removed = np.flatnonzero(~decided.kept).tolist()
    Path(found).write_text(json.dumps({"cpu_s": spent, "peak_mb": peak_mb(), "removed": removed}))


def row(arm: Arm, near: Sequence[set[int]], corpus: Path, python: str) -> str:
    """Run an arm and compare what it removed with the truth."""
    count, found = min(arm.most, len(near)), corpus.with_suffix(".found")
    ours = [sys.executable, "-m", "benchmarks.filter.near", "--alone"]
    command = ours if arm.peer is None else [python, str(PEERS), arm.peer]
    ended = subprocess.run([*command, str(corpus), str(count), str(found)], check=False, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    told = json.loads(found.read_text())
    removed, truth = set(told["removed"]), in_order(near, count)
    nothing = sum(all(other in removed or other >= count for other in near[place]) for place in removed)
    return (
        f"| {arm.title} | {count:,} | {count / told['cpu_s']:,.0f} | {len(removed & truth) / max(1, len(truth)):.4f} "
        f"| {nothing} | {arm.compares} | {told['peak_mb']:,.0f} |\n"
    )


def main(arguments: Sequence[str]) -> None:
    """Print a row for each arm."""
    if arguments[:1] == ["--alone"]:
        bbkd(arguments[1], int(arguments[2]), arguments[3])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="of an environment with peers/requirements.txt; without it, bbkd alone")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--real", action="store_true", help="new documents are text that is installed here")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    texts = corpus(chosen.documents, chosen.seed, real=chosen.real)
    near = neighbours(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        sys.stdout.write(HEAD)
        for arm in ARMS if chosen.peers_python else ARMS[:1]:
            sys.stdout.write(row(arm, near, path, chosen.peers_python))
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
