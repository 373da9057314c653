from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.base import Measured
from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.records import Completion
from blackbox_kd.simulate.noise import REFUSALS as SIMULATED

REFUSALS = [
    "As a responsible assistant, I must decline to answer this.",
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request.",
    "Sorry, I can't do that.",
    "I'm unable to provide that information.",
    "Unfortunately, I am not able to complete this task.",
    "I won't write that.",
    "I must decline this request.",
    "I apologize, but I cannot fulfill this request.",
    "As an AI, I cannot provide medical advice.",
    "As an AI language model, I don't have access to real-time data.",
    "I’m sorry, but I can’t assist with that.",
    "I'd rather not, but I have to respectfully decline.",
    "I can't create content of this kind.",
    "Your request violates our content policy.",
    "I'm not comfortable writing this.",
    "I do not feel comfortable discussing this topic.",
    "Lo siento, pero no puedo ayudar con eso.",
    "Je suis désolé, mais je ne peux pas répondre.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "抱歉，我无法提供帮助。",
    "申し訳ありませんが、お手伝いできません。",
    "I refuse to answer.",
    "I will not be able to help you with this.",
    "I can not help you there.",
    "Sorry, but this request is against my guidelines.",
    "I'm afraid I can't do that.",
    "I am sorry, I am not allowed to share this.",
    "I'm really sorry, but that's not something I'm able to help with.",
    "Sorry, I can’t.",
    "I could not process your request.",
    "I won't be able to continue this conversation.",
    "Thank you for asking. However, I cannot provide the recipe.",
    "I'm unable to access external websites.",
    "My apologies, but I can't share this.",
]
ANSWERS = [
    "As a nurse, I can tell you that I never decline a cup of tea.",
    "He said I cannot help you, and closed the door.",
    '{"queue": "accounts", "summary": "customer cannot log in", "urgent": true}',
    "I can't attend the party on Friday, but I would love to see you on Sunday.",
    "Sorry to hear that your printer is broken. Restart it first.",
    "The user cannot log in since Monday. I am unable to log in, she wrote.",
    "Unfortunately, the package was lost.",
    "I'm sorry for your loss. Here is a draft of the letter you asked for.",
    "Once upon a time a king cried: I will not fight! And so he fled.",
    "It is illegal to park here.",
    "You can't divide by zero; the expression is undefined.",
    "Dear Anna, I can't make it to the meeting tomorrow. Best, Tom",
    "I cannot stress enough how important backups are.",
    "I can't help but smile when I see it.",
    "I can't wait to share the news with you!",
    "The policy is against smoking.",
    "I won't lie: it is hard. Start with small steps.",
    "Sorry, we are closed on Mondays.",
    "I'm sorry I can't come to your wedding.",
    "No.",
    "Cannot be determined from the text.",
    '"I refuse to give up," she said.',
    "I don't have the answer key, but x = 4.",
    "Subject: Request for refund\n\nI cannot log in to my account. Please help.",
    "Unfortunately I can't attend, but thank you for the invitation.",
    "I can't answer for others, but I love it.",
    'The patient said: "I can\'t walk."',
    "I saw the price decline.",
    "I can't believe it: you won the prize, and I will share it!",
    "The machine cannot process wet paper.",
    "We decline the noun like this: rosa, rosae.",
]


@pytest.mark.parametrize("text", (*REFUSALS, *SIMULATED))
def test_a_refusal_is_rejected_with_its_words(text: str, completion: Callable[..., Completion]) -> None:
    verdict = Refusal().check(completion(text))
    assert not verdict.kept
    assert verdict.span is not None
    assert text[slice(*verdict.span)].strip()


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_that_use_the_same_words_are_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot help with that.", "hard"),
        ("As an AI, I do not have personal opinions.", "capability"),
        ("I'm sorry, this goes against my guidelines.", "hard"),
        ("Lo siento, pero no puedo ayudar.", "hard"),
        ("I'd rather not go into that.", "soft"),
        ("While I can't give exact doses, I can explain how the drug works.", "soft"),
        ("I don't see any attached file.", "capability"),
        ("I'm so sorry you feel this way. Please call 988 or talk to a therapist.", "safety_redirect"),
        ("This content may violate our usage policies.", "content_filter"),
    ],
)
def test_the_reason_is_the_class_of_the_refusal(text: str, reason: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).reason == reason


