"""Texts as vectors: the mean of static token vectors, which the package wordllama carries. No download, no torch."""

import functools
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from blackbox_kd.errors import UsageError

Vectors = npt.NDArray[np.float16]  # (texts, DIMENSIONS)
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
DIMENSIONS = 256
WEIGHTS, TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
BATCH = 64  # texts that are tokenised together
TURNS = 10  # of k-means


class Embedder:
    """Token vectors with their tokenizer."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.vectors: Floats = load_file(folder / WEIGHTS)["embedding.weight"].astype(
            np.float32
        )  # (tokens, DIMENSIONS)
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, (texts, DIMENSIONS); a text without tokens is the zero vector."""
        out = np.zeros((len(texts), DIMENSIONS), dtype=np.float16)
        for start in range(0, len(texts), BATCH):
            batch = [plain(text) for text in texts[start : start + BATCH]]
            for place, found in enumerate(self.tokenizer.encode_batch_fast(batch, add_special_tokens=False), start):
                tokens, counts = np.unique(np.array(found.ids, dtype=np.int64), return_counts=True)
                out[place] = unit(counts.astype(np.float32) @ self.vectors[tokens])
        return out


@functools.lru_cache(maxsize=1)
def embedder() -> Embedder:
    """The embedder in the installed package wordllama, found without importing it; raises `UsageError` if absent."""
    folder = next((one for one in folders() if (one / WEIGHTS).exists()), None)
    missing = [name for name in ("safetensors", "tokenizers") if importlib.util.find_spec(name) is None]
    if folder is None or missing:
        raise UsageError(
            f"embeddings: not installed: {', '.join([*missing, *([] if folder else ['wordllama'])])}",
            "pip install safetensors tokenizers, and pip install --no-deps wordllama==0.4.0.post1.",
        )
    return Embedder(folder)


def folders() -> Iterator[Path]:
    """Where the package wordllama lies, if it is installed."""
    spec = importlib.util.find_spec("wordllama")
    if spec and spec.origin:
        yield Path(spec.origin).parent


def plain(text: str) -> str:
    """The text with single spaces, and without lone surrogates, which no tokenizer takes."""
    spaced = " ".join(text.split())
    return spaced if spaced.isascii() else spaced.encode("utf-8", "replace").decode()


def unit(vector: Floats) -> Floats:
    """The vector at length 1; a zero vector stays."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / np.maximum(length, 1e-12), dtype=np.float32)


def partition(vectors: npt.NDArray[np.float16], most: int) -> list[Indices]:
    """Parts of at most so many vectors that are alike, by splitting in two with k-means; always the same.

    Each part is sorted. What cannot be split (equal vectors) is cut.
    """
    parts, todo = [], [np.arange(len(vectors))]
    while todo:
        part = todo.pop()
        if len(part) <= most:
            parts.append(part)
            continue
        right = split(vectors[part].astype(np.float32))
        if not 0 < right.sum() < len(right):
            right = np.arange(len(part)) >= len(part) // 2
        todo += [part[right], part[~right]]
    return parts


def split(vectors: Floats) -> npt.NDArray[np.bool_]:
    """Whether each is nearer to the second of two centres (spherical k-means, Dhillon & Modha 2001)."""
    first = vectors[int(np.argmin(vectors @ vectors.mean(axis=0)))]  # the farthest from the mean, and from that one
    centres = np.stack([first, vectors[int(np.argmin(vectors @ first))]])
    right = np.zeros(len(vectors), dtype=np.bool_)
    for _ in range(TURNS):
        right = vectors @ (centres[1] - centres[0]) > 0
        if not 0 < right.sum() < len(right):
            break
        centres = unit(np.stack([vectors[~right].mean(axis=0), vectors[right].mean(axis=0)]))
    return right
