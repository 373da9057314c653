import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.measures import Comparison, Estimate
from blackbox_kd.report.words import (
    block,
    clipped,
    counted,
    difference,
    estimate,
    inline,
    label,
    number,
    p_value,
    percent,
    phrase,
    points,
    span,
    usd,
    whole,
)
from blackbox_kd.stats import Interval
from blackbox_kd.text import safe

# text with more of what harms than chance would bring
HOSTILE = st.text(
    st.sampled_from("\x1b\x07\x9b\x9d\r\n\u202e\u2066\u200f[]0;m\\`|_*<>&#~a ") | st.characters(), max_size=60
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPpayload\x1b\\after", "after"),
        ("\x9b2Jcleared", "cleared"),
        ("invoice\u202ecod.exe", "invoicecod.exe"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("half \ud800 pair", "half  pair"),
        (
            "na\u00efve \u65e5\u672c \U0001f468\u200d\U0001f469\u200d\U0001f467",
            "na\u00efve \u65e5\u672c \U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
    ],
)
def test_safe_strips_what_acts_and_keeps_what_reads(text: str, expected: str) -> None:
    assert safe(text) == expected


@given(HOSTILE)
def test_safe_leaves_no_control_and_no_direction_override(text: str) -> None:
    left = set(safe(text)) - {"\n", "\t"}
    assert not {c for c in left if unicodedata.category(c) in {"Cc", "Cs"}}
    assert not left & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


@given(HOSTILE)
def test_safe_twice_is_safe_once(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", r"a \| b"),
        ("`code`", r"\`code\`"),
        ("<script>", r"\<script\>"),
        ("![x](y)", r"\!\[x\](y)"),
        ("exact_match __bold__ _it_", r"exact_match \_\_bold\_\_ \_it\_"),
        ("https://evil.example www.evil.example", r"https\://evil.example www\.evil.example"),
        ("two\nlines", "two lines"),
        ("- item", r"\- item"),
        ("-8", "-8"),
        ("1. item", r"1\. item"),
        ("===", r"\==="),
    ],
)
def test_inline_means_nothing_in_markdown(text: str, expected: str) -> None:
    assert inline(text) == expected


@given(HOSTILE)
def test_inline_is_one_line_without_an_open_pipe(text: str) -> None:
    line = inline(text)
    assert "\n" not in line
    assert "|" not in line.replace(r"\\", "").replace(r"\|", "")


@given(HOSTILE)
def test_no_text_closes_its_own_block(text: str) -> None:
    first, *_, last = str(block(text)).split("\n")
    fence = first.removesuffix("text")
    assert last == fence
    assert fence not in block(text)[len(first) : -len(last)]


def test_clipped_says_how_much_is_missing() -> None:
    assert clipped("x" * 3001, 1000) == "x" * 1000 + " \u2026 (2,001 more characters)"


def test_a_whole_text_is_not_clipped() -> None:
    assert whole("x" * 3001) == f"```text\n{'x' * 3001}\n```"


def test_one_thing_is_not_plural() -> None:
    assert [counted(n, "prompt") for n in (0, 1, 1200)] == ["0 prompts", "1 prompt", "1,200 prompts"]


def test_short_text_is_not_clipped() -> None:
    assert clipped("x" * 1000, 1000) == "x" * 1000


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.784, "78 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.997, "99.7 %"),
        (0.002, "0.2 %"),
        (-0.43, "-43 %"),
        (None, "unknown"),
    ],
)
def test_percent_rounds_to_neither_end(share: float | None, expected: str) -> None:
    assert percent(share) == expected


def test_span_names_the_unit_once() -> None:
    assert span(Interval(0.7232, 0.8842)) == "72 to 88 %"


@pytest.mark.parametrize(
    ("cost_usd", "expected"),
    [(None, "unknown"), (0.0, "0.00 USD"), (0.00412, "0.0041 USD"), (1234.5, "1,234.50 USD")],
)
def test_an_unknown_cost_is_never_zero(cost_usd: float | None, expected: str) -> None:
    assert usd(cost_usd) == expected


@pytest.mark.parametrize(
    ("p", "expected"), [(None, "unknown"), (1e-24, "p < 0.001"), (0.0312, "p = 0.031"), (0.43, "p = 0.43")]
)
def test_a_tiny_p_is_a_bound(p: float | None, expected: str) -> None:
    assert p_value(p) == expected


def test_numbers_and_models_have_names() -> None:
    assert (number(1234567), label("base"), label("rival")) == ("1,234,567", "Untuned student", "rival")


@pytest.mark.parametrize(
    ("arm", "expected", "inside"),
    [
        ("base_few_shot", "Untuned, few-shot", "the untuned student with examples in its prompt"),
        ("1/4", "Trained on 1/4 of the rows", "the student trained on 1/4 of the rows"),
        ("seed:2", "Trained with seed 2", "the student trained with seed 2"),
        ("gold", "Trained on gold", "the student trained on gold"),
    ],
)
def test_an_arm_is_named_in_a_table_and_in_a_sentence(arm: str, expected: str, inside: str) -> None:
    assert (label(arm), phrase(arm)) == (expected, inside)


@pytest.mark.parametrize(
    ("of", "n", "expected"),
    [
        (Estimate(value=0.784, low=0.7, high=0.85, n=120, families=9), None, "78 % (70 to 85 %, n 120)"),
        (Estimate(value=0.784, low=0.7, high=0.85, n=120, families=9), 120, "78 % (70 to 85 %)"),
        (Estimate(value=0.5, n=4, families=1), None, "50 % (n 4)"),
        (None, None, "unknown"),
    ],
)
def test_an_estimate_carries_its_interval_and_n(of: Estimate | None, n: int | None, expected: str) -> None:
    assert estimate(of, n=n) == expected


def test_a_difference_carries_its_interval_p_and_n() -> None:
    one = Comparison(arm="student", against="base", difference=0.0767, low=-0.01, high=0.16, p=0.043, n=120)
    assert difference(one) == "+7.7 points (-1.0 to +16.0, p = 0.043, n 120)"


def test_in_a_slice_p_is_the_adjusted_one() -> None:
    one = Comparison(arm="student", against="base", slice="long", difference=0.1, p=0.01, p_holm=0.03, n=9)
    assert difference(one, 9) == "+10.0 points (p = 0.030)"


def test_no_difference_has_no_sign() -> None:
    assert points(-0.0001) == "0.0 points"
