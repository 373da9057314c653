"""The command line: a few lines a command, each importing its stage inside, and one error edge for all."""

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence

from blackbox_kd.cli.app import app
from blackbox_kd.cli.options import show_json
from blackbox_kd.errors import BbkdError, Interrupted, StorageFull, UsageError

EXTRA = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")
SECRET = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(words: Sequence[str] | None = None) -> None:
    """Run a command, the process's own if no words are given; every error leaves as one message and its exit code."""
    words = sys.argv[1:] if words is None else words
    try:
        app(args=[*words], prog_name="bbkd")
    except SystemExit as stop:
        if stop.code == UsageError.exit_code and "--json" in words:  # typer has said on stderr what is wrong
            show_json(command(words), {}, {"code": UsageError.code, "message": "see stderr", "fix": "bbkd --help"})
        raise
    except BbkdError as error:
        leave(error, words)
    except OSError as error:
        leave_os(error, words)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            leave(bug(error), words)
        fix = "pip install 'blackbox-kd[train]'"
        leave(UsageError(f"this command needs `{error.name}`, which is not installed", fix), words)
    except KeyboardInterrupt:
        leave(Interrupted("interrupted", "Run the same command to go on.", 130), words)
    except Exception as error:  # noqa: BLE001  the one edge: a bug is shown as one, with its trace
        leave(bug(error), words)


def leave_os(error: OSError, words: Sequence[str]) -> None:
    """End the process after an error of the system's: a reader that has gone is none, a full disk is one of ours."""
    if error.errno == errno.EPIPE:  # `bbkd ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    if error.errno in FULL:
        leave(StorageFull(f"no room left on the disk: {error}", "Free some space, then run the same command."), words)
    leave(bug(error), words)


def bug(error: BaseException) -> BbkdError:
    """An error that nobody meant to raise, with its trace."""
    trace = "".join(traceback.format_exception(error))
    return BbkdError(f"bug in bbkd: {type(error).__name__}: {error}", f"Please report it with this trace:\n{trace}")


def leave(error: BbkdError, words: Sequence[str]) -> None:
    """Say what went wrong and the fix, on stderr and with --json on stdout, and end the process with its exit code."""
    from blackbox_kd.text import safe

    message, fix = without_secrets(error.message), without_secrets(error.fix)
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(safe(f"error: {message}\n" + (f"  {fix}\n" if fix else "")))
        if "--json" in words:
            problem = {"code": error.code, "message": message, "fix": fix}
            show_json(command(words), error.result or {}, problem)
    sys.exit(error.exit_code)


def without_secrets(text: str) -> str:
    """The text without the values of variables that are named like a key's: a trace of a bug may hold anything."""
    from blackbox_kd.teachers.redact import Redactor

    named = (value for name, value in os.environ.items() if SECRET.search(name.upper()))
    return Redactor(value for value in named if not value.startswith(("/", "~"))).text(text)


def command(words: Sequence[str]) -> str:
    """The command among these words, as typed."""
    return next((word for word in words if not word.startswith("-")), "")
