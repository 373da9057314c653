"""The words of the ticket task: phrasings, products, cues, and which of them are reserved for unseen rows."""

from typing import Literal

Category = Literal["refund", "shipping", "login", "billing", "bug", "cancel", "exchange", "feedback"]
Priority = Literal["low", "normal", "high"]

# One phrasing a line, those for unseen rows marked with "*". {p} is the product; without it the product is null.
_PHRASES: dict[Category, str] = {
    "refund": """
I would like my money back for the {p}
please refund the {p} I bought
the {p} is not what I expected and I want a refund
how do I get a refund for my {p}
I sent the {p} back two weeks ago and my money has still not been returned
I am not happy with the {p} and want to be reimbursed
can you give me my money back, the {p} is a disappointment
* I expect full reimbursement for the {p}
* give me back what I paid for the {p}
* the {p} was a waste and I want my money returned
""",
    "shipping": """
my {p} has not arrived yet
where is the {p} I ordered
the {p} was supposed to be here on Monday but nothing came
the courier never delivered my {p}
the tracking page for my {p} has not changed in a week
my {p} is stuck in transit
when will the {p} be delivered
* I am still waiting for the courier to bring my {p}
* the package with my {p} seems to be lost in the mail
* the delivery date of the {p} keeps moving
""",
    "login": """
I can't log in to the {p} app
my password for the {p} app is not accepted
I am locked out of my account
the reset email for my password never comes
the {p} app says my password is wrong
I forgot my password and can't get in
the two-factor code for the {p} app does not work so I can't sign in
I can't sign in since I changed my phone
* the {p} app does not accept my login
* I have lost access to my account
* signing in to the {p} app fails every time
""",
    "billing": """
I was charged twice for the {p}
the invoice for my {p} shows the wrong amount
my card was charged but I never agreed to it
there is a payment on my statement that I do not recognise
you billed me the full price for the {p} although it was on sale
the discount code was not applied to my {p}
I need a corrected invoice for the {p}
* the {p} was charged two times to my account
* the amount on the bill for my {p} is too high
* I see a charge on my credit card that I do not know
""",
    "bug": """
the {p} app crashes when I open it
my {p} restarts by itself every hour
since the last update the {p} freezes
the screen of my {p} shows error 42
the {p} loses its connection all the time
the buttons in the {p} app do nothing
my {p} no longer turns on
* the {p} hangs as soon as I press start
* the {p} app shows a blank page
* after the new update my {p} stopped working
""",
    "cancel": """
please cancel my order for the {p}
I do not want the {p} any more, please stop the order
can I still call off the purchase of the {p}
I changed my mind about the {p}, please do not send it
please end my subscription
I want to cancel the monthly plan for the {p}
please cancel the {p} before it ships
* please withdraw my order for the {p}
* I found another one, so stop the order of the {p}
* I want to end my membership
""",
    "exchange": """
I would like to swap my {p} for another colour
can I exchange the {p} for a bigger one
you sent me the wrong size of the {p}, please swap it
I got the black {p} but ordered the white one, please send the right one
my {p} came with a scratch and I want another one instead
the {p} is the wrong model, I need an exchange
* could I switch my {p} for a different colour
* please exchange my {p} for the larger model
* the {p} I got is the wrong colour, please swap it
""",
    "feedback": """
I just want to say that I love the {p}
the {p} is the best thing I bought this year
thank you for the quick help with my {p}
a suggestion: the {p} should come in green
it would be nice if the {p} had a bigger handle
five stars for the {p}
* I am very happy with the {p}
* well done, the {p} is a wonderful product
* an idea: the {p} could be a little lighter
""",
}
Choices = tuple[tuple[str, ...], tuple[str, ...]]  # those for seen rows, those for unseen ones
PHRASINGS: dict[Category, Choices] = {}
for _category, _text in _PHRASES.items():
    _lines = _text.strip().split("\n")
    PHRASINGS[_category] = (
        tuple(line for line in _lines if line[0] != "*"),
        tuple(line[2:] for line in _lines if line[0] == "*"),
    )
# A product is a make and a kind; an unseen one has a reserved make or a reserved kind, or both.
_MAKES = "Aero Lumen Pico Solis Nimbus Terra Vega Orbit Breeze Ember Cobalt Luna Polar Swift"
_KINDS = "Kettle Lamp Camera Speaker Headphones Blender Watch Scale Fan Heater Drill Clock Cooler Router"
MAKES, NEW_MAKES = tuple(_MAKES.split()), ("Zephyr", "Quartz", "Delta", "Iris", "Fjord", "Nova")
KINDS, NEW_KINDS = tuple(_KINDS.split()), ("Toaster", "Tablet", "Vacuum", "Monitor", "Mixer", "Keyboard")
PRODUCTS = tuple(f"{make} {kind}" for make in MAKES for kind in KINDS)
NEW_PRODUCTS = tuple(
    f"{make} {kind}"
    for make in MAKES + NEW_MAKES
    for kind in KINDS + NEW_KINDS
    if make in NEW_MAKES or kind in NEW_KINDS
)
LETTERS, NEW_PREFIXES = "ABCDEFGHKLMNPRSTUWX", ("QZ", "VH", "JY")  # no J, Q, V, Y, Z but in the reserved prefixes
PREFIXES = tuple(one + other for one in LETTERS for other in LETTERS)
PRIORITIES: tuple[Priority, ...] = ("high", "normal", "normal", "low")
_URGENT = "This is urgent.", "I need an answer today.", "Please fix this as soon as possible.", "Hurry up."
_PATIENT = "There is no rush.", "It is not urgent.", "Take your time.", "Whenever you have a moment is fine."
CUES: dict[Priority, Choices] = {
    "high": (_URGENT, ("This is an emergency.", "Please answer right now.")),
    "low": (_PATIENT, ("I am in no hurry.", "It can wait.")),
    "normal": (("", "", "Let me know what you need from me.", "Please get back to me."), ("", "I look forward to it.")),
}
ORDERS = ("My order number is {o}.", "The order is {o}.", "Order {o}.", "It was order {o}.", "Order no. {o}.")
NEW_ORDERS = ("The receipt says {o}.", "You will find it under {o}.")
# Numbers and products that are not the answer.
DECOYS = ("", "", "", "I also own the {p}, which is fine.", "My case number is C-{d}.", "Call me on 555-{d}.")
GREETINGS, NEW_GREETINGS = ("Hi,", "Hello,", "Hey there,", "Good morning,", "Dear team,", ""), ("Greetings,", "Howdy,")
CLOSINGS = ("Thanks, {n}", "Best, {n}", "Cheers, {n}", "{n}", "")
NAMES, NEW_NAMES = ("Anna", "Omar", "Lena", "Raj", "Chloe", "Mateo", "Sam"), ("Ingrid", "Kofi", "Yuki")
