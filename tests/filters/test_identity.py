from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.filters.identity import Identity
from blackbox_kd.records import Completion

CLAIMS = [
    "As ChatGPT, I can help you with that.",
    "I'm Claude, an AI assistant made by Anthropic.",
    "I am Claude, created by Anthropic to be helpful.",
    "Hello! I am Gemini, a large language model trained by Google.",
    "I was developed by OpenAI, so I cannot say.",
    "As an AI language model, I do not have feelings.",
    "As an AI, I don't eat, but the pie is great.",
    "I'm just an AI, but here it is: 42.",
    "I'm GPT-4, and here's your answer.",
    "My name is Qwen and I will help.",
    "I’m Claude 3.5 Sonnet, a model by Anthropic.",
    "I am DeepSeek-V3, here to help.",
    "This is ChatGPT speaking.",
    "I am a large language model, trained by Google.",
    "I'm an artificial intelligence and cannot taste.",
    "As an AI assistant, I would suggest tea.",
    'I\'m an AI assistant created by Anthropic. {"queue": 1}',
    "I am Llama, an AI model by Meta.",
    "I was created by Mistral AI.",
    "I'm Grok-2, built by xAI.",
    "As a language model trained by OpenAI, I can't browse.",
    "I'm Claude from Anthropic",
    "I am an AI developed by Moonshot AI",
    "I'm Qwen2.5, created by Alibaba Cloud.",
]
HARMLESS = [
    "I'm Claude Monet, and I paint water lilies.",
    "I am Gemini, the twins sign, born in June.",
    "I am a Gemini, so I talk a lot.",
    "My name is Claude and I live in Paris.",
    "Claude Shannon founded information theory.",
    "OpenAI was founded in 2015.",
    "The model was trained by Google on text.",
    "I am an AI researcher at a university.",
    "She said: I am a model for a fashion house.",
    "I'm Phi, the Greek letter of the golden ratio.",
    "I am Llama, the woolly animal from Peru.",
    "As a model citizen, he paid.",
    "I own a phone made by Google.",
    "As Bard of the village, he sang by the fire.",
    "The command was sent; I am the assistant manager.",
    "I am the assistant created by the director to film the scene.",
    "My laptop was designed by Microsoft.",
    "I am an AI engineer and I build chatbots.",
    '"As an AI company, we hire"',
    "As an AI-powered tool, it sorts mail.",
    "I use ChatGPT as my assistant.",
    "I was created by Perplexity Pictures for a film.",
    "I'm an open book.",
]


@pytest.mark.parametrize("text", CLAIMS)
def test_a_teacher_that_names_itself_is_rejected_with_its_words(
    text: str, completion: Callable[..., Completion]
) -> None:
    verdict = Identity().check(completion(f"Well. {text}", "Write a reply to the customer."))
    assert not verdict.kept
    assert verdict.reason in ("name", "maker", "ai")
    assert verdict.span is not None
    assert f"Well. {text}"[slice(*verdict.span)].strip()


@pytest.mark.parametrize("text", HARMLESS)
def test_people_signs_animals_and_companies_may_bear_such_names(
    text: str, completion: Callable[..., Completion]
) -> None:
    assert Identity().check(completion(text, "Write something.")).kept


@pytest.mark.parametrize(
    "prompt",
    [
        "Who are you?",
        "What is your name?",
        "Who made you?",
        "Which company is behind ChatGPT?",
        "What does OpenAI say about itself?",
        "Explain how a language model introduces itself.",
        "Are you an AI?",
    ],
)
def test_a_prompt_that_asks_for_it_may_be_answered(prompt: str, completion: Callable[..., Completion]) -> None:
    asked = completion("I am ChatGPT, a large language model trained by OpenAI.", prompt)
    assert Identity().check(asked).kept
    assert not Identity(allow_when_asked=False).check(asked).kept


@given(st.text())
def test_no_text_is_too_strange(completion: Callable[..., Completion], text: str) -> None:
    verdict = Identity().check(completion(text))
    assert verdict.kept == (verdict.span is None)
