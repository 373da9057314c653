"""A random student of about a million parameters, for tests and dry runs: it knows nothing, but everything works."""

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase, TokenizersBackend

from blackbox_kd.student.template import prepare

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXT = [
    "the quick brown fox jumps over the lazy dog",
    '{"category": "refund", "order_id": null}',
    "0 1 2 3 4 5 6 7 8 9",
]


def build(seed: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A random Llama (4 layers, width 128) and a byte-level BPE tokenizer that encodes any text."""
    tokenizer = build_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config), tokenizer


def build_tokenizer() -> PreTrainedTokenizerBase:
    """Byte-level BPE with the ChatML tokens and template."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(TEXT, trainer)
    tokenizer: PreTrainedTokenizerBase = TokenizersBackend(  # type: ignore[no-untyped-call]
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    prepare(tokenizer)
    return tokenizer


def make_tiny(folder: Path, seed: int = 0) -> Path:
    """Write a tiny student as a safetensors folder; returns the folder."""
    model, tokenizer = build(seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
