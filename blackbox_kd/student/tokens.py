"""A student's control tokens, read from its files without loading anything heavy or asking anybody."""

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import read_json
from blackbox_kd.student.source import PACKAGED, PACKAGED_HUB_ID, SPECS, local

TEXT, ARRAY = 8, 9  # types of values in GGUF
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
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


def of_gguf(path: Path) -> tuple[str, ...]:
    """Those of type `control` in a GGUF file; raises `UsageError` for one that cannot be read.

    Read here, by https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: the gguf package takes seconds for the
    100,000 strings of a tokenizer, each time that rows are filtered.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            fields = Fields(data).read(("tokenizer.ggml.tokens", "tokenizer.ggml.token_type"))
        tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
        return tuple(sorted(token.decode() for token, kind in zip(tokens, types, strict=True) if kind == CONTROL))
    except (KeyError, ValueError, struct.error, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: its tokenizer cannot be read: {error}", SPECS) from error


class Fields:
    """The key-value pairs at the start of a GGUF file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._place = 4
        if data[:4] != b"GGUF":
            raise ValueError("it is no GGUF file")

    def read(self, names: Sequence[str]) -> dict[str, Any]:
        """The values of some keys. Raises `KeyError`, `ValueError` or `struct.error` where they are not there."""
        _, _, pairs = self._take("<IQQ")  # version, tensors, pairs
        found: dict[str, Any] = {}
        while pairs and len(found) < len(names):
            key, value = self._text().decode(), self._value(self._take("<I")[0])
            found |= {key: value} if key in names else {}
            pairs -= 1
        return found

    def _take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._place)
        self._place += struct.calcsize(form)
        return values

    def _text(self) -> bytes:
        (size,) = self._take("<Q")
        text = self._data[self._place : self._place + size]
        if len(text) < size:
            raise ValueError("it is cut")
        self._place += size
        return text

    def _value(self, kind: int) -> Any:
        if kind == TEXT:
            return self._text()
        if kind == ARRAY:
            inner, count = self._take("<IQ")
            if inner in (TEXT, ARRAY):
                return [self._value(inner) for _ in range(count)]
            return self._take(f"<{count}{SCALARS[inner]}")
        return self._take(f"<{SCALARS[kind]}")[0]
