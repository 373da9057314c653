"""Where somebody else than the teacher speaks: in a letter, a dialogue, a story."""

import re
from collections.abc import Iterator

LETTER = re.compile(
    r"\W*(?:subject|re|betreff|asunto|objet|assunto|oggetto|тема|件名|主题|主旨|from|to)\s?[:：]|\W*(?:dear"
    r"|estimad[oa]s?|querid[oa]s?|chère?s?|madame|monsieur|sehr geehrte[rs]?|liebe[rs]?|prezad[oa]s?|car[oai]"
    r"|gentile|уважаем\w+|дорог\w+)\s[^\n]{0,60}[,!:.]\s*\n|\W*(?:hi|hello|hey|hola|bonjour|hallo|olá|oi|ciao"
    r"|привет|здравствуйте),? [^\n.!?]{1,30}[,!.]?\s*\n|(?:尊敬的|亲爱的|親愛的)(?!用户)[^\n]{1,20}[：:，,]"
    r"|\S{1,12}様\s*\n|拝啓"
)
SIGNED = re.compile(
    r"\n\W*(?:(?:best|kind|warm|many)\s?(?:regards|wishes|thanks)?|regards|sincerely|yours|cheers|love|warmly"
    r"|thanks|atentamente|saludos|un (?:cordial )?saludo|cordialement|bien à vous|mit freundlichen grüßen|viele"
    r" grüße|liebe grüße|atenciosamente|abraços?|cordiali saluti|с уважением|此致|敬具)[^\n]{0,30}\n|\[(?:your|my)"
    r" (?:full )?name\]|\[(?:tu|votre|ihr|seu) nom\w*\]"
)
SAID = re.compile(
    r"(?<!that )(?<!having )(?<!you've )(?<!you have )(?<!you )(?<!just )\b(?:said|says|(?<!you )(?<!you've )(?<!you have )(?<!been )asked(?! (?:for|me))"
    r"|replied|replies|cried|whispered|shouted|muttered|answered|snapped|growled|sighed|wrote|told|dijo|respondió"
    r"|contestó|dit|répondit|murmura|sagte|antwortete|rief|disse|respondeu|сказал\w*|ответил\w*)\b"
)
TELLING = frozenset(
    {"said", "said,", "said.", "says", "says,", "asked", "asked,", "replied", "replied,", "cried", "whispered", "told"}
    | {"shouted", "muttered", "answered", "sighed", "wrote", "dijo", "dijo,", "respondió", "contestó", "dit", "disse"}
    | {"répondit", "sagte", "sagte,", "antwortete", "rief", "respondeu", "сказал", "сказала", "сказал,", "сказала,"}
    | {"ответил", "ответила"}
)
SPEAKER = re.compile(
    r"(?:^|\n)\W{0,4}(?!\w* ?(?:answer|response|reply|note|assistant|ai|output|refusal"
    r"|summary)\b)[^\W\d][\w.'-]*(?: [\w.'-]+){0,2}: ?$"
)
OPENED, CLOSED = "“«「『‹", "”»」』›"


def forms_of(low: str) -> Iterator[str]:
    """In which forms somebody else may speak."""
    if SIGNED.search(low):
        yield "signed"
    if LETTER.match(low):
        yield "letter"
    if not TELLING.isdisjoint(low.split()):
        yield "said"
    if low.count('"') > 1 or any(mark in low for mark in OPENED):
        yield "quoted"
    if low.lstrip()[:1] in ('"', "—", "–", *OPENED):
        yield "begins quoted"


def narrated(plain: str, start: int, end: int) -> bool:
    """Whether somebody is quoted there."""
    begin = plain.rfind("\n", 0, start) + 1
    line = plain[begin:start]
    if (
        line.count('"') % 2
        or plain.count('"', begin, end) % 2
        or line.lstrip()[:1] in ("—", "–")
        or (begin and line.lstrip()[:1] == ">")
        or plain[start : start + 1] in ("—", "–")
    ):
        return True
    if any(line.rfind(opened) > line.rfind(closed) for opened, closed in zip(OPENED, CLOSED, strict=True)):
        return True
    if "„" in line and line.rfind("„") > max(line.rfind("“"), line.rfind("”")):
        return True
    stop = plain.find("\n", end)
    after = plain[end : min(stop if stop >= 0 else len(plain), end + 60)]
    return bool(SAID.search(line[-60:]) or SAID.search(after) or SPEAKER.search(plain[max(0, start - 40) : start]))
