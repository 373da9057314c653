"""Text that nobody wrote for this project: what is installed beside it, by kind.

Docstrings and documentation are people's prose, in several languages where a package translates its own; Markdown,
code and configuration are what answers about programs look like. Equal texts count once.
"""

import random
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

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
LOW, HIGH = 200, 3000  # characters of a text


def folders() -> list[Path]:
    """Where packages, Python's own library and the system's documentation lie."""
    paths = sysconfig.get_paths()
    return [Path(paths["purelib"]), Path(paths["stdlib"]), Path("/usr/share/doc")]


def texts(most: int, seed: int = 0) -> Kinds:
    """At most so many texts of each kind, in random order of files."""
    source = random.Random(seed)
    paths = {path for folder in folders() for path in folder.rglob("*")}
    files = sorted(path for path in paths if path.suffix in suffixes() or path.name == README)
    source.shuffle(files)
    found: dict[str, dict[str, None]] = {kind: {} for kind in SUFFIXES}
    for path in files:
        suffix = ".md" if path.name == README else path.suffix
        wanted = [kind for kind in SUFFIXES if suffix in SUFFIXES[kind] and len(found[kind]) < most]
        if wanted and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            text = text.partition("\n\n")[2] if path.name == README else text
            for kind in wanted:
                found[kind].update(dict.fromkeys(pieces(kind, suffix, text)))
    return {kind: list(each)[:most] for kind, each in found.items()}


def suffixes() -> set[str]:
    """All that are read."""
    return {suffix for each in SUFFIXES.values() for suffix in each}


def pieces(kind: str, suffix: str, text: str) -> Iterator[str]:
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
    usable = [part.strip() for part in parts if LOW <= len(part.strip()) <= HIGH]
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
