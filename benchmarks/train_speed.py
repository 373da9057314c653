"""Training steps a second of the packaged 135M student: stock TRL beside bbkd, on the same rows, in turn, in one run.

    .venv/bin/python benchmarks/train_speed.py --steps 4 --rounds 2

Both train in float32 without activation checkpointing, batch 8, on ticket rows of the demonstration; stock TRL gets the
same conversational prompt-completion rows. CPU seconds are of the process: other work on the machine counts less.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from blackbox_kd.config.train import Train
from blackbox_kd.records import Example, Message
from blackbox_kd.student.load import Student, load
from blackbox_kd.student.rows import tokenize
from blackbox_kd.student.train import build, configuration
from blackbox_kd.student.trainer import Watch
from blackbox_kd.tasks import named

BATCH = 8
SPEC = "packaged:smollm2-135m"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    examples = rows(BATCH * chosen.steps)
    took: dict[str, list[float]] = {"stock TRL": [], "bbkd": []}
    for _ in range(chosen.rounds):
        for name, run in (("stock TRL", stock), ("bbkd", ours)):
            took[name].append(run(examples, chosen.steps) / chosen.steps)
    lines = ["| | CPU s a step (median) |", "|---|---|"]
    lines += [f"| {name} | {statistics.median(took[name]):.2f} |" for name in took]
    ratio = statistics.median(took["stock TRL"]) / statistics.median(took["bbkd"])
    sys.stdout.write("\n".join(lines) + f"\n\nratio {ratio:.2f}\n")


def rows(count: int) -> list[Example]:
    """Rows of the ticket task with the student's system prompt."""
    task = named("tickets")
    return [
        Example(
            id=str(index),
            prompt=(Message(role="system", content=task.student_system), Message(role="user", content=row.prompt)),
            completion=(Message(role="assistant", content=row.reference),),
        )
        for index, row in enumerate(task.generate(count, seed=0))
    ]


def timed(trainer: Any) -> float:
    """CPU seconds of a training."""
    before_s = time.process_time()
    trainer.train()
    return time.process_time() - before_s


def stock(examples: list[Example], steps: int) -> float:
    """CPU seconds of TRL's own trainer, its wrong defaults for a CPU corrected."""
    student = load(SPEC, training=True)
    names = ("prompt", "completion")
    data = Dataset.from_dict({name: [turns(getattr(one, name)) for one in examples] for name in names})
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            learning_rate=2e-4,
            use_cpu=True,
            bf16=False,
            activation_checkpointing=False,
            eos_token="<|im_end|>",
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(model=student.model, args=config, train_dataset=data, processing_class=student.tokenizer)
        trainer.remove_callback(PrinterCallback)
        return timed(trainer)


def turns(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Messages as TRL reads them."""
    return [{"role": one.role, "content": one.content} for one in messages]


def ours(examples: list[Example], steps: int) -> float:
    """CPU seconds of bbkd's trainer."""
    settings = Train(student=SPEC, max_steps=steps, learning_rate=2e-4, batch_size=BATCH, warmup=0.0)
    student: Student = load(SPEC, training=True)
    found = tokenize(student.tokenizer, examples, {})
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(student, found, settings, 0, 2e-4, Path(folder))
        watch = Watch("benchmark", lambda log: None)
        return timed(build(student, found, config, settings, watch))


if __name__ == "__main__":
    main()
