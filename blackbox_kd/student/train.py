"""Fine-tuning of the student on the teacher's completions: sequence-level distillation (Kim & Rush 2016)."""

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from datasets import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerState
from trl.trainer.sft_config import SFTConfig

from blackbox_kd.config.train import Train
from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Example
from blackbox_kd.student import checkpoints
from blackbox_kd.student.load import Student, load, store
from blackbox_kd.student.loss import mean_nll
from blackbox_kd.student.recipe import autocast_bf16, learning_rate, micro_batch
from blackbox_kd.student.rows import Row, collate, tokenize
from blackbox_kd.student.template import stop_id, stop_ids
from blackbox_kd.student.trainer import CompletionTrainer, TrainLog, Watch, columns

__all__ = ["TrainLog", "TrainResult", "fit"]


class TrainResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a training did; losses in nats a token, `loss_final` the mean of the last tenth of the steps."""

    student: str  # name@revision of what was trained
    steps: int
    rows: int
    rows_overlong: int
    tokens: int
    loss_final: float
    validation_nll: float | None
    train_s: float
    learning_rate: float
    learning_rate_reason: str
    resumed_from_step: int | None = None
    note: str = ""  # what the user must be told of the student's source


def fit(
    examples: Sequence[Example],
    validation: Sequence[Example],
    settings: Train,
    seed: int,
    out: Path,
    work: Path,
    on_log: Callable[[TrainLog], None],
) -> TrainResult:
    """Train and write the student to `out`, which appears whole or not at all; `work` holds checkpoints.

    They are the caller's to remove, once the result is kept: the next call goes on from the last complete one of the
    same run. Raises `UsageError` without rows, for labels that would not teach the completions, for a student that is
    none, and when the loss is no number any more.
    """
    start_s = time.monotonic()
    student = load(settings.student, training=settings.method == "full")
    found = tokenize(student.tokenizer, examples, settings.template_args)
    checked = tokenize(student.tokenizer, validation, settings.template_args)
    rows = short_enough(found, settings.max_length_tokens)
    rate, reason = learning_rate(settings, student.parameters)
    config = configuration(student, rows, settings, seed, rate, work)
    watch = Watch(identity(rows, settings, student, seed), on_log)
    resume = checkpoints.last_whole(work, watch.identity)
    model, state = trained(student, rows, config, settings, watch, resume)
    nll = mean_nll(model, checked, student.tokenizer.pad_token_id) if checked else None
    store(model, student.tokenizer, out)
    last = watch.losses[-max(1, len(watch.losses) // 10) :]
    return TrainResult(
        student=f"{student.source.name}@{student.source.revision}",
        steps=state.global_step,
        rows=len(rows),
        rows_overlong=len(found) - len(rows),
        tokens=int(state.num_input_tokens_seen),
        loss_final=sum(last) / max(len(last), 1),
        validation_nll=nll,
        train_s=time.monotonic() - start_s,
        learning_rate=rate,
        learning_rate_reason=reason,
        resumed_from_step=checkpoints.step_of(resume) if resume else None,
        note=student.source.note,
    )


def short_enough(rows: Sequence[Row], max_length_tokens: int) -> list[Row]:
    """The rows that fit, for none is ever cut; raises `UsageError` if there are none."""
    fit_in = [row for row in rows if len(row.input_ids) <= max_length_tokens]
    if fit_in:
        return fit_in
    raise UsageError(
        f"no rows to train on: {len(rows)} given, all of them longer than {max_length_tokens} tokens",
        "Raise [train] max_length_tokens, loosen the filters, or make more prompts.",
    )


def identity(rows: Sequence[Row], settings: Train, student: Student, seed: int) -> str:
    """What must be equal for a checkpoint to be of this run: rows, settings, student, seed."""
    parts = (rows, settings, student.source, seed)
    return text_digest(*(msgspec.json.encode(part).decode() for part in parts))


def configuration(
    student: Student, rows: Sequence[Row], settings: Train, seed: int, rate: float, work: Path
) -> SFTConfig:
    """TRL's settings; every default of its that is wrong on a CPU or for short data is set here."""
    micro = micro_batch(settings.batch_size, max(len(row.input_ids) for row in rows))
    bf16 = autocast_bf16()
    return SFTConfig(
        output_dir=str(work),
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=settings.batch_size // micro,
        learning_rate=rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,  # below 1: a share of all steps
        optim="adamw_torch_fused",
        use_cpu=student.model.device.type == "cpu",
        bf16=bf16,
        fp16=False,
        activation_checkpointing=student.model.device.type == "cuda" and student.parameters > 1e9,
        max_length=None,  # rows that are too long are left out and counted, never cut
        packing=False,
        eos_token=str(student.tokenizer.convert_ids_to_tokens(stop_id(student.tokenizer))),
        remove_unused_columns=False,
        report_to="none",
        logging_strategy="no",
        disable_tqdm=True,
        save_strategy="steps",
        save_steps=settings.save_every_steps,
        save_total_limit=2,
        include_num_input_tokens_seen="non_padding",
        seed=seed,
        data_seed=seed,
        dataloader_pin_memory=student.model.device.type == "cuda",
    )


def trained(
    student: Student, rows: Sequence[Row], config: SFTConfig, settings: Train, watch: Watch, resume: Path | None
) -> tuple[PreTrainedModel, TrainerState]:
    """Run TRL; returns the model, LoRA adapters merged, and the trainer's last state."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TRL on transformers and torch on accelerate: not the user's to act on
        trainer = build(student, rows, config, settings, watch)
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    assert isinstance(model, PreTrainedModel)
    # A model stops where its template ends a turn; many base models' files know only the end of a text.
    model.generation_config.eos_token_id = stop_ids(student.tokenizer)
    model.generation_config.pad_token_id = student.tokenizer.pad_token_id
    return model, trainer.state


def build(student: Student, rows: Sequence[Row], config: SFTConfig, settings: Train, watch: Watch) -> CompletionTrainer:
    """The trainer, with LoRA adapters on all linear layers if asked for."""
    lora = None
    if settings.method == "lora":
        from peft import LoraConfig

        lora = LoraConfig(
            r=settings.lora_rank, lora_alpha=2 * settings.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"
        )
    pad = student.tokenizer.pad_token_id
    trainer = CompletionTrainer(
        model=student.model,
        args=config,
        train_dataset=Dataset.from_dict(columns(rows)),
        processing_class=student.tokenizer,
        data_collator=lambda batch: collate(batch, pad),
        peft_config=lora,
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    watch.trainer = trainer
    return trainer
