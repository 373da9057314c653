"""Sentences that name a model, a maker or an AI, as a model of wordings sees them: by what stands around the names."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from blackbox_kd.filters.identity_names import (
    BEGINS,
    COMMON,
    MAKERS,
    MENTIONS,
    NAMES_ALONE,
    PARTS,
    PLAIN,
    TRIGGERS,
    VERSION,
    grouped,
)
from blackbox_kd.filters.identity_words import AI
from blackbox_kd.records import Span
from blackbox_kd.wording import grams, tokens

GREETING = 25  # characters of "Best regards,"
REACH = 200  # characters before and after a name that are read, if no sentence ends
MOST = 60  # words of a sentence that are read
ENDS = re.compile(r"[.!?](?=\s|$)|\n|[。！？]")
MORE_NAMES = (
    r"gemma|nemotron|granite|olmo|t[üu]lu|stablelm|baichuan|internlm|gigachat|гигачат|yandexgpt|exaone|zephyr|wizardlm"
    r"|orca|dolly|typhoon|pixtral|ministral|le chat|minimax-\w+|titan|palm|hermes|aya|dbrx|lamda|skywork|saiga|luminous"
    r"|алис[аы]|元宝|盘古|商量|日日新|天工"
)
MORE_MAKERS = (
    r"yandex|яндекс\w*|sber\w*|сбер\w*|ai2|allen institute(?: for ai)?|tii|technology innovation institute|lmsys"
    r"|scb 10x|snowflake|databricks|naver|upstage|huawei|apple|samsung|sensetime|iflytek|stepfun"
    r"|character\.ai|aleph alpha"
    r"|shanghai ai lab\w*"
)
MARKS = tuple(
    (re.compile(pattern), mark)
    for pattern, mark in (
        (rf"(?<![a-z]){PLAIN}(?![a-z])|(?<![a-zà-ÿ]){COMMON}{VERSION}(?!\w)", "<name>"),
        (rf"(?<![a-zà-ÿ])(?:{MAKERS}|{MORE_MAKERS})(?:'s)?(?![a-zà-ÿ])", "<maker>"),
        (rf"(?<![a-zà-ÿ])(?:{COMMON}|{MORE_NAMES})(?![a-zà-ÿ])", "<common>"),
        (AI, "<ai>"),
    )
)
MORE = (
    *("my last", "my latest", "my most recent", "ma dernière", "mi última", "minha última", "ai's"),
    *("neural net", "machine[- ]learning", "my data", "my (?:own )?information", "my corpus", "information after"),
    *("i was trained", "i was (?:last )?fine-?tuned", "i've been trained", "lines of code", "a model(?!\\w)"),
    *("mes données", "mes connaissances", "entraîné", "qu'un modèle", "mis datos", "entrenad", "meus dados", "treinad"),
    *("meine(?:r|n)? daten", "meine(?:r|m|s)? training", "trainiert", "моего обучения", "меня обуч", "обучен"),
)
SPEAKS = re.compile(f"{BEGINS}(?:{grouped((*TRIGGERS, *(f'{name}(?![a-zà-ÿ])' for name in MENTIONS.split()), *MORE))})")


def forms(words: str) -> frozenset[str]:
    """Words as `str.split` leaves them in a text: with a bracket, a quotation mark, emphasis or a stop."""
    before, after = ("", "(", "*", "**", "_", '"', "“", "«", "["), ("", ",", ".", "!", "?", ":", ";", ")", "*", "**")
    return frozenset(start + word + end for word in words.split() for start in before for end in after)


TOLD = forms(
    "ai a.i. artificial llm language chatbot cutoff cut-off knowledge ia inteligencia inteligência intelligence"
    " intelligenza lenguaje linguagem langage linguistico ki künstliche sprachmodell ki-sprachmodell ki-assistent"
    " conocimiento conocimientos connaissances wissen wissensstand conhecimento conoscenze entrenamiento"
    " d'entraînement d'ia trainingsdaten treinamento actualización atualização aggiornamento aktualisierung ии"
    " ии-ассистент ии-модель искусственный искусственного языковая языковой модель нейросеть знания данные"
    " обновление trained training fine-tuned neural network machine-learning data dataset corpus information model"
    " ai's code modèle modelo données datos dados entraîné entraînée entrenado entrenada entrenaron treinado treinada"
    " trainiert trainingsdaten daten обучения обучен обучали данным нейронная"
)
NAMED = forms(NAMES_ALONE) - forms("command aws")  # they say too little: see PARTS, and amazon
# Of these words one is in nearly every text that speaks of a model; "language" or "command" say too little.
MENTIONED = (NAMED | TOLD | forms(MENTIONS)) - forms("language knowledge command update updated chat technology allen")
WORK = re.compile(
    r"\b(?:model|robot|software|app|code|script|api|program|comput|compan|firm|startup|tech|phone|online|career|job|cv"
    r"|resume|interview|bio\b|profile|character|name|who|wer|qui|quién|quem|кто)|会社|公司|谁|誰|名"
)
CAPITAL = re.compile(r"['’]?\s+[A-ZÀ-ÞА-Я][a-zà-þа-я]+")  # of a surname, or of a firm's full name


class Part(NamedTuple):
    """A sentence, and what a model sees of it."""

    span: Span
    features: frozenset[str]


def parts_of(text: str, prompt: str) -> Iterator[Part]:
    """The sentences that may speak of a model; the prompt is in small letters."""
    low, done = lowered(text), 0
    about: frozenset[str] | None = None
    for trigger in SPEAKS.finditer(low):
        if trigger.start() >= done:
            start, stop = sentence(low, trigger.start(), done)
            done = max(stop, trigger.end())
            words = tokens(marked(text, low, (start, stop)))[:MOST]
            if about is None:
                about = frozenset(about_of(prompt))
            found = grams(words)
            found |= about
            found.update(f"^{' '.join(words[:count])}" for count in (2, 3))
            found.add(f"{' '.join(words[-3:])}$")
            found.add(f"length {min(3, len(words) // 8)}")
            if stop >= len(low.rstrip()):
                found.add("last")
            if start == 0:
                found.add("first")
            yield Part((start, stop), frozenset(found))


def about_of(prompt: str) -> Iterator[str]:
    """What of the two a prompt is about: models and their makers, or work and names."""
    if not MENTIONED.isdisjoint(prompt.split()) or any(part in prompt for part in PARTS):
        yield "prompt: ai"
    if WORK.search(prompt):
        yield "prompt: work or names"


def marked(text: str, low: str, span: Span) -> str:
    """A sentence in small letters, a mark for each name, and one more where the name goes on with a capital letter."""
    found: list[tuple[int, int, str]] = []
    for pattern, mark in MARKS:
        for match in pattern.finditer(low, *span):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                found.append((*match.span(), mark))
    made, done = "", span[0]
    for start, end, mark in sorted(found):
        goes_on = mark in ("<common>", "<maker>") and CAPITAL.match(text, end)
        made, done = f"{made}{low[done:start]} {mark} {'<capital> ' if goes_on else ''}", end
    return made + low[done : span[1]]


def sentence(low: str, at: int, done: int) -> Span:
    """The sentence at a place, with the mark before it and a short line before that, or as much as is in reach."""
    before = begin = max(done, at - REACH)
    for end in ENDS.finditer(low, begin, at):
        before, begin = begin, end.start()
    begin = before if begin - before < GREETING else begin
    stop = ENDS.search(low, at, at + REACH)
    return begin, stop.end() if stop else min(len(low), at + REACH)


def lowered(text: str) -> str:
    """Small letters and one kind of apostrophe; each character in its place."""
    low = text.replace("İ", "i").lower()
    return low if low.isascii() else low.replace("’", "'").replace("‘", "'")
