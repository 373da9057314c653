from collections.abc import Callable

import pytest

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.secrets import Secrets
from blackbox_kd.records import Completion

KEYS = {
    "api_key": "sk-proj-Ab3dEf6hIj9kLm2nOp5q",
    "aws_access_key": "AKIA" + "Q3E" * 5 + "Z",
    "assigned_key": "db_password = 'aB3dE5gH7jK9mN2pQ4sT6vW8'",
    "private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA",
    "password_in_a_url": "postgres://admin:hunter22@db.muster.de/app",
    "bearer_token": "Authorization: Bearer abcdefghijklmnopqrstuvwx0123",
}
NONE = [
    "export OPENAI_API_KEY=sk-your-key-goes-here-please",
    "postgres://user:password@db/app",
    "AKIAIOSFODNN7EXAMPLE",
    "Keep your password and your token to yourself; anna@muster.de has none.",
]


@pytest.mark.parametrize(("kind", "text"), KEYS.items())
def test_a_key_is_rejected_with_its_place(kind: str, text: str, completion: Callable[..., Completion]) -> None:
    whole = f"Set it so:\n{text}\nand start."
    verdict = Secrets().check(completion(whole))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, kind, kind)
    assert verdict.span is not None
    assert whole[slice(*verdict.span)] in text or text in whole[slice(*verdict.span)]
    assert Secrets().decide(Measured(verdict.value, verdict.span)) == verdict


@pytest.mark.parametrize("text", NONE)
def test_what_manuals_write_in_place_of_one_passes(text: str, completion: Callable[..., Completion]) -> None:
    assert Secrets().check(completion(text)).value == ""


def test_a_key_of_the_prompt_may_be_copied(completion: Callable[..., Completion]) -> None:
    one = completion(f"The key is {KEYS['api_key']}.", f"Which key is in this file?\n{KEYS['api_key']}")
    assert Secrets().check(one).kept
    assert not Secrets(allow_copied=False).check(one).kept


def test_kinds_can_be_let_through(completion: Callable[..., Completion]) -> None:
    verdict = Secrets(reject=("private_key",)).check(completion(KEYS["bearer_token"]))
    assert (verdict.kept, verdict.value) == (True, "bearer_token")


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="reject: 'pin' is none of private_key"):
        Secrets(reject=("pin",))
