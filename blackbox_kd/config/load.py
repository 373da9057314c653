"""Reads bbkd.toml, lays BBKD_* and flags over it, and remembers where each value came from."""

import difflib
import re
import tomllib
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json
from blackbox_kd.run import flatten

T = TypeVar("T")
Raw = dict[str, Any]  # TOML values, before validation
Where = Callable[[str], str]  # dotted key -> where it stands, for a message
OTHER_VARIABLES = ("BBKD_LEDGER", "BBKD_RUN", "BBKD_CONFIG", "BBKD_STUDENT_KEY")  # read elsewhere
TEXT_FILES = (".md", ".txt")
LONG_STRING = re.compile(r"(?s)(\"{3}|'{3}).*?\1")


class Loaded(msgspec.Struct, frozen=True):
    """A valid configuration, the file it came from, and the origin of each value that is not a default."""

    config: Config
    path: Path
    origins: dict[str, str]  # dotted key -> "bbkd.toml:12", "BBKD_SEED" or "--set"

    @property
    def root(self) -> Path:
        """The folder of bbkd.toml: paths in it are relative to this."""
        return self.path.parent


def load(path: Path, environment: Mapping[str, str], flags: Mapping[str, str]) -> Loaded:
    """Read and validate; a flag beats BBKD_SECTION__KEY beats the file. Raises `UsageError` with file:line and key."""
    raw, text = read(path)
    origins = {key: f"{path.name}:{line_of(text, key)}" for key in leaves(raw)}
    for name, value in sorted(environment.items()):
        section, _, rest = name.removeprefix("BBKD_").lower().partition("__")
        if not name.startswith("BBKD_") or name in OTHER_VARIABLES:
            continue
        if not rest and section != "seed":
            fix = "A setting has two underscores between section and key: BBKD_TRAIN__EPOCHS."
            raise UsageError(f"{name}: no setting of bbkd", fix)
        assign(raw, ".".join((section, *rest.split("__"))).strip("."), value, name, origins)
    for key, value in flags.items():
        assign(raw, key, value, f"--set {key}", origins)
    if isinstance(raw.get("teacher"), dict):
        raw["teacher"] = [raw["teacher"]]

    def where(key: str) -> str:
        origin = origin_of(key, origins)
        if origin is None or origin.startswith(f"{path.name}:"):
            return f"{path}:{line_of(text, key)}"
        return origin

    check_keys(raw, Config, "", where)
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$")
        key = at.rstrip("`").replace("[...]", "").strip(".")
        if not any(under(name, key.partition("[0]")[0] + "[1]") for name in origins):
            key = key.replace("[0]", "")  # the only one carries no number
        place = where(key)
        named = "" if place.endswith(key) else f"{key or 'bbkd.toml'}: "
        fix = 'Write a list: ["..."].' if "Expected `array`" in message else "Correct the value."
        raise UsageError(f"{place}: {named}{message}", fix) from None
    return Loaded(with_texts(config, path.parent, where), path, origins)


def numbered(name: str, items: Sequence[T]) -> dict[str, T]:
    """Items of an array of tables by key: name[0], name[1], ...; the name alone where there is one."""
    return {name: items[0]} if len(items) == 1 else {f"{name}[{n}]": item for n, item in enumerate(items)}


def listed(loaded: Loaded) -> tuple[dict[str, Json], dict[str, str]]:
    """(value, origin) of every setting by dotted key; teachers carry their number where there are several."""
    values: dict[str, Json] = {}
    origins: dict[str, str] = {}
    plain = msgspec.to_builtins(loaded.config)
    teachers = plain.pop("teacher")
    for section, value in {**numbered("teacher", teachers), **plain}.items():
        for key, item in flatten(value, section).items():
            if section == "filter" and key.endswith(".rule"):  # a filter's tag is its table's name
                continue
            values[key], origins[key] = item, origin_of(key, loaded.origins) or "default"
    return values, origins


def origin_of(key: str, origins: Mapping[str, str]) -> str | None:
    """Where a key was set: alone, with the table around it, or the first key of the table that it is."""
    around = [name for name in origins if under(key, name)]
    inside = [name for name in origins if under(name, key)]
    return origins[max(around, key=len)] if around else origins[inside[0]] if inside else None


def under(key: str, table: str) -> bool:
    """Whether a dotted key is this table or inside it."""
    return key == table or key.startswith((f"{table}.", f"{table}["))


