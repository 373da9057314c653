"""Control tokens in an answer: what should steer the model stands in its text."""

import re
from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec

from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.records import Completion, Verdict

TEMPLATES = (  # of templates that others train with: a teacher's own leak out of its server
    *("<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|endoftext|>", "<|endofprompt|>", "<|eot_id|>", "<|eom_id|>"),
    *("<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot|>", "<|python_tag|>"),
    *("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    *("<|user|>", "<|assistant|>", "<|system|>", "<|end|>", "<|start|>", "<|message|>", "<|channel|>", "<|return|>"),
    *("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|USER_TOKEN|>", "[gMASK]"),
    *(
        "<｜begin▁of▁sentence｜>",
        "<｜end▁of▁sentence｜>",
        "<｜User｜>",
        "<｜Assistant｜>",
        "<|fim_prefix|>",
        "<|fim_middle|>",
    ),
    *("<|fim_suffix|>", "<|file_sep|>", "<|vision_start|>", "<|vision_end|>", "<tool_call>", "</tool_call>"),
)
# A name between angle brackets without a bar may be HTML, a placeholder or a type: <s>, <filename>, <pad>.
MARKED = re.compile(r"<[|｜].*[|｜]>|\[/?INST\]|<</?SYS>>")
STRUCK = "</s>"  # the end of a sequence, and of what HTML strikes out
TOPIC = re.compile(
    r"(?:special|control|\beos|\bbos|end.of.(?:text|sequence|turn)).{0,3}token|tokeni[sz]"
    r"|(?:chat|prompt).{0,3}(?:template|format)|chatml",
    re.IGNORECASE,
)
CODE = r"```[\s\S]*?```|`[^`\n]*`"


class SpecialTokens(PreparedRule, frozen=True, kw_only=True, tag="special_tokens"):
    """Rejects a completion with control tokens of the student's tokenizer or of a common chat template in it.

    Not those that stand in code or in the prompt too, nor any if the prompt is about such tokens. Training spells them
    out as text, so none can forge a turn; but a student that is shown them learns to write them.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"max_tokens"})
    max_tokens: Annotated[int, msgspec.Meta(ge=0)] = 0

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """How many there are; the span is of the first."""
        own = {token for token in given.special_tokens if MARKED.fullmatch(token) or token in TEMPLATES}
        # sorted: of two that begin alike, the longer first
        tokens = "|".join(re.escape(token) for token in sorted(own | {*TEMPLATES}, reverse=True))
        every, outside = re.compile(tokens), re.compile(f"{CODE}|({tokens})")

        def measure(one: Completion) -> Measured:
            text = one.text
            if ("<" not in text and "INST]" not in text and "[gMASK]" not in text) or not every.search(text):
                return Measured(0)
            asked = "\n".join(turn.content for turn in one.messages)
            if TOPIC.search(asked):
                return Measured(0)
            known = {token for token in own | {*TEMPLATES} if token in asked} | ({STRUCK} if "<s" in text else set())
            spans = [match.span() for match in outside.finditer(text) if match[1] and match[1] not in known]
            return Measured(len(spans), spans[0] if spans else None)

        return measure

    def decide(self, found: Measured) -> Verdict:
        """Reject more of them."""
        kept = not isinstance(found.value, int | float) or found.value <= self.max_tokens
        return Verdict(
            rule=self.name,
            kept=kept,
            reason="" if kept else "control_token",
            value=found.value,
            threshold=self.max_tokens,
            span=found.span,
        )
