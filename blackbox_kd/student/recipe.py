"""Hyper-parameters that depend on the student's size and on the device, each with its reason."""

import torch

from blackbox_kd.config.train import Train

SIZES = (  # up to so many parameters; learning rate; where it is from
    # On the ticket task, 600 rows at batch 8: 2e-4 gave 70 % exact match, 5e-4 60 %, which copied unseen names worse.
    (700e6, 2e-4, "full fine-tuning up to 700M parameters on a few hundred rows, batch 8"),
    (3.5e9, 5e-5, "full fine-tuning of 1B to 3B parameters"),
    (float("inf"), 1e-5, "full fine-tuning of 7B parameters and more (s1, OpenThinker: 1e-5)"),
)
BATCH_TOKENS = 16_384  # padded tokens in memory at once; a larger batch is accumulated


def learning_rate(settings: Train, parameters: int) -> tuple[float, str]:
    """The peak learning rate and why it is this one."""
    if settings.learning_rate is not None:
        return settings.learning_rate, "set in [train] learning_rate"
    if settings.method == "lora":
        return 2e-4, "LoRA on all linear layers: about ten times the full rate, whatever the size"
    return next((rate, reason) for limit, rate, reason in SIZES if parameters <= limit)


def micro_batch(batch_size: int, longest_tokens: int) -> int:
    """Sequences in memory at once: the largest divisor of the batch that keeps within `BATCH_TOKENS`."""
    fits = [n for n in range(1, batch_size + 1) if batch_size % n == 0 and n * longest_tokens <= BATCH_TOKENS]
    return max(fits, default=1)


def autocast_bf16() -> bool:
    """Whether to train in bfloat16: only on a GPU that has it, for a CPU emulates it, 6 times slower than float32."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
