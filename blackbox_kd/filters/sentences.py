"""Whether a text of sentences, or a list of them, stops inside one."""

import re

ENDS = frozenset(".!?…。！？｡؟।:：;；\"'”’»)]}>」』）】”*_`|%$#@&+=~～/\\♥♪^°")
DONE = frozenset(".!?…。！？｡؟।:：;；\"'”’»)]」』）】*_`")
AFTER = frozenset(",(„[{、，（「『")  # what nothing ends with
QUIET = re.compile(r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")  # scripts that end a sentence with a space
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
ITEM = re.compile(r"[ \t]*(?:[-*+•–]|\d{1,3}[.)]|\(?[a-z][.)])[ \t]+")
BARE = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]?|#{2,6})\Z")
LABEL = re.compile(r".{1,60}?(?::|：| [-–—] )")
SENTENCE = re.compile(r"\w{2}[\"'”’»)\]*`]*[.!?…][\"'”’»)\]*]*\s+[\"'“«(*`]*[^\W\d_]|[。！？]")
WORDLIKE = re.compile(r"[(\[“”\"'«*_`]*[^\W_]+(?:['’.@/-][^\W_]+)*[.,;:!?)\]”\"'’»*_`…%]*\Z|[-–—&]\Z")
CODE_LINE = re.compile(r"://|;$|->|::|^\s*(?:from|import|return|def|class|#|//|@|:\w)", re.MULTILINE)
CODE_WORD = re.compile(r"\w\(|[{}<>=|\\]|\w_\w")
ODD = 0.12  # share of the words in prose that may look like code
DISPLAYED = frozenset("$\\`|<>")  # what stands out of a sentence: a formula, code, a table
GREETING = re.compile(r".{1,40}[,，：]\s*\Z|\w{1,8}さん|\w{1,8}様")
PAIR = re.compile(r"[\w-]+: ")
SIGNED = re.compile(
    r"(?:\A|[.!?…]\s+)(?:\S+\s+){0,2}\S+,\s+(?:[A-ZÀ-ÞА-Я][\w.’'-]*\s*){1,3}\Z"
)  # "Best wishes, Mr. Hwang"
LOWER = re.compile(r"\b[^\WA-ZÀ-ÞА-Я\d_][^\W\d_]+")  # a word that begins small, or in a script without capitals
LAST_WORD = re.compile(r"(?:\A|[\s(“\"'’«])([^\W\d_]+)\Z")
SET_APART = re.compile(
    r"`[^`\n]*`|\$[^$\n]*\$|\\\([^\\\n]*(?:\\[^)\n][^\\\n]*)*\\\)"
)  # code and formulas within a line
HEADING = re.compile(r"#{2,6} ")
REACH = 300  # characters at the end of a paragraph that have to look like words
PHRASE = 120  # characters; one that is shorter and stands alone may be a title, a summary, a name
VERSE = 60  # characters; lines that are all shorter are verse, an address, a list without marks
FUNCTION_WORDS = """
a an and are as at because but by can could every for from has have his if into is its my nor of or our should such
than that the their these they this to was were when where whether which while who whose with without would your
aber als am auch auf aus bei bis das dass dem den der des die durch ein eine einem einen einer eines für hat haben
im ist kann mit nach oder sich sie sind sowie um und unter vom von vor war weil wenn werden wie wird wurde zu zum
zur über au aux avec ce ces cette chez comme dans de dont du elle en entre est et il ils la le les leur leurs
lorsque mais ne notre nous on ou où par pour puis qu que qui sa sans se ses si son sont sous sur très un une votre à
été être al ante como con contra cuando del desde donde e el es esta este estos fue ha hasta lo los las más muy no o
para pero por porque según ser sin sobre su sus también tan una unas unos y ao aos às até com da do dos ela ele em
essa esse foi mas na nas nem nos num numa os pela pelas pelo pelos quando são sem seu sua também tem uma alla alle
agli ai anche che cui dal dalla dei della delle di dove gli i in nel nella nei più questa questo sono sul sulla tra
fra uno а без бы в во для до его если ещё же за и из или их к как когда которая которые который ли между на над не
но о об от по под при про с со так также то у чем что чтобы эта эти это этот
"""  # that no sentence ends with, small
ONWARD = frozenset(FUNCTION_WORDS.split())
PARTICLES = frozenset(
    "的和与及或在是把被从向而为对以将并这那个也就还はがをにのともでへやり"
)  # that no short phrase ends with
FIRST_WORDS = """
The A An In On At It This That These Those There However Although While When If For To As By With But And So You We
They Der Die Das Ein Eine Es Im Wenn Als Auch Doch Aber Le La Les Un Une Il Elle En Dans Pour Mais El Los Las Una
Por Para Pero O Os Um Uma Se Em No Na Mas Lo Gli В На Это Но И Если Он Она Они
"""  # that sentences begin with, and hardly a name
FIRST = frozenset(FIRST_WORDS.split())


