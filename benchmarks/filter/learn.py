"""Learns the wordings by which `refusal`, `identity` and `gate` know what they reject; writes blackbox_kd/wordings/.

    .venv/bin/python -m benchmarks.filter.learn refusal
    .venv/bin/python -m benchmarks.filter.learn ordinary
    .venv/bin/python -m benchmarks.filter.learn identity --folds 5
    .venv/bin/python -m benchmarks.filter.learn ending

Logistic regression with a squared penalty (scipy's L-BFGS) over sets of features, mostly n-grams; those of refusals
are scaled by how unevenly the classes have them (Wang & Manning 2012), which nearly halves false rejections. Refusals
and leaks are learnt from labelled/NAME.jsonl (class, "" for what is to be kept; language, prompt, text, perhaps a
weight), written by language models that were asked for it, and, as more that is to be kept, from text that is installed
here; endings from installed and labelled text, whole and cut (endings.py). The texts in tests/filters/data are never
learnt from, nor is installed text on which rows.py measures. Of a text with several parts, as the sentences that name
a model, the one that speaks most for the class is learnt from, again and again (Andrews, Tsochantaridis & Hofmann
2002).
`--folds` prints besides what models that have not seen a text say of it.
"""

import argparse
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.filter import endings
from benchmarks.filter.installed import messages, texts
from blackbox_kd.filters import refusal, sentences
from blackbox_kd.filters.identity_parts import lowered, parts_of
from blackbox_kd.filters.refusal_wording import FEW
from blackbox_kd.filters.refusal_words import MARKS
from blackbox_kd.wording import FOLDER, LETTER, Wording

ROUNDS = 4
SHORTEST = 25  # letters of a message
SMALL = 0.03  # weights below are left out
CLEAR = 0.997  # share of the texts of the class that are looked at
COMMON, USUAL = 5, 100  # texts of the class, or others, that have a cue
PROMPTS = ("Tell me about it.", "What is it?", "Write a docstring.", "How does it work?", "Explain this.", "")
Features = frozenset[str]
Floats = npt.NDArray[np.float64]


class Labelled(NamedTuple):
    """A text: its class, "" for what is to be kept, its parts as features, and its words."""

    kind: str
    parts: tuple[Features, ...]
    words: frozenset[str]
    weight: float = 1.0


class Fitted(NamedTuple):
    """Weights by feature."""

    bias: float
    weights: dict[str, float]

    def score(self, one: Labelled) -> float:
        """The most that a part of it speaks for the class; -inf without parts."""
        return max(
            (self.bias + sum(self.weights.get(name, 0.0) for name in part) for part in one.parts), default=-np.inf
        )


class Task(NamedTuple):
    """How a filter sees a text."""

    parts: Callable[[str, str], tuple[Features, ...]]  # of a text and its prompt
    words: Callable[[str], frozenset[str]]  # among which cues are looked for; none where there is no need of them
    threshold: float = 0.0  # log odds from which on a text is of the class
    penalty: float = 1.0  # of the squared weights
    least: int = 2  # texts that a feature is in
    ratio: float = 0.0  # how far a feature counts by how unevenly the classes have it
    installed: float = 0.05  # weight of an installed text
    source: str = ""  # of the labelled texts, if it has another name; of these only those of the class are learnt from


def words(text: str) -> frozenset[str]:
    """The words of both ends; none where a character is a word: there every text is looked at."""
    low = refusal.lowered(refusal.part_of(text))
    return (
        frozenset() if LETTER.search(low) else frozenset(word.rstrip("".join(MARKS)) for word in refusal.words_of(low))
    )


def nothing(text: str) -> frozenset[str]:
    """No words: every text is looked at."""
    return frozenset()


TASKS = {
    "refusal": Task(lambda text, prompt: (refusal.seen(text, prompt),), nothing, threshold=-0.6, ratio=0.75),
    "ordinary": Task(
        lambda text, prompt: (refusal.seen(text, prompt),), words, -0.5, ratio=0.75, installed=1.0, source="refusal"
    ),
    "identity": Task(
        lambda text, prompt: tuple(part.features for part in parts_of(text, lowered(prompt))),
        nothing,
        threshold=0.2,
    ),
    "ending": Task(lambda text, prompt: (frozenset(sentences.features(text)),), nothing, penalty=2.0, least=5),
}