def read(path: Path) -> tuple[Raw, str]:
    """The file's values and text; raises `UsageError` if it is absent or no TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        return tomllib.loads(text), text
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", "`bbkd init` writes one; --config names another.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        last = len(path.read_bytes().splitlines()) if "end of document" in str(error) else 1
        raise UsageError(f"{path}:{line[1] if line else last}: not valid TOML: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "--config names a file.") from None


def leaves(raw: object, prefix: str = "") -> list[str]:
    """The dotted keys of all values; those in an array of several tables carry its number."""
    if isinstance(raw, dict):
        return [key for name, value in raw.items() for key in leaves(value, f"{prefix}.{name}".strip("."))]
    if isinstance(raw, list) and raw and isinstance(raw[0], dict):
        return [key for name, item in numbered(prefix, raw).items() for key in leaves(item, name)]
    return [prefix]


def line_of(text: str, dotted: str) -> int:
    """The line on which a key stands in TOML text; the line of its table, or 1, where that cannot be told."""
    table, found, counts = "", 1, dict[str, int]()
    blank = LONG_STRING.sub(lambda match: '""' + "\n" * match[0].count("\n"), text)  # its lines are no keys
    for number, line in enumerate(blank.split("\n"), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]", line):
            table = header[2]
            counts[table] = counts.get(table, -1) + 1
            for array in counts:
                if "[" in dotted and under(dotted, f"{array}[{counts[array]}]") and under(table, array):
                    table = f"{array}[{counts[array]}]{table.removeprefix(array)}"
            found = number if under(dotted, table) else found
        elif (match := re.match(r"""\s*["']?([\w.\-]+)["']?\s*=""", line)) and under(
            dotted, f"{table}.{match[1]}".strip(".")
        ):
            return number
    return found


def assign(raw: Raw, dotted: str, value: str, origin: str, origins: dict[str, str]) -> None:
    """Set one value from text: TOML where it parses, else a string. `teacher.` means the only teacher."""
    *parents, last = dotted.split(".")
    table: Any = raw
    for part in parents:
        name, _, number = part.rstrip("]").partition("[")
        table = table.setdefault(name, {})
        if isinstance(table, list):
            at = int(number) if number.isdigit() else 0
            if (not number and len(table) != 1) or at >= len(table):
                fix = f"Write {name}[0], {name}[1], ..., or set it in bbkd.toml."
                raise UsageError(f"{origin}: {name} stands {len(table)} times", fix)
            table = table[at]
        if not isinstance(table, dict):
            raise UsageError(f"{origin}: {name} in {dotted} is no table", "`bbkd config show` lists the keys.")
    try:
        table[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = value
    for stale in [key for key in origins if under(key, dotted)]:
        del origins[stale]
    origins[dotted] = origin


def check_keys(raw: object, kind: Any, prefix: str, where: Where) -> None:
    """Refuse unknown keys at any depth, naming the nearest known one; raises `UsageError`."""
    if isinstance(raw, list):
        item = next(iter(get_args(kind)), None)
        for key, element in numbered(prefix, raw).items():
            check_keys(element, item, key, where)
    struct = struct_of(kind, raw)
    if not isinstance(raw, dict) or struct is None:
        return
    known = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    tag_field = struct.__struct_config__.tag_field
    for name, value in raw.items():
        key = f"{prefix}.{name}".strip(".")
        if name == tag_field:
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise UsageError(f"{where(key)}: unknown key `{key}`", hint)
        check_keys(value, known[name], key, where)


def struct_of(kind: Any, raw: object) -> Any:
    """The struct that a value of this type is decoded into; in a tagged union the one that the value's tag names."""
    while get_origin(kind) is not None and hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        structs = [one for one in get_args(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        if len(structs) <= 1 or not isinstance(raw, dict):
            return next(iter(structs), None)
        tag = raw.get(structs[0].__struct_config__.tag_field or "")
        return next((one for one in structs if one.__struct_config__.tag == tag), None)
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def with_texts(config: Config, root: Path, where: Where) -> Config:
    """Replace `system` values that name a .md or .txt file by the file's text."""

    def text(value: str, key: str) -> str:
        if "\n" in value or not value.endswith(TEXT_FILES):
            return value
        try:
            return (root / value).read_text(encoding="utf-8-sig").replace("\r\n", "\n").strip()
        except FileNotFoundError:
            raise UsageError(
                f"{where(key)}: {key}: no such file: {root / value}", "Paths start at bbkd.toml."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{where(key)}: {key}: {root / value} is no UTF-8 text file: {error}") from None

    teachers = tuple(
        msgspec.structs.replace(one, system=text(one.system, f"{name}.system"))
        for name, one in numbered("teacher", config.teacher).items()
    )
    train = msgspec.structs.replace(config.train, system=text(config.train.system, "train.system"))
    judge = config.judge
    if judge is not None:
        judge = msgspec.structs.replace(judge, system=text(judge.system, "judge.system"))
    return msgspec.structs.replace(config, teacher=teachers, train=train, judge=judge)
