"""Text that nobody wrote for this project: what is installed beside it, by kind.

Docstrings and documentation are people's prose, in several languages where a package translates its own; Markdown,
code and configuration are what answers about programs look like. Equal texts count once. Packages are of two halves,
by their names: models are learnt from the one, and what they say is measured on the other.
"""

import gettext
import hashlib
import random
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

Half = Literal["learn", "measure"]
Kinds = dict[str, list[str]]
DOCSTRING = re.compile(r'^[ \t]*(?:r|b|u|rb)?"""(.+?)"""', re.DOTALL | re.MULTILINE)
DEFINITION = re.compile(r"\n(?=(?:@\w.*\n)*(?:def|class|async def) )")
HEADING = re.compile(r"#{1,4} ")
BLANK = re.compile(r"\n\s*\n")
SUFFIXES = {
    "prose": (".py", ".rst", ".txt"),
    "markdown": (".md",),
    "code": (".py", ".js", ".c", ".h", ".pyx", ".cpp"),
    "config": (".toml", ".json", ".yaml", ".yml", ".cfg", ".ini"),
}
README = "METADATA"  # of a package, behind its fields
SIZES = (200, 3000)  # characters of a text
LOCALES = {"de": "de", "fr": "fr", "es": "es", "pt": "pt", "pt_BR": "pt", "ru": "ru", "zh_CN": "zh", "ja": "ja"}


def folders() -> list[Path]:
    """Where packages, Python's own library and the system's documentation lie."""
    paths = sysconfig.get_paths()
    return [Path(paths["purelib"]), Path(paths["stdlib"]), Path("/usr/share/doc")]


def messages(of: Half) -> dict[str, list[str]]:
    """What programs say, by language, as their translators wrote it: titles, names, options, whole sentences."""
    found: dict[str, dict[str, None]] = {language: {} for language in ("en", *LOCALES.values())}
    for locale, language in LOCALES.items():
        for path in sorted(Path("/usr/share/locale", locale).rglob("*.mo")):
            if side(path.stem) == of:
                found[language].update(dict.fromkeys(catalogue(path).values()))
                found["en"].update(dict.fromkeys(catalogue(path)))
    return {language: [text for text in each if plain(text)] for language, each in found.items()}


def catalogue(path: Path) -> dict[str, str]:
    """The messages of a program and their translations; none where it is in no encoding known."""
    try:
        with path.open("rb") as file:
            every: dict[object, object] = vars(gettext.GNUTranslations(file))["_catalog"]
    except UnicodeDecodeError:
        return {}
    return {key.strip(): text.strip() for key, text in every.items() if isinstance(key, str) and isinstance(text, str)}


def plain(text: str) -> bool:
    """Whether a message is words alone, on one line."""
    return len(text) > 2 and not text.startswith("-") and "%" not in text and "\n" not in text


def half(path: Path) -> Half:
    """Which half its package is of."""
    root = max((folder for folder in folders() if path.is_relative_to(folder)), key=lambda one: len(one.parts))
    package = path.relative_to(root).parts[0]
    return side(re.sub(r"(-[\d.]+)?\.(dist-info|py)$", "", package).lower().replace("-", "_"))


def side(name: str) -> Half:
    """Which half a name is of, the same everywhere."""
    return "learn" if hashlib.sha256(name.encode()).digest()[0] % 2 else "measure"


def texts(most: int, seed: int = 0, of: Half | None = None, sizes: tuple[int, int] = SIZES) -> Kinds:
    """At most so many texts of each kind, of a half or of all packages, in random order of files."""
    source = random.Random(seed)
    paths = {path for folder in folders() for path in folder.rglob("*")}
    files = sorted(path for path in paths if path.suffix in suffixes() or path.name == README)
    files = [path for path in files if of is None or half(path) == of]
    source.shuffle(files)
    found: dict[str, dict[str, None]] = {kind: {} for kind in SUFFIXES}
    for path in files:
        suffix = ".md" if path.name == README else path.suffix
        wanted = [kind for kind in SUFFIXES if suffix in SUFFIXES[kind] and len(found[kind]) < most]
        if wanted and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            text = text.partition("\n\n")[2] if path.name == README else text
            for kind in wanted:
                found[kind].update(dict.fromkeys(pieces(kind, suffix, text, sizes)))
    return {kind: list(each)[:most] for kind, each in found.items()}


def suffixes() -> set[str]:
    """All that are read."""
    return {suffix for each in SUFFIXES.values() for suffix in each}


def pieces(kind: str, suffix: str, text: str, sizes: tuple[int, int]) -> Iterator[str]:
    """What of a file is a text of this kind; whole paragraphs, no more than twenty of one file."""
    if kind == "prose" and suffix == ".py":
        parts = [unindented(part) for part in DOCSTRING.findall(text)]
    elif kind == "config":
        parts = [text]
    elif kind == "markdown":
        parts = sections(text)
    elif suffix == ".py":
        parts = DEFINITION.split(text)
    else:
        parts = joined(BLANK.split(text))
    usable = [part.strip() for part in parts if sizes[0] <= len(part.strip()) <= sizes[1]]
    yield from usable[:20]


def unindented(text: str) -> str:
    """A docstring as its author meant it."""
    lines = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    return "\n".join([lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])]).strip()


def sections(text: str) -> list[str]:
    """From each heading to the next; none begins inside a code block."""
    found, fenced = [""], False
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        if HEADING.match(line) and not fenced:
            found.append("")
        found[-1] += f"{line}\n"
    return found


def joined(parts: Sequence[str]) -> list[str]:
    """Paragraphs one after another, in texts of about a thousand characters."""
    found = [""]
    for part in parts:
        if len(found[-1]) > 1000:
            found.append("")
        found[-1] = f"{found[-1]}\n\n{part}" if found[-1] else part
    return found


def sentences(most: int, seed: int = 0) -> list[str]:
    """Sentences of the prose, in random order."""
    parts = [one for text in texts(most, seed)["prose"] for one in re.split(r"(?<=[.!?])\s+", text)]
    found = list(dict.fromkeys(" ".join(part.split()) for part in parts if 30 <= len(part) <= 300))
    random.Random(seed).shuffle(found)
    return found


if __name__ == "__main__":
    sys.stdout.write("".join(f"{kind}: {len(each):,} texts\n" for kind, each in texts(10**6).items()))
