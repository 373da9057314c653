"""Every error that bbkd raises on purpose, each with its exit code.

BbkdError
├── UsageError            2   the command line or bbkd.toml
│   └── InputError        2   a row or file of the user's
├── RowFailures           3   finished, but some rows failed for good
├── BudgetReached         4   the next call could exceed the budget
├── ProviderRefused       5   key, money, model or terms: asking again cannot help
├── ProviderUnavailable   6   the provider is away, or retryable work is left
├── RunInUse              7   another process works in this directory
├── StoreCorrupt          8   the ledger cannot be read
├── GateFailed           10   the student is not good enough
├── StorageFull          74   no room left on the disk
└── Interrupted         130   a signal (SIGTERM: 143)
"""


class BbkdError(Exception):
    """What went wrong, and the fix; `exit_code` is the process's exit status."""

    exit_code = 1
    code = "bug"

    def __init__(self, message: str, fix: str = "", result: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.result = result  # what --json shows beside the error

    def __str__(self) -> str:
        return f"{self.message}\n  {self.fix}" if self.fix else self.message


class UsageError(BbkdError):
    """A wrong flag, or a wrong key or value in bbkd.toml."""

    exit_code = 2
    code = "usage"


class InputError(UsageError):
    """A file or row of the user's that cannot be used; the message names file and line."""

    code = "input"


class RowFailures(BbkdError):
    """The stage finished, and some rows failed for good; they are listed in a file."""

    exit_code = 3
    code = "row_failures"


class BudgetReached(BbkdError):
    """The worst case of the next call would exceed the budget; everything paid is kept."""

    exit_code = 4
    code = "budget"


class ProviderRefused(BbkdError):
    """The provider refuses the whole run: key, money, model or terms."""

    exit_code = 5
    code = "provider_refused"


class ProviderUnavailable(BbkdError):
    """The provider cannot be reached, or rows are left that a later run may still get."""

    exit_code = 6
    code = "provider_unavailable"


class RunInUse(BbkdError):
    """Another process holds the run directory or the ledger."""

    exit_code = 7
    code = "in_use"


class StoreCorrupt(BbkdError):
    """The ledger is damaged, or written by a newer bbkd."""

    exit_code = 8
    code = "store_corrupt"


class GateFailed(BbkdError):
    """The student did not reach what the gate asks for."""

    exit_code = 10
    code = "gate_failed"


class StorageFull(BbkdError):
    """The disk is full; nothing that was finished is lost."""

    exit_code = 74
    code = "storage_full"


class Interrupted(BbkdError):
    """A signal stopped the run; the same command goes on where it stopped."""

    code = "interrupted"

    def __init__(self, message: str, fix: str = "", exit_code: int = 130) -> None:
        super().__init__(message, fix)
        self.exit_code = exit_code
