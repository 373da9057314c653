"""Values as people write them, such as "3 ft 4 in" or "$1.2k", normalised to one line: dates, times, units, amounts."""

import random
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from blackbox_kd.tasks.base import Draft, Task, pattern, pick, shots

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
SHORT_MONTHS = tuple(month[:3] for month in MONTHS)
SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP"}
CURRENCIES = {"dollars": "USD", "euros": "EUR", "pounds sterling": "GBP", "USD": "USD", "EUR": "EUR", "GBP": "GBP"}
NEW_CURRENCIES = {"yen": "JPY", "Swiss francs": "CHF", "rupees": "INR"}
WEIGHTS = {"lb": "0.45359237", "pounds": "0.45359237", "oz": "0.028349523125", "ounces": "0.028349523125"}
NEW_WEIGHTS = {"stone": "6.35029318"}
HALVES = {"am": 0, "a.m.": 0, "in the morning": 0, "pm": 12, "p.m.": 12, "in the afternoon": 12}
NEW_HALVES = {"after noon": 12, "before noon": 0}
Groups = Mapping[str, str]


def _ordinal(day: int) -> str:
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _rounded(value: Decimal, places: str) -> str:
    return str(value.quantize(Decimal(places), ROUND_HALF_UP))


def _date(found: Groups) -> str:
    if "month" in found:
        month = MONTHS.index(found["month"]) + 1
    elif "mon" in found:
        month = SHORT_MONTHS.index(found["mon"]) + 1
    else:
        month = int(found["mm"])
    day = int(found["ord"][:-2] if "ord" in found else found.get("dd") or found["day"])
    return f"{found['year']}-{month:02}-{day:02}"


def _length(found: Groups) -> str:
    return _rounded(Decimal(found["ft"]) * Decimal("30.48") + Decimal(found["inch"]) * Decimal("2.54"), "0.1") + " cm"


def _weight(found: Groups) -> str:
    factor = (WEIGHTS | NEW_WEIGHTS)[found["weight"]]
    return _rounded(Decimal(found["n"]) * Decimal(factor), "0.01") + " kg"


def _degrees(found: Groups) -> str:
    return _rounded((Decimal(found["n"]) - 32) * 5 / 9, "0.1") + " C"


def _duration(found: Groups) -> str:
    return f"{int(found['h']) * 60 + int(found['m'])} min"


def _money(found: Groups) -> str:
    code = SYMBOLS[found["sign"]] if "sign" in found else (CURRENCIES | NEW_CURRENCIES)[found["money"]]
    factor = {"k": 1000, "thousand": 1000, "million": 1_000_000}[found["scale"]] if "scale" in found else 1
    number = found["dec"] if "dec" in found else found["amount"].replace(",", "")
    return f"{_rounded(Decimal(number) * factor, '0.01')} {code}"


def _clock(minutes: int | None) -> Callable[[Groups], str]:
    """The rule for times of day: the minutes are read, or given by the words (minus 15: a quarter to)."""

    def rule(found: Groups) -> str:
        offset = int(found["mi"]) if minutes is None else minutes
        total = (int(found["hour"]) % 12 + (HALVES | NEW_HALVES)[found["half"]]) * 60 + offset
        return f"{total // 60 % 24:02}:{total % 60:02}"

    return rule


def _either(seen: Mapping[str, object] | tuple[str, ...], new: Mapping[str, object] | tuple[str, ...] = ()) -> str:
    return "|".join(sorted((*seen, *new), key=len, reverse=True)).replace(".", r"\.").replace("$", r"\$")


