"""Greedy or sampled generation for many conversations at once, in batches that nobody waits in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json, Message
from blackbox_kd.student.load import Student
from blackbox_kd.student.template import encode, render, stop_ids

CACHE_TOKENS = 32_768  # of all rows of a batch: 1.5 GB for 135M parameters, 6 GB for 1.7B
MIN_PREFIX_TOKENS = 16  # a shared prefix shorter than this is not worth a pass of its own


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How to choose the next token: greedy at temperature 0, else by `seed`; the text ends before a `stop` string."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; `completion_tokens` counts the stop token as providers do.

    `logprob` is the mean log-probability of those tokens in nats, under the model itself: at temperature 1.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    logprob: float


@dataclass
class Drawn:
    """The new tokens of one row so far, and the sum of their log-probabilities in nats."""

    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0

    def add(self, token: int, logprob: float) -> None:
        """Take one more."""
        self.tokens.append(token)
        self.logprob += logprob


def generate(
    student: Student,
    conversations: Sequence[Sequence[Message]],
    sampling: Sampling,
    template_args: Mapping[str, Json] | None = None,
    batch_size: int = 64,
    on_done: Callable[[int], None] | None = None,
) -> list[Generation]:
    """Answer conversations, results in their order; greedy answers do not depend on the batch.

    `on_done` hears how many are finished after each batch. Raises `UsageError` for a prompt beyond the model's context.
    """
    prompts = [
        encode(student.tokenizer, render(student.tokenizer, turns, True, template_args)) for turns in conversations
    ]
    check_lengths(prompts, student.model)
    done: dict[int, Generation] = {}
    for batch in batches(prompts, batch_size, sampling.max_new_tokens):
        rows = decode_batch(student, [prompts[index] for index in batch], sampling)
        for index, drawn in zip(batch, rows, strict=True):
            done[index] = finish(student, prompts[index], drawn, sampling)
        if on_done:
            on_done(len(done))
    return [done[index] for index in range(len(prompts))]


def check_lengths(prompts: Sequence[Sequence[int]], model: PreTrainedModel) -> None:
    """Raise `UsageError` where a prompt leaves no room in the model's context."""
    room = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
    for index, prompt in enumerate(prompts):
        if len(prompt) >= room:
            raise UsageError(
                f"conversation {index}: {len(prompt)} tokens, the student's context holds {room}",
                "Shorten the prompt or the system text.",
            )


def batches(prompts: Sequence[Sequence[int]], batch_size: int, max_new_tokens: int) -> Iterator[list[int]]:
    """Indices of prompts in batches of like length, the longest first, so that too little memory shows at once.

    A batch holds at most `batch_size` rows and, unless it is one row, `CACHE_TOKENS` tokens.
    """
    order = sorted(range(len(prompts)), key=lambda index: (-len(prompts[index]), index))
    while order:
        fits = CACHE_TOKENS // (len(prompts[order[0]]) + max_new_tokens)
        size = max(1, min(batch_size, fits))
        yield order[:size]
        order = order[size:]


def common_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many leading tokens all prompts share, at least one token left to each."""
    limit = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    return next((i for i in range(limit) if any(prompt[i] != first[i] for prompt in prompts)), limit)


@torch.inference_mode()
def decode_batch(student: Student, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Drawn]:
    """New tokens of each prompt, the stop token included; a finished row leaves the batch at once."""
    model = student.model
    stops = set(stop_ids(student.tokenizer))
    room = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
    limits = [min(sampling.max_new_tokens, room - len(prompt)) for prompt in prompts]
    generator = torch.Generator(device=model.device).manual_seed(sampling.seed)
    logits, cache, mask = prefill(model, prompts)
    rows = [Drawn() for _ in prompts]
    live = list(range(len(prompts)))
    while True:
        chosen, logprobs = choose(logits, sampling.temperature, generator)
        for row, token, logprob in zip(live, chosen.tolist(), logprobs.tolist(), strict=True):
            rows[row].add(token, logprob)
        keep = [
            i for i, row in enumerate(live) if not ended(student, rows[row].tokens, stops, limits[row], sampling.stop)
        ]
        if not keep:
            return rows
        if len(keep) < len(live):
            index = torch.tensor(keep, device=model.device)
            cache.batch_select_indices(index)
            mask, chosen = mask[index], chosen[index]
            live = [live[i] for i in keep]
        mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)  # (batch, past + 1)
        positions = mask.sum(dim=1, keepdim=True) - 1
        output = model(
            input_ids=chosen[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        logits = output.logits[:, -1]  # (batch, vocab)


def prefill(model: PreTrainedModel, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, DynamicCache, Tensor]:
    """Read the prompts; a prefix that all share (system prompt, shots) is read once.

    Returns next-token logits (batch, vocab), the cache, and its mask (batch, past), padded on the left of each rest.
    """
    shared = common_prefix(prompts)
    shared = shared if len(prompts) > 1 and shared >= MIN_PREFIX_TOKENS else 0
    cache = DynamicCache(config=model.config)
    if shared:
        prefix = torch.tensor([list(prompts[0][:shared])], device=model.device)
        model(input_ids=prefix, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache.batch_repeat_interleave(len(prompts))
    rests = [list(prompt[shared:]) for prompt in prompts]
    width = max(map(len, rests))
    ids = torch.tensor([[0] * (width - len(rest)) + rest for rest in rests], device=model.device)
    mask = torch.tensor(
        [[1] * shared + [0] * (width - len(rest)) + [1] * len(rest) for rest in rests], device=model.device
    )
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, shared:]
    output = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return output.logits[:, -1], cache, mask


def choose(logits: Tensor, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Next token ids and their log-probabilities at temperature 1, both (batch,), from logits (batch, vocab)."""
    if temperature == 0:
        chosen = logits.argmax(dim=-1, keepdim=True)
    else:
        weights = torch.softmax(logits.float() / temperature, dim=-1)
        chosen = torch.multinomial(weights, 1, generator=generator)
    logprobs = torch.log_softmax(logits.float(), dim=-1).gather(1, chosen)
    return chosen[:, 0], logprobs[:, 0]


def ended(student: Student, tokens: Sequence[int], stops: set[int], limit: int, stop: Sequence[str]) -> bool:
    """Whether a row is finished: a stop token, no room left, or a stop string in its text."""
    if tokens[-1] in stops or len(tokens) >= limit:
        return True
    return bool(stop) and any(word in text_of(student, tokens) for word in stop)


def text_of(student: Student, tokens: Sequence[int]) -> str:
    """Decoded text without special tokens, spaces as generated."""
    return str(student.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def finish(student: Student, prompt: Sequence[int], drawn: Drawn, sampling: Sampling) -> Generation:
    """The answer that the tokens make, cut before the first stop string."""
    tokens = drawn.tokens
    stopped = tokens[-1] in stop_ids(student.tokenizer)
    text = text_of(student, tokens[:-1] if stopped else tokens)
    cuts = [text.index(word) for word in sampling.stop if word in text]
    return Generation(
        text=text[: min(cuts)] if cuts else text,
        finish_reason="stop" if stopped or cuts else "length",
        prompt_tokens=len(prompt),
        completion_tokens=len(tokens),
        logprob=drawn.logprob / len(tokens),
    )
