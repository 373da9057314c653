"""TRL's SFTTrainer with a loss on the completion alone, a reproducible order, row weights, and whole checkpoints."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from datasets import Dataset
from torch import Tensor, nn
from torch.utils.data import Sampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.sft_trainer import SFTTrainer

from blackbox_kd.errors import UsageError
from blackbox_kd.student.checkpoints import mark
from blackbox_kd.student.loss import can_share_prefix, completion_nll
from blackbox_kd.student.rows import IGNORED, order


class TrainLog(msgspec.Struct, frozen=True, kw_only=True):
    """One optimizer step: loss in nats a label token; tokens since the first step, prompts included.

    Rate and elapsed time are of this sitting: a resumed training counts from where it went on.
    """

    step: int
    steps: int
    loss: float
    tokens: int
    tokens_per_second: float
    elapsed_s: float


class Order(Sampler[int]):
    """Indices of an epoch in `rows.order`; the epoch is asked for, so that a resumed run goes on in the same order."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, epoch: Callable[[], int]) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, epoch

    def __iter__(self) -> Iterator[int]:
        return iter(order(self.lengths, self.batch_size, self.seed * 1_000_003 + self.epoch()))

    def __len__(self) -> int:
        return len(self.lengths)


class CompletionTrainer(SFTTrainer):
    """SFTTrainer on rows that are tokenized already (`rows.Row`), one process or several."""

    step_loss = 0.0  # of the step under way, summed over its micro-batches

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """The weighted sum of the labels' negative log-likelihood over the number of labels in the whole step."""
        nll, where = completion_nll(model, inputs, can_share_prefix(model))
        count = num_items_in_batch if num_items_in_batch is not None else (inputs["labels"] != IGNORED).sum()
        loss = (nll * inputs["weight"][where]).sum() / count
        self.step_loss += float(loss.detach())
        # Trainer counts the labels of all processes, and data-parallel averages their gradients.
        return loss * self.accelerator.num_processes if self.args.average_tokens_across_devices else loss

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        assert isinstance(self.train_dataset, Dataset)
        lengths = [len(ids) for ids in self.train_dataset["input_ids"]]
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return Order(lengths, size, self.args.seed, lambda: int(self.state.epoch or 0))

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: bbkd writes a card of its own."""


class Watch(TrainerCallback):
    """Tells each step, stops at a loss that is no number, and marks checkpoints complete."""

    def __init__(self, identity: str, on_log: Callable[[TrainLog], None]) -> None:
        self.identity, self.tell = identity, on_log
        self.trainer: CompletionTrainer | None = None
        self.start_s, self.start_tokens = time.monotonic(), 0
        self.losses: list[float] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self.start_s, self.start_tokens = time.monotonic(), int(state.num_input_tokens_seen)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Report the step; raises `UsageError` for a loss that is not finite."""
        assert self.trainer is not None
        loss, self.trainer.step_loss = self.trainer.step_loss, 0.0
        if not math.isfinite(loss):
            raise UsageError(
                f"[train] the loss became {loss} at step {state.global_step}",
                f"Lower [train] learning_rate (it is {args.learning_rate:g}) and train again.",
            )
        elapsed_s = time.monotonic() - self.start_s
        self.losses.append(loss)
        tokens = int(state.num_input_tokens_seen)
        self.tell(
            TrainLog(
                step=state.global_step,
                steps=state.max_steps,
                loss=loss,
                tokens=tokens,
                tokens_per_second=(tokens - self.start_tokens) / max(elapsed_s, 1e-9),
                elapsed_s=elapsed_s,
            )
        )
        if state.global_step >= state.max_steps:
            control.should_save = False  # the finished student is saved instead

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint that has just been written."""
        mark(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}", self.identity)


def columns(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    """Rows as the columns of a data set."""
    names = ("input_ids", "labels", "weight")
    return {name: [getattr(row, name) for row in rows] for name in names}