SLOTS = {
    **{"month": _either(MONTHS), "mon": _either(SHORT_MONTHS), "day": r"\d{1,2}", "ord": r"\d{1,2}(?:st|nd|rd|th)"},
    **{
        "mm": r"\d\d",
        "dd": r"\d\d",
        "year": r"\d{4}",
        "ft": r"\d+",
        "inch": r"\d+",
        "n": r"\d+",
        "h": r"\d+",
        "m": r"\d+",
    },
    **{"sign": _either(SYMBOLS), "money": _either(CURRENCIES, NEW_CURRENCIES), "scale": "k|thousand|million"},
    **{"dec": r"\d+\.\d+", "amount": r"[\d,]+(?:\.\d\d)?", "weight": _either(WEIGHTS, NEW_WEIGHTS)},
    **{"hour": r"\d{1,2}", "mi": r"\d\d", "half": _either(HALVES, NEW_HALVES), "x": ".+?"},
}


def _draw(rng: random.Random, unseen: bool) -> dict[str, str]:
    """A value for every slot."""
    day = rng.randint(1, 28)
    return {
        **{"month": rng.choice(MONTHS), "mon": rng.choice(SHORT_MONTHS), "day": str(day), "ord": _ordinal(day)},
        **{
            "mm": f"{rng.randint(1, 12):02}",
            "dd": f"{day:02}",
            "year": str(rng.randint(2000, 2039) - 50 * unseen),
        },
        **{"ft": str(rng.randint(1, 9)), "inch": str(rng.randint(1, 11)), "n": str(rng.randint(5, 220))},
        **{"h": str(rng.randint(1, 9)), "m": str(rng.randint(1, 59)), "sign": rng.choice(tuple(SYMBOLS))},
        **{"money": pick(rng, tuple(CURRENCIES), tuple(NEW_CURRENCIES), unseen), "dec": f"{rng.randint(11, 99) / 10}"},
        **{"scale": rng.choice(("thousand", "million")), "amount": f"{rng.randint(100, 999_999) / 100:,.2f}"},
        **{"weight": pick(rng, tuple(WEIGHTS), tuple(NEW_WEIGHTS), unseen), "hour": str(rng.randint(1, 11))},
        **{"half": pick(rng, tuple(HALVES), tuple(NEW_HALVES), unseen), "mi": f"{rng.randint(1, 59):02}"},
    }


# How a value is written, its rule, and whether only unseen rows write it so.
FORMS: tuple[tuple[str, Callable[[Groups], str], bool], ...] = (
    ("{day} {month} {year}", _date, False),
    ("{month} {day}, {year}", _date, False),
    ("the {ord} of {month} {year}", _date, False),
    ("{mon} {day} {year}", _date, False),
    ("{day}.{mm}.{year}", _date, False),
    ("{day}-{mon}-{year}", _date, False),
    ("{month} {ord}, {year}", _date, False),
    ("{year}/{mm}/{dd}", _date, False),
    ("{ord} {month} {year}", _date, True),
    ("{mon}. {ord}, {year}", _date, True),
    ("the {ord} day of {month} {year}", _date, True),
    ("{ft} ft {inch} in", _length, False),
    ("{ft} feet {inch} inches", _length, False),
    ("{ft}'{inch}\"", _length, False),
    ("{ft} feet and {inch} inches", _length, True),
    ("{n} {weight}", _weight, False),
    ("{n}{weight}", _weight, True),
    ("{n} °F", _degrees, False),
    ("{n} degrees Fahrenheit", _degrees, False),
    ("{n} deg F", _degrees, True),
    ("{h} h {m} min", _duration, False),
    ("{h} hours and {m} minutes", _duration, False),
    ("{h}h{m}m", _duration, False),
    ("{h} hrs {m} mins", _duration, True),
    ("{sign}{dec}k", lambda found: _money({**found, "scale": "k"}), False),
    ("{sign}{dec} {scale}", _money, False),
    ("{sign}{amount}", _money, False),
    ("{amount} {money}", _money, False),
    ("{dec} {scale} {money}", _money, False),
    ("{dec} {scale} in {money}", _money, True),
    ("a total of {amount} {money}", _money, True),
    ("{hour}:{mi} {half}", _clock(None), False),
    ("{hour} {half}", _clock(0), False),
    ("half past {hour} {half}", _clock(30), False),
    ("a quarter past {hour} {half}", _clock(15), False),
    ("{hour} hours {mi} {half}", _clock(None), True),
    ("a quarter to {hour} {half}", _clock(-15), True),
)
FRAMES = ("{x}", "Normalise: {x}", "Convert this: {x}", "The form says {x}.", "Please write {x} in standard form.")
NEW_FRAMES = ("Input value: {x}", "How do I standardise {x}?")


