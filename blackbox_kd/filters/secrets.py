"""Answers that hold keys and passwords."""

from typing import ClassVar

from blackbox_kd.filters.pii import Held, words
from blackbox_kd.private import Kind


class Secrets(Held, frozen=True, kw_only=True, tag="secrets"):
    """Rejects completions with a key of a vendor's form, an assigned or private key, a bearer token, a URL's password.

    What manuals write in place of one is none.
    """

    kind: ClassVar[Kind] = "secret"
    reject: tuple[str, ...] = words("secret")