def examples(name: str, task: Task, most: int) -> tuple[list[Labelled], list[Labelled]]:
    """The texts that are labelled, and others that are not of the class."""
    if name == "ending":
        every = endings.examples()
        return [Labelled(one.kind, task.parts(one.text, ""), task.words(one.text), one.weight) for one in every], []
    rows = [row for row in endings.labelled(task.source or name) if row["class"] or not task.source]
    return [
        Labelled(row["class"], task.parts(row["text"], row["prompt"]), task.words(row["text"]), row.get("weight", 1.0))
        for row in rows
    ], installed(task, most)


def installed(task: Task, most: int) -> list[Labelled]:
    """Texts that are installed here, in eight languages, as answers to a prompt that has nothing to do with them."""
    source = random.Random(0)
    every = [text for each in texts(most, of="learn").values() for text in each]
    for each in messages("learn").values():
        told = [text for text in each if endings.wide(text) >= SHORTEST]
        every += source.sample(told, min(len(told), 2 * most))
    return [Labelled("", task.parts(text, source.choice(PROMPTS)), task.words(text), task.installed) for text in every]


def fit(labelled: Sequence[Labelled], more: Sequence[Labelled], task: Task) -> Fitted:
    """Weights that tell what is of the class."""
    rows = [*labelled, *more]
    many = Counter(name for row in rows if row.kind or row.weight >= 1 for name in frozenset().union(*row.parts))
    places = {name: at for at, name in enumerate(sorted(name for name, count in many.items() if count >= task.least))}
    chosen = [row.parts for row in rows]
    fitted = Fitted(0.0, {})
    for _ in range(ROUNDS if any(len(row.parts) > 1 for row in rows) else 1):
        parts = [part for each in chosen for part in each]
        signs = np.array([1.0 if row.kind else -1.0 for row, each in zip(rows, chosen, strict=True) for _ in each])
        shares = np.array([row.weight for row, each in zip(rows, chosen, strict=True) for _ in each])
        seen = matrix(parts, places)
        scales = ratios(seen, signs, shares) ** task.ratio
        found = solved(seen.multiply(scales).tocsr(), signs, shares, task.penalty)
        weights = found[:-1] * scales
        fitted = Fitted(float(found[-1]), {name: float(weights[place]) for name, place in places.items()})
        chosen = [(strongest(row.parts, fitted),) if row.kind and row.parts else row.parts for row in rows]
    return fitted


def ratios(found: Any, signs: Floats, shares: Floats) -> Floats:
    """(features,): how unevenly the classes have each, as log ratios without sign (Wang & Manning 2012)."""
    of_class, others = (1 + found.T @ (shares * (signs == sign)) for sign in (1, -1))
    scales: Floats = np.abs(np.log(of_class / of_class.sum()) - np.log(others / others.sum()))
    return scales


def strongest(parts: Sequence[Features], fitted: Fitted) -> Features:
    """The part that speaks most for the class."""
    return max(parts, key=lambda part: sum(fitted.weights.get(name, 0.0) for name in part))


def matrix(parts: Iterable[Features], places: dict[str, int]) -> Any:
    """(parts, features), sparse, of ones."""
    rows = [[places[name] for name in part if name in places] for part in parts]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([place for row in rows for place in row], dtype=np.int64)
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(places)))


