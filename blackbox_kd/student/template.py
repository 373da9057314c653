"""The student's chat template: rendering a conversation, and the tokens that end a turn."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json, Message

CHATML = (
    "{%% for message in messages %%}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '%(end)s\n' }}"
    "{%% endfor %%}{%% if add_generation_prompt %%}{{ '<|im_start|>assistant\n' }}{%% endif %%}"
)


def prepare(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give a base model's tokenizer a ChatML template and a pad token; raises `UsageError` if it has no end token."""
    if tokenizer.eos_token is None:
        raise UsageError("the student's tokenizer has no eos_token", "Set it in tokenizer_config.json.")
    if not tokenizer.chat_template:
        end = "<|im_end|>" if "<|im_end|>" in tokenizer.get_vocab() else tokenizer.eos_token
        tokenizer.chat_template = CHATML % {"end": end}
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token


def render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Message],
    add_generation_prompt: bool = True,
    template_args: Mapping[str, Json] | None = None,
) -> str:
    """The conversation as the student sees it; raises `UsageError` if the template refuses it.

    A system message is always given, empty if need be: some templates put in one of their own where there is none.
    """
    args: dict[str, Any] = dict(template_args or {})

    def apply(turns: Sequence[Message]) -> str:
        rows = [{"role": turn.role, "content": turn.content} for turn in turns]
        text = tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=add_generation_prompt, **args)
        return str(text)

    explicit = messages if any(turn.role == "system" for turn in messages) else [system(""), *messages]
    try:
        return apply(explicit)
    except TemplateError:
        try:
            return apply(without_system(messages))  # such as Gemma's and Mistral's
        except TemplateError as error:
            raise UsageError(
                f"the student's chat template refuses the conversation: {error}",
                "Its turns must alternate between user and assistant; see also [train] template_args.",
            ) from error


def system(text: str) -> Message:
    """A system message."""
    return Message(role="system", content=text)


def without_system(messages: Sequence[Message]) -> list[Message]:
    """The system text moved to the head of the first user message, for templates that know no system role."""
    head = "\n\n".join(turn.content for turn in messages if turn.role == "system" and turn.content)
    rest = [turn for turn in messages if turn.role != "system"]
    if head and rest and rest[0].role == "user":
        rest[0] = Message(role="user", content=f"{head}\n\n{rest[0].content}")
    return rest


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of rendered text; the template has put in the special tokens already."""
    return [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]


def stop_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that the template puts after an assistant turn, or eos where it puts none."""
    turns = [Message(role="user", content="1"), Message(role="assistant", content="2")]
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    special |= set(tokenizer.all_special_ids)
    ids = encode(tokenizer, render(tokenizer, turns, add_generation_prompt=False))
    answer = encode(tokenizer, "2")[-1]
    after = ids[len(ids) - 1 - ids[::-1].index(answer) :] if answer in ids else ids
    ends = [token for token in after if token in special]
    return ends[0] if ends else int(tokenizer.eos_token_id)


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens that end an answer: the template's own first, then eos."""
    return list(dict.fromkeys([stop_id(tokenizer), int(tokenizer.eos_token_id)]))
