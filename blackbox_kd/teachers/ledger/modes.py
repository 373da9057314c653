"""Who may read the ledger's files: the user alone, or the group where that is asked for."""

import contextlib
import stat
from collections.abc import Callable
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
GROUP_FILE, GROUP_FOLDER = 0o660, 0o2770
OTHERS = 0o077


def mode_of(group: bool) -> int:
    """The mode of the ledger's files."""
    return GROUP_FILE if group else FILE


def make_folder(folder: Path, group: bool) -> None:
    """Make the ledger's folder; one that is there already is opened to the group where that is asked for."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    if group:
        with contextlib.suppress(PermissionError):  # somebody else's: he has shared it, or has not
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | GROUP_FOLDER)


def protect(path: Path, group: bool, warn: Callable[[str], None]) -> None:
    """Give the group access to every file of the ledger, or warn where more than the user has it."""
    if group:
        for file in path.parent.glob(f"{path.name}*"):
            with contextlib.suppress(OSError):
                file.chmod(stat.S_IMODE(file.stat().st_mode) | GROUP_FILE)
        return
    for file, fix in ((path, "chmod 600"), (path.parent, "chmod 700")):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & OTHERS:
            warn(
                f"{file} is open to {who(mode)} (mode {mode:o}), and the ledger holds your prompts and replies: "
                f"{fix}, or set [query] share_ledger = true to share it with your group"
            )


def who(mode: int) -> str:
    """Whom a mode lets in."""
    return "everybody" if mode & 0o007 else "your group"