def mid_sentence(text: str) -> bool:
    """Whether a text stops inside a sentence or a list's item, or before what it announces."""
    text = text.rstrip()
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    lines = [line for line in paragraphs[-1].split("\n") if line.strip()]
    last = lines[-1]
    listed = [line for line in text.split("\n")[-40:-1] if ITEM.match(line)]
    if BARE.match(last):
        return bool(listed) or (last[0] == "#" and len(paragraphs) > 1)
    if HEADING.match(last):
        return len(paragraphs) > 1
    start = next((at for at in range(len(lines) - 1, -1, -1) if ITEM.match(lines[at])), None)
    if start is not None and all(line[:1] in " \t" for line in lines[start + 1 :]):
        return inside_item(" ".join(lines[start:]), listed[:-1] if start < len(lines) - 1 else listed)
    return inside_paragraph(lines, paragraphs[-9:-1] if len(paragraphs) > 9 else paragraphs[:-1])


def stops(text: str) -> bool:
    """Whether a text has no end: its last character is a letter, or one that something follows."""
    last = text[-1]
    if last in "-–—" and text[-2:-1].isalpha():
        return True
    if last in AFTER:
        return text[-2:-1] not in (":", ";", "=")  # a face
    return last.isalpha() or (last in "“«" and text[-2:-1].isspace()) or opened(text)


def opened(text: str) -> bool:
    """Whether bold type is begun and not ended."""
    return text.count("**") % 2 == 1 and not CODE_LINE.search(text) and not CODE_WORD.search(text)


def plain(text: str) -> bool:
    """Whether the end of a text is of words rather than code, an address or data."""
    part = SET_APART.sub("x", text[-REACH:])
    if "\n " in part or "\n\t" in part or text[:1] in " \t" or CODE_LINE.search(part):
        return False
    if SPACELESS.search(part):
        return not CODE_WORD.search(part)
    words = part.split()
    odd = sum(1 for word in words if CODE_WORD.search(word) or not WORDLIKE.match(word))
    return odd <= max(1, ODD * len(words))


def onward(text: str) -> bool:
    """Whether the last word, or a comma or bracket after it, asks for another."""
    if text[-1] in AFTER or text[-1] in "-–—":
        return True
    word = LAST_WORD.search(text)
    return bool(word) and word is not None and word[1] in ONWARD


def inside_item(item: str, others: list[str]) -> bool:
    """Whether the last item of a list stops early; the others tell how items end here."""
    body = ITEM.sub("", item, count=1)
    if not body or not stops(body) or not plain(body):
        return False
    if opened(body) or body.count("(") > body.count(")") or (onward(body) and body.count(" ") > 2):
        return True
    rest = [ITEM.sub("", other, count=1).rstrip() for other in others]
    ended = [other[-1:] in DONE for other in rest]
    if SENTENCE.search(body):
        return not ended or any(ended)
    if len(rest) < 2:
        return all(ended) and len(max((body, *rest), key=len)) > VERSE // 2
    if all(ended) or (all(map(LABEL.match, rest)) and not LABEL.match(body)):
        return True
    shortest = min(map(len, rest))
    return shortest > VERSE // 2 and len(body) * 2 < shortest


def inside_paragraph(lines: list[str], before: list[str]) -> bool:
    """Whether the last paragraph is of sentences, and stops inside one."""
    text = "\n".join(lines)
    if not stops(text) or QUIET.match(text[-1]) or not plain(text):
        return False
    if len(lines) > 1 and ((max(map(len, lines)) < VERSE and not wrapped(lines)) or PAIR.match(lines[-1])):
        return False
    ended = [
        part.rstrip()[-1] in DONE
        for part, after in zip(before, [*before, text][1:], strict=True)
        if len(part) > VERSE // 2 and plain(part) and (after[0] not in DISPLAYED or part.rstrip()[-1] in DONE)
    ]
    if not ended and before and before[-1][0] in DISPLAYED:
        ended = [True]
    if (ended and not any(ended)) or text[0].islower():
        return onward(text) and len(text) > VERSE  # whoever writes here does not end sentences
    if SPACELESS.match(text[-1]):
        if SENTENCE.search(text) or len(text) > VERSE // 2 or (text[-1] in PARTICLES and len(text) > 7):
            return True
        return bool(ended) and all(ended) and not GREETING.match(before[0])
    if SENTENCE.search(text):
        return not SIGNED.search(text)
    if len(text) >= PHRASE or (onward(text) and text.count(" ") > 3):
        return True
    words = text.split()
    return bool(ended) and all(ended) and announced(words) and (len(words) > 4 or not GREETING.match(before[0]))


def wrapped(lines: list[str]) -> bool:
    """Whether short lines are running text, each going on with a small letter, rather than verse or a list."""
    return len(lines) > 2 and all(line[0].islower() for line in lines[1:])


def announced(words: list[str]) -> bool:
    """Whether a short last paragraph, after others that ended, is the start of a sentence and no name or label."""
    if words[0] in FIRST:
        return True
    return len(words) > 1 and ":" not in "".join(words[:4]) and any(LOWER.match(word) for word in words[1:])
