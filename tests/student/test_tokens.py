from pathlib import Path
from typing import Any

import gguf
import pytest

from blackbox_kd.errors import UsageError
from blackbox_kd.student.load import tokenizer_of
from blackbox_kd.student.source import PACKAGED, local
from blackbox_kd.student.tiny import SPECIAL
from blackbox_kd.student.tokens import of_gguf, special_tokens_of


def test_a_gguf_files_control_tokens_are_those_that_the_gguf_package_reads() -> None:
    source = local(PACKAGED)
    assert source is not None
    path = Path(source.folder) / source.gguf
    fields: Any = gguf.GGUFReader(path).fields
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    control = [
        bytes(tokens.parts[tokens.data[n]]).decode() for n, at in enumerate(types.data) if types.parts[at][0] == 3
    ]
    assert list(special_tokens_of(PACKAGED)) == sorted(control)
    assert "<|im_end|>" in control


def test_a_folders_are_those_of_its_tokenizer(tmp_path: Path) -> None:
    tokenizer_of("tiny:0").save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").touch()
    assert set(special_tokens_of(str(tmp_path))) == {*SPECIAL} == {*special_tokens_of("tiny:0")}


def test_the_packaged_students_hub_id_needs_no_hub() -> None:
    assert special_tokens_of("HuggingFaceTB/SmolLM2-135M-Instruct") == special_tokens_of(PACKAGED)


def test_a_hub_id_that_is_not_here_is_an_error_and_nobody_is_asked() -> None:
    with pytest.raises(UsageError, match="not in the local cache"):
        special_tokens_of("nobody/nothing")


@pytest.mark.parametrize("data", [b"GGUF", b"nothing at all", b"GGUF\3\0\0\0" + b"\xff" * 40])
def test_a_damaged_gguf_file_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(data)
    with pytest.raises(UsageError, match=r"m\.gguf: its tokenizer cannot be read"):
        of_gguf(tmp_path / "m.gguf")
