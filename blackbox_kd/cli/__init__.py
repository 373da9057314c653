"""The command line: a few lines a command, each importing its stage inside, and one error edge for all."""

import contextlib
import errno
import os
import re
import sys
import traceback

from blackbox_kd.cli.app import app
from blackbox_kd.cli.options import show_json
from blackbox_kd.errors import BbkdError, StorageFull, UsageError

EXTRA = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")
SECRET = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run a command; every error leaves as one message and its exit code."""
    try:
        app()
    except SystemExit as stop:
        if stop.code == UsageError.exit_code and "--json" in sys.argv:  # typer has said on stderr what is wrong
            show_json(command(), {}, {"code": UsageError.code, "message": "see stderr", "fix": "bbkd --help"})
        raise
    except BbkdError as error:
        leave(error)
    except OSError as error:
        leave_os(error)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            leave(bug(error))
        fix = "pip install 'blackbox-kd[train]'"
        leave(UsageError(f"this command needs `{error.name}`, which is not installed", fix))
    except KeyboardInterrupt:
        leave_with(130, "interrupted", "interrupted", "Run the same command to go on.")
    except Exception as error:  # noqa: BLE001  the one edge: a bug is shown as one, with its trace
        leave(bug(error))


def leave_os(error: OSError) -> None:
    """End the process after an error of the system's: a reader that has gone is none, a full disk is one of ours."""
    if error.errno == errno.EPIPE:  # `bbkd ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    if error.errno in FULL:
        leave(StorageFull(f"no room left on the disk: {error}", "Free some space, then run the same command."))
    leave(bug(error))


def bug(error: BaseException) -> BbkdError:
    """An error that nobody meant to raise, with its trace."""
    trace = "".join(traceback.format_exception(error))
    return BbkdError(f"bug in bbkd: {type(error).__name__}: {error}", f"Please report it with this trace:\n{trace}")


def leave(error: BbkdError) -> None:
    """End the process as an error asks for."""
    leave_with(error.exit_code, error.code, error.message, error.fix, error.result)


def leave_with(exit_code: int, code: str, message: str, fix: str, result: object = None) -> None:
    """Say what went wrong and the fix, on stderr and with --json on stdout, and end the process."""
    from blackbox_kd.text import safe

    message, fix = without_secrets(message), without_secrets(fix)
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(safe(f"error: {message}\n" + (f"  {fix}\n" if fix else "")))
        if "--json" in sys.argv:
            problem = {"code": code, "message": message, "fix": fix}
            show_json(command(), result or {}, problem)
    sys.exit(exit_code)


def without_secrets(text: str) -> str:
    """The text without the values of variables that are named like a key's: a trace of a bug may hold anything."""
    from blackbox_kd.teachers.redact import Redactor

    named = (value for name, value in os.environ.items() if SECRET.search(name.upper()))
    return Redactor(value for value in named if not value.startswith(("/", "~"))).text(text)


def command() -> str:
    """The command of this process, as typed."""
    return next((word for word in sys.argv[1:] if not word.startswith("-")), "")
