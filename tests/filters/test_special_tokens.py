from collections.abc import Callable

import pytest

from blackbox_kd.filters.base import Given
from blackbox_kd.filters.special_tokens import SpecialTokens
from blackbox_kd.records import Completion

OWN = Given(special_tokens=("<|mine|>", "<s>", "</s>", "<pad>", "the", "a", "<think>"))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Paris.<|im_end|>", "<|im_end|>"),
        ("Paris.<|im_end|>\n<|im_start|>user\nAnd Spain?", "<|im_end|>"),
        ("Paris.</s>", "</s>"),
        ("Paris. [/INST] Madrid.", "[/INST]"),
        ("Paris.<end_of_turn>", "<end_of_turn>"),
        ("Paris.<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ("Paris.<|mine|>", "<|mine|>"),
        ("It is `Paris`.<|endoftext|> See `more`.", "<|endoftext|>"),
    ],
)
def test_control_tokens_are_rejected_and_the_first_is_shown(
    text: str, first: str, completion: Callable[..., Completion]
) -> None:
    verdict = SpecialTokens().check(completion(text), OWN)
    assert (verdict.kept, verdict.reason) == (False, "control_token")
    assert verdict.span is not None
    assert text[slice(*verdict.span)] == first


@pytest.mark.parametrize(
    "text",
    [
        "the cat sat on a mat",
        "<p>Was <s>20</s>, now 15.</p>",
        "<div>Paris</div>",
        "Use <pad> as a placeholder.",
        "vector<int> x; if (a <b && c|d> e) {}",
        "The turn ends with `<|im_end|>`.",
        "```\n<|im_start|>user\nHi<|im_end|>\n```\nThat is all.",
        "See [INSTALL] and [1].",
        "",
    ],
)
def test_words_html_and_code_are_no_control_tokens(text: str, completion: Callable[..., Completion]) -> None:
    verdict = SpecialTokens().check(completion(text), OWN)
    assert (verdict.kept, verdict.value, verdict.span) == (True, 0, None)


@pytest.mark.parametrize(
    "prompt", ["What does <|im_end|> mean?", "What is the EOS token of Qwen?", "Explain the chat template of Llama 3."]
)
def test_they_may_be_what_was_asked_about(prompt: str, completion: Callable[..., Completion]) -> None:
    assert SpecialTokens().check(completion("A turn ends with <|im_end|>.", prompt)).kept


def test_they_are_counted_and_some_can_be_allowed(completion: Callable[..., Completion]) -> None:
    one = completion("Paris.<|im_end|><|im_end|>")
    assert SpecialTokens().check(one).value == 2
    assert SpecialTokens(max_tokens=2).check(one).kept
