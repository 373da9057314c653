"""How English models decline in words that decline only as an answer to a request, or only in their own voice."""

from blackbox_kd.filters.refusal_english_words import ADVERBS, CANNOT, GAP
from blackbox_kd.filters.refusal_words import ME, Need, Words, mine, near, rule

START = r"(?:^|[.!?:;\n]\s*|[,—–-]\s+|\b(?:but|so|and|therefore|reflection|request|however),? )"
IS = r"(?:is|are|would be|'s|isn't|aren't|can be|constitutes?|amounts? to)(?: \w+ly| both| also| never| not)?"
BAD = (
    r"(?:an? )?(?:very |deeply |highly |extremely |form of |type of |serious |grave |federal |criminal |act of )*(?:illegal"
    r"|unlawful|unethical|immoral|morally wrong|(?:a )?(?:crime|felony|offen[cs]e|theft|fraud|perjury|abuse|harassment"
    r"|stalking|vandalism|plagiarism|violation)|insurance fraud|fraud|against the law|not (?:okay|ok|right|acceptable|appropriate"
    r"|ethical|legal)|unacceptable|inappropriate|irresponsible|stigmati[sz]ing|disrespectful|wrong|acceptable|okay|appropriate)"
)
TURN = (
    r"(?:instead|rather than|consider|encourage|suggest|recommend|urge|advise|please|there are (?:\w+ ){0,2}(?:legal|better"
    r"|safe|legitimate|positive|healthy|other)|if you(?:'re| are| have)|would you like|it(?:'s| is) (?:best|better|important"
    r"|essential|crucial))"
)
BAD_WORDS = (
    "illegal unlawful unethical immoral crime felony offense offence theft fraud perjury abuse harassment vandalism violation"
    " law okay ok acceptable inappropriate appropriate unacceptable irresponsible stigmatizing disrespectful wrong"
)
TURN_WORDS = "instead rather consider encourage suggest recommend urge advise please there if would it's it important best better"
EXCEPT = (  # what whoever helps cannot do either
    r"(?:say (?:for|with|exactly|enough)|stress|emphasi[sz]e|overstate|help (?:but|feeling|thinking|noticing|wondering)|wait"
    r"|believe|imagine|guarantee|promise|think of|see (?:why|how|any|a|the|an)|tell (?:for|whether|if|exactly|from)|find|know"
    r"|be (?:sure|certain|done|used|the|a|too)|remember|agree|thank|lie|deny|recommend (?:it|this|them|\w+ (?:highly )?enough)"
    r"|reproduce|replicate|divide|use|get|wait|afford|forget|sleep|stand|ignore|repeat|bore|go into (?:all|every)|list (?:them )?all"
    r"|cover (?:every|all)|prove|change|take credit|complain|open|run|start|install|log|connect|access|update|import|find"
    r"|speak for|decide|resist|hear|attend|come|make it|join|have|do (?:it|this|that) (?:alone|justice)|let)"
)


def asked(need: Need, one: Words) -> Words:
    """The rule for prompts of one kind."""
    return one._replace(need=need)


