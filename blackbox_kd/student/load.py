"""From a student's spec to a model and tokenizer in memory, without running anybody else's code."""

import contextlib
import io
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from blackbox_kd import __version__
from blackbox_kd.errors import UsageError
from blackbox_kd.jsonl import digest, sync_folder
from blackbox_kd.student import tiny
from blackbox_kd.student.source import SPECS, Source, resolve
from blackbox_kd.student.template import prepare


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


def tokenizer_of(spec: str) -> PreTrainedTokenizerBase:
    """A student's tokenizer as `load` prepares it, without the model; raises as that does."""
    source = resolve(spec)
    quiet()
    tokenizer = tiny.build_tokenizer() if source.kind == "tiny" else read_tokenizer(whole(source))
    prepare(tokenizer)
    return tokenizer


def surroundings() -> list[str]:
    """What besides model and text decides on an answer's last digits, and on its speed: machine, device, versions."""
    return [
        __version__,
        torch.__version__,
        transformers.__version__,
        socket.gethostname(),
        str(torch.cuda.is_available()),
    ]


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
    tokenizer = read_tokenizer(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16 if half else torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (ValueError, OSError) as error:
        raise UsageError(f"student {folder}: {error}", SPECS) from error
    return model, tokenizer


def read_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Read a tokenizer from a folder; raises `UsageError` if it is none."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (ValueError, OSError) as error:
        raise UsageError(f"student {folder}: {error}", SPECS) from error
    return tokenizer


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
