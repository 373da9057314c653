from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.pii import Pii
from blackbox_kd.records import Completion

HELD = {
    "email_address": "anna.muster+x@muster.co.uk",
    "phone_number": "+49 (0)151 2345 6789",
    "card_number": "4532 0151 1283 0366",
    "iban": "DE26 2004 1133 5678 9012 34",
    "us_social_security_number": "536-22-1234",
    "ip_address": "84.112.37.9",
}
NOBODY = [
    "Write to anna@example.com or to 192.0.2.1, and call 212-555-0142.",
    "Card 4111 1111 1111 1111, account DE89 3704 0044 0532 0130 00.",
    "The server listens on 192.168.77.88; version 4.18.0.372.",
    "Paris.",
    "",
]


@pytest.mark.parametrize(("kind", "text"), HELD.items())
def test_personal_data_is_rejected_with_its_place(kind: str, text: str, completion: Callable[..., Completion]) -> None:
    whole = f"You reach her so: {text}, any day."
    verdict = Pii().check(completion(whole))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, kind, kind)
    assert verdict.span is not None
    assert whole[slice(*verdict.span)] == text


@pytest.mark.parametrize("text", NOBODY)
def test_what_is_nobodys_passes(text: str, completion: Callable[..., Completion]) -> None:
    verdict = Pii().check(completion(text))
    assert (verdict.kept, verdict.value, verdict.span) == (True, "", None)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Mail: Anna.Muster@muster.de, phone 0151 2345 6789", '{"mail": "anna.muster@muster.de"}'),
        ("Mail: Anna.Muster@muster.de, phone 0151 2345 6789", '{"phone": "+4915123456789"}'),
        ("IBAN DE26200411335678901234", "Pay into DE26 2004 1133 5678 9012 34."),
    ],
)
def test_what_the_prompt_holds_may_be_copied(prompt: str, text: str, completion: Callable[..., Completion]) -> None:
    assert Pii().check(completion(text, prompt)).value == ""
    assert not Pii(allow_copied=False).check(completion(text, prompt)).kept


def test_beside_a_copy_new_data_is_still_found(completion: Callable[..., Completion]) -> None:
    verdict = Pii().check(completion("anna@muster.de or 536-22-1234", "Her mail is anna@muster.de"))
    assert (verdict.kept, verdict.value, verdict.span) == (False, "us_social_security_number", (18, 29))


def test_all_kinds_are_told_and_only_those_named_are_rejected(completion: Callable[..., Completion]) -> None:
    rule = Pii(reject=("iban",))
    one = completion(f"{HELD['email_address']} has {HELD['iban']}")
    assert rule.check(one).value == "email_address iban"
    assert rule.check(one).reason == "iban"
    assert rule.check(completion(HELD["email_address"])).kept


def test_a_kind_that_does_not_exist_is_refused_with_its_path() -> None:
    with pytest.raises(msgspec.ValidationError, match="'fax' is none of email_address"):
        msgspec.convert({"rule": "pii", "reject": ["fax"]}, Pii)


@given(st.lists(st.sampled_from([*HELD.values(), "word", "12", "\n"]), max_size=6), st.sampled_from([*HELD]))
def test_the_verdict_follows_from_what_was_measured(
    completion: Callable[..., Completion], parts: list[str], kind: str
) -> None:
    found = Pii().measure(completion(" / ".join(parts)))
    for rule in (Pii(), Pii(reject=(kind,)), Pii(reject=())):
        verdict = rule.decide(found)
        assert verdict.kept == (not set(str(found.value).split()) & set(rule.reject))
        assert rule.decide(Measured(verdict.value, verdict.span)) == verdict
