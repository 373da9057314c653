"""Answers in which the teacher names itself or its maker: the student would learn to claim it is the teacher."""

import re
from typing import ClassVar, Literal

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.records import Completion, Verdict

Class = Literal["name", "maker", "signature", "ai"]
ALL: tuple[Class, ...] = ("name", "maker", "signature", "ai")
TRIGGERS = (  # one of these is in every text that a pattern finds
    *(
        "gpt",
        "claude",
        "gemini",
        "bard",
        "mistral",
        "llama",
        "grok",
        "command",
        "kimi",
        "phi",
        "copilot",
        "deepseek",
        "qwen",
    ),
    *(
        "openai",
        "anthropic",
        "google",
        "deepmind",
        "alibaba",
        "meta",
        "xai",
        "cohere",
        "microsoft",
        "moonshot",
        "zhipu",
    ),
    *(
        "minimax",
        "hugging",
        "01.ai",
        "perplexity",
        "smollm",
        "assistant",
        "language model",
        "an ai",
        "artificial",
        "a.i.",
    ),
    *("chatglm", "ernie", "baidu", "bytedance", "doubao", "yi", "nova", "amazon", "cutoff", "cut-off", "training data"),
)
MAKERS = (
    r"openai|anthropic|google(?: deepmind)?|deepmind|alibaba(?: cloud)?|deepseek|mistral(?: ai)?|meta(?: ai)?|xai"
    r"|cohere|microsoft|moonshot(?: ai)?|zhipu|minimax|hugging ?face|01\.ai|perplexity(?: ai)?"
)
# Names that mean nothing else, and names that are also people, signs and animals: those need an AI word beside them.
PLAIN = r"chat-?gpt|gpt-?[345](?:\.\d)?o?|deepseek(?:-\w+)?|qwen[\d.]*|smollm\d?|bing ?chat|grok-\d|open ?assistant"
COMMON = r"claude|gemini|bard|mistral|llama|grok|command|kimi|phi|copilot|yi"
EDITION = r"(?:sonnet|opus|haiku|pro|flash|large)"
AI = r"(?:ai|a\.i\.|artificial intelligence|assistant|chat ?bot|language model|llm|model)"
# fmt: off
PATTERNS = {
    "name": re.compile(
        rf"\b(?:i am|i['’]m|as|my name is|call me|this is|known as)\s+(?:an?\s+|the\s+)?(?:(?:{PLAIN})\b"
        rf"|(?:{COMMON})\b(?:[\s-]+[\d.]+\w*)?(?: {EDITION})?\s*(?:,|\(|-|—)?\s*"
        rf"(?:an?|the|your|from|by|made|built|trained|created)\s"
        rf"[^.!?\n]{{0,40}}?\b(?:{AI}|{MAKERS})\b)",
        re.IGNORECASE,
    ),
    "maker": re.compile(
        rf"\b(?:i am|i['’]m|i was|as an?|being an?)\b[^.!?\n]{{0,60}}?\b"
        rf"(?:trained|developed|created|made|built|designed|powered)\s+(?:\w+\s+)?(?:by|at)\s+(?:{MAKERS})(?![\w-]|\s+[A-Z][a-z]+s\b)",
        re.IGNORECASE,
    ),
    "signature": re.compile(
        rf"(?:^|[(\[*_—-])[ \t]{{0,3}}(?:this (?:answer|response|text) (?:was|is) )?"
        rf"(?:answered|generated|written|provided|created|powered) by\s+(?:an?\s+|the\s+)?"
        rf"(?:(?:{PLAIN})\b|(?:{COMMON})\b[^.!?\n]{{0,40}}?\b(?:{AI}|{MAKERS})\b)",
        re.IGNORECASE | re.MULTILINE,
    ),
    "ai": re.compile(
        r"\b(?:as|i am|i['’]m)\s+(?:just\s+|only\s+)?an?\s+"
        r"(?:(?:ai|artificial intelligence)(?:\s+(?:language\s+)?(?:model|assistant|system|chat ?bot)\b"
        # "an AI researcher", "an AI-powered tool": only what may follow when the AI itself is speaking
        r"|(?=\s*(?:[^\w\s-]|-\s|$)|\s+(?:i|and|but|so|that|which|who|with|without|by|from|here|not|my|it"
        r"|trained|developed|created|made|built|designed|programmed|running|working)\b))"
        r"|(?:large\s+)?language model\b)",
        re.IGNORECASE,
    ),
}
# fmt: on
NAMES = re.compile(rf"\b(?:{PLAIN}|{COMMON}|{MAKERS})\b", re.IGNORECASE)
WHO = re.compile(
    r"\b(?:who|what) (?:are|made|created|built|trained) you\b|\bwhat(?:['’]s| is) your name\b"
    r"|\byour (?:maker|creator|developers?)\b"
    r"|\bare you (?:an? )?(?:ai|human|bot|robot|language model|chat ?bot|real)\b",
    re.IGNORECASE,
)
AN_AI = re.compile(r"\b(?:ai|language models?|chat ?bots?)\b", re.IGNORECASE)


def asked_for(prompt: str, claim: str) -> bool:
    """Whether a prompt asks who answers, or names what the claim names (or speaks of AI, where it names nothing)."""
    named = {found.lower() for found in NAMES.findall(claim)}
    if WHO.search(prompt):
        return True
    return bool(named & {found.lower() for found in NAMES.findall(prompt)}) if named else bool(AN_AI.search(prompt))


def sentence(text: str, start: int) -> str:
    """The rest of the sentence in which a claim begins."""
    return re.split(r"[.!?\n](?:\s|$)", text[start : start + 400], maxsplit=1)[0]


class Identity(RowRule, frozen=True, kw_only=True, tag="identity"):
    """Rejects self-descriptions of the teacher, unless the prompt asks for it: who answers, or about what is named."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"reject"})
    reject: tuple[Class, ...] = ALL
    allow_when_asked: bool = True

    def measure(self, completion: Completion) -> Measured:
        """`name`, `maker`, `signature` or `ai`, and its words; "" where the teacher does not speak of itself."""
        low = completion.text.lower()
        if not any(trigger in low for trigger in TRIGGERS):
            return Measured("")
        asked = None
        for name, pattern in PATTERNS.items():
            for found in pattern.finditer(completion.text):
                if not self.allow_when_asked:
                    return Measured(name, found.span())
                asked = "\n".join(turn.content for turn in completion.messages) if asked is None else asked
                if not asked_for(asked, sentence(completion.text, found.start())):
                    return Measured(name, found.span())
        return Measured("")

    def decide(self, found: Measured) -> Verdict:
        """Reject a self-description; the reason is its class."""
        kept = found.value not in self.reject
        reason = "" if kept else str(found.value)
        return Verdict(rule=self.name, kept=kept, reason=reason, value=found.value, span=found.span)
