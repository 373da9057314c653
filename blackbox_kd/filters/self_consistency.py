"""The answer that most samples of a prompt agree on (self-consistency, Wang et al. 2023)."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np

from blackbox_kd.filters.base import Array, Decided, Each, Features, Indices, Mask, SetRule, Table
from blackbox_kd.filters.samples import Samples, key_of, prompt_key
from blackbox_kd.ngrams import changes
from blackbox_kd.records import Completion
from blackbox_kd.text import fold, words

Answer = Literal["text", "number", "choice", "json"]
NUMBER = re.compile(
    r"(?<![\w.])([-+\N{MINUS SIGN}]?)((?:\d{1,3}(?:,\d{3}){1,100}|\d{1,400})(?:\.\d{1,400})?)(?![\w]|[.,]\d)"
)
CHOICE = re.compile(r"\b(?i:answer|option|choice)\b[^\w\n(]{0,10}(?i:(?:is|would be)\b)?[^\w\n(]{0,10}\(?([A-J])\b")
ONLY_CHOICE = re.compile(r"\W{0,10}([A-J])(?:[).:,*]|\s*$)")
FENCE = re.compile(r"```[\w+-]{0,20}\n(.*?)\n?```", re.DOTALL)


class SelfConsistency(SetRule, frozen=True, kw_only=True, tag="self_consistency"):
    """Keeps the samples of a prompt whose answer is that of the majority; a prompt with one sample keeps it.

    The answer is, by the setting: text, all words, folded; number, the last one; choice, the letter A to J after the
    last "answer", or with which the text begins; json, the value in the last fence or in the whole text. Without an
    answer a sample agrees with none. All samples of a prompt go where two answers have the most votes, or where the
    share of those for the first is below `threshold`.
    """

    on: ClassVar[bool] = False

    answer: Answer = "text"
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5

    def features(self, completions: Sequence[Completion], learnt: Array | None) -> Features:
        """Keys of prompt and answer; 0 where there is no answer."""
        find = FINAL[self.answer]
        answers = [find(one.text) for one in completions]
        return {
            "prompt": np.array([prompt_key(one) for one in completions], dtype=np.uint64),
            "answer": np.array([0 if one is None else key_of(one) for one in answers], dtype=np.uint64),
        }

    def decide(self, table: Table, alive: Mask, rank: Indices, each: Each) -> Decided:
        """Count the votes; value: the share of the prompt's samples that have this answer, nan where it is alone."""
        places = np.flatnonzero(alive)
        answers = table.column("answer")
        samples = Samples.of(table.column("prompt")[places], places, answers[places])
        answer = answers[samples.places]
        new = np.zeros(len(answer), dtype=np.bool_)
        new[samples.firsts] = True
        new[changes(answer)] = True
        firsts = np.flatnonzero(new)  # of each answer to each prompt
        which = np.cumsum(new) - 1
        votes = np.bincount(which, weights=answer != 0, minlength=len(firsts))
        prompt = samples.group[firsts]
        most = np.zeros(len(samples.firsts))
        np.maximum.at(most, prompt, votes)
        with_most = np.bincount(prompt, weights=votes == most[prompt], minlength=len(most))
        size = np.bincount(samples.group, minlength=len(most))
        share = votes / size[prompt]
        agreed = (votes == most[prompt]) & (with_most[prompt] == 1) & (share >= self.threshold) & (votes > 0)
        alone = size[samples.group] == 1
        kept = np.ones(len(alive), dtype=np.bool_)
        kept[samples.places] = agreed[which] | alone
        value = np.full(len(alive), np.nan)
        value[samples.places] = np.where(alone, np.nan, share[which])
        return Decided(kept, "no_consensus", value, self.threshold)


def all_words(text: str) -> str:
    """The text without case and punctuation."""
    return " ".join(words(text)) or fold(text)


def last_number(text: str) -> str | None:
    """The last number in one spelling: 1,000.0 is 1000."""
    found = NUMBER.findall(text)
    if not found:
        return None
    sign, digits = found[-1]
    whole, _, part = digits.replace(",", "").partition(".")
    plain = (whole.lstrip("0") or "0") + (f".{rest}" if (rest := part.rstrip("0")) else "")
    return f"-{plain}" if sign not in {"", "+"} and plain != "0" else plain


def last_choice(text: str) -> str | None:
    """The letter of an option."""
    named = CHOICE.findall(text)
    if named:
        return str(named[-1])
    only = ONLY_CHOICE.match(text)
    return only[1] if only else None


def json_value(text: str) -> str | None:
    """The value with its keys sorted; None where there is none."""
    fenced = FENCE.findall(text)
    try:
        return msgspec.json.encode(msgspec.json.decode(fenced[-1] if fenced else text), order="sorted").decode()
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


FINAL: dict[Answer, Callable[[str], str | None]] = {
    "text": all_words,
    "number": last_number,
    "choice": last_choice,
    "json": json_value,
}