ASKED = (
    asked(
        "request",
        rule(
            "hard",
            (
                "no nope never sorry absolutely definitely certainly chance pass",
                "crime wrong illegal i'm i won't will sorry against harm abuse violation unethical help",
            ),
            r"^\W*(?:no|nope|no way|never|absolutely not|definitely not|not a chance|sorry, no|hard pass|certainly not)[.,!;—–-]+"
            r" [^?\n]{0,160}?(?:\b(?:i'm sorry|i(?:'m| am) not (?!sure|aware|a fan|convinced)|i won't|i will not|sorry\b|crime|illegal|unethical|against the law|abuse"
            r"|harm(?:ful|ing)?|grave|violation|hurt)\b)",
        ),
    ),
    asked(
        "deed",
        rule(
            "hard",
            (BAD_WORDS, TURN_WORDS),
            rf"^[^.!?\n]{{0,160}}\b{IS} {BAD}\b[^\n]{{0,500}}?(?:[.!?,;]\s+|\b(?:i'd|i would|and|but) ){TURN}\b",
            r"^[^.!?\n]{0,160}\b(?:i'd|i would|i) (?:strongly )?(?:advise|urge|recommend|caution|encourage|discourage)"
            r"(?: you)? (?:against|not to|from)\b",
        ),
    ),
    asked(
        "own_voice",
        mine(
            "hard",
            (
                "can't cannot cant won't will would never not refuse unable unwilling comfortable rather prefer don't do gonna ain't",
            ),
            rf"{ADVERBS}(?: won't| will not| would never| will never|'ll never|'d never| can never| can't| cannot| can not"
            rf"| refuse to| am unwilling to|'m not (?:gonna|going to|willing to|helping)| am not (?:going to|willing to)"
            rf"| (?:would|'d) (?:rather|prefer) not(?: to)?)(?: \w+ly| just)? (?!{EXCEPT}\b)[a-z]{{3,}}\b",
        ),
    ),
    near(
        r"(?:feel|'m not|am not|'d be|uncomfortable) ?comfortable|comfortable \w+ing|prefer not to|rather not",
        "hard",
        ("comfortable prefer rather", "not don't i'd would i'm", ME),
        r"\bi(?:'m| am)(?: really| just)? not (?:\w+ly )?comfortable (?!in\b|at\b|here\b)\w+ing\b",
        r"\bi (?:do not|don't|would not|wouldn't) feel (?:\w+ly )?comfortable (?!in\b|at\b|here\b)\w+ing\b",
        r"\b(?:i|and|but|so) (?:would|'d) (?:prefer|rather) not (?:to )?(?:translate|write|share|discuss|answer|continue|produce"
        r"|create|describe|provide|help|go into|repeat|take|speculate|comment|say|offer|engage|generate)\b",
    ),
    near(
        r"(?:and|so|therefore|thus|hence),? (?:therefore |thus |so |i )?(?:cannot|can't|will not|won't|must)",
        "hard",
        (
            "cannot can't will won't must",
            "engage provide write writing help assist discuss create produce generate answer comply"
            " respond fulfill share offer participate promote decline be support give",
            ME + " programmed designed bound",
        ),
        r"\bi(?:'m| am)\b[^.!?\n]{0,160}?\b(?:and|so|therefore|thus|hence),? (?:therefore |thus |so |i )?(?:cannot|can't|will not"
        r"|won't|must) (?:be )?(?:engage|provide|writ(?:e|ing)|help|assist|discuss|create|produce|generate|answer|comply|respond"
        r"|fulfil|share|offer|participate|promote|decline|support|give)",
    ),
    rule(
        "hard",
        ("assistant model chat chatbot bot ai system", "cannot can't unable not won't declines", "the this our"),
        r"(?:^|sorry,? (?:but )?)\W*(?:the|this|our)(?: ai| virtual| language)? (?:assistant|model|chat|chatbot|bot|ai|system)"
        r" (?:cannot|can't|can not|is (?:unable|not able) to|will not|won't|declines to|does not) (?:respond|answer|assist|help"
        r"|comply|provide|assess|fulfil\w*|discuss|share|engage|diagnose|offer|generate (?:such|this|that|content))\b",
    ),
    rule(
        "hard",
        ("outside beyond", "i i'm my scope remit"),
        r"\b(?:falls?|is|are|be|'s|lies?|goes|well|little|far) (?:\w+ ){0,2}(?:outside|beyond)(?: of)? (?:what i(?:'m| am)?(?: can| do"
        r"| able| permitted| allowed| \w+ to)?|the scope of (?:what i|my)|my (?:\w+ ){0,2}(?:scope|remit|capabilit\w+|abilit\w+"
        r"|expertise|area|role|purview|permissions|functions?|knowledge|training))\b",
    ),
    rule(
        "hard",
        ("help assist answer support", "here designed set", "only only.", ME),
        r"\bi(?:'m| am) (?:only )?(?:here|designed|set up) to (?:help|assist|answer|support)(?: you)? with[^.!?\n]{0,80}\bonly\b",
    ),
    rule(
        "hard",
        (
            "guidelines guideline policy policies principles values programming rules standards ethics terms guidelines,",
            "my our openai's anthropic's",
            "contrary against violate violates violating inconsistent conflict conflicts odds breach counter",
        ),
        r"\b(?:contrary to|against|violat\w+|inconsistent with|conflicts? with|at odds with|(?:a|in) (?:breach|violation) of"
        r"|counter to) (?:my|our|openai's|anthropic's) (?:\w+ ){0,3}(?:guidelines?|polic\w+|principles|values|programming|rules"
        r"|standards|ethics|terms)\b",
    ),
    asked(
        "deed",
        rule(
            "hard",
            (
                "misleading wrong unethical harmful dishonest inappropriate irresponsible unsafe illegal disrespectful unfair"
                " deceptive facilitating contribute violate facilitate enabling",
                "would",
            ),
            r"^[^!?\n]{0,200}?\b(?:writing|creating|providing|making|generating|sharing|doing|giving|speculating|posting|helping"
            r"|producing|describing|discussing)\b[^.!?\n]{0,120}? would (?:be (?:\w+ly )?(?:misleading|wrong|unethical|harmful|dishonest"
            r"|inappropriate|irresponsible|unsafe|illegal|disrespectful|unfair|deceptive)|amount to|violate|facilitate|contribute"
            r"|enable)\b",
        ),
    ),
    rule(
        "soft",
        ("short hold leave steer stop playbook rather not", "i i'm i'll i'd", "of off out from away me general high"),
        r"\bi(?:'ll|'d| will| would)(?: \w+ly)? (?:stop short of|hold off on|steer (?:away from|clear of)|leave (?:out )?(?:the|any|that)[^.!?\n]{0,40}"
        r"(?:details?|specifics|out|aside))|\byou get no \w+ from me\b",
        rf"\bi can (?:\w+ ){{0,3}}(?:general|high[- ]level|broad)[^.!?\n]{{0,60}},? but (?:not|i{CANNOT}|won't)\b",
        rf"\bi{CANNOT}{GAP} (?:give|supply|share|provide|offer)[^.!?\n]{{0,80}}[.;,] (?:what i can|however,? here|but here|here's|here is)",
    ),
    rule(
        "content_filter",
        (
            "withheld blocked flagged limited removed contain violation comply meet suppressed redacted stopped improve",
            "response output reply completion moderation request content guidelines guidelines. policy gemini's",
        ),
        r"^\W*(?:(?:\w+'s |the |this |your )?(?:response|output|reply|completion|answer)(?: \w+)? (?:was |has been )?(?:blocked|stopped"
        r"|withheld|limited|removed|suppressed|redacted|flagged|filtered)\b|flagged by (?:\w+ )?moderation)",
        r"\b(?:response|output|reply|completion)\b[^!?\n]{0,80}\b(?:was|has been|were) (?:withheld|blocked|filtered|suppressed"
        r"|redacted)\b|\bmay be in violation of our\b|\b(?:did not|does not|doesn't|didn't) (?:comply with|meet) (?:our|the (?:content|community|safety))\b",
        r"^\W*(?:output|input|response|request|prompt|content)(?: data| text)? may contain (?:inappropriate|sensitive|harmful|unsafe)",
        r"^we are working to improve gemini",
    ),
    mine(
        "capability",
        (
            "can't cannot don't not haven't",
            "here here. conversation conversation, chat chat. own own, ai, ai. events knowledge",
        ),
        rf"{ADVERBS}{CANNOT}{GAP} \w+[^.!?\n]{{0,60}}\bfrom (?:here|this (?:conversation|chat|window|session)|inside (?:this|our))\b",
        r"(?: \w+ly)?(?:'m| am)?(?: don't| do not| not)(?: \w+ly)? (?:have|aware)[^.!?\n]{0,60}\b(?:of my own|as my knowledge|being an ai)\b",
    ),
    rule(
        "capability",
        ("ai ai, ai.", "don't do cannot can't haven't", ME),
        r"\bi(?:'m| am) (?:just )?an ai(?: \w+){0,2},? (?:so|and|which means) i (?:don't|do not|can't|cannot|haven't)\b",
    ),
    asked(
        "named",
        rule(
            "soft",
            ("instead rather", "let let's here here's suggest shall consider about", "of than"),
            r"^[^`]{0,250}?\b(?:rather than|instead of) [^,.!?\n`]{3,80}, [^.!?\n`]{0,40}?\b(?:let me|let's|here(?:'s| is| are)|i'd suggest"
            r"|i would suggest|i shall|consider|how about)\b",
        ),
    ),
    rule(
        "soft",
        ("how", "about", "instead instead? instead!"),
        r"(?:^|[.!?\n]\s*)how about [^.!?\n]{3,80}\binstead\?",
    ),
)
