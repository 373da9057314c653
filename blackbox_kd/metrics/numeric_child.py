"""The process behind the metric `numeric`: a line of JSON in, whether two answers are equal out.

It ends with its input, and by a signal's default action, which no long multiplication holds up, when an answer takes
more processor time than it may. So math-verify's own alarms, which work in main threads alone, stay off.
"""

import json
import math
import re
import resource
import signal
import sys
from typing import Any

from math_verify import parse, verify

MEMORY_BYTES = 2 << 30
EXPONENT = re.compile(r"(?<![\w.,])(-?[0-9]{1,20}(?:\.[0-9]{1,20})?)[eE]([+-]?[0-9]{1,2})(?!\w)")
DELIMITED = re.compile(r"\$|\\[(\[]|\\boxed|(?<![A-Za-z\\])[A-Za-z]{3}|\n")


def equal(prediction: str, reference: str, relative_tolerance: float | None) -> bool:
    """Whether the prediction ends in the reference's value."""
    found, wanted = read(prediction), read(reference)
    value = number(wanted)
    if relative_tolerance is not None and value is not None:
        other = number(found)
        return other is not None and abs(other - value) <= relative_tolerance * abs(value)
    places = 6 if not value else max(6, 5 - math.floor(math.log10(abs(value))))
    return bool(verify(wanted, found, float_rounding=places, timeout_seconds=None))


def read(text: str) -> list[Any]:
    """What math-verify finds in a text, the value first; 1e-9 is written out, and bare LaTeX is taken as a formula."""
    text = text.replace("\N{MINUS SIGN}", "-")
    plain = EXPONENT.sub(lambda match: f"{match[1]} * 10**({int(match[2])})", text)
    formula = ("\\" in text or "^" in text) and not DELIMITED.search(text)
    found: list[Any] = parse(f"${text}$" if formula else plain, parsing_timeout=None)
    return found


def number(found: list[Any]) -> float | None:
    """The finite real number that was found, that of the right-hand side in an equation; None where it is none."""
    try:
        value = complex(getattr(found[0], "rhs", found[0]).doit().evalf())
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError):
        return None
    return value.real if value.imag == 0 and math.isfinite(value.real) else None


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    for line in sys.stdin:
        asked = json.loads(line)
        if asked:
            signal.setitimer(signal.ITIMER_PROF, asked[3])
        same = bool(asked) and equal(*asked[:3])
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(f"{int(same)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
