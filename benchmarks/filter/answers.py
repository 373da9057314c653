"""Completions for benchmarks."""

from blackbox_kd.records import Completion, FinishReason, Message, Usage


def completion(
    text: str, prompt: str = "Tell me about it.", reason: FinishReason = "stop", sample: int = 0
) -> Completion:
    """An answer; nobody counted its tokens."""
    return Completion(
        prompt_id="p",
        sample=sample,
        messages=(Message(role="user", content=prompt),),
        split="train",
        text=text,
        finish_reason=reason,
        teacher="openai/teacher",
        served_model="teacher",
        usage=Usage(prompt_tokens=0, completion_tokens=0, source="none"),
    )
