"""The student's chat template: rendering a conversation, and the tokens that end a turn."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json, Message

CHATML = (
    "{%% for message in messages %%}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '%(end)s\n' }}"
    "{%% endfor %%}{%% if add_generation_prompt %%}{{ '<|im_start|>assistant\n' }}{%% endif %%}"
)

MARK = "\ue000"  # private use: no template reads it
CUT = MARK + "\ue001"  # tokenize what comes before and after apart
LITERAL = MARK + "\ue002"  # a MARK that was in the content itself


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
    """The conversation as the student sees it, for `encode`; raises `UsageError` if the template refuses it.

    A system message is always given, empty if need be: some templates put in one of their own where there is none.
    Contents are `guarded`, so that only the template's own control tokens count.
    """
    args: dict[str, Any] = dict(template_args or {})

    def apply(turns: Sequence[Message]) -> str:
        rows = [{"role": turn.role, "content": guarded(tokenizer, turn.content)} for turn in turns]
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
    """Token ids of rendered text; the template has put in the special tokens already, and guarded ones stay text."""
    first, *rest = (piece.replace(LITERAL, MARK) for piece in text.split(CUT))
    ids = plain(tokenizer, first)
    for piece in rest:
        ids += continued(tokenizer, piece)
    return ids


def encode_content(tokenizer: PreTrainedTokenizerBase, content: str) -> list[int]:
    """Token ids of a message's content alone, none of them a control token."""
    return encode(tokenizer, guarded(tokenizer, content))


def plain(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of text as it stands."""
    return [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]


def continued(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of text that goes on from other text: without the space that some tokenizers put before a beginning."""
    before, ids = plain(tokenizer, "\n"), plain(tokenizer, "\n" + text)
    return ids[len(before) :] if ids[: len(before)] == before else plain(tokenizer, text)


def guarded(tokenizer: PreTrainedTokenizerBase, content: str) -> str:
    """Content with each control token's text cut after its first character, so that `encode` spells it as text.

    What a template writes as plain text, such as `[INST]` where that is no token, cannot be guarded.
    """
    found = control(tokenizer, str(tokenizer.chat_template))
    return found.sub(lambda start: start[0] + CUT, content.replace(MARK, LITERAL))


@lru_cache(maxsize=8)
def control(tokenizer: PreTrainedTokenizerBase, template: str) -> re.Pattern[str]:
    """Matches the first character of each special token, and of each other added token that the template writes."""
    added = tokenizer.added_tokens_decoder.values()
    # Others are words: Gemma has runs of newlines and HTML tags among them.
    names = {one.content for one in added if one.special or (one.content.strip() and one.content in template)}
    names |= {str(token) for token in tokenizer.all_special_tokens}
    choices = "|".join(re.escape(name) for name in sorted(names) if len(name) > 1)
    return re.compile(f"(?={choices or '(?!)'}).", re.DOTALL)  # a lookahead, for tokens may overlap


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
