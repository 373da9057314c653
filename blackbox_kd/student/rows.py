"""Examples as token ids: the prompt as served, then the completion and its stop token, which alone carry labels."""

import unicodedata
from collections.abc import Mapping, Sequence

import msgspec
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Example, Json
from blackbox_kd.student.template import encode, encode_content, render, stop_id

IGNORED = -100  # the label that cross-entropy leaves out


class Row(msgspec.Struct, frozen=True):
    """One row to train on: ids and labels of one length, and its weight in the loss."""

    input_ids: list[int]
    labels: list[int]
    weight: float = 1.0


def tokenize(
    tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], template_args: Mapping[str, Json]
) -> list[Row]:
    """Rows of the examples, each audited; raises `UsageError` if labels are not what they must be."""
    stop = stop_id(tokenizer)
    rows = [tokenize_one(tokenizer, example, template_args, stop) for example in examples]
    for example, row in zip(examples, rows, strict=True):
        audit(tokenizer, example, row, stop)
    return rows


def tokenize_one(
    tokenizer: PreTrainedTokenizerBase, example: Example, template_args: Mapping[str, Json], stop: int
) -> Row:
    """Prompt and completion are tokenized apart, as they are met in generation: no token spans the boundary."""
    if len(example.completion) != 1 or example.completion[0].role != "assistant":
        raise UsageError(f"row {example.id}: the completion must be one assistant message", "Run filter again.")
    prompt = encode(tokenizer, render(tokenizer, example.prompt, True, template_args))
    completion = [*encode_content(tokenizer, example.completion[0].content), stop]
    return Row(prompt + completion, [IGNORED] * len(prompt) + completion, example.weight)


def audit(tokenizer: PreTrainedTokenizerBase, example: Example, row: Row, stop: int) -> None:
    """Raise `UsageError` unless the labels decode to the completion and end in the one stop token."""
    labels = [label for label in row.labels if label != IGNORED]
    text = str(tokenizer.decode(labels[:-1], clean_up_tokenization_spaces=False))
    wanted = example.completion[0].content
    same = composed(text) == composed(wanted) != ""
    if same and labels[-1] == stop and stop not in labels[:-1]:
        return
    raise UsageError(
        f"row {example.id}: the student would learn {text!r}, not the completion {wanted!r}",
        "The completion is empty, or the tokenizer cannot spell it: drop the row, or choose another student.",
    )


def composed(text: str) -> str:
    """Text without white space around, its accents composed (NFC), as some tokenizers write them."""
    return unicodedata.normalize("NFC", text).strip()


def collate(rows: Sequence[Mapping[str, list[int] | float]], pad: int) -> dict[str, Tensor]:
    """Rows padded on the right: input_ids, labels, attention_mask (batch, seq) and weight (batch,)."""
    ids = [torch.tensor(row["input_ids"]) for row in rows]
    labels = [torch.tensor(row["labels"]) for row in rows]
    padded = torch.nn.utils.rnn.pad_sequence
    return {
        "input_ids": padded(ids, batch_first=True, padding_value=pad),
        "labels": padded(labels, batch_first=True, padding_value=IGNORED),
        "attention_mask": padded([torch.ones_like(row) for row in ids], batch_first=True),
        "weight": torch.tensor([row["weight"] for row in rows], dtype=torch.float32),
    }


def order(lengths: Sequence[int], batch_size: int, seed: int) -> list[int]:
    """A random order in which the rows of a batch have like lengths, the same for the same seed.

    Rows are shuffled, sorted by length within runs of eight batches, and the batches shuffled again.
    """
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(len(lengths), generator=generator).tolist()
    run = 8 * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(shuffled), run):
        near = sorted(shuffled[start : start + run], key=lambda index: lengths[index])
        batches += [near[i : i + batch_size] for i in range(0, len(near), batch_size)]
    last = batches.pop() if batches and len(batches[-1]) < batch_size else []  # a short batch must stay the last
    mixed = torch.randperm(len(batches), generator=generator).tolist()
    return [index for batch in mixed for index in batches[batch]] + last
