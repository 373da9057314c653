"""JSON schema: whether an answer is JSON that a schema allows."""

import functools
from pathlib import Path
from typing import ClassVar

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.metrics.base import Base
from blackbox_kd.reading import unfenced
from blackbox_kd.schemas import Schema


class JsonSchema(Base, frozen=True, kw_only=True, tag="json_schema"):
    """1.0 where the answer is JSON and valid under the schema in a file, else 0.0; says nothing of right or wrong.

    The draft is the one that `$schema` names, else 2020-12. As that draft says, `format` is not checked. Nothing is
    fetched: a `$ref` leads into the same file or to a draft's own schema. `fences` takes off a Markdown fence around
    the whole answer.
    """

    needs_reference: ClassVar[bool] = False
    reference_is_answer: ClassVar[bool] = False
    schema: str  # a path, from the folder of bbkd.toml
    fences: bool = False

    def ready(self, root: Path) -> "Valid":
        """The metric with its schema read; raises `InputError` for a schema that cannot be used."""
        validator(root / self.schema)
        return Valid(settings=self, file=root / self.schema)


class Valid(msgspec.Struct, frozen=True, kw_only=True):
    """`JsonSchema` with its schema read."""

    needs_reference: ClassVar[bool] = False
    reference_is_answer: ClassVar[bool] = False
    settings: JsonSchema
    file: Path

    @property
    def label(self) -> str:
        """The name that reports show."""
        return self.settings.label

    def score(self, prediction: str, reference: str = "") -> float:
        """Score one answer, 0.0 or 1.0; raises `InputError` for a `$ref` that only now leads nowhere."""
        return float(validator(self.file).allows(unfenced(prediction) if self.settings.fences else prediction))


@functools.cache
def validator(file: Path) -> Schema:
    """The schema in a file, made ready once; raises `InputError` naming what is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no schema {file}", "Paths start from the folder of bbkd.toml.") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not JSON: {error}", "A schema is one JSON object.") from error
    return Schema(text, str(file))
