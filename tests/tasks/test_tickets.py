import random

import pytest

from blackbox_kd.tasks.tickets import TICKETS

REFERENCE = '{"category":"refund","product":"Vega Watch","order_id":"AR-31190","priority":"high"}'


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Please refund the Vega Watch I bought. Order #AR-31190. This is urgent.", REFERENCE),
        ("pls refund teh vega watch i bought order ar31190 this is urgent", REFERENCE),
        (
            "THIS IS URGENT. I ALSO OWN THE AERO KETTLE. REFUND: PLEASE REFUND THE VEGA WATCH I BOUGHT! AR-31190",
            REFERENCE,
        ),
    ],
)
def test_the_ticket_does_not_depend_on_the_voice(prompt: str, expected: str) -> None:
    assert TICKETS.answer(prompt, random.Random(0)) == expected


def test_phone_and_case_numbers_are_no_order_ids() -> None:
    answer = TICKETS.answer(
        "My Luna Clock is stuck in transit. My case number is C-8512. Call me on 555-8512.", random.Random(0)
    )
    assert answer == '{"category":"shipping","product":"Luna Clock","order_id":null,"priority":"normal"}'


def test_a_message_that_is_no_ticket_has_no_answer() -> None:
    assert TICKETS.answer("What is the capital of France?", random.Random(0)) is None


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        (REFERENCE.replace(",", ", ").replace(":", ": "), 1.0),
        ('{"priority":"high","order_id":"AR-31190","product":"Vega Watch","category":"refund"}', 1.0),
        (f"Here it is: {REFERENCE}", 0.0),
        (f"{REFERENCE}\n{REFERENCE}", 0.0),
        (REFERENCE[:-1], 0.0),
        (REFERENCE.replace("high", "low"), 0.0),
        (REFERENCE.replace("}", ',"note":"x"}'), 0.0),
        ("", 0.0),
    ],
)
def test_only_the_same_json_and_nothing_else_is_right(prediction: str, score: float) -> None:
    assert TICKETS.check(prediction, REFERENCE) == score
