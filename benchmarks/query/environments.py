"""Makes one virtual environment a peer, outside the repository, because their pins exclude each other.

    python benchmarks/query/environments.py [--venvs FOLDER] [PEER ...]

What is there already, with the same requirements, is left as it is.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
VENVS = Path(tempfile.gettempdir()) / "bbkd-peers"


def main() -> None:
    """Make the environments that are named, or all."""
    parser = argparse.ArgumentParser()
    known = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
    parser.add_argument("peer", nargs="*", help=f"of {', '.join(known)}")
    parser.add_argument("--venvs", type=Path, default=VENVS)
    chosen = parser.parse_args()
    for peer in chosen.peer or known:
        sys.stderr.write(f"{peer}: {made(peer, chosen.venvs)}\n")


def made(peer: str, venvs: Path) -> str:
    """Make one environment; says what was done. Raises `CalledProcessError` where an install fails."""
    wanted = (REQUIREMENTS / f"{peer}.txt").read_text()
    folder = venvs / peer
    mark = folder / "requirements.txt"  # written last: its presence means that the install finished
    if mark.exists() and mark.read_text() == wanted:
        return "there already"
    mark.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS / f"{peer}.txt")]
    subprocess.run([str(folder / "bin" / "python"), *install], check=True)
    mark.write_text(wanted)
    return "made"


if __name__ == "__main__":
    main()
