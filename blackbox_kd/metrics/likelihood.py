"""How well a model foresees a text: from the summed negative log-likelihood of its tokens, in nats."""

import math


def nats_per_token(nll: float, tokens: int) -> float | None:
    """Mean negative log-likelihood in nats; sums over many texts weigh each token the same. None without tokens."""
    return nll / tokens if tokens else None


def bits_per_byte(nll: float, text_bytes: int) -> float | None:
    """Bits a byte of UTF-8, which models with other tokenizers share (Gao et al. 2020). None without bytes."""
    return nll / math.log(2) / text_bytes if text_bytes else None
