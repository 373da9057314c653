"""A student's control tokens, read from its files without loading anything heavy or asking anybody."""

import functools
from pathlib import Path
from typing import Any

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import read_json
from blackbox_kd.student.source import PACKAGED, PACKAGED_HUB_ID, SPECS, local

CONTROL = 3  # a token's type in GGUF: a token that steers the model and stands for no text
TINY = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


class Added(msgspec.Struct, frozen=True):
    """One of the added tokens in tokenizer.json."""

    content: str
    special: bool = False


class Tokenizer(msgspec.Struct, frozen=True):
    """What is read of tokenizer.json."""

    added_tokens: tuple[Added, ...] = ()


def special_tokens_of(spec: str) -> tuple[str, ...]:
    """The control tokens of a student, sorted; of a hub id, only from the local cache, never from the hub.

    Raises `UsageError` where its tokenizer is not on this machine, or is of a kind that does not name them.
    """
    source = local(spec)
    if source is None:
        return cached(spec)
    if source.kind == "tiny":
        return TINY
    folder = Path(source.folder)
    return of_gguf(folder / source.gguf) if source.gguf else of_file(folder / "tokenizer.json")


def cached(spec: str) -> tuple[str, ...]:
    """Those of a hub id whose files are in the local cache."""
    from huggingface_hub import try_to_load_from_cache

    name, _, revision = spec.partition("@")
    found = try_to_load_from_cache(name, "tokenizer.json", revision=revision or None)
    if isinstance(found, str):
        return of_file(Path(found))
    if name == PACKAGED_HUB_ID and not revision:
        return special_tokens_of(PACKAGED)
    raise UsageError(f"student {spec!r}: its tokenizer is not in the local cache", SPECS)


def of_file(path: Path) -> tuple[str, ...]:
    """Those that a tokenizer.json calls special; raises `UsageError` without one."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "A tokenizer in another form names no control tokens here.")
    return tuple(sorted(token.content for token in read_json(path, Tokenizer).added_tokens if token.special))


@functools.cache
def of_gguf(path: Path) -> tuple[str, ...]:
    """Those of type `control` in a GGUF file."""
    import gguf

    fields: Any = gguf.GGUFReader(path).fields
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    control = [index for index, part in enumerate(types.data) if types.parts[part][0] == CONTROL]
    return tuple(sorted(bytes(tokens.parts[tokens.data[index]]).decode() for index in control))
