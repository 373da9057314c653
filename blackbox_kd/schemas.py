"""JSON schemas of the user's, made ready: texts are held against them and nothing is fetched.

The draft is the one that `$schema` names, else 2020-12. As that draft says, `format` is not checked. A `$ref` leads
into the same file or to a draft's own schema.
"""

from typing import Any

from blackbox_kd.errors import InputError
from blackbox_kd.reading import read_json

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Schema:
    """A schema, from its text; `where` names it in errors. Raises `InputError` for one that cannot be used."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._validator = _validator(_object(text, where), where)

    def allows(self, text: str) -> bool:
        """Whether a text is JSON that is valid; raises `InputError` for a `$ref` that only now leads nowhere."""
        from referencing.exceptions import Unresolvable

        try:
            return bool(self._validator.is_valid(read_json(text)))
        except Unresolvable as error:
            raise _lost(self._where, error.ref) from error
        except (ValueError, RecursionError, OverflowError):  # not JSON, nested too deep, or a number beyond a float
            return False


def _validator(schema: dict[str, Any], where: str) -> Any:
    import jsonschema
    from referencing import Registry

    draft = schema.get("$schema", DRAFT)
    kind = jsonschema.validators.validator_for({"$schema": str(draft)}, default=None)
    if kind is None:
        raise InputError(f"{where}: $schema {draft!r} is no draft of JSON Schema", f'The newest is "{DRAFT}".')
    try:
        kind.check_schema(schema)
        _resolve(schema, where)
        found = kind(schema, registry=Registry())
        found.is_valid(None)
    except jsonschema.SchemaError as error:
        raise InputError(f"{where}: {error.json_path}: {error.message}", f"Its draft is {draft}.") from error
    except RecursionError:
        raise InputError(f"{where}: a $ref leads back to itself, or it is nested too deep") from None
    return found


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        schema = read_json(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {error}", "A schema is one JSON object.") from error
    if not isinstance(schema, dict):
        raise InputError(f"{where}: not a JSON object", "A schema is one JSON object.")
    return schema


def _resolve(schema: dict[str, Any], where: str) -> None:
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
                raise _lost(where, reference) from error
        left += [(part, resolver.in_subresource(part)) for part in resource.subresources()]


def _lost(where: str, reference: str) -> InputError:
    return InputError(
        f"{where}: $ref {reference!r} leads nowhere", "Put what it means into the same file: none is fetched."
    )
