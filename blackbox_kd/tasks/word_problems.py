"""Two-step arithmetic word problems, answered with a short rationale and "Answer: N"."""

import random
import re
from decimal import Decimal
from functools import cache

from blackbox_kd.tasks.base import Draft, Task, pattern, pick, shots

# First step "{a} op {b}", second step "result op {c}"; {n} a name, {i} things, {p} a place.
PROBLEMS: tuple[tuple[str, str], ...] = (
    ("+-", "{n} has {a} {i}. {n} buys {b} more and then gives {c} away. How many {i} does {n} have now?"),
    ("+-", "There are {a} {i} on one shelf and {b} on another. {n} takes {c} of them. How many {i} are left?"),
    ("+-", "On Monday {n} found {a} {i}, on Tuesday {b}. {c} of them were broken. How many good {i} were found?"),
    ("-+", "{n} had {a} {i} and lost {b}. Later {n} got {c} as a present. How many {i} does {n} have?"),
    ("-+", "A shop in {p} had {a} {i}. It sold {b} and then received {c}. How many {i} does it have now?"),
    ("--", "{n} baked {a} buns, ate {b} and gave {c} to a friend. How many buns remain?"),
    ("--", "A bus leaves {p} with {a} people. {b} get off, then {c} more get off. How many people are still on it?"),
    ("++", "{n} read {a} pages on Friday, {b} on Saturday and {c} on Sunday. How many pages is that in all?"),
    ("++", "{n} drove {a} km to {p}, then {b} km to the coast and {c} km back home. How many km was the trip?"),
    ("*+", "{n} buys {a} boxes with {b} {i} each and finds {c} more at home. How many {i} does {n} have?"),
    ("*+", "A ticket to {p} costs {a} dollars. {n} pays for {b} tickets and {c} dollars for lunch. What is the total?"),
    ("*-", "{n} packs {a} bags with {b} {i} each. Then {c} {i} fall out. How many {i} are still packed?"),
    ("*-", "There are {a} rows of {b} chairs in a hall in {p}. {c} chairs are taken away. How many chairs are left?"),
    ("*-", "{n} earns {a} dollars an hour, works {b} hours and spends {c} dollars. How many dollars are left?"),
    ("+*", "Each day {n} makes {a} {i} by hand and {b} by machine. How many {i} are made in {c} days?"),
    ("+*", "A meal costs {a} dollars and a drink {b}. {n} orders both for {c} people. How many dollars is that?"),
    ("-*", "A coat costs {a} dollars, today {b} less. {n} buys {c} coats. How many dollars does {n} pay?"),
    ("-*", "Of {a} {i} in a box, {b} are broken. There are {c} such boxes. How many good {i} are there?"),
    ("+/", "{n} has {a} red {i} and {b} blue ones and shares them equally among {c} friends. How many does each get?"),
    ("+/", "{a} children and {b} adults from {p} travel in {c} equal groups. How many people are in a group?"),
    ("-/", "{n} has {a} {i}, keeps {b} and puts the rest into {c} equal bags. How many {i} are in a bag?"),
    ("*/", "{a} trays hold {b} {i} each. {n} packs all of them into {c} equal boxes. How many {i} are in a box?"),
)
NEW_PROBLEMS: tuple[tuple[str, str], ...] = (
    ("+-", "A farm near {p} picked {a} {i} by noon and {b} after noon, and threw out {c}. How many {i} did it keep?"),
    ("-+", "From {a} {i}, {n} gives {b} to a sister and then collects {c} new ones. What is the count now?"),
    ("*+", "{n} swims {a} laps on each of {b} days and {c} laps on the last day. How many laps are that together?"),
    ("*-", "A hotel in {p} has {a} floors with {b} rooms. {c} rooms are closed. How many rooms are open?"),
    ("+*", "Every week {n} saves {a} dollars and {n}'s aunt adds {b}. How many dollars are saved after {c} weeks?"),
    ("-/", "After eating {b} of {a} {i}, {n} divides the others equally over {c} plates. How many are on each plate?"),
)
NAMES, NEW_NAMES = ("Anna", "Omar", "Lena", "Raj", "Chloe", "Mateo", "Sam", "Nadia"), ("Ingrid", "Kofi", "Yuki")
THINGS, NEW_THINGS = ("apples", "pencils", "stickers", "shells", "marbles", "stamps"), ("lanterns", "plums", "ribbons")
PLACES, NEW_PLACES = ("Lyon", "Boston", "Osaka", "Porto", "Quito"), ("Tromso", "Nairobi", "Cardiff")
SYMBOLS = {"+": "+", "-": "-", "*": "x", "/": "/"}
SLOTS = {
    **{"a": r"\d+", "b": r"\d+", "c": r"\d+", "n": "|".join(NAMES + NEW_NAMES)},
    **{"i": "|".join(THINGS + NEW_THINGS), "p": "|".join(PLACES + NEW_PLACES)},
}
RATIONALES = ("{one}. {two}.", "First, {one}. Then, {two}.", "We have {one}, and so {two}.")
NUMBER = re.compile(r"answer:\s*\$?(-?\d[\d,]*(?:\.\d+)?)", re.IGNORECASE)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(operations, pattern(text, SLOTS)) for operations, text in PROBLEMS + NEW_PROBLEMS]


