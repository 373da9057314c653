"""Answers in another language than the one expected."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured, PreparedRule
from blackbox_kd.records import Completion, Message, Verdict

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

WINDOW = 2000  # characters of a text that are looked at
SLICE = 100  # bytes: of longer prose the beginning, the middle and the end decide
MOST_PARAGRAPHS = 40
NAMES = 0.6  # of the words begin in upper case: a list of names, of any language (German prose: 0.4)
LETTERS = re.compile(r"[^\W\d_]+")
ASIDE = re.compile(  # fences, code spans, formulas, tags, addresses
    r"(?s:```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|\$\$.*?(?:\$\$|\Z))|`[^`\n]{1,200}`|<[^<>\n]{1,200}>"
    r"|(?:https?://|www\.)\S+|(?<!\S)\S{1,64}@\S+"
)
SIGNS = re.compile(r"[{}\[\]()<>=;_|\\^&%$@/+]")  # lines of code and tables are full of them
DATA = re.compile(r"\s*(?:[{\[]|<[?!a-zA-Z])")  # how JSON and XML begin
ALIKE = {  # varieties that no classifier tells apart in a few sentences, and those of one macrolanguage
    variety: code
    for code, varieties in {
        "no": ("nb", "nn"),
        "sr": ("bs", "hr", "sh", "srl"),
        "ms": ("id",),
        "pt": ("gl",),
        "es": ("an", "ext"),
        "it": ("lij", "vec"),
        "zh": ("wuu", "yue"),
        "ar": ("ary", "arz"),
        "fa": ("prs",),
        "el": ("grc",),
        "he": ("hbo",),
        "ku": ("sdh",),
        "lv": ("ltg",),
        "uz": ("uzs",),
        "en": ("pcm",),
    }.items()
    for variety in varieties
}
NO_LANGUAGE = {"zxx", "la"}  # no words of one; Latin, of which names of species and dummy text are made
# Prompts that ask for a language, or for a change of it, in the languages that are asked in most.
SPEAKS_OF = re.compile(
    r"translat|übersetz|tradu[cz]|traduire|traduis|перевед|перевод|переклад|翻[译譯訳]|译|번역|ترجم|अनुवाद|\bdịch\b|çevir"
    r"|tłumacz|přelož|prelož|vertaal|översätt|oversett|oversæt|käännä|terjemah|fordíts|μετάφρασ|תרגם|แปล"
    r"|\b(?:the|this|that|same|another|other|my|your|which|what|target|foreign|source|any|each) languages?\b|language:"
    r"|multilingual|bilingual"
    r"|\b(?:english|german|french|spanish|italian|portuguese|dutch|swedish|danish|norwegian|finnish|icelandic|polish|czech"
    r"|slovak|slovene|slovenian|croatian|serbian|bosnian|bulgarian|macedonian|romanian|hungarian|greek|turkish|russian"
    r"|ukrainian|belarusian|estonian|latvian|lithuanian|albanian|arabic|hebrew|persian|farsi|hindi|urdu|bengali|punjabi"
    r"|tamil|telugu|marathi|gujarati|thai|vietnamese|indonesian|malay|tagalog|filipino|swahili|chinese|mandarin|cantonese"
    r"|japanese|korean|latin|catalan|basque|galician|irish|welsh|esperanto|yiddish|zulu|afrikaans|georgian|armenian)\b"
    r"|\b(?:deutsch|englisch|französisch|spanisch|italienisch|anglais|allemand|français|espagnol|italien|inglés|alemán"
    r"|francés|español|inglês|alemão|francês|espanhol|português|inglese|tedesco|francese|spagnolo|italiano|engels|duits"
    r"|frans|spaans|nederlands|engelska|tyska|svenska|engelsk|tysk|norsk|dansk|englanniksi|suomeksi|angielsk\w*"
    r"|polsku|niemieck\w*|anglicky|česky|angolul|magyarul|ingilizce|türkçe|tiếng|bahasa)\b"
    r"|по-(?:английски|русски|немецки|французски|испански)|англійськ|українськ|английск|русск|немецк|французск|испанск"
    r"|[英中汉漢日韩韓法德俄][语語文]|日本語|한국어|영어|일본어|중국어|اللغة|العربية|الإنجليزية|हिन्दी|हिंदी"
    r"|अंग्रेज़ी|अंग्रेजी|αγγλικ|ελληνικ|אנגלית|ภาษา",
    re.IGNORECASE,
)
NOT_JUDGED = Measured("")


class Language(PreparedRule, frozen=True, kw_only=True, tag="language"):
    """Rejects completions in another language than `expected`, ISO 639-1 codes; by default, than their prompt.

    Judged is prose alone: code, formulas, data and addresses are set aside. No answer is judged with fewer than
    `min_letters` letters left, or mostly of those or of names, or whose language is not sure to `min_confidence`. A
    prompt that asks for a translation or names a language leaves the answer's open; so does one too short to tell.
    Bosnian, Croatian and Serbian are one language here, as are Malay and Indonesian, Galician and Portuguese.

    The value is the answer's language, or nothing where it is not judged; where the prompt's is another, `en>de`.
    """

    on: ClassVar[bool] = False
    expected: tuple[Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")], ...] = ()
    min_letters: Annotated[int, msgspec.Meta(ge=1)] = 20
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.8

    def measurer(self, given: Given) -> Callable[[Completion], Measured]:
        """The function that tells the language; raises `UsageError` for an expected one that it does not know."""
        known = {alike(code) for code in identifier().labels if code not in NO_LANGUAGE}
        if unknown := [code for code in self.expected if alike(code) not in known]:
            raise UsageError(
                f"filter.language.expected: {unknown[0]!r} is no language that can be told",
                f"Those are: {', '.join(sorted(known))}.",
            )
        return self.measure

    def measure(self, completion: Completion) -> Measured:
        """The answer's language, and the prompt's where it is another and the answer was to inherit it."""
        found = self._told(completion.text)
        if not found or self.expected:
            return Measured(found) if found else NOT_JUDGED
        asked = next((turn.content for turn in reversed(completion.messages) if turn.role == "user"), "")
        wanted = self._told(asked)
        if not wanted or alike(wanted) == alike(found):
            return Measured(found)
        if any(SPEAKS_OF.search(turn.content[:WINDOW]) for turn in completion.messages):
            return NOT_JUDGED
        return Measured(found if alike(found) in _spoken(completion.messages) else f"{wanted}>{found}")

    def decide(self, found: Measured) -> Verdict:
        """Reject the language that is neither expected nor the prompt's."""
        value = str(found.value or "")
        wrong = ">" in value
        if self.expected:
            wrong = value != "" and alike(value) not in {alike(code) for code in self.expected}
        return Verdict(rule=self.name, kept=not wrong, reason="other_language" if wrong else "", value=found.value)

    def _told(self, text: str) -> str:
        code, confidence = told(prose(text, self.min_letters))
        return code if confidence >= self.min_confidence and code not in NO_LANGUAGE else ""


