"""Cross-entropy on the completion's tokens alone: the LM head runs nowhere else, a shared prefix is read once."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from blackbox_kd.student.rows import IGNORED, Row, chunks, collate

MIN_PREFIX_TOKENS = 16


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
def mean_nll(model: PreTrainedModel, rows: Sequence[Row], pad: int, batch_size: int = 8) -> float:
    """Token-weighted negative log-likelihood of the labels in nats: the same for every batch size."""
    model.train(False)
    total, count, share = 0.0, 0, can_share_prefix(model)
    for run in chunks(sorted(rows, key=lambda row: len(row.input_ids)), batch_size):
        batch = collate([{"input_ids": r.input_ids, "labels": r.labels, "weight": r.weight} for r in run], pad)
        nll, _ = completion_nll(model, {k: v.to(model.device) for k, v in batch.items()}, share)
        total += float(nll.double().sum())
        count += len(nll)
    return total / max(count, 1)
