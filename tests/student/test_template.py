import pytest
from transformers import PreTrainedTokenizerBase

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.student.template import CHATML, encode, prepare, render, stop_id, stop_ids
from blackbox_kd.student.tiny import build_tokenizer

HELLO = [Message(role="user", content="hello")]
DEFAULTING = (
    "{% if messages[0]['role'] != 'system' %}I am Tiny, made by Somebody.{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "[{{ m['role'] }}]{{ m['content'] }}<|endoftext|>{% endfor %}"
)


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    return build_tokenizer()


def test_a_generation_prompt_opens_the_assistants_turn(tokenizer: PreTrainedTokenizerBase) -> None:
    assert render(tokenizer, HELLO).endswith("hello<|im_end|>\n<|im_start|>assistant\n")


def test_a_templates_own_system_prompt_never_leaks_in(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = DEFAULTING
    assert "Somebody" not in render(tokenizer, HELLO)


def test_a_template_without_a_system_role_gets_it_in_the_first_user_turn(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = NO_SYSTEM
    turns = [Message(role="system", content="Be brief."), *HELLO]
    assert render(tokenizer, turns) == "[user]Be brief.\n\nhello<|endoftext|>"


def test_a_template_that_refuses_is_a_usage_error(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = "{{ raise_exception('never') }}"
    with pytest.raises(UsageError, match="never"):
        render(tokenizer, HELLO)


def test_template_args_reach_the_template(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = "{{ mood }}"
    assert render(tokenizer, HELLO, template_args={"mood": "calm"}) == "calm"


def test_the_stop_token_is_the_templates_own_not_eos(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.eos_token = "<|endoftext|>"
    assert tokenizer.convert_ids_to_tokens(stop_ids(tokenizer)) == ["<|im_end|>", "<|endoftext|>"]


def test_a_template_without_an_end_of_turn_stops_at_eos(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    assert stop_id(tokenizer) == tokenizer.eos_token_id


def test_a_base_model_gets_chatml_that_ends_turns_with_a_token_it_has(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = None
    tokenizer.pad_token = None
    prepare(tokenizer)
    assert tokenizer.chat_template == CHATML % {"end": "<|im_end|>"}
    assert tokenizer.pad_token == tokenizer.eos_token


def test_no_second_begin_token_is_added(tokenizer: PreTrainedTokenizerBase) -> None:
    text = render(tokenizer, HELLO)
    assert tokenizer.decode(encode(tokenizer, text), clean_up_tokenization_spaces=False) == text
