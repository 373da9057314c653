"""Answers in which the teacher declines instead of doing the task."""

import re
from typing import Annotated

import msgspec

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, Verdict

# The teacher speaks of itself (first person) and of not doing it, at the start of the answer. Lists of words such as
# "illegal" or "sorry" anywhere in the text would reject the subject matter instead of the refusal.
CANNOT = (
    r"(?:can(?:\s?not|['’]?t)(?! (?:wait|stress|believe|imagine|remember)\b)"
    r"|could\s?not|couldn['’]?t|won['’]?t|will not"
    r"|(?:am|['’]m)(?: currently)? (?:not able|unable|prohibited)"
    r"|(?:am|['’]m) not (?:comfortable|allowed|permitted|in a position|equipped|designed)"
    r"|do(?: not|n['’]t) (?:feel comfortable|have the ability)"
    r"|(?:must|have to|need to|will)(?: respectfully| politely)? (?:decline|refuse)|(?:respectfully|politely) decline)"
)
DOING = (
    r"(?:help(?! but\b| (?!any|some|no)\w+ing\b)|assist|support|provide|offer|give|share|compl(?:y|ete)|fulfil?l?"
    r"|answer(?! for\b)|respond|create|generate|produce"
    r"|write|process|do (?:that|this|it|so)|continue|proceed|engage|discuss|participate|perform|carry out|extract"
    r"|convert|solve|handle|(?:creat|produc|writ|provid|shar|giv|continu|engag|complet)(?=ing)|work on"
    r"|go (?:into|ahead|along)|be able to|accommodate|facilitate|disclose|reveal|advise"
    r"|access (?:the internet|the web|external|real-time|websites?|links?|urls?)|browse)"
)
# "I" opens the sentence, or follows a word of regret: "he said I cannot help" is a story.
LEAD = (
    r"(?:^[^\w\"“«„]*(?:as an? [^,.!?\n]{1,40},\s*)?|[.!?:\n]\s*"
    r"|\b(?:but|unfortunately|regrettably|however|sorry|afraid|apologi[sz]e|apologies|note)(?: that)?[,:]?\s+)"
)
SELF = rf"{LEAD}i\b(?:['’]m| am)?"
AN_AI = r"(?:ai|artificial intelligence|(?:large )?language model|ai (?:language )?model|assistant)"
REQUEST = r"\b(?:this|that|your|the) (?:request|question|message|prompt)\b[^.!?\n]{0,40}"
SORRY = r"^(?:i['’]?m |i am )?(?:so |very |really |truly )?(?:sorry|afraid)[,.]?(?: but)? (?:but )?"
HARD = (
    rf"{SELF}[^.!?\n]{{0,40}}?{CANNOT}\b[^.!?\n]{{0,30}}?\b{DOING}(?:ing|d)?\b",
    rf"{LEAD}i(?:['’](?:d|ll))?(?: (?:must|have to|need to|will|would|am going to|prefer to))?(?: rather)?"
    r"(?: respectfully| politely| kindly)* (?:decline|refuse)"
    r"(?: to (?!give up|believe|be)| (?:your|this|that)\b|[.,!]|$)",
    rf"\bnot something (?:that )?i(?:['’]m| am| can| could| will)\b[^.!?\n]{{0,20}}\b{DOING}\b",
    rf"{REQUEST}\b(?:violates?|goes against|is against|(?:is|falls) outside|can(?:no|')t be (?:processed|answered))",
    rf"{SORRY}(?:i |that['’]?s |this is )[^.!?\n]{{0,30}}(?:can['’]?t|cannot|not (?:able|allowed)|unable|won['’]?t)\b"
    r"(?! (?:come|make it|attend|join|meet|stay|be (?:there|with))\b)",
)
POLICY = (
    r"\b(?:against|violat\w+|due to|outside|under) (?:my|our|the|openai['’]?s|anthropic['’]?s)? ?"
    r"(?:content |usage |safety |ethical )?(?:guidelines|polic(?:y|ies)|programming|terms of (?:use|service))\b"
)
REGRET = (
    r"^(?:lo siento|lamento|desculpe|sinto muito|je suis désolée?|désolée?|es tut mir leid|leider|mi dispiace"
    r"|spiacente|к сожалению|извините|抱歉|很抱歉|对不起|申し訳|すみません|죄송)"
)
REGRET_CANNOT = (
    r"(?:no puedo|não posso|ne peux pas|ne suis pas en mesure|kann (?:ich )?(?:\S+ ){0,6}nicht"
    r"|nicht (?:helfen|möglich)|non posso|не могу|无法|不能|できません|できかね|없습니다)"
)
CLASSES = {
    "hard": re.compile("|".join(HARD), re.IGNORECASE),
    "capability": re.compile(
        rf"\bas an? {AN_AI}\b[^.!?\n]{{0,60}}\b(?:{CANNOT}|do(?: not|n['’]t) have|lack)\b", re.IGNORECASE
    ),
    "policy": re.compile(POLICY, re.IGNORECASE),
    "other_language": re.compile(rf"{REGRET}[^.!?\n]{{0,120}}{REGRET_CANNOT}", re.IGNORECASE),
}
APPEALS = re.compile(r"^\s*(?:i['’]?m|i am|sorry|unfortunately|i apologi[sz]e|regrettably|as an|i |my )", re.IGNORECASE)


class Refusal(Rule, frozen=True, kw_only=True, tag="refusal"):
    """Rejects refusals: first person, unable or unwilling, within the first `window_chars` characters."""

    window_chars: Annotated[int, msgspec.Meta(ge=20)] = 300

    def check(self, completion: Completion) -> Verdict:
        """Reject a refusal; the reason is its class, the span its words."""
        if completion.finish_reason == "refusal":
            return Verdict(rule=self.name, kept=False, reason="declared")
        start = completion.text[: self.window_chars]
        for reason, pattern in CLASSES.items():
            found = pattern.search(start)
            if found and (reason != "policy" or APPEALS.match(start)):
                return Verdict(rule=self.name, kept=False, reason=reason, span=found.span())
        return Verdict(rule=self.name, kept=True)
