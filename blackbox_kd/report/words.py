"""Numbers and foreign text as people read them, harmless in HTML, Markdown and terminals."""

import re

from markupsafe import Markup

from blackbox_kd.measures import Comparison, Estimate
from blackbox_kd.stats import Interval
from blackbox_kd.text import safe

LABELS = {  # of arms, in a table
    "base": "Untuned student",
    "base_full_prompt": "Untuned, teacher's prompt",
    "base_few_shot": "Untuned, few-shot",
    "student": "Student",
    "teacher": "Teacher",
    "shuffled": "Trained on shuffled answers",
    "gold": "Trained on gold",
}
PHRASES = {  # of the same arms, in a sentence
    "base": "the untuned student",
    "base_full_prompt": "the untuned student with the teacher's prompt",
    "base_few_shot": "the untuned student with examples in its prompt",
    "student": "the student",
    "teacher": "the teacher",
}
UNKNOWN = "unknown"
LONGEST = 2000  # characters of one text
# marks, underscores at the edge of a word, what makes a bare address a link, what begins a list or underlines a heading
MARKDOWN = re.compile(
    r"[\\`*{}\[\]<>|&#!~$@]|(?<![^\W_])_|_(?![^\W_])|(?<=\w):(?=//)|(?<=www)\.|^[-+=](?=[-=\s]|$)|(?<=^\d)[.)](?=\s|$)",
    re.IGNORECASE,
)


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text's first `longest` characters, and how many more there are."""
    more = len(text) - longest
    return text if more <= 0 else f"{text[:longest]} … ({number(more)} more characters)"


def inline(text: str) -> Markup:
    """The text as one line of Markdown in which nothing has a meaning, for table cells too."""
    return Markup(MARKDOWN.sub(r"\\\g<0>", " ".join(safe(text).split())))


def block(text: str) -> Markup:
    """The text's first `LONGEST` characters as a fenced code block that it cannot close itself."""
    return whole(clipped(text))


def whole(text: str) -> Markup:
    """All of the text as a fenced code block."""
    content = safe(text).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    return Markup(f"{fence}text\n{content}\n{fence}")


def label(model: str) -> str:
    """A model's name as a reader knows it."""
    if model.startswith("seed:"):
        return f"Trained with seed {model.removeprefix('seed:')}"
    return LABELS.get(model, f"Trained on {model} of the rows" if "/" in model else model)


def phrase(model: str) -> str:
    """A model's name inside a sentence."""
    return PHRASES.get(model, f"the student {label(model)[:1].lower()}{label(model)[1:]}")


def number(value: int) -> str:
    """An integer with its thousands apart."""
    return f"{value:,}"


def counted(value: int, what: str) -> str:
    """So many of a thing: `1 prompt`, `1,200 prompts`."""
    return f"{number(value)} {what}{'' if value == 1 else 's'}"


def usd(value: float | None) -> str:
    """A cost to the cent, or to two digits below a cent; an unknown one says so."""
    if value is None:
        return UNKNOWN
    return f"{value:,.2f} USD" if value == 0 or abs(value) >= 0.01 else f"{value:.2g} USD"


def percent(share: float | None, digits: int = 0) -> str:
    """A share as a percentage, never rounded to 0 or 100 unless it is just that."""
    return UNKNOWN if share is None else f"{_hundredths(share, digits)} %"


def span(interval: Interval | None) -> str:
    """An interval of shares as `72 to 88 %`."""
    return "" if interval is None else f"{_hundredths(interval.low)} to {_hundredths(interval.high)} %"


def bounds(low: float | None, high: float | None) -> Interval | None:
    """An interval, if both of its ends are known."""
    return None if low is None or high is None else Interval(low, high)


def estimate(of: Estimate | None, digits: int = 0, n: int | None = None) -> str:
    """A share with its 95 % interval and its n: `78 % (70 to 85 %, n 120)`; n is left out where it is the one given."""
    if of is None:
        return UNKNOWN
    inside = ", ".join(one for one in (span(bounds(of.low, of.high)), "" if of.n == n else f"n {number(of.n)}") if one)
    return f"{percent(of.value, digits)} ({inside})" if inside else percent(of.value, digits)


def points(difference: float) -> str:
    """A difference of shares in percentage points, signed: `+76.7 points`."""
    return f"{_signed(difference)} points"


def points_span(low: float | None, high: float | None) -> str:
    """The interval of a difference of shares: `+69.2 to +83.3`; empty if it is not known."""
    return "" if low is None or high is None else f"{_signed(low)} to {_signed(high)}"


def difference(of: Comparison, n: int | None = None) -> str:
    """A difference with its 95 % interval, p and n: `+76.7 points (+69.2 to +83.3, p < 0.001, n 120)`.

    In a slice p is the adjusted one; `n` is left out where it is the one given.
    """
    p = of.p_holm if of.slice else of.p
    beside = [points_span(of.low, of.high), "" if p is None else p_value(p), "" if of.n == n else f"n {number(of.n)}"]
    inside = ", ".join(one for one in beside if one)
    return f"{points(of.difference)} ({inside})" if inside else points(of.difference)


def _signed(difference: float) -> str:
    text = f"{100 * difference:+.1f}"
    return "0.0" if float(text) == 0 else text


def p_value(p: float | None) -> str:
    """A p-value, its size below 0.001 left out."""
    if p is None:
        return UNKNOWN
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _hundredths(share: float, digits: int = 0) -> str:
    text = f"{100 * share:.{digits}f}"
    if float(text) in (0.0, 100.0) and float(text) != 100 * share:
        text = f"{100 * share:.{digits + 1}f}"
    return text.removeprefix("-") if float(text) == 0 else text
