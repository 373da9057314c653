"""Cross-entropy on the completion's tokens alone: the LM head runs nowhere else, a shared prefix is read once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from blackbox_kd.student.recipe import BATCH_TOKENS
from blackbox_kd.student.rows import IGNORED, Row, collate

MIN_PREFIX_TOKENS = 16
BATCH_LOGITS = 1 << 27  # 0.5 GB in float32, and as much again for the loss


def completion_nll(model: nn.Module, batch: Mapping[str, Tensor], share_prefix: bool) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of each labelled token, and the row it is in; both (labels,), for all rows of a batch.

    `batch` is as `rows.collate` makes it. `share_prefix` reads what all rows begin with once (the system prompt), which
    is exact, gradients included, for models whose only state is an attention cache.
    """
    base = unwrapped(model)
    ids, labels = batch["input_ids"], batch["labels"]
    shared = prefix_length(ids, labels) if share_prefix else 0
    keep = torch.zeros_like(labels, dtype=torch.bool)
    keep[:, :-1] = labels[:, 1:] != IGNORED  # a position predicts the next token
    targets, (where, _) = labels[:, 1:][keep[:, :-1]], keep.nonzero(as_tuple=True)
    inputs: dict[str, Any] = {"input_ids": ids[:, shared:], "use_cache": False}
    if shared:
        cache = DynamicCache(config=base.config)
        decoder: nn.Module = base.get_decoder()  # type: ignore[no-untyped-call]
        decoder(input_ids=ids[:1, :shared], past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(len(ids))
        inputs |= {"past_key_values": cache, "use_cache": True}
    # No padding mask: padding is on the right, where no labelled position looks.
    head: nn.Module = base.get_output_embeddings()  # type: ignore[no-untyped-call]
    hook = head.register_forward_pre_hook(lambda _, hidden: (hidden[0][keep[:, shared:]],))
    try:
        logits = model(**inputs).logits  # (labels, vocab)
    finally:
        hook.remove()
    return nn.functional.cross_entropy(logits.float(), targets, reduction="none"), where


def unwrapped(model: nn.Module) -> PreTrainedModel:
    """The transformers model inside data-parallel and adapter wrappers."""
    inner: Any = getattr(model, "module", model)
    found = inner.get_base_model() if hasattr(inner, "peft_config") else inner
    assert isinstance(found, PreTrainedModel)
    return found


def prefix_length(ids: Tensor, labels: Tensor) -> int:
    """How many leading tokens all rows of (batch, seq) share before any label; 0 if it does not pay."""
    same = ((ids == ids[:1]) & (labels == IGNORED)).all(dim=0)
    length = int(same.long().cumprod(dim=0).sum())
    first_label = int((labels != IGNORED).long().argmax(dim=1).min())
    length = min(length, first_label - 1)  # the token before a label predicts it
    return length if len(ids) > 1 and length >= MIN_PREFIX_TOKENS else 0


def can_share_prefix(model: nn.Module) -> bool:
    """Whether reading a shared prefix once is exact (all layers full attention) and pays (on a CPU)."""
    if next(model.parameters()).device.type != "cpu":
        return False  # one dense pass keeps a GPU busier than two
    config = unwrapped(model).config.get_text_config()
    kinds = getattr(config, "layer_types", None) or ["full_attention"]
    return set(kinds) == {"full_attention"} and not getattr(config, "sliding_window", None)


@torch.inference_mode()
def row_nlls(model: PreTrainedModel, rows: Sequence[Row], pad: int, batch_size: int = 8) -> list[float]:
    """Negative log-likelihood of each row's labels in nats, summed in float64.

    Rows of like length are read together, at most `batch_size` at a time and as many as `micro_batches` lets.
    """
    model.train(False)
    share = can_share_prefix(model)
    sums = [0.0] * len(rows)
    vocabulary = int(model.config.get_text_config().vocab_size)
    for chosen in micro_batches(rows, batch_size, vocabulary):
        batch = collate([msgspec.to_builtins(rows[index]) for index in chosen], pad)
        nll, where = completion_nll(model, {k: v.to(model.device) for k, v in batch.items()}, share)
        totals = torch.zeros(len(chosen), dtype=torch.float64).index_add(0, where.cpu(), nll.double().cpu())
        for index, total in zip(chosen, totals.tolist(), strict=True):
            sums[index] = total
    return sums


def micro_batches(rows: Sequence[Row], batch_size: int, vocabulary: int) -> Iterator[list[int]]:
    """Indices of rows by length, in batches of at most `batch_size` whose tokens and logits fit in memory.

    A row that is too long by itself makes a batch of its own.
    """
    batch: list[int] = []
    labels = 0
    for index in sorted(range(len(rows)), key=lambda index: len(rows[index].input_ids)):
        count = len(rows[index].labels) - rows[index].labels.count(IGNORED)
        padded = (len(batch) + 1) * len(rows[index].input_ids)
        if batch and (
            len(batch) == batch_size or padded > BATCH_TOKENS or (labels + count) * vocabulary > BATCH_LOGITS
        ):
            yield batch
            batch, labels = [], 0
        batch.append(index)
        labels += count
    if batch:
        yield batch


def mean_nll(model: PreTrainedModel, rows: Sequence[Row], pad: int, batch_size: int = 8) -> float:
    """Token-weighted negative log-likelihood of the labels in nats: the same for every batch size."""
    count = sum(len(row.labels) - row.labels.count(IGNORED) for row in rows)
    return math.fsum(row_nlls(model, rows, pad, batch_size)) / max(count, 1)
