"""Support tickets: a customer's message becomes one line of JSON with category, product, order id and priority."""

import random
import re
from functools import cache

import msgspec

from blackbox_kd.tasks.base import Draft, Task, pattern, pick, shots
from blackbox_kd.tasks.ticket_words import (
    CLOSINGS,
    CUES,
    DECOYS,
    GREETINGS,
    NAMES,
    NEW_GREETINGS,
    NEW_KINDS,
    NEW_MAKES,
    NEW_NAMES,
    NEW_ORDERS,
    NEW_PREFIXES,
    NEW_PRODUCTS,
    ORDERS,
    PHRASINGS,
    PREFIXES,
    PRIORITIES,
    PRODUCTS,
    Category,
    Priority,
)


class Ticket(msgspec.Struct, frozen=True):
    """The answer; its fields are the keys of the JSON, in this order."""

    category: Category
    product: str | None
    order_id: str | None
    priority: Priority


TYPOS = {
    **{"please": "pls", "want": "wnat", "password": "pasword", "account": "acount", "the": "teh"},
    **{"delivered": "deliverd", "with": "wiht", "never": "nver", "order": "ordr"},
}
REPAIRS = {typo: word for word, typo in TYPOS.items()}
ORDER_ID = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})-?(\d{5})(?!\d)")


def _plain(text: str) -> str:
    """Lower case, typos repaired, punctuation and extra spaces gone: what phrasings are compared by."""
    bare = re.sub(r"[.,!?':]", "", text.lower())
    return " ".join(REPAIRS.get(word, word) for word in bare.split())


_BY_NAME = {name.lower(): name for name in PRODUCTS + NEW_PRODUCTS}
_CUES = [(_plain(cue), level) for level in PRIORITIES if level != "normal" for cue in sum(CUES[level], ())]


@cache  # on first use: compiling them takes longer than importing everything else
def _cores() -> list[tuple[Category, re.Pattern[str]]]:
    slots = {"p": "|".join(_BY_NAME)}
    return [(kind, pattern(_plain(text), slots)) for kind, both in PHRASINGS.items() for text in sum(both, ())]


def _voice(text: str, rng: random.Random) -> str:
    """The same message as somebody in a hurry types it: typos, no capitals, or nothing but capitals."""
    if rng.random() < 0.35:
        text = " ".join(TYPOS.get(word, word) if rng.random() < 0.5 else word for word in text.split(" "))
    style = rng.random()
    if style < 0.15:
        return text.lower().replace(",", "") if style < 0.07 else text.lower()
    return text.upper() if style > 0.96 else text


def _order(rng: random.Random, new: set[str]) -> tuple[str | None, str]:
    """An order id, or None, and the sentence that tells it."""
    if rng.random() < 0.25:
        return None, rng.choice(("", "", "I do not have the order number here."))
    order_id = f"{pick(rng, PREFIXES, NEW_PREFIXES, 'prefix' in new)}-{rng.randrange(10_000, 100_000)}"
    shown = rng.choice((order_id, order_id, order_id, f"#{order_id}", order_id.replace("-", "")))
    return order_id, pick(rng, ORDERS, NEW_ORDERS, "order" in new).format(o=shown)


def _new_parts(rng: random.Random, unseen: bool) -> set[str]:
    """The parts of a message that are reserved ones: if unseen, phrasing or product, and others by chance."""
    if not unseen:
        return set()
    chance = {part for part in ("prefix", "order", "priority", "name", "greeting", "phrasing") if rng.random() < 0.3}
    return chance | {rng.choice(("phrasing", "product"))}


def make(rng: random.Random, unseen: bool) -> Draft:
    """Draw a message and its ticket."""
    new = _new_parts(rng, unseen)
    category: Category = rng.choice(tuple(PHRASINGS))
    core = pick(rng, *PHRASINGS[category], "phrasing" in new)
    product, other = rng.sample(NEW_PRODUCTS if "product" in new else PRODUCTS, 2)
    order_id, order = _order(rng, new)
    priority: Priority = rng.choice(PRIORITIES)
    sentence = core.format(p=product)
    middle = [
        sentence[0].upper() + sentence[1:] + rng.choice((".", ".", ".", "!")),
        order,
        pick(rng, *CUES[priority], "priority" in new),
        rng.choice(DECOYS).format(p=other, d=rng.randrange(1000, 10_000)),
    ]
    rng.shuffle(middle)
    closing = rng.choice(CLOSINGS).format(n=pick(rng, NAMES, NEW_NAMES, "name" in new))
    text = " ".join(part for part in (pick(rng, GREETINGS, NEW_GREETINGS, "greeting" in new), *middle, closing) if part)
    ticket = Ticket(category, product if "{p}" in core else None, order_id, priority)
    phrasing = f"tickets-{category}-{sum(PHRASINGS[category], ()).index(core)}"
    family = f"{phrasing}-unseen" if unseen else f"{phrasing}-{product}"  # the same thing said of the same product
    return Draft(_voice(text, rng), _line(ticket), family)


