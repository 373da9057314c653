"""JSON schema: whether an answer is JSON that a schema allows."""

import functools
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from blackbox_kd.errors import InputError
from blackbox_kd.metrics.base import Base
from blackbox_kd.metrics.reading import read_json, unfenced

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


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
        from referencing.exceptions import Unresolvable

        try:
            value = read_json(unfenced(prediction) if self.settings.fences else prediction)
            return float(validator(self.file).is_valid(value))
        except Unresolvable as error:
            raise _lost(self.file, error.ref) from error
        except (ValueError, RecursionError, OverflowError):  # not JSON, nested too deep, or a number beyond a float
            return 0.0


@functools.cache
def validator(file: Path) -> Any:
    """The validator of a schema file, made once; raises `InputError` naming what is wrong with it."""
    import jsonschema
    from referencing import Registry

    schema = _read(file)
    draft = schema.get("$schema", DRAFT)
    kind = jsonschema.validators.validator_for({"$schema": str(draft)}, default=None)
    if kind is None:
        raise InputError(f"{file}: $schema {draft!r} is no draft of JSON Schema", f'The newest is "{DRAFT}".')
    try:
        kind.check_schema(schema)
        _resolve(schema, file)
        found = kind(schema, registry=Registry())
        found.is_valid(None)
    except jsonschema.SchemaError as error:
        raise InputError(f"{file}: {error.json_path}: {error.message}", f"Its draft is {draft}.") from error
    except RecursionError:
        raise InputError(f"{file}: a $ref leads back to itself, or it is nested too deep") from None
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        schema = read_json(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"there is no schema {file}", "Paths start from the folder of bbkd.toml.") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}", "A schema is one JSON object.") from error
    if not isinstance(schema, dict):
        raise InputError(f"{file}: not a JSON object", "A schema is one JSON object.")
    return schema


def _resolve(schema: dict[str, Any], file: Path) -> None:
    """Look up every reference of a schema and its parts; raises `InputError` for one that leads nowhere."""
    from jsonschema_specifications import REGISTRY
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    whole = Resource.from_contents(schema, default_specification=DRAFT202012)
    left = [(whole, REGISTRY.resolver_with_root(whole))]
    while left:
        resource, resolver = left.pop()
        contents = resource.contents if isinstance(resource.contents, dict) else {}
        for reference in [contents[key] for key in REFERENCES if isinstance(contents.get(key), str)]:
            try:
                resolver.lookup(reference)
            except Unresolvable as error:
                raise _lost(file, reference) from error
        left += [(part, resolver.in_subresource(part)) for part in resource.subresources()]


def _lost(file: Path, reference: str) -> InputError:
    return InputError(
        f"{file}: $ref {reference!r} leads nowhere", "Put what it means into the same file: none is fetched."
    )