@cache
def _frames() -> list[re.Pattern[str]]:
    return [pattern(frame, SLOTS) for frame in reversed(FRAMES + NEW_FRAMES)]


@cache
def _forms() -> list[tuple[re.Pattern[str], Callable[[Groups], str]]]:
    return [(pattern(form, SLOTS), rule) for form, rule, _ in FORMS]


def make(rng: random.Random, unseen: bool) -> Draft:
    """Draw a value in words and its normal form."""
    index = rng.choice([i for i, (_, _, reserved) in enumerate(FORMS) if reserved == unseen])
    form, rule, _ = FORMS[index]
    used = {slot: value for slot, value in _draw(rng, unseen).items() if f"{{{slot}}}" in form}
    frame = pick(rng, FRAMES, NEW_FRAMES, unseen)
    place = (FRAMES + NEW_FRAMES).index(frame)
    return Draft(frame.format(x=form.format(**used)), rule(used), f"units-{index}-{place}")


def answer(prompt: str, rng: random.Random) -> str | None:
    """The normal form of the value in a prompt; None where it is written in no way that we know."""
    for frame in _frames():
        if not (framed := frame.fullmatch(prompt)):
            continue
        for form, rule in _forms():
            if found := form.fullmatch(framed["x"]):
                return rule(found.groupdict())
    return None


def wrong(answer: str, rng: random.Random) -> str:
    """The same value with one digit wrong."""
    at = rng.choice([i for i, char in enumerate(answer) if char.isdigit()])
    return answer[:at] + rng.choice("0123456789".replace(answer[at], "")) + answer[at + 1 :]


def check(prediction: str, reference: str) -> float:
    """1.0 where both are the same text but for case, spacing and a full stop at the end."""
    return float(_plain(prediction) == _plain(reference))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).removesuffix(".")


TEACHER_SYSTEM = """You normalise values for a database. Reply with the normal form alone, on one line.
Dates: YYYY-MM-DD; 4.05.2024 is the 4th of May. Times of day: HH:MM on the 24-hour clock.
Durations: whole minutes, as "80 min". Lengths in feet and inches: centimetres with one decimal, as "101.6 cm"
(1 ft = 30.48 cm, 1 in = 2.54 cm). Weights: kilograms with two decimals, as "2.27 kg" (1 lb = 0.45359237 kg,
16 oz = 1 lb, 1 stone = 14 lb). Temperatures: degrees Celsius with one decimal, as "21.5 C".
Amounts of money: two decimals, no separator of thousands, then the ISO 4217 code, as "1200.00 USD"; k is thousand."""

UNITS = Task(
    name="units",
    student_system=(
        "Normalise the value. Reply with it alone: dates as 2024-03-31, times as 15:20, durations as 80 min, lengths "
        "as 101.6 cm, weights as 2.27 kg, temperatures as 21.5 C, amounts as 1200.00 USD."
    ),
    teacher_system=TEACHER_SYSTEM,
    shots=shots(
        ("Convert this: 3 ft 4 in", "101.6 cm"),
        ("the 3rd of March 2024", "2024-03-03"),
        ("The form says $1.2k.", "1200.00 USD"),
        ("Normalise: half past 4 pm", "16:30"),
    ),
    reserved=(*NEW_CURRENCIES, *NEW_CURRENCIES.values(), *NEW_WEIGHTS, *NEW_HALVES),
    make=make,
    answer=answer,
    wrong=wrong,
    check=check,
)