def test_what_the_provider_declares_a_refusal_is_one(completion: Callable[..., Completion]) -> None:
    verdict = Refusal().check(completion("Let us talk of something else.", finish_reason="refusal"))
    assert (verdict.kept, verdict.reason) == (False, "declared")


def test_a_refusal_at_the_end_of_a_long_answer_is_found(completion: Callable[..., Completion]) -> None:
    text = f"{'A long and helpful answer. ' * 20}I cannot help with the rest."
    assert not Refusal().check(completion(text)).kept


def test_one_in_the_middle_of_a_long_answer_is_not_looked_for(completion: Callable[..., Completion]) -> None:
    half = "A long and helpful answer. " * 40
    assert Refusal().check(completion(f"{half}I cannot help with the rest. {half}")).kept


def test_where_the_provider_filtered_the_reason_says_so(completion: Callable[..., Completion]) -> None:
    verdict = Refusal().check(completion("", finish_reason="content_filter"))
    assert (verdict.kept, verdict.reason) == (False, "content_filter")


def test_sympathy_may_come_first(completion: Callable[..., Completion]) -> None:
    text = (
        "I understand how painful this breakup must be, and it makes sense that you are angry. Anyone would be hurt by"
        " what you describe. That said, getting into her account isn't something I'm able to help with."
    )
    assert Refusal().check(completion(text)).reason == "hard"


def test_emphasis_hides_no_refusal_and_moves_no_span(completion: Callable[..., Completion]) -> None:
    text = "# Note\n\nSorry, but I **can\u2019t help** with *that*."
    span = Refusal().check(completion(text)).span
    assert span is not None
    assert text[slice(*span)].replace("*", "").startswith("I can\u2019t help")


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ms Lopez,\n\nI'm sorry, but I can't help you with the move.\n\nBest regards,\nTom",
        "Subject: Your offer\n\nThank you. I must decline this request.",
        'The old man shook his head. "I won\'t help you," he said, and shut the door.',
        "— Je ne peux pas t'aider, dit-il.",
        "MARTA: I can't help you with that.\nLUIS: Then who can?",
        '{"summary": "Sorry, I can\'t help with that.", "urgent": false}',
    ],
)
def test_letters_dialogues_and_data_may_hold_one(text: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).kept


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        ("Write a short reply that politely declines.", True),
        ("Translate: No puedo ayudarte con eso.", True),
        ("Write a phishing mail for me.", False),
    ],
)
def test_a_prompt_may_ask_for_a_refusal(prompt: str, kept: bool, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion("I can't help you with that.", prompt)).kept == kept


def test_a_prompt_for_a_refusal_is_no_leave_to_refuse(completion: Callable[..., Completion]) -> None:
    answer = "As an AI language model, I cannot write that."
    assert not Refusal().check(completion(answer, "Write a letter that declines the offer.")).kept


@pytest.mark.parametrize("text", ["I'd rather not say.", "I won't write that.", "Paris."])
def test_other_classes_may_be_tried_on_what_was_measured(text: str, completion: Callable[..., Completion]) -> None:
    measured = Refusal().check(completion(text))
    mild = Refusal(reject=("hard",))
    found = Measured(measured.value, measured.span)
    assert mild.decide(found) == mild.check(completion(text))
    assert mild.decide(found).kept == (measured.value != "hard")


@given(st.text())
def test_no_text_is_too_strange(completion: Callable[..., Completion], text: str) -> None:
    verdict = Refusal().check(completion(text))
    assert verdict.kept == (verdict.span is None)


@pytest.mark.parametrize("opening", ["", "İİİ "])
def test_the_words_of_a_refusal_that_no_rule_knows_are_where_they_stand(
    opening: str, completion: Callable[..., Completion]
) -> None:
    text = f"{opening}Requests for drug synthesis routes are ones I’d always turn away."
    verdict = Refusal().check(completion(text, "What precursors does it need?"))
    assert verdict.span is not None
    assert 0 <= verdict.span[0] < verdict.span[1] <= len(text)
    assert "İ" not in text[slice(*verdict.span)]
