"""Where a teacher's key comes from, a variable or a private file, and the one origin that it goes to."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from blackbox_kd.config.teacher import Teacher
from blackbox_kd.errors import UsageError
from blackbox_kd.run import RunDir
from blackbox_kd.teachers.address import origin, proxy_of, shown

KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
NO_KEY = "none"  # what a server of one's own is sent when no key is configured for it
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST_BYTES = 16 * 1024  # of a key file
OTHERS = 0o077


def is_official(teacher: Teacher) -> bool:
    """Whether the provider's own API is asked."""
    return teacher.provider in KEYS and teacher.base_url is None and teacher.endpoints is None


def key_of(teacher: Teacher, run: RunDir) -> str:
    """The key from the environment or a file. A provider's usual variable is read for that provider's own API alone.

    Raises `UsageError`, never with the key, where there is none, others can read it, or no header can hold it.
    """
    if teacher.api_key_env is not None and teacher.api_key_file is not None:
        raise UsageError(
            "teacher.api_key_env and teacher.api_key_file exclude each other", "Name the key in one place."
        )
    if teacher.api_key_file is not None:
        key, again = in_file(teacher.api_key_file, run), f"into {teacher.api_key_file}"
    elif (name := variable(teacher)) is not None:
        key, again = in_environment(name, teacher), f"export {name}=..."
    else:
        return NO_KEY
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key for {teacher.model} holds characters that no key has, such as curly quotes: {again}",
            "Copy the key again, plain, on one line.",
        )
    return key


def variable(teacher: Teacher) -> str | None:
    """The variable that holds a teacher's key; None if none is read."""
    return teacher.api_key_env or (KEYS.get(teacher.provider) if is_official(teacher) else None)


def in_environment(name: str, teacher: Teacher) -> str:
    """The value of a variable; raises `UsageError` if it is not set."""
    if not NAME.fullmatch(name) or (name not in os.environ and name != name.upper()):  # it may be the key itself
        raise UsageError(
            "teacher.api_key_env names no variable that is set",
            'It is the name of one, not the key: api_key_env = "MY_SERVER_KEY", and export MY_SERVER_KEY=...',
        )
    key = os.environ.get(name, "").strip()
    if not key:
        raise UsageError(f"no key for {teacher.model}: {name} is not set", f"export {name}=... and run it again.")
    return key


def in_file(name: str, run: RunDir) -> str:
    """The one line of a file that its owner alone can read; raises `UsageError` for any other."""
    path = run.root / Path(name).expanduser()
    if path.resolve().is_relative_to(run.path.resolve()):
        raise UsageError(f"teacher.api_key_file: {path} is in the run directory", "Keep the key elsewhere.")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        fix = "Check the path: it starts at bbkd.toml's folder."
        raise UsageError(f"teacher.api_key_file: {path}: {error.strerror}", fix) from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise UsageError(f"teacher.api_key_file: {path} is no file", "Write the key into a file, on one line.")
        if about.st_mode & OTHERS:
            mode = stat.S_IMODE(about.st_mode)
            raise UsageError(f"teacher.api_key_file: others can read {path} (mode {mode:o})", f"chmod 600 {path}")
        raw = os.read(handle, MOST_BYTES + 1)
    finally:
        os.close(handle)
    key = raw.decode("utf-8-sig", "replace").strip()
    if not key or len(raw) > MOST_BYTES or len(key.splitlines()) > 1:
        what = "is empty" if not key else "has more than one line"
        raise UsageError(f"teacher.api_key_file: {path} {what}", "It holds the key alone.")
    return key


def said(teacher: Teacher, addresses: Iterable[str]) -> str:
    """Where a teacher's key goes, for people; raises `UsageError` for a proxy that cannot be used."""
    origins = list(dict.fromkeys(origin(address) for address in addresses))
    proxies = dict.fromkeys(shown(proxy) for address in origins if (proxy := proxy_of(address)))
    source = teacher.api_key_file or variable(teacher)
    more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
    through = f" through the proxy {', '.join(proxies)}" if proxies else ""
    key = f"with the key in {source}" if source else "without a key"
    return f"asking {teacher.model} at {origins[0]}{more}{through}, {key}"
