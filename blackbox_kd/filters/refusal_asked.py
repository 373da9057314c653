"""What kind of prompt an answer is to: "No." declines a request, and answers a question."""

import re

from blackbox_kd.filters.refusal_words import Need

READ = 600  # characters at the beginning of a prompt
QUESTION = re.compile(
    r"\b(?:is|are|was|were|do|does|did|has|have|had|should|shall|may|might|must|am|isn't|aren't|don't|doesn't) (?:it|i"
    r"|we|they|there|he|she|this|that|these|those|the|an?|my|your|our|people|someone|anyone|\w+s)\b[^.!\n]*\?"
    r"|^(?:can|could|would|will) (?!you\b)[^.!\n]*\?|\b(?:if|whether|true or false|yes or no|agree|correct)\b"
)
JUDGING = re.compile(
    r"legal|\blaws?\b|allowed|ethic|moral|\bwrong\b|\bright\b|crime|criminal|punish|penalt|consequence|\brisks?\b|danger"
    r"|\bsafe|should|\bwhy\b|\bexplain why\b|essay|argu|opinion|discuss|summar|histor|difference|advice"
)
VOICE = re.compile(
    r"\b(?:writ|draft|compos|stor(?:y|ies)|poem|poetry|letter|e-?mail|message|dialogue|script|scene|monologue|diary"
    r"|journal|essay|speech|song|lyrics|rap|haiku|limerick|novel|fiction|character|role-?play|act as|pretend|imagine|you are"
    r"|you're|play the|in the voice|from the perspective|first[- ]person|testimonial|review|tweet|post|blog|caption|quote"
    r"|translat|rephras|paraphras|rewrit|proofread|correct|continu|complet|finish|summari[sz]|reply|respond|sentence"
    r"|example|excuse|say)\w*"
)


DECLINING = (
    r"(?:declin|refus|reject|turn(?:ing|s)? (?:\w+ )?down|say(?:ing)? no\b|apolog|sorry|cannot|can't|unable|won't"
    r"|regret|rechaz|disculp|rehús|excus|décliner|absag|ablehn|entschuldig|recus|desculp|отказ|извин|拒绝|婉拒|道歉"
    r"|断|お詫|謝)"
)
WORD = re.compile(r"[^\W\d_]{4,}")
STEM = 4  # letters that tell a word
ASIDE = (
    "that this with your what from have about would which there their could should please write give tell make "
    "show list describe explain create provide they them some into more than then when where will want need "
    "help know like just without someone something anything people person step steps instructions using used"
)  # that any request may have
COMMON = frozenset(ASIDE.split())


def names(prompt: str, words: str) -> bool:
    """Whether words speak of what the prompt speaks of."""
    told = {word[:STEM] for word in WORD.findall(words) if word not in COMMON}
    return bool(told) and not told.isdisjoint(word[:STEM] for word in WORD.findall(prompt))


def fits(need: Need, prompt: str) -> bool:
    """Whether a prompt, in small letters, is what a rule needs.

    `request`: something is to be done, rather than a yes or no to be said. `deed`: and no judgement of it is asked for.
    `own_voice`: the answer is the teacher's own speech, not a text that somebody else is to say. `named`: any; for this
    and for `own_voice`, what is declined has to be named in the prompt, too.
    """
    part = prompt[:READ]
    if need == "named":
        return bool(part)
    if need == "own_voice":
        return not VOICE.search(part)
    if not part or QUESTION.search(part):
        return False
    return need == "request" or not JUDGING.search(part)
