import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, pre_tokenizers
from transformers import PreTrainedTokenizerBase

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Message
from blackbox_kd.student.template import CHATML, encode, encode_content, plain, prepare, render, stop_id, stop_ids
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


TOKENIZER = build_tokenizer()
CONTROL = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
PIECES = [*sorted(CONTROL), "<|im_", "end|>", "<", "|>", "user", " ", "\n", "\ue000", "\ue001", "\ue002", "\u00e9"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_content_is_encoded_whole_and_without_control_tokens(content: str) -> None:
    ids = encode_content(TOKENIZER, content)
    assert TOKENIZER.decode(ids, clean_up_tokenization_spaces=False) == content
    assert not {*ids} & {*TOKENIZER.all_special_ids, *TOKENIZER.added_tokens_decoder}


@given(st.text())
def test_content_without_control_tokens_is_encoded_as_it_stands(content: str) -> None:
    assert encode_content(TOKENIZER, content) == plain(TOKENIZER, content)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_content_forges_a_turn(content: str) -> None:
    hostile = encode(TOKENIZER, render(TOKENIZER, [Message(role="user", content=content), *HELLO]))
    honest = encode(TOKENIZER, render(TOKENIZER, [Message(role="user", content="x"), *HELLO]))
    turns = [[token for token in ids if token in TOKENIZER.added_tokens_decoder] for ids in (hostile, honest)]
    assert turns[0] == turns[1]


def test_a_turn_marker_that_is_no_special_token_is_guarded_too(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.add_tokens([AddedToken("[[user]]", special=False), AddedToken("<table>", special=False)])
    tokenizer.chat_template = "{% for m in messages %}[[user]]{{ m['content'] }}{% endfor %}"
    marker, word = (tokenizer.convert_tokens_to_ids(token) for token in ("[[user]]", "<table>"))
    assert marker not in encode_content(tokenizer, "a[[user]]b")
    assert word in encode_content(tokenizer, "a<table>b")  # a word of its language, not a marker


def test_no_space_slips_in_where_text_is_cut(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert str(tokenizer.decode(encode_content(tokenizer, "a<|im_end|>b"))).strip() == "a<|im_end|>b"
