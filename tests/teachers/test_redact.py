import base64
import json
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.teachers.redact import MASK, Redactor, is_key

PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
KEYS = st.text(PRINTABLE, min_size=12, max_size=60).filter(is_key)
KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8t"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in JSON": json.dumps,
    "repr": repr,
    "percent-encoded": lambda key: quote(key, safe=""),
    "percent-encoded twice": lambda key: quote(quote(key, safe=""), safe=""),
    "PHP's JSON": lambda key: json.dumps(key).replace("/", "\\/"),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)),
    "escaped whole": lambda key: "".join(f"\\u{ord(char):04X}" for char in key),
    "hex": lambda key: key.encode().hex().upper(),
}


@settings(deadline=None)
@given(KEYS, st.sampled_from(list(FORMS)))
def test_no_form_of_a_key_survives(key: str, form: str) -> None:
    whole = f"<{FORMS[form](key)}>"
    for clean in (Redactor([key]).text(whole), Redactor([key]).scrub(whole.encode()).decode()):
        assert MASK in clean
        assert FORMS[form](key) not in clean


@settings(deadline=None)
@given(KEYS, st.integers(0, 2), st.binary(max_size=6), st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))
def test_no_base64_of_a_key_survives(key: str, shift: int, rest: bytes, encode: Callable[[bytes], bytes]) -> None:
    coded = encode(b"u" * shift + key.encode() + rest).decode()
    assert MASK in Redactor([key]).text(coded)


@pytest.mark.parametrize("length", range(16, len(KEY) + 1))
def test_a_key_that_is_cut_short_is_one(length: int) -> None:
    assert Redactor([KEY]).text(f"key {KEY[:length]}**** is wrong") == f"key {MASK}**** is wrong"


def test_how_all_keys_of_a_vendor_begin_is_no_key() -> None:
    text = "They begin with sk-ant-api03- and sk-proj-."
    assert Redactor([KEY, "sk-ant-api03-Zx9Yw8Vu7Ts6Rq5Po4"]).text(text) == text


@pytest.mark.parametrize("word", ["none", "", "k", "ollama", "EMPTY", "lm-studio", "not-needed"])
def test_what_stands_for_a_key_is_no_key(word: str) -> None:
    assert Redactor([word]).text(f"Use {word} here.") == f"Use {word} here."


@pytest.mark.parametrize("key", [KEY, "plain-Key-4711-0815", "with/slash+and=42%"])
def test_text_without_a_key_is_left_as_it_is(key: str) -> None:
    raw = json.dumps({"content": 'A "5 %" discount, caf\u00e9, <b>https://example.org/?a=b%20c</b>\n' * 50}).encode()
    assert Redactor([key, KEY]).scrub(raw) == raw


def test_an_error_leaves_without_the_key() -> None:
    with pytest.raises(ProviderRefused) as caught, Redactor([KEY]):
        raise ProviderRefused(f"refused: {KEY}", f"not {KEY}")
    assert (caught.value.message, caught.value.fix) == (f"refused: {MASK}", f"not {MASK}")
    assert str(caught.value) == f"refused: {MASK}\n  not {MASK}"


class OwnTextError(Exception):
    """Says more than its arguments hold."""

    def __str__(self) -> str:
        return f"header {KEY}"


def test_a_bug_leaves_with_its_trace_and_without_the_key() -> None:
    with pytest.raises(RuntimeError, match="OwnTextError") as caught, Redactor([KEY]):
        try:
            raise OwnTextError
        except OwnTextError as error:
            raise ValueError("illegal") from error
    trace = "".join(traceback.format_exception(caught.value))
    assert KEY not in trace
    assert f"header {MASK}" in trace


def test_a_bug_without_a_key_is_left_as_it_is() -> None:
    with pytest.raises(ValueError, match="illegal"), Redactor([KEY]):
        raise ValueError("illegal")
