"""How models decline in English: a provider's message, what they cannot do, in part, outright."""

from blackbox_kd.filters.refusal_english_asked import ASKED
from blackbox_kd.filters.refusal_english_hard import HARD
from blackbox_kd.filters.refusal_english_words import ADVERBS, AM, CANNOT, DOING, FILE, GAP, NO, REQUEST, SEE, THINGS
from blackbox_kd.filters.refusal_words import ME, mine, rule

ENGLISH = (
    rule(
        "content_filter",
        (
            "blocked filtered flagged removed withheld policy policies moderation violate violates violated"
            " violating content_filter content_policy_violation rejected prohibited censored guidelines unsafe"
            " restricted safety disallowed declined denied",
            "response output content completion message messages prompt request reply answer generation text input"
            " image content_filter content_policy_violation query your",
        ),
        rf"(?:^|[.!?:\n\[(]\s*|\b(?:sorry|unfortunately),? (?:but )?)(?!the ){REQUEST}[^.!?\n]{{0,60}}?\b(?:blocked"
        rf"|filtered|flagged|removed|withheld|(?:may|might|could|appears? to|seems? to|potentially) (?:potentially"
        rf" )?violat\w+|rejected|censored|triggered|refused)",
        r"(?:^|[.!?:\n\[(]\s*)(?:the|this|your|my)?\s?(?:\w+ ){0,3}(?:response|output|content|completion|message"
        r"|prompt|request|reply|answer|generation|text|input|image)\b[^.!?\n]{0,40}\b(?:blocked|filtered|flagged"
        r"|withheld|removed|violates?|violated|rejected|hidden|stopped|omitted|cannot be (?:displayed|shown)|can't"
        r" be (?:displayed|shown))\b[^.!?\n]{0,60}\b(?:policy|policies|filter\w*|safety|moderation|guidelines|terms"
        r"|violat\w+|unsafe|harmful|inappropriate|prohibited|sensitive|content management|risk)",
        r"\b(?:this|your) (?:prompt|request|message|question|conversation|content|response|query|input)(?: has been"
        r"| was| is| were| got) (?:blocked|filtered|flagged|removed|withheld|rejected|declined|denied|refused)\b"
        r"|\b(?:prompt|request|input|message|response|output|content)[^.!?\n]{0,40}(?:contains?|contained"
        r"|considered|detected)[^.!?\n]{0,20}(?:disallowed|prohibited|unsafe|inappropriate|harmful|sensitive"
        r"|restricted|forbidden)|\b(?:can't|cannot|unable to) (?:show|display) (?:this|that) \w+ because"
        r"|\bcontent[_ -]?(?:filter|policy)(?:[_ -]violation|ing)?\b[^.!?\n]{0,40}(?:triggered|violation|error"
        r"|block|activated)?|^\W*(?:content|response|message|answer|output) (?:has been )?(?:removed|blocked"
        r"|filtered|withheld|flagged|unavailable)|\bblocked (?:by|due to|for|because)[^.!?\n]{0,40}(?:safety|filter"
        r"|policy|moderation|prohibited)|\bfinish_?reason[^.!?\n]{0,12}(?:safety|content_filter)",
        r"\b(?:may|might|could|appears? to|seems? to) (?:potentially )?violate (?:our|the|openai|my|google"
        r"|microsoft)\b|\bflagged (?:as|by|for) (?:potentially|our|violat|inappropriate|unsafe|harm|sensitive"
        r"|content)",
    ),
    mine(
        "capability",
        (
            "don't dont not no lack can't cannot cant couldn't unable never only lacking without won't isn't"
            " haven't didn't doesn't knowledge training",
        ),
        r"(?: don't| do not| can't| cannot)(?: \w+ly)? (?:retain|store|remember|save|keep|recall)(?: \w+){0,2}"
        r" (?:information|memor\w+|previous|conversations?|chats?|past|data|sessions?|between|across|history)",
        rf"{ADVERBS}{CANNOT}{GAP} (?:look|search|check)(?: \w+){{0,3}} up\b|{ADVERBS}{CANNOT}{GAP} look up\b"
        rf"|{AM}(?:not capable of|incapable of)\b",
        rf"(?: (?:don't|do not|dont|didn't|did not|can't|cannot|cant|couldn't|could not|haven't|have not)"
        rf"|{AM}(?:not able to|unable to|not)) (?:currently |actually )?(?:see|seeing|find|have|receive|received"
        rf"|get|view|access|open|detect)(?: (?:an|any|the|a|your|attached|actual|uploaded|that|this|image|audio|of"
        rf"|pdf|excel|word|python|specific)){{0,3}}? (?:{FILE})\b(?:[^.!?\n]{{0,30}}(?:attach|upload|include"
        rf"|provide|share|paste|here\b|in (?:your|this|our|the) (?:message|chat|conversation))"
        rf"|(?<!code)(?<!text)(?<!data)(?<!table)(?<!log)(?<!logs)(?=[.!,]|$))",
        rf"{ADVERBS}(?: (?:don't|do not|dont|cannot|can't) (?:currently |actually |really |yet )?have|'ve no| have"
        rf" no(?: (?:way|means) (?:of|to))?| lack|'?m (?:\w+ )?without|{AM}not connected)(?: \w+){{0,4}}?"
        r" (?:(?:know|check|see|verify|knowing|seeing|checking|verifying|accessing|telling)\b|(?:\w+ )?access(?: to"
        r" (?!my\b)|\b(?! (?:card|to my)))|(?:the )?(?:abilit|capabilit|capacit|functionalit)\w+|real[- ]time"
        r"|internet|browsing|web|memory (?:of|across|between|beyond)|persistent memory|personal (?:opinion|belief"
        r"|feeling|experience|preference|view|emotion|life|memor|data|thought)\w*|opinions?(?=[.,;]| or| on| about)"
        r"|(?:feelings|emotions|beliefs|preferences|consciousness|senses|eyes)(?=[.,;]| or\b| like| the way| and\b)"
        r"|a (?:physical )?(?:body|camera)|physical|up-to-date|current (?:information|data)|live (?:data"
        r"|information|access|feed)|the (?:tools?|means) (?:to|for)|(?:a|any) way (?:to|of) (?:see|view|access|open"
        r"|know|verif|check|brows)|information (?:about|on|after|beyond|past|regarding) (?:your|you|events|specific"
        r"|individual|private|my|real)|vision|visual|records? of|knowledge (?:of|about|beyond|past) (?:events|your"
        r"|anything|current|real)|to the (?:internet|web)|any (?:information|data|context) (?:about|on) (?:you"
        r"|your))",
        rf"{ADVERBS}{CANNOT}{GAP} (?:directly |actually |physically )?(?:{SEE}|accessing|browsing|seeing|viewing"
        rf"|opening|reading|processing)(?:,? (?:or|and) \w+){{0,2}} {THINGS}",
        rf"{ADVERBS}{CANNOT}{GAP} (?:browse(?: [a-z]+)?[.,!]|(?:remember|recall|retain|store) (?:our|previous|past"
        rf"|earlier|any|what|information|anything|conversation|you)|(?:run|execute) (?:\w+ )?(?:code|programs?"
        rf"|scripts?|commands?)|send (?:e-?mails?|messages|texts|anything)|make (?:phone )?(?:calls|purchases"
        rf"|reservations|bookings)|place (?:\w+ )?(?:orders?|calls?)|set (?:\w+ )?(?:alarms?|reminders?|timers?)"
        rf"|book (?:\w+ )?(?:flights?|tickets?|hotels?|tables?)|play (?:music|audio|video)|generate (?:images"
        rf"|pictures|audio|video)|(?:feel|experience|taste|smell|have) (?:emotions|feelings|things|food|physical"
        rf"|opinions|personal)|track|detect|know what (?:time|the weather|you))",
        rf"(?:{ADVERBS}(?: can)? only (?:process|read|handle|work with|understand|see|have access to)(?= (?:the"
        rf" )?(?:\w+ )?(?:text|words|written|what|information))|{AM}(?:\w+ )?(?:an? )?(?:text-(?:only|based)"
        rf"|limited to text)) ?(?:text|the text|words|written|ai|model|assistant|what)?",
        r" (?:[^.!?\n]{0,40} )?(?:can't|cannot|don't|unable|not)\b[^.!?\n]{0,60}\b(?:knowledge|training)(?: data)?"
        r" (?:cut-?off|ends|only)",
    ),
    rule(
        "capability",
        (
            ME,
            "ai artificial text-based language virtual digital machine chatbot llm assistant knowledge training",
        ),
        r"\bas an? (?:ai|artificial|text-based|(?:large )?language|virtual|digital|machine|chatbot|llm"
        r"|assistant)[^.!?\n]{0,60}?\bi(?:'m)? (?:\w+ly )?(?:don't|do not|dont|lack|not able|unable|can't|cannot|am"
        r" not|am unable|have no|not capable|not able)(?: \w+){0,2}? (?:have|feel|experience|access|to access"
        r"|possess|physical|personal|the ability|capacity|see|to see|browse|to browse|hold|form|eat|own|sleep"
        r"|opinions?|feelings|remember|hear|taste|real|know)",
        r"\bmy (?:knowledge|training)(?: data)?[^.!?\n]{0,40}(?:cut-?off|ends|stops|only (?:goes|extends)|up to"
        r"|until|limited)[^.!?\n]{0,60}[.,;] ?(?:so |and |therefore |which means )(?:that )?i (?:can't|cannot|don't"
        r"|won't|am not|may not)",
    ),
    rule(
        "capability",
        (
            "attach attached attachment attachments attaching upload uploaded uploading included pasted missing"
            " forgot provided came come through",
            "file files image images document documents link links picture photo photos screenshot pdf video audio"
            " spreadsheet code text article url transcript attachment attachments",
            "you your please could",
            "not no forgot missing without never failed isn't wasn't doesn't didn't don't haven't hasn't weren't"
            " wasn't was were can't cannot unable",
        ),
        rf"\b(?:your|this) (?:message|prompt|request|e-?mail|conversation|chat) (?:does not|doesn't|did not|didn't)"
        rf" (?:seem to |appear to )?(?:include|contain|have|come with) (?:an?|any|the)? ?(?:\w+ )?{FILE}\b",
        rf"(?:^|[.!?\n]\s*|\b(?:but|sorry|and),? )(?:it (?:looks|seems|appears)(?: like| as (?:if|though)| that)?"
        rf" )?(?:there(?:'s| is| was| are| were| isn't| wasn't| doesn't seem to be| does not seem to be| doesn't"
        rf" appear to be)(?: no| not| any| an?)?|no|the|your|you|you may have forgotten to|i think) ?(?:\w+"
        rf" ){{0,3}}?(?:{FILE})?\b[^.!?\n]{{0,30}}?(?:(?:\bnot|n't|\bno|\bforgot|\bfailed|\bnever|\bmissing"
        rf"|\bwithout)\b[^.!?\n]{{0,30}}\b(?:attach|upload|paste|came through|come through|provided|load)\w*(?! to"
        rf" (?:the|a|an|this) (?:\w+ ?){{1,3}}(?:node|object|class))|{FILE} (?:was|were|is|has been|have been)"
        rf" (?:attached|uploaded|included|provided|shared))(?=[^.!?\n]{{0,60}}(?:[.!?—–]|$))",
    ),
    mine(
        "soft",
        (
            "kept keep but rather prefer only omitted left skipped excluded removed can't cannot won't not cautious"
            " leave stop keep unable",
        ),
        r"(?:'d|'ll| would| will)?(?: respectfully| really| honestly| much| personally)? (?:rather|prefer)(?: to)?"
        r" (?:not\b(?! (?:to )?(?:use|eat|drink|go (?:to|out|home)|buy|wear))|avoid|we \w+|keep (?:this|things|our)|steer|leave"
        r" (?:that|it|this)|focus on|talk about|stay (?:away|out))",
        r"(?:'ve|'ll| have| will)?(?: \w+ly)? (?:kept|keep|left|leave) (?:\w+ ){1,4}(?:vague|general|out|high-level"
        r"|abstract)\b",
        r"(?: can| could|'m happy to| am happy to|'m here to| am here to)(?: \w+)? (?:discuss|explain|talk|describe"
        r"|help|outline|cover|share)[^.!?\n]{0,60},? but not (?:how|the|with|details|this|that|any|for|specific)",
        rf"{CANNOT}{GAP}{DOING}[^.!?\n]{{0,90}}[,.;—–-]+\s(?:but |however,? |instead,? |that said,? |still, |though"
        rf" )?(?:here(?:'s| is| are)\b|i can (?:\w+ ){{0,2}}(?:say|tell you|give you a|share (?:some )?general"
        rf"|explain (?:the|how|why|some|in)|offer (?:a|some) (?:general|overview|information)|outline|describe|note"
        rf"|cover the))",
        r"(?:'ve| have)? (?:intentionally |deliberately |purposely )?(?:left out|omitted|skipped|excluded|not"
        r" included|removed) (?:the|any|those|specific|that|some|all|details|exact|parts|explicit|anything)",
        r"(?:'ll| will| can|'d|'m| am)?(?: only)? (?:(?:only )?(?:skip|leave out|omit) (?:the (?:part|details?"
        r"|specifics|steps|quantities|instructions|exact)|specifics|details|anything)|only (?:able to|here to"
        r"|designed to|provide|offer|give|share|discuss|speak|help|talk|cover|go)|(?:keep|leave|stop) (?:it|this"
        r"|that|things) (?:general|there|at|out|high-level|vague))",
        rf"{CANNOT}{GAP} (?:includ(?:e|ing)|go(?:ing)? into(?= (?:quantit|procedur|dos|techni|instruct|operation"
        rf"|graphic|explicit))|go(?:ing)? into|spell(?:ing)? out|cover(?:ing)?|detail(?:ing)?|get(?:ting)? into"
        rf"|elaborat(?:e|ing)|be (?:more )?specific|list(?:ing)? specific)(?= (?:the|any|specific|details?|explicit"
        rf"|exact|that|this|those|graphic|actionable|operational|it|on|how|quantit\w+|procedur\w+|dos\w+|techni\w+"
        rf"|instruct\w+)\b|[.,])",
    ),
    rule(
        "soft",
        ("instead", "something anything another any", "else different other"),
        r"\b(?:is there|do you have|would you like to (?:talk|discuss|ask|explore|try))[^.!?\n]{0,25}(?:something"
        r"|anything|another|any other)[^.!?\n]{0,30}(?:else|different|other)[^.!?\n]{0,40}\binstead\b",
    ),
    rule(
        "soft",
        (
            ME,
            "while although though whilst",
            NO,
        ),
        rf"\b(?:while|although|though|even though|whilst) i{CANNOT}{GAP}(?:{DOING}|,| \w+)[^.!?\n]{{0,120}}\b(?:i"
        rf" can|i'd|i could|i'm happy|i am happy|here|let me|i will|i'll)\b",
    ),
    rule(
        "soft",
        (
            "let's lets let shall we",
            "else different another topic subject respectful lighter positive safer there instead conversation",
        ),
        r"(?:^|[.!?\n]\s*|\bbut |\bso )(?:(?:let's|lets|let us|can we|could we|shall we|how about we|why don't we"
        r"|perhaps we (?:can|could)|maybe we (?:can|could)|we (?:can|could|should)|i think we should|i think it's"
        r" best if we|it's best if we|it would be best if we|i'd like us to)(?: please| just| instead| rather)?"
        r" (?:talk|chat|discuss|focus|move|switch|change|explore|steer|pivot|keep (?:things|this|it|our|the"
        r" conversation)|find|try|not (?:go|talk|do)))[^.!?\n]{0,50}?\b(?:something else(?! now)|another (?:topic"
        r"|subject)|(?:a )?different|on to|the (?:topic|subject|conversation)|other (?:topics|things)|respectful"
        r"|more (?:positive|constructive|productive|appropriate)|lighter|safer|healthier|there|(?:appropriate|safe"
        r"|friendly|positive|constructive)|instead)\b",
    ),
    *HARD,
    *ASKED,
)