def _apply(operation: str, left: int, right: int) -> int | None:
    """The result of one step; None where it is not a positive whole number."""
    if operation == "/":
        return left // right if left % right == 0 else None
    result = {"+": left + right, "-": left - right, "*": left * right}[operation]
    return result if result > 0 else None


def _solve(operations: str, a: int, b: int, c: int) -> tuple[int, int] | None:
    """The results of both steps."""
    first = _apply(operations[0], a, b)
    second = None if first is None else _apply(operations[1], first, c)
    return None if first is None or second is None else (first, second)


def _written(operations: str, numbers: tuple[int, int, int], form: str) -> str | None:
    a, b, c = numbers
    if (results := _solve(operations, a, b, c)) is None:
        return None
    one = f"{a} {SYMBOLS[operations[0]]} {b} = {results[0]}"
    two = f"{results[0]} {SYMBOLS[operations[1]]} {c} = {results[1]}"
    return f"{form.format(one=one, two=two)} Answer: {results[1]}"


def _numbers(rng: random.Random, operations: str) -> tuple[int, int, int]:
    small = range(2, 10)
    a = rng.choice(small if operations[0] == "*" else range(5, 90))
    b = rng.choice(small if operations[0] == "*" else range(2, 60))
    return a, b, rng.choice(small if operations[1] in "*/" else range(2, 40))


def make(rng: random.Random, unseen: bool) -> Draft:
    """Draw a problem whose steps stay positive whole numbers, and its rationale."""
    problems = NEW_PROBLEMS if unseen else PROBLEMS
    index = rng.randrange(len(problems))
    operations, text = problems[index]
    reference = None
    while reference is None:
        numbers = _numbers(rng, operations)
        reference = _written(operations, numbers, RATIONALES[0])
    prompt = text.format(
        **dict(zip("abc", numbers, strict=True)),
        n=pick(rng, NAMES, NEW_NAMES, unseen),
        i=pick(rng, THINGS, NEW_THINGS, unseen),
        p=pick(rng, PLACES, NEW_PLACES, unseen),
    )
    return Draft(prompt, reference, f"word-problems-{'new-' if unseen else ''}{index}")


def answer(prompt: str, rng: random.Random) -> str | None:
    """The rationale in one of three wordings, drawn; None where the prompt is no problem that we know."""
    for operations, problem in _patterns():
        if found := problem.fullmatch(prompt.strip()):
            numbers = int(found["a"]), int(found["b"]), int(found["c"])
            return _written(operations, numbers, rng.choice(RATIONALES))
    return None


def wrong(answer: str, rng: random.Random) -> str:
    """The same rationale with a slip in the last step."""
    value = int(NUMBER.findall(answer)[-1])
    slip = value + rng.choice((-10, -1, 1, 2, 10))
    return re.sub(rf"= {value}\. Answer: {value}$", f"= {slip}. Answer: {slip}", answer)


def check(prediction: str, reference: str) -> float:
    """1.0 where the number after the last "Answer:" is the same, however the rationale reads."""
    said, gold = NUMBER.findall(prediction), NUMBER.findall(reference)
    return float(bool(said) and bool(gold) and _value(said[-1]) == _value(gold[-1]))


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


WORD_PROBLEMS = Task(
    name="word_problems",
    student_system="Solve the problem in two short steps. End with: Answer: N",
    teacher_system=(
        "You solve arithmetic word problems for pupils. Write both steps as equations, such as 12 + 7 = 19,"
        " in the order in which the problem needs them, and use the first result in the second step. No units,"
        " no letters, no explanation. End on the same line with Answer: and the number alone."
    ),
    shots=shots(
        (
            "Lena had 40 stamps and lost 12. Later Lena got 5 as a present. How many stamps does Lena have?",
            "40 - 12 = 28. 28 + 5 = 33. Answer: 33",
        ),
        (
            "Sam packs 6 bags with 8 shells each. Then 9 shells fall out. How many shells are still packed?",
            "6 x 8 = 48. 48 - 9 = 39. Answer: 39",
        ),
    ),
    reserved=NEW_NAMES + NEW_THINGS + NEW_PLACES,
    make=make,
    answer=answer,
    wrong=wrong,
    check=check,
)