def alike(code: str) -> str:
    """One code for the varieties of a language that are not told apart."""
    return ALIKE.get(code, code)


def prose(text: str, min_letters: int) -> str:
    """The lines of a text that are prose; nothing where they are few letters, less than half of all, or names."""
    text = text[:WINDOW]
    if DATA.match(text):
        return ""
    rest = ASIDE.sub(" ", text)
    lines = [line for line in rest.splitlines() if len(SIGNS.findall(line)) * 12 <= len(line)]
    kept = " ".join(" ".join(lines).split())
    words = LETTERS.findall(kept)
    letters = sum(map(len, words))
    if letters < min_letters or letters * 2 < sum(map(len, LETTERS.findall(text))):
        return ""
    return "" if sum(word[:1].isupper() for word in words) > NAMES * len(words) else kept


def told(text: str) -> tuple[str, float]:
    """The language of a prose text and how sure that is, 0 to 1."""
    if not text:
        return "", 0.0
    whole = text.encode(errors="replace")
    if len(whole) > 3 * SLICE:
        middle = len(whole) // 2
        parts = whole[:SLICE], whole[middle : middle + SLICE], whole[-SLICE:]
        text = " ".join(part.decode(errors="ignore") for part in parts)
    ranked = identifier().rank(text)
    sure: dict[str, float] = {}
    for code, confidence in ranked:
        sure[alike(code)] = sure.get(alike(code), 0.0) + confidence
    best = max(sure, key=lambda code: sure[code])
    return next(code for code, _ in ranked if alike(code) == best), sure[best]


@functools.cache
def identifier() -> "LanguageIdentifier":
    """The classifier: naive Bayes over byte n-grams, (Lui and Baldwin 2012); read once a process."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _spoken(messages: Iterable[Message]) -> set[str]:
    """The languages of all paragraphs of a conversation: an answer may follow the request or what it speaks of."""
    parts = [part for turn in messages for part in re.split(r"\n+|:\s", turn.content[:WINDOW]) if part.strip()]
    return {alike(told(part)[0]) for part in (*parts[:MOST_PARAGRAPHS], *parts[-MOST_PARAGRAPHS:])}
