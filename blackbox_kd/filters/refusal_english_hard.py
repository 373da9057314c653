"""How models decline outright in English, and how they send elsewhere."""

from blackbox_kd.filters.refusal_english_words import (
    ADVERBS,
    AGAINST,
    AM,
    CANNOT,
    DO_NOT,
    DOING,
    GAP,
    HELPERS,
    HUMAN,
    MINE,
    NO,
    REQUEST,
    SEEK,
    SORRY,
)
from blackbox_kd.filters.refusal_words import ME, mine, near, rule

HARD = (
    mine(
        "hard",
        (NO,),
        rf"{ADVERBS}{CANNOT}{GAP}{DOING}",
        rf"{ADVERBS}{CANNOT}{GAP} (?!{HUMAN}\b|give you an? (?:exact|precise|defin|straight|simple"
        rf"|single))[a-z]{{3,}}\b[^.,!?\n]{{0,40}}?\b(?:this|that|you|your|such|these|those|requests?|content)\b",
        rf"{ADVERBS}{AM}(?:not (?:\w+ly |at all )?(?:comfortable|okay|ok|at ease)|uncomfortable|uneasy) (?:with"
        rf"|about)\b|(?:'d| would)? feel (?:uncomfortable|uneasy|wrong)\b",
        rf"{ADVERBS}{AM}(?:not (?:allowed|permitted|authori[sz]ed|supposed|programmed|designed|equipped|in a"
        rf" position|at liberty|cleared)|instructed not) to(?! (?:eat|drink|drive|vote|enter|leave|park|smoke|go"
        rf"|sit|stand))\b|{AM}under no circumstances\b",
        r"(?:'ve| have) been (?:instructed|asked|told|programmed|trained|designed|configured) (?:not|never) to\b"
        r"|(?: don't| do not|'ve no| have no)(?: have)? (?:the |any )?(?:permission|authori[sz]ation|clearance"
        r"|consent|right) to\b",
        r"(?: won't| will not|'m not going to| am not going to) do (?:it|that|this)\b| can neither confirm| avoid"
        r" (?:giving|providing|sharing|discussing|making|creating|generating|offering)\b",
        r"(?:'m| am|'ve| have)?(?: \w+ly)? (?:choos(?:e|ing)|chosen|decid(?:e|ed|ing)|opt(?:ing)?|elect(?:ing)?|try"
        r"|trying|aim|prefer|like|going) not to (?:answer|share|take|express|offer|give|discuss|comment|help"
        r"|provide|engage|write|respond|do|assist|participate|weigh|create|generate)",
        r"(?: don't| do not|'d not)(?: \w+ly)? feel (?:right|good|comfortable|great|okay|ok)\b",
        rf"{AM}not (?:really )?the (?:right|best) (?:resource|person|tool|place|source|one|assistant|fit)",
        r"(?: don't| do not| never)(?: \w+ly)? (?:write|create|produce|generate|provide|make|do|give)(?! (?:often"
        r"|much|well|any sense|sense|mistakes|a difference|up|in|it|mornings|my|the|enough|too)) (?:\w+"
        r" ){0,3}(?:content|erotic\w*|malware|jokes|images|porn\w*|stories|material|instructions|advice|slurs"
        r"|scripts|opinions|propaganda|essays|fan|reviews|role|roleplay|that|this|such)\b",
        rf"{AM}(?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language|assistant|chatbot"
        rf"|(?:computer )?program|bot|machine|virtual)\b[^.!?\n]{{0,50}}?(?:and|so|that|which|,) (?:i )?(?:am not"
        rf" able|am unable|cannot|can't|can not|don't|do not|not able){GAP}(?:{DOING}| have| feel| experience| know"
        rf"| get)",
        rf"{DO_NOT}{ADVERBS}{GAP} (?:engage in|condone|participate in|provide|assist (?:with|in)|create|generate"
        rf"|produce|support (?:or|the|any|such|hate|violen)|help (?:with|people)|offer (?:advice|medical|legal"
        rf"|financial|guidance)|write (?:content|such|that|malware|hate|explicit|erotic|fake)|share (?:personal"
        rf"|private|such|my)|discuss (?:my|that|this|such|politics|personal)|promote|endorse|encourage|give"
        rf" (?:medical|legal|financial|out|advice)|do (?:that|those)|make (?:jokes|fun)|use (?:slurs|that"
        rf"|offensive)|role-?play|comply|answer (?:questions (?:like|about|of)|that)|reveal|disclose|impersonate"
        rf"|facilitate|tolerate|respond to|take (?:sides|positions)|express|hold|comment on)\b",
        rf"(?:'(?:d|ll|m|ve)| do)?(?: (?:must|have to|need to|got to|will|would|am|going to|would have to|will have"
        rf" to|ought to|should|also|therefore|just|simply|really|like to|want to|be)){{0,4}}{ADVERBS} (?:decline"
        rf"|declining|refuse|refusing|pass on|say no|saying no|turn (?:this|that|it|you) down|sit this (?:one )?out"
        rf"|draw the line|draw a line|stop (?:here|there|you)|opt out|abstain|refrain|steer clear|end (?:this|the"
        rf"|our) conversation)(?: (?:to|from|on|your|this|that|any|here|there|participat|the (?:request|task"
        rf"|question))\b(?! (?:give up|believe|be )|$)|[.,!—–]|$| (?=\w+ing))(?! (?:give up|believe|be|let|accept"
        rf"|surrender|take no))",
        r"(?:'ll| will|'m going to| am going to|'d)(?: have to)? pass\b(?=[.,!]| on (?:this|that))",
        r"(?: must| have to| need to| want to|'d like to| would like to| should| feel)(?: \w+ly)? (?:inform"
        r"|emphasize|stress|remind|point out|clarify|advise|warn|note|be clear|let you"
        r" know)[^.!?\n]{0,90}?\b(?:can't|cannot|unable|won't|not (?:appropriate|ethical|acceptable|able|something"
        r"|comfortable|legal|possible)|illegal|unethical|inappropriate|harmful|against|never (?:acceptable"
        r"|appropriate))\b",
    ),
    near(
        r"(?:something|things?|ones?|requests?|topics?|subject|line|place|what|where|content|material|kind|sort"
        r"|type|territory|questions?|area|that|which|than|role|conversation|task|game|story|idea|path|of \w+)"
        r" (?:(?:that|which|where|with which|in which) )?i(?:'m| am| can|'d| could| will|'ll| do\b| don't| won't|"
        r" have| must| need| feel|'ve| would| prefer| draw)|cross(?:es|ing)? (?:a|the|my|that) (?:\w+ )?line"
        r"|(?:isn't|is not|aren't|are not) one of (?:them|those)",
        "hard",
        (
            ME,
            "something anything topic subject request requests one line place content material kind sort type line."
            " line, what where territory thing things question area more ones outside beyond conversation here",
            f"{NO} nothing neither isn't aren't wasn't outside beyond have must need draw i'd",
        ),
        r"(?:\bnot|n't|\bnever|\bnothing|\bneither)(?: \w+){0,3}? (?:(?:something|anything|an?(?: \w+){0,2}"
        r" (?:request|topic|subject|task|thing|conversation|question|role|place|line|area|idea|story|game|content"
        r"|path)|content|material|information|the (?:kind|sort|type) of \w+|one|what|territory|ones))(?: (?:that"
        r"|which|where|with which|in which))? i(?:'m| am|'d| can| could| will| would|'ll| do\b| feel|'ve)\b(?!"
        r" (?:\w+ ){0,2}(?:recommend|suggest|expect|imagin))",
        r"\b\bsomething i (?:will|would|could|can|'ll) never\b|\b(?:where|here|there) i (?:\w+ ){0,3}draw (?:the|a"
        r"|my) line|(?:^|[.!?\n,—–-]\s*|\bbut |\bsorry,? )(?:that|this|it|here|there)(?:'s| is| would be|'d be|"
        r" are)? (?:\w+ ){0,4}?(?:something|one|a \w+|an \w+|where|things?|(?:request|topic)s?|outside (?:of )?what"
        r"|beyond what|more than)(?: (?:that|which|where))? i(?:'m| am| have to| must|'ll have to| need to| can't|"
        r" cannot| won't| will not| don't| do not|'d rather| prefer)\b(?: (?:\w+ ){0,2}(?:not|unable|decline"
        r"|declining|refuse|turn|draw|stop|pass|help|assist|do|able|comfortable|permitted|allowed|willing|engage"
        r"|provide|discuss|answer|go|touch|say|write|create|generate|produce|get|talk|offer|share|cross|want|feel"
        r"|take))",
    ),
    rule(
        "hard",
        (
            "sorry apologize apologise apologies afraid regret unfortunately regrettably",
            f"{NO} outside beyond against",
        ),
        rf"^[^.!?\n]{{0,30}}{SORRY} ?(?:i(?:'m| am)? ?(?:\w+ly |just )?(?:can't|cannot|cant|won't|will not|not able"
        rf" to|unable to|not allowed to|not permitted to)(?! (?:come|make it|attend|join|meet|stay|go|lend|wait"
        rf"|remember|believe|find|accept|agree|reach|afford|see you|do (?:dinner|lunch)|tell you how|be (?:there"
        rf"|with)|recommend|give you an exact|find|determine|log|connect|get|install|figure|understand)\b)|(?:that"
        rf"|this|it)(?:'s| is)(?: \w+ly)? (?:not (?:something|possible for|appropriate|allowed|permitted|within|in"
        rf" my)|outside|beyond|against)|(?:that|this|it)(?: request| topic| question| content| task| information)?"
        rf" (?:can't|cannot|falls|goes|violates|isn't (?:something|possible for|appropriate|within|allowed)))",
    ),
    rule(
        "hard",
        (
            ME,
            "ai language model assistant artificial intelligence",
        ),
        r"\bas an?(?: \w+){0,4} (?:ai|language model|assistant|artificial intelligence)\b,? i (?:avoid|refrain|stay"
        r" neutral|try to stay|remain neutral|abstain)|\bas an?(?: \w+){0,4} (?:ai|language model|assistant"
        r"|artificial intelligence)\b(?! (?:manager|researcher|professor|engineer|director|company|coach|startup"
        r"|developer|student|to the))[^.!?\n]{0,70}?\b(?:i(?:'m| am)? (?:\w+ly )?(?:cannot|can't|can not|not able"
        r"|unable|must (?:\w+ )?(?:decline|refuse|inform|emphasize|stress|point out|remind)|will not|won't|not"
        r" (?:comfortable|programmed|allowed|permitted|designed|capable|in a position)|am not|programmed to|do not"
        r"|don't)|it(?:'s| is) (?:not|my (?:duty|responsibility)|important|crucial))(?! (?:have|feel|experience|eat"
        r"|sleep))",
    ),
    rule(
        "hard",
        (
            "guidelines guideline policy policies programming principles values training instructions rules"
            " standards capabilities scope ethics terms boundaries purpose design developers safety outside beyond"
            " abilities",
            "my our openai's anthropic's google's usage community content me i i'm what",
        ),
        rf"(?:^|[.!?\n]\s*|\bbut |\bsorry,? |\b(?:and|afraid|seems|like|because|since|as|note|that),? )(?:{REQUEST}"
        rf"|that|this|it|(?:doing|\w+ing) (?:that|this|so|it))(?: \w+){{0,2}}?\s?{AGAINST} (?:of )?(?:{MINE}|what i"
        rf" (?:can|am able|'m able))",
        r"\b(?:my|the) (?:\w+ ){0,3}(?:guidelines|polic(?:y|ies)|programming|principles|values|training"
        r"|instructions|design|safety \w+|rules|developers|ethics)[^.!?\n]{0,30}\b(?:prevent|prohibit|forbid"
        r"|restrict|stop|keep|do(?:es)?(?: not|n't) (?:allow|permit|let)|won't (?:allow|let)|bar"
        r"|preclude)s?\b[^.!?\n]{0,40}\b(?:me|i|from|this|that)\b",
        rf"\b(?:{REQUEST}|that|this|it|doing so|to do so)\b[^.!?\n]{{0,60}}?\b(?:{AGAINST}|against) {MINE}",
        rf"\b(?:due to|because of|according to|per|under|within|based on|given|in line with|keeping with|adhere to"
        rf"|consistent with|follow) {MINE}[^.!?\n]{{0,60}}\bi(?:'m| am)? ?(?:can't|cannot|not|unable|won't|must"
        rf"|have to|don't)",
    ),
    rule(
        "hard",
        (
            "appropriate ethical acceptable possible right responsible unethical inappropriate irresponsible"
            " illegal wrong harmful dangerous unsafe okay ok within capabilities abilities against violate",
            "me me. me, my ai help provide assist assistant helping assisting providing writing creating sharing would",
        ),
        r"\b(?:it|that|this|doing so|there|helping with (?:that|this|it)|(?:writ|provid|creat|shar|answer|generat"
        r"|discuss)ing (?:that|this|such)\b[^.!?\n]{0,30})(?:'s| is| would(?: not|n't)? be|'d be| isn't)(?:"
        r" \w+){0,3}? (?:appropriate|ethical|acceptable|possible|right|responsible|okay|ok|unethical|inappropriate"
        r"|irresponsible|wrong|illegal|harmful|dangerous|unsafe)(?:,? (?:or|and|nor) \w+)? (?:for (?:me|an ai|an"
        r" assistant|a language model|a model)|of me)\b|(?:^|[.!?\n]\s*)(?:helping|assisting|doing|providing"
        r"|writing|creating|sharing|generating|making|answering|giving|recommending|complying"
        r"|discussing)\b[^.!?\n]{0,50}? would (?:be (?:unethical|irresponsible|dangerous|wrong|harmful"
        r"|inappropriate|illegal|against)|violate|go against|cross|require me)|\b(?:it|that)(?:'s| is| would be|'d"
        r" be) (?:wrong|irresponsible|unethical|inappropriate|dangerous|harmful|illegal and unethical) (?:for me "
        r"|of me )?to (?:help|provide|assist|give you|share|write|offer|teach you|tell you|show you)\b|\b(?:it|that"
        r"|this)(?:'s| is| isn't)(?: \w+){0,2} (?:within|in|part of|outside|beyond|among) (?:of )?my\b(?=(?:"
        r" \w+){0,2} (?:capabilit|abilit|programming|scope|guidelines|power|purpose|function|nature|knowledge|role"
        r"|expertise|area))",
    ),
    rule(
        "hard",
        (
            "appropriate ethical acceptable okay ok legal responsible",
            "not never neither isn't",
            "it it's this that that's",
        ),
        r"(?:^|[.!?\n])[^\w\"“]*(?:(?:sorry|i'm sorry|unfortunately|i apologize),? (?:but )?)?(?:it|this|that)(?:'s"
        r"| is) (?:not|never|neither)(?: \w+){0,2} (?:appropriate|ethical|acceptable|okay|ok|legal"
        r"|responsible)(?:,? (?:or|and|nor) \w+){0,2} to (?:ask|request|provide|share|create|generate|make (?:jokes"
        r"|fun|light|derogatory|such)|encourage|promote|suggest|discuss|engage|harm|seek)\b",
    ),
    rule(
        "hard",
        (
            "can't cannot cant won't nope unable denied declined refused sorry unfortunately nah",
            "help assist comply discuss answer fulfil fulfill provide continue doing do denied declined pass going",
        ),
        r"(?:^|[.!?\n]\s*)(?:(?:sorry|unfortunately|apologies|no|nope|nah),? (?:but )?)?(?:(?:can't|cannot|can not"
        r"|won't|not able to|unable to|will not) (?:help|assist|comply|do (?:that|this)|answer (?:that|this)"
        r"|discuss (?:that|this)|fulfil\w* (?:this|that|your)|provide (?:that|this)|continue)|(?:no can do|hard"
        r" pass|no thanks|request (?:denied|declined|refused)))\b(?=(?: you| with| in| here| on| to| there| this|"
        r" that)\b|[.,!;]|\s*$|[^.!?\n]{0,25}[.!]|$)",
    ),
    rule(
        "hard",
        (
            "can't cannot won't",
            "request requests question prompt message topic content task conversation query",
            "this that your such these requested",
        ),
        r"\b(?:this|that|your|such|these|the requested)(?: (?!an?\b|the\b)\w+){0,2} (?:request|question|prompt|message|topic"
        r"|content|task|conversation|query)s?(?: \w+){0,2}? (?:can(?:no|')t|can not|cannot|will not|won't|could"
        r" not)(?: \w+)? (?:be (?:fulfilled|processed|answered|completed|accommodated|discussed|generated|produced"
        r"|provided|handled|created|continued|granted)|continue|fulfill)",
    ),
    mine(
        "hard",
        ("can't cannot won't will refuse programmed designed built trained made disservice",),
        r"(?<=\bso i) (?:won't|will not)\b[.!]",
        r"(?:(?<=\bno, i)|(?<=nope, i)|(?<=not, i)|(?<=sorry, i)|(?<=sorry, but i)|(?<=sorry but i)|(?<=afraid i)"
        r"|(?<=sorry i)|(?<=\bno i)|(?<=^i)) (?:won't|can't|cannot|will not|refuse|must refuse)(?:[.!]|$)",
        r"(?: am| was|'m)? ?(?:programmed|designed|built|trained|made) (?:to (?:be (?:helpful|safe|respectful)"
        r"|follow|avoid|prioriti[sz]e|provide (?:safe|helpful))|not to|with)[^.!?\n]{0,80}(?:cannot|can't|not|avoid"
        r"|harmless|guidelines|safe)",
        r"'d be doing you a disservice",
    ),
    rule(
        "hard",
        ("doing helping answering going", "not", "that this there that. this. there."),
        r"(?:^|[.!?\n,]\s*)(?:i'm |i am )?not (?:doing|going to (?:do|touch)|going|helping (?:with|you)|answering)"
        r" ?(?:that|this|there)\b",
    ),
    near(
        r"(?:things?|lines?|topics?|requests?|ways?) (?:that )?i(?!\w)|hard no",
        "hard",
        (
            "thing things line lines topic topics request requests way hard",
            "i no",
            "won't can't cannot will don't no can am i'm",
        ),
        r"(?:things?|lines?|topics?|requests?)(?: that)? i(?:'m| am)?(?: \w+ly| just| simply)? (?:won't|can't"
        r"|cannot|will not|don't|not going to|refuse to) (?:do|cross|help|write|discuss|touch|go|get|engage|talk"
        r"|provide|create|answer|assist)",
        r"\bno way (?:that )?i(?:'m| am| can| could|'ll| will)\b",
        r"\bhard no\b",
    ),
    rule("hard", ("from", "no", "me"), r"\b(?:that's|it's|that is) a (?:firm |hard |clear )?no from me\b"),
    rule(
        "hard",
        ("general high-level broad", "but", "not"),
        r"\b(?:general|high-level|broad)[^.!?\n]{0,40} but not (?:the|any|specific)",
    ),
    near(
        r"cross(?:es|ing)? (?:a|the|my) (?:\w+ )?line|(?:isn't|is not|aren't|are not) one of (?:them|those)|break"
        r" (?:the|my|our) rules|isn't available because",
        "hard",
        (
            "crosses crossing cross one rules rule available",
            "line line. line, them them. those those. rules rules. break because",
            "me me. not isn't aren't i i'm follow our",
        ),
        r"cross(?:es|ing)? (?:a|the|my) (?:\w+ )?line(?=[.,!]| for me| that i| i )|\b(?:happy|glad|here)"
        r" to[^.!?\n]{0,60}\bbut\b[^.!?\n]{0,60}one of (?:them|those)|\bbreak (?:the|my|our) rules\b[^.!?\n]{0,10}"
        r"|\b(?:this|that) content isn't available",
    ),
    rule(
        "safety_redirect",
        (
            "988 lifeline hotline helpline crisis professional professionals therapist counselor counsellor doctor"
            " physician lawyer attorney emergency police authorities qualified pharmacist alone trusted 911"
            " samaritans veterinarian provider advisor specialist mental someone endocrinologist cardiologist dermatologist"
            " nurse gp clinic midwife dentist adult childhelp",
            "please you your you're i'd i i'm recommend encourage call matter question something best situation can is",
        ),
        rf"\bi(?:'d| would|'m| am)?(?: \w+ly)? (?:encourag|urg|recommend|advis|suggest|invit|ask|hop|want"
        rf"|beg)\w*[^.!?\n]{{0,40}}\b{SEEK}[^.!?\n]{{0,60}}\b{HELPERS}",
        rf"(?:\bplease|(?:^|[.!?\n]\s*)(?:it(?:'s| is| would be) (?:best|important|essential|crucial|vital|better"
        rf"|always best|a good idea)|the (?:best|safest|right) (?:thing|person|option|step|course)|this is"
        rf" (?:something|a question|a (?:matter|situation|decision))|you(?:'ll| will)? (?:should|need to|may want"
        rf" to|might want to|deserve|can|would be better)|for (?:this|that|medical|legal|your|questions"
        rf"|something)))(?!(?:[^.!?\n]{{0,80}})\bif (?:the|your|it|symptoms|pain|this"
        rf"|they)\b)[^.!?\n]{{0,60}}\b(?:{SEEK}|for|answered by|handled by|discuss(?:ed)? with"
        rf"|with)\b[^.!?\n]{{0,50}}\b{HELPERS}",
        rf"\b(?:your|a|an) (?:\w+ )?{HELPERS}\w*(?: \w+)? (?:(?:is|are|would be) (?:the|your) (?:right|best|only)"
        rf" (?:person|place|people|source)|can (?:answer|assess|diagnose|determine|advise|tell you))",
        r"\byou(?:'re| are) not alone\b|\bdon't have to (?:go through|face|carry|deal with|handle) (?:this|it)"
        r" (?:alone|by yourself|on your own)|\b988\b[^.!?\n]{0,40}(?:lifeline|crisis|suicide|call|text)"
        r"|\b(?:suicide|crisis)[^.!?\n]{0,20}(?:lifeline|hotline|text line|helpline)",
        r"\bi(?:'m| am) not (?:a|an|your) (?:doctor|lawyer|physician|attorney|medical|licensed|therapist|financial"
        r"|qualified|substitute|mental)[^.!?\n]{0,40}",
    ),
)