def answer(prompt: str, rng: random.Random) -> str | None:
    """The ticket of a message, read back from its text; None where it holds no phrasing that we know."""
    text = _plain(prompt)
    for category, core in _cores():
        if found := core.search(text):
            product = _BY_NAME[found["p"]] if "p" in core.groupindex else None
            order = ORDER_ID.search(prompt)
            order_id = f"{order[1].upper()}-{order[2]}" if order else None
            return _line(Ticket(category, product, order_id, _priority(text)))
    return None


def _priority(text: str) -> Priority:
    return next((level for cue, level in _CUES if cue in text), PRIORITIES[1])


def wrong(answer: str, rng: random.Random) -> str:
    """The same ticket with one field wrong."""
    ticket = msgspec.json.decode(answer, type=Ticket)
    change = rng.choice(("category", "product", "order_id", "priority"))
    others: dict[str, tuple[str | None, ...]] = {
        "category": tuple(PHRASINGS),
        "product": (*PRODUCTS, None),
        "order_id": (f"{rng.choice(PREFIXES)}-{rng.randrange(10_000, 100_000)}", None),
        "priority": ("low", "normal", "high"),
    }
    value = rng.choice([other for other in others[change] if other != getattr(ticket, change)])
    return _line(msgspec.structs.replace(ticket, **{change: value}))


def check(prediction: str, reference: str) -> float:
    """1.0 where both are the same JSON, whatever the spacing and key order; text around the JSON makes it 0.0."""
    try:
        return float(msgspec.json.decode(prediction) == msgspec.json.decode(reference))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return 0.0


def _line(ticket: Ticket) -> str:
    return msgspec.json.encode(ticket).decode()


STUDENT_SYSTEM = (
    "Turn the customer's message into a ticket. Reply with one line of JSON and nothing else: "
    '{"category":"refund, shipping, login, billing, bug, cancel, exchange or feedback","product":"name or null",'
    '"order_id":"AB-12345 or null","priority":"low, normal or high"}'
)
TEACHER_SYSTEM = """You sort messages for the support desk of a shop for household devices.
Reply with one line of JSON, no spaces between its parts, no other text, with exactly these keys in this order:
{"category":...,"product":...,"order_id":...,"priority":...}
category is what the customer asks for.
refund: wants money back. exchange: wants another colour, size, model or a replacement. cancel: wants an order or
subscription stopped. shipping: not arrived, late, lost. billing: a charge, price, discount or invoice is wrong.
login: cannot get into app or account. bug: device or app does not work. feedback: praise, thanks or an idea.
product is what the message is about, as "Aero Kettle"; null if none is named. What they only also own does not count.
order_id is two capital letters, a hyphen, five digits, as "KX-40213", however they write it; null if there is none.
Phone and case numbers are no order ids.
priority is high if they say that it is urgent or must be soon, low if they say that it can wait, else normal."""

TICKETS = Task(
    name="tickets",
    student_system=STUDENT_SYSTEM,
    teacher_system=TEACHER_SYSTEM,
    shots=shots(
        (
            "Hi, My Luna Clock is stuck in transit. Order no. #TB-58213. Hurry up. Thanks, Omar",
            '{"category":"shipping","product":"Luna Clock","order_id":"TB-58213","priority":"high"}',
        ),
        (
            "hello, there is no rush. i am locked out of my acount. call me on 555-2291.",
            '{"category":"login","product":null,"order_id":null,"priority":"low"}',
        ),
        (
            "I also own the Orbit Scale, which is fine. Pls refund the Vega Watch I bought. Order AR31190.",
            '{"category":"refund","product":"Vega Watch","order_id":"AR-31190","priority":"normal"}',
        ),
    ),
    reserved=(*NEW_MAKES, *NEW_KINDS, *NEW_NAMES, *(f"{prefix}-" for prefix in NEW_PREFIXES)),
    make=make,
    answer=answer,
    wrong=wrong,
    check=check,
)
