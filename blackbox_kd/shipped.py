"""Our own texts: the files of `prompts/`, which come with the package."""

from pathlib import Path

import blackbox_kd


def shipped(name: str) -> Path:
    """Where a text of ours lies: inside the installed package, or beside it in a checkout."""
    package = Path(blackbox_kd.__file__).parent
    inside = package / "prompts" / name
    return inside if inside.exists() else package.parent / "prompts" / name