def solved(found: Any, signs: Floats, shares: Floats, penalty: float = 1.0) -> Floats:
    """(features + 1,): the weights and the bias of the least loss."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = (found @ weights[:-1] + weights[-1]) * signs
        slopes = -signs * shares / (1 + np.exp(margins))
        value = float((np.logaddexp(0, -margins) * shares).sum() + penalty * (weights[:-1] ** 2).sum() / 2)
        return value, np.append(found.T @ slopes + penalty * weights[:-1], slopes.sum())

    result: Floats = minimize(
        loss, np.zeros(found.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    ).x
    return result


def kinds_of(rows: Sequence[Labelled], fitted: Fitted) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """(the classes, how far each feature speaks for each of them), one against all others."""
    of_class = [row for row in rows if row.kind and row.parts]
    classes = tuple(sorted({row.kind for row in of_class}))
    if len(classes) < 2:
        return classes, {}
    parts = [strongest(row.parts, fitted) for row in of_class]
    many = Counter(name for part in parts for name in part)
    places = {name: place for place, name in enumerate(sorted(name for name, count in many.items() if count >= 4))}
    found, even = matrix(parts, places), np.ones(len(parts))
    columns = [
        solved(found, np.array([1.0 if row.kind == kind else -1.0 for row in of_class]), even) for kind in classes
    ]
    weights = {
        name: tuple(round(float(column[place]), 2) for column in columns)
        for name, place in places.items()
        if max(abs(column[place]) for column in columns) > 5 * SMALL
    }
    return classes, {"": tuple(round(float(column[-1]), 2) for column in columns), **weights}


def glance_of(of_class: Sequence[Labelled], others: Sequence[Labelled], task: Task) -> tuple[float, dict[str, float]]:
    """(what the cues of nearly every text of the class sum to, what each says), against installed texts."""
    told = [row for row in (*of_class, *others) if row.words]
    many, usual = (Counter(word for row in rows for word in row.words) for rows in (of_class, others))
    cues = sorted({word for word in many if many[word] >= COMMON} | {word for word in usual if usual[word] >= USUAL})
    found = matrix([row.words for row in told], {word: place for place, word in enumerate(cues)})
    signs = np.array([1.0 if row.kind else -1.0 for row in told])
    weights = np.round(solved(found, signs, np.ones(len(told)), task.penalty)[:-1], 2)
    longer = np.array([bool(row.kind) and len(row.words) > FEW for row in told])
    return float(np.quantile((found @ weights)[longer], 1 - CLEAR)), dict(zip(cues, weights.tolist(), strict=True))


def told(rows: Sequence[Labelled], scores: Sequence[float]) -> str:
    """What share of either kind is rejected at a few thresholds."""
    lines = []
    for threshold in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0):
        hits = [score > threshold for score in scores]
        shares = [
            np.mean([hit for hit, row in zip(hits, rows, strict=True) if bool(row.kind) == side])
            for side in (True, False)
        ]
        lines.append(f"{threshold:5.1f}: {100 * shares[0]:.2f} % of the class, {100 * shares[1]:.2f} % of the others\n")
    return "".join(lines)


def folded(rows: Sequence[Labelled], more: Sequence[Labelled], task: Task, folds: int) -> str:
    """The same, each text scored by a model that has not seen it."""
    scores = [0.0] * len(rows)
    fold = [
        int(hashlib.sha256(repr(sorted(row.words) or sorted(map(sorted, row.parts))).encode()).hexdigest(), 16) % folds
        for row in rows
    ]
    for number in range(folds):
        fitted = fit([row for row, at in zip(rows, fold, strict=True) if at != number], more, task)
        for place, (row, at) in enumerate(zip(rows, fold, strict=True)):
            if at == number:
                scores[place] = fitted.score(row)
    return told(rows, scores)


def main() -> None:
    """Learn and write one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=TASKS)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--installed", type=int, default=4000, help="installed texts of each kind")
    chosen = parser.parse_args()
    task = TASKS[chosen.name]
    rows, more = examples(chosen.name, task, chosen.installed)
    sys.stdout.write(f"{len(rows)} labelled texts, {sum(bool(row.kind) for row in rows)} of the class\n")
    if chosen.folds:
        sys.stdout.write(folded(rows, more, task, chosen.folds))
    fitted = fit(rows, more, task)
    classes, kinds = kinds_of(rows, fitted) if not task.source else ((), {})
    glance, cues = glance_of(rows, more, task) if rows[0].words else (0.0, {})
    found = Wording(
        bias=round(fitted.bias, 3),
        threshold=task.threshold,
        weights={name: round(weight, 2) for name, weight in fitted.weights.items() if abs(weight) >= SMALL},
        cues=cues,
        glance=round(glance, 2),
        classes=classes,
        kinds=kinds,
    )
    path = FOLDER / f"{chosen.name}.json"
    path.write_text(json.dumps(as_json(found), ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path}: {len(found.weights)} weights, {len(found.cues)} cues\n")


def as_json(found: Wording) -> dict[str, Any]:
    """The model's fields as JSON has them."""
    return {
        "bias": found.bias,
        "threshold": found.threshold,
        "weights": found.weights,
        "cues": found.cues,
        "glance": found.glance,
        "classes": list(found.classes),
        "kinds": {name: list(weights) for name, weights in found.kinds.items()},
    }


if __name__ == "__main__":
    main()
