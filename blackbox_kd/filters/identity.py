"""Answers in which the teacher names itself or its maker: the student would learn to claim it is the teacher."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import ClassVar

from blackbox_kd.filters.base import Measured, RowRule
from blackbox_kd.filters.identity_names import COMMON, MAKERS, PARTS, PLAIN, TRIGGER
from blackbox_kd.filters.identity_parts import MENTIONED, NAMED, REACH, TOLD, Part, forms, lowered, parts_of, sentence
from blackbox_kd.filters.identity_words import ALL, PATTERNS, Class
from blackbox_kd.records import Completion, Verdict
from blackbox_kd.wording import wording

NONE = Measured("")
STEMS = (
    *(
        "openai",
        "open ai",
        "anthropic",
        "google",
        "deepmind",
        "alibaba",
        "deepseek",
        "mistral",
        "meta",
        "facebook",
        "xai",
    ),
    *(
        "x.ai",
        "cohere",
        "microsoft",
        "moonshot",
        "zhipu",
        "z.ai",
        "minimax",
        "hugging",
        "01.ai",
        "perplexity",
        "amazon",
    ),
    *(
        "aws",
        "nvidia",
        "ibm",
        "baidu",
        "bytedance",
        "tencent",
        "stability",
        "inflection",
        "ai21",
        "tsinghua",
        "eleuther",
    ),
    *("nous", "reka"),
)  # one is in the name of every maker in letters of ASCII
LAST = 15  # words at the end, where a signature stands


# One of these words is in every text in which somebody speaks of itself or signs, but for Chinese and its neighbours.
SPEAKING = forms(
    "i i'm i've my me ai a.i. chatgpt claude openai anthropic soy me como mi mis je j'ai suis mon mes en étant ich"
    " bin als mein meine sou eu meu meus minha sono come il mio quanto я как меня мои моя мое моё мой будучи yo fui"
)
SIGNING = forms(
    "powered generated answered written provided created drafted composed produced best regards sincerely cheers"
)
FIRST_PERSON = frozenset(
    {"i", "i'm", "i've", "my", "me", "we", "our", "yo", "soy", "mi", "je", "j'ai", "suis", "mon", "ich", "bin", "mein"}
    | {"eu", "sou", "meu", "я", "мой", "меня", "我", "私", "저", "나"}
)
UPDATED = re.compile(
    r"cut-?\s?off|updat|actualiz|atualiz|mise à jour|wissensstand|trainingsstand|обновл|截止|更新|時点|训练数据"
    r"|training data"
)
EASTERN = re.compile("[我私저나僕作身由\uac00-\ud7a3]|として|です|生成")
# A word with a capital letter after a name belongs to it: Claude Monet, Perplexity Pictures.
SURNAME = re.compile(
    r"['’]?\s+(?!AI\b|Cloud|Deep|Inc|Corp|Labs?\b|Research|LLC|Team|Company|Group|Web|Services|I\b|I['’]|LLM"
    r"|Assistant|Model)[A-ZÀ-Þ][a-zà-þ]+"
)
HUMAN = re.compile(
    r"\s+(?:pictures|studios?|films?|records|engineers?|staff|employees?|instructors?|coaches|teachers?|managers?"
    r"|as|in|for|university|press)\b"
)
TRAINED = re.compile(r"\W*$|[.,;:!)\n*_]|\s+(?:to|and|on|with|but)\b")  # an AI rather than a person
NAMES = re.compile(rf"(?<![a-z])(?:{PLAIN}|{COMMON}|{MAKERS})(?![a-z])")
ASKING = re.compile(
    r"\b(?:who|what) (?:exactly )?(?:are|made|created|built|trained|developed|designed|programmed) you\b"
    r"|\bwhat(?:'s| is) your (?:name|model|version|knowledge|cut-?off)|\bwhat should i call you|\byour (?:makers?"
    r"|creators?|developers?|training|knowledge|cut-?off|model|name|identity|version)\b|\b(?:introduce|describe"
    r"|identify) yourself|\babout yourself|\bwhich (?:\w+ )?(?:model|ai|llm|company|version)\b[^.?!\n]{0,40}\byou\b"
    r"|\bare you (?:\w+ )?(?:an? )?(?:\w+ )?(?:ai|human|bot|robot|person|machine|language model|chat ?bot|real"
    r"|sentient|conscious|alive)\b|\bdo you (?:have|feel|experience) (?:\w+ )?(?:feelings|emotions|consciousness"
    r"|opinions|a body)|\b(?:quién|quien) (?:eres|te (?:creó|hizo|entrenó|desarrolló))|\bcómo te llamas|\bqué"
    r" (?:modelo|ia) eres|\beres (?:una? )?(?:ia|robot|humano|bot)|\b(?:qui|que) (?:es-tu|êtes-vous|t'a|vous a)"
    r"|\bcomment (?:t'appelles|vous appelez)|\bquel modèle|\bes-tu une? (?:ia|robot)|\bwer (?:bist du|sind sie|hat"
    r" dich|hat sie)|\bwie hei(?:ßt|ssen|ßen)|\bwelches modell|\bbist du (?:eine? )?(?:ki|mensch|roboter|bot)"
    r"|\bquem (?:é você|és tu|te|o criou|criou você)|\bqual (?:é o seu nome|modelo)|\bvocê é uma? (?:ia|robô"
    r"|humano)|\bchi (?:sei|ti ha)|\bcome ti chiami|\bкто (?:ты|вы|тебя|вас)|\bкак (?:тебя|вас) зовут|\bкакая (?:ты"
    r"|вы) модель|\b(?:ты|вы) (?:ии|робот|человек|бот)|你是(?:谁|什么|誰|哪)|谁(?:创造|开发|训练)了?你|你叫什么"
    r"|你是(?:一个)?(?:ai|人工智能|机器人)|あなたは(?:誰|何|ai|どの)|あなたの名前|誰が(?:あなた|作)|누구(?:세요|야"
    r"|입니까|신가요)|이름이"
)
PLAYING = re.compile(
    r"\b(?:pretend|act as|role-?play|imagine (?:that )?you|you are (?:an? )?(?:\w+ )?(?:ai|chat ?bot|robot|android"
    r"|language model)\b|play the (?:role|part)|speak as|in the voice of|from the (?:perspective|point of view) of"
    r"|monologue|dialogue|story|script|poem|slogan|tagline|product|landing page|about page|marketing|advert|press"
    r" release|copy for|description (?:of|for)|bio\b|profile|welcome message|greeting|system prompt|translate"
    r"|rephrase|paraphrase|correct|proofread|summari[sz]e)"
)
AN_AI = re.compile(
    r"(?<![a-z])(?:ai|a\.i\.|language models?|chat ?bots?|llms?|robots?|android|virtual assistant|ia|ki"
    r"|ии)(?![a-z])|人工智能|语言模型|人工知能|言語モデル|인공지능"
)


class Identity(RowRule, frozen=True, kw_only=True, tag="identity"):
    """Rejects self-descriptions of the teacher of the classes in `reject`: in any sentence, in the first person.

    name ("I am Claude, an AI"), maker ("trained by Google"), signature ("Generated by GPT-4"), ai ("as an AI language
    model"), cutoff ("my knowledge cutoff"). English, Spanish, French, German, Portuguese, Italian, Russian, Chinese,
    Japanese, Korean. With `allow_when_asked`, not where the prompt asks who answers, names what is named, or wants a
    role or a text of an AI.
    """

    thresholds: ClassVar[frozenset[str]] = frozenset({"reject"})
    reject: tuple[Class, ...] = ALL
    allow_when_asked: bool = True

    def measure(self, completion: Completion) -> Measured:
        """The class of the first self-description and its words; "" where the teacher does not speak of itself."""
        low = lowered(completion.text)
        ruled, worded = possible(low, low.split())
        if not (ruled or worded):
            return NONE
        asked = lowered("\n".join(turn.content for turn in completion.messages if turn.role == "user"))
        found = claims(completion.text, low) if ruled else iter(())
        if worded:
            found = chain(found, by_wording(completion.text, low, asked))
        return next((one for one, claim in found if not (self.allow_when_asked and asked_for(asked, claim))), NONE)

    def decide(self, found: Measured) -> Verdict:
        """Reject a self-description; the reason is its class."""
        kept = found.value not in self.reject
        reason = "" if kept else str(found.value)
        return Verdict(rule=self.name, kept=kept, reason=reason, value=found.value, span=found.span)


def possible(low: str, words: list[str]) -> tuple[bool, bool]:
    """(whether a rule may match, whether wordings may tell), at the cost of looking at each word a few times.

    There is the name of a model, a maker or an AI, and somebody speaks of himself or signs; or it stands at the end.
    """
    if not low.isascii() and EASTERN.search(low):
        return True, True
    speaks = not SPEAKING.isdisjoint(words)
    if not speaks and SIGNING.isdisjoint(words):
        return False, not MENTIONED.isdisjoint(words[-LAST:]) or has_part(low[-REACH:])
    named = not NAMED.isdisjoint(words) or has_part(low)
    return named or (speaks and not TOLD.isdisjoint(words)), named or not MENTIONED.isdisjoint(words)


def has_part(low: str) -> bool:
    """Whether a part of a model's name is in a text; a plain loop is the fastest here."""
    for part in PARTS:  # noqa: SIM110
        if part in low:
            return True
    return False


def by_wording(text: str, low: str, asked: str) -> Iterator[tuple[Measured, str]]:
    """The sentences whose wordings, all together, speak of the teacher itself."""
    for part in parts_of(text, asked):
        if wording("identity").score(part.features) > 0:
            claim = low[slice(*part.span)]
            yield Measured(kind_of(part, claim), part.span), claim


def claims(text: str, low: str) -> Iterator[tuple[Measured, str]]:
    """Every self-description that a rule knows, and the words from its begin to its sentence's end."""
    done = 0
    for trigger in TRIGGER.finditer(low):
        if trigger.start() < done:
            continue
        start, done = sentence(low, trigger.start(), done)
        part = low[start:done]
        for name, pattern in PATTERNS:
            if name == "maker" and part.isascii() and not any(stem in part for stem in STEMS):
                continue  # the dearest pattern, and there is no maker
            for match in pattern.finditer(part):
                span = (start + match.start(), start + match.end())
                if not somebody_else(name, match, text, span[1]):
                    yield Measured(name, span), part[match.start() :]


def somebody_else(name: Class, match: re.Match[str], text: str, end: int) -> bool:
    """Whether the name goes on after the match, or people are trained there."""
    groups = match.groupdict()
    if groups.get("common"):
        return bool(SURNAME.match(text, end - match.end() + match.end("common")))
    if name != "maker":
        return False
    if SURNAME.match(text, end) or HUMAN.match(text, end):
        return True
    return groups["done"] == "trained" and not TRAINED.match(text, end)


def kind_of(part: Part, claim: str) -> Class:
    """What of itself the teacher tells in a sentence."""
    if UPDATED.search(claim):
        return "cutoff"
    if {"<name>", "<common>"} & part.features:
        return "name" if FIRST_PERSON & part.features else "signature"
    return "maker" if "<maker>" in part.features else "ai"


def asked_for(prompt: str, claim: str) -> bool:
    """Whether a prompt asks who answers, names what the claim names, or wants an AI's role or a text about one."""
    if ASKING.search(prompt):
        return True
    if set(NAMES.findall(claim)) & set(NAMES.findall(prompt)):
        return True
    return bool(AN_AI.search(prompt) and PLAYING.search(prompt))
