"""How models decline in English."""

from blackbox_kd.filters.refusal_words import mixed, rule

# "I" opens a sentence or a clause, or follows one of these: "he thinks I cannot help" is a story.
BEFORE = [
    "but",
    "so",
    "and",
    "or",
    "because",
    "since",
    "as",
    "which",
    "that",
    "means",
    "unfortunately",
    "regrettably",
    "sadly",
    "however",
    "sorry",
    "afraid",
    "apologies",
    "apologize",
    "apologise",
    "therefore",
    "thus",
    "hence",
    "while",
    "though",
    "although",
    "yet",
    "currently",
    "time",
    "now",
    "reason",
    "reasons",
    "why",
    "ai",
    "model",
    "assistant",
    "respectfully",
    "request",
    "here",
    "no",
    "nope",
    "okay",
    "ok",
    "hi",
    "hello",
    "hey",
    "well",
    "honestly",
    "if",
]
I = (  # noqa: E741  the pronoun
    r"(?<![\w'\"“])i(?:(?<=^i)|(?<=\ni)|(?<=[^\w\s\"“”„«'] i)|(?<=[^\w\s\"“”„«'(]i)|(?<=  i)|"
    + "|".join(rf"(?<=\b{word} i)" for word in BEFORE)
    + ")"
)
ADVERBS = (
    r"(?:,? (?:[a-z]{2,}ly|just|also|still|therefore|however|in good conscience|at this time|though|as an ai|must say"
    r"|do|would|now|as such)\b,?){0,3}"
)
AM = r"(?:(?:'?m| am| was) ?(?:[a-z]+ly |just |also |still |currently )?)"
NOT_ABLE = mixed(
    "able in~a~position equipped designed programmed allowed permitted authori[sz]ed comfortable going willing prepared"
    " at~liberty supposed capable here~to meant intended built trained qualified in~the~business inclined set~up"
)
UNABLE = mixed(
    "unable unwilling prohibited forbidden incapable restricted~from uncomfortable hesitant reluctant bound~not"
    " ethically~bound barred"
)
CANNOT = (
    r"(?: (?:can't|cannot|can not|cant|can ?not|won't|wont|will not|shouldn't|should not|must not"
    r"|may not be able to|might not be able to|could not|couldn't|can neither|can no longer|would not (?:be (?:able|comfortable|willing)|feel comfortable|want to)"
    r"|do(?:n't| not|nt)(?: \w+ly| really)? (?:feel comfortable|have the ability|(?:think|believe|feel)[^.!?\n]{0,30}? (?:should|right|appropriate"
    r"|ethical|responsible|can|comfortable)|want to|wish to|intend to|plan to|know how to))"
    rf"|'(?:ll|d) not|{AM}not {NOT_ABLE}|{AM}{UNABLE}|ain't (?:able|going) to)"
)
DO_NOT = r"(?: (?:do not|don't|dont|will never|would never|never|'ll never))"
GAP = (
    r"(?:,? (?:[a-z]+ly|to|be|able|in|good|conscience|and|or|won't|cannot|can't|will|would|not|just|even|at|all|this|time"
    r"|help|helping|you|me|myself|under|any|circumstances?|from|ever|do|don't|anything|that|which|also|as|an|an? ai|language|model"
    r"|assistant|right|now|of|going|want|fulfill|fulfil|here|safely|with|such|engage|support|comfortable|willing|should)\b,?){0,8}?"
)
# What a model does for whoever asks; nothing that people cannot do in letters, tickets and stories.
DOING = (
    r" (?:help(?:ing)?(?! but\b| it\b| (?:feeling|wondering|noticing|thinking|smiling|laughing|falling|myself)\b| (?:him|her|them) (?!with))"
    r"|assist(?:ing|ance)?|compl(?:y|ying)|fulfil\w*|satisfy\w*|engag(?:e|ing)|participat(?:e|ing)|facilitat(?:e|ing)|condon(?:e|ing)"
    r"|promot(?:e|ing)|endors(?:e|ing)|encourag(?:e|ing)|provid(?:e|ing)(?! (?:my|for|an? (?:full|complete|formal) proof)\b)"
    r"|generat(?:e|ing)(?! (?:my|any (?:revenue|income|leads))\b)|produc(?:e|ing)|creat(?:e|ing)(?! (?:my|an? (?:new )?(?:account|user|file|folder))\b)"
    r"|writ(?:e|ing)(?! (?:to|my|home|back)\b)|offer(?:ing)?(?! my\b)|discuss(?:ing)?|speculat(?:e|ing)|comment(?:ing)?(?= on\b|[.,!]|$)"
    r"|advis(?:e|ing)|advice|recommend(?:ing)?(?! (?:it|this|them|him|her|you|the|\w+ (?:\w+ )?enough)\b)|suggest(?:ing)?|instruct(?:ing)?"
    r"|disclos(?:e|ing)|reveal(?:ing)?|accommodat(?:e|ing)|impersonat(?:e|ing)|role-?play(?:ing)?|contribut(?:e|ing) to"
    r"|support(?:ing)? (?:this|that|you|such|any|or|your|harm|the (?:creation|spread)|violen|illegal|hate)"
    r"|respond(?:ing)?(?= to (?:this|that|your|the|such|any)\b|[.,!]|$| in)|answer(?:ing)?(?! (?:for\b|the (?:door|phone)|my|his|her))"
    r"|explain(?:ing)? (?:how|ways|that|this|the (?:process|steps|method))|describ(?:e|ing)(?! (?:how|what|the feeling|my|it)\b)|teach(?:ing)? (?:you|any|people|someone|how)"
    r"|tell(?:ing)? you (?:how to|what to|where|which|who|to|that)\b|show(?:ing)? you (?:how|ways)|walk(?:ing)? (?:you|through|someone)"
    r"|guid(?:e|ing) you|guidance|giv(?:e|ing) (?:\w+ ){0,4}?(?:instructions?|advice|details?|information|"
    r"info|guidance|recommend\w+|opinions?|out|that|this|steps|tips|medical|legal|financial|a (?:diagnosis|prediction|recommendation|definitive (?:diagnosis|answer))|directions)"
    r"|(?:shar(?:e|ing)|suppl(?:y|ying)|mak(?:e|ing)|us(?:e|ing)|say(?:ing)?|spread(?:ing)?)(?: out)?(?: or \w+)?"
    r" (?:that|this|such|those|these|any|specific|details|instructions|personal|private|content|information|someone|people's|other|another|internal|the (?:specific|exact|steps?|details?|full|step-by-step|recipe|formula|information|content)"
    r"|confidential|sensitive|jokes?|fun of|light of|(?:\w+ )?statements|claims|assumptions|predictions|judgments?|stereotypes|derogatory|offensive|racist|sexist"
    r"|hateful|harmful|explicit|slurs?|a (?:joke|judgment|decision|political|prediction)|generali[sz]ations|methods|(?:my|the) (?:system|instructions|prompt|exact))"
    r"|process(?:ing)? (?:this|that|your|the request|messages? like|requests)"
    r"|do(?:ing)? (?:that|this|so|what you|any of (?:that|this)|it for you|your)\b(?! (?:any ?more|alone|again|to (?:him|her|you|them)))"
    r"|complet(?:e|ing) (?:this|that|your|the (?:request|task|assignment|essay|sentence|story)|such)"
    r"|continu(?:e|ing)(?= (?:with|this|that|down|the (?:conversation|story|role|scene|discussion)|our)\b|[.,!]|$)|proceed(?:ing)?"
    r"|go(?:ing)? (?:along|there|into (?:that|this|detail|specific)|down (?:that|this)|ahead with)"
    r"|tak(?:e|ing) (?:part|sides|a (?:side|position|stance)|that on|this on|on (?:this|that)|action)|be (?:part of|involved|of (?:help|assistance|service))"
    r"|(?:play(?:ing)?|act(?:ing)?) (?:that|along|this|the role|the part|a character|as|out)|pretend(?:ing)?|portray(?:ing)?"
    r"|perform(?:ing)? (?:that|this|the|such|any)|carry(?:ing)? out|execut(?:e|ing) (?:that|this|such)|handl(?:e|ing) (?:this|that|your|requests)"
    r"|(?:translat|summari[sz]|rephras|rewrit|edit|analy[sz]|reproduc|quot|transcrib|continu|finish|design|develop|build|cod|draft|compos|list|compil|rank|evaluat|rat)(?:e|ing|ile)? ?"
    r"(?:out )?(?:this|that|the|it|your|such|an?|any|those|these|or|malware|copyrighted|harmful|song|full|lyrics)\b"
    r"|identify(?:ing)? (?:people|individuals|the (?:person|individual)|who|someone|real|specific|him|her|them|anyone)|recogni[sz]e (?:people|faces|real)"
    r"|diagnos(?:e|ing)|prescrib(?:e|ing)|fabricat(?:e|ing)|bypass(?:ing)?|hack(?:ing)?|aid(?:ing)?|enabl(?:e|ing)|justify(?:ing)?|normaliz(?:e|ing)|glorify(?:ing)?"
    r"|(?:confirm|verify)(?:ing)? (?:that|whether|this|these|those|your|or|the (?:identity|accuracy|current))|predict(?:ing)?"
    r"|express(?:ing)? (?:personal|opinions?|an|political|a|views)|have (?:personal|opinions|a personal|this conversation|that conversation)|touch (?:that|this)"
    r"|writ|(?:this|that) one\b|in (?:this|that) (?:request|task)|work(?:ing)? on (?:that|this)|plan(?:ning)? (?:that|this)|assume|cross that line|budge)\b"
)
SORRY = (
    r"(?:sorry|apologi[sz]e|apologies|afraid|regret|unfortunately|regrettably)\b"
    r"(?: (?:to|for|about) [^.!?\n]{0,60}?)?[,.;:—–-]*(?: ?(?:but|that|however|to (?:say|inform you|tell you)|it (?:seems|appears)|as|this time|and)\b,?){0,3}"
)
REQUEST = (
    r"\b(?:th(?:is|at|e)|your|such|these|those|what you're|what you are) (?:\w+ ){0,2}"
    r"(?:request|question|message|prompt|query|topic|content|task|input|instruction|conversation|subject|material|asking(?: for| me)?"
    r"|describing|requesting|kind of (?:thing|request|content)|type of (?:request|content))s?"
)
AGAINST = (
    r"(?:violat\w+|goes? against|go against|(?:is|are|be|runs?) against|conflicts? with|contraven\w+|breach\w*|(?:is|falls?|are)(?: well)? (?:outside|beyond)"
    r"|(?:is|are) (?:in violation|not (?:permitted|allowed|something|appropriate|possible|in line))|runs? (?:counter|against)|contradicts?)"
)
MINE = (
    r"(?:my|our|openai'?s?|anthropic'?s?|google'?s?|meta'?s?|community|usage|the|ethical|content)\s(?:\w+ ){0,4}"
    r"(?:guidelines?|polic(?:y|ies)|programming|principles|values|terms|standards|rules|safety|capabilities|scope|ethics|purpose|boundaries|what i)"
)
SEE = mixed(
    "access browse see view open hear watch listen~to download load read check visit click retrieve fetch look~(?:up|at) search"
    " display analy[sz]e receive process surf pull~up connect~to scan inspect scrape crawl interpret"
)
THINGS = (
    r"(?:[a-z'/-]+ ){0,4}?(?:(?:inter)?net\b|web\b|web ?sites?|web ?pages?|online|external|real[- ]?time|live\b|current (?:events|data|news|information|weather|prices|time|date)"
    r"|links?\b|urls?\b|images?\b|pictures?|photos?|attachments?|attached|uploaded|documents?\b|videos?|audio|screenshots?|pdfs?|files?\b(?! system)|news\b|databases?"
    r"|(?:previous|past|other|earlier|our last) (?:conversation|chat|session|interaction|message)s?|your (?:screen|camera|device|account|calendar|e-?mails?|inbox|location|files?|computer|photos?|images?|attachments?|documents?|history|conversations?|messages|phone|microphone|order|data|records?|personal|medical|bank|drive|database|system|local|social|website|profile|link|picture|face|voice|contacts)|up-to-date|latest|clipboard|calendar|social media|stock|weather)"
)
FILE = r"(?:file|image|attachment|document|picture|photo|screenshot|link|pdf|video|spreadsheet|audio|code|text|article|table|data|csv|chart|passage|transcript|url|excel|log)s?"
HELPERS = (
    r"(?:doctor|physician|health ?care|medical|pharmacist|therapist|counsel+or|psycholog|psychiatr|mental[- ]health|lawyer|attorney|legal"
    r"|financial|tax (?:professional|advis)|accountant|licensed|qualified|professional|emergency|poison control|crisis|suicide|lifeline|hotline|helpline"
    r"|samaritans|trusted|law enforcement|police|authorities|specialist|someone you trust|local resources|911|988|999|112\b|support (?:line|group)|veterinarian|expert)"
)
SEEK = r"(?:reach(?:ing)? out|contact(?:ing)?|call(?:ing)?|consult(?:ing)?|talk(?:ing)? (?:to|with)|speak(?:ing)? (?:to|with)|see(?:ing)?|seek(?:ing)?|get(?:ting)? (?:help|in touch)|connect(?:ing)? with|text(?:ing)?|turn(?:ing)? to|visit(?:ing)?|go(?:ing)? to)"
ME = "i i'm im i'll i'd i've"
NO = (
    "can't cannot cant not won't wont wouldn't couldn't unable don't dont isn't shouldn't decline refuse rather prefer never"
    " unwilling prohibited forbidden incapable uncomfortable hesitant reluctant barred pass restricted neither lack"
)
ENGLISH = (
    rule(
        "content_filter",
        (
            "blocked filtered flagged removed withheld policy policies moderation violate violates violated violating"
            " content_filter content_policy_violation rejected prohibited censored guidelines unsafe restricted safety",
        ),
        rf"(?:^|[.!?:\n\[(]\s*|\b(?:sorry|unfortunately),? (?:but )?)(?!the ){REQUEST}[^.!?\n]{{0,60}}?\b(?:blocked|filtered|flagged|removed|withheld|(?:may|might|could|appears? to|seems? to|potentially) (?:potentially )?violat\w+|rejected|censored|triggered|refused)",
        r"(?:^|[.!?:\n\[(]\s*)(?:the|this|your|my)?\s?(?:\w+ ){0,3}(?:response|output|content|completion|message|prompt|request|reply|answer|generation|text|input|image)\b[^.!?\n]{0,40}"
        r"\b(?:blocked|filtered|flagged|withheld|removed|violates?|violated|rejected|hidden|stopped|omitted|cannot be (?:displayed|shown)|can't be (?:displayed|shown))\b[^.!?\n]{0,60}"
        r"\b(?:policy|policies|filter\w*|safety|moderation|guidelines|terms|violat\w+|unsafe|harmful|inappropriate|prohibited|sensitive|content management|risk)",
        r"\bcontent[_ -]?(?:filter|policy)(?:[_ -]violation|ing)?\b[^.!?\n]{0,40}(?:triggered|violation|error|block|activated)?|^\W*(?:content|response|message|answer|output) (?:has been )?(?:removed|blocked|filtered|withheld|flagged|unavailable)|\bblocked (?:by|due to|for|because)[^.!?\n]{0,40}(?:safety|filter|policy|moderation|prohibited)|\bfinish_?reason[^.!?\n]{0,12}(?:safety|content_filter)",
        r"\b(?:may|might|could|appears? to|seems? to) (?:potentially )?violate (?:our|the|openai|my|google|microsoft)\b|\bflagged (?:as|by|for) (?:potentially|our|violat|inappropriate|unsafe|harm|sensitive|content)",
    ),
    rule(
        "capability",
        (
            ME,
            "don't dont not no lack can't cannot cant unable never only lacking without won't isn't haven't didn't doesn't",
        ),
        rf"{I}{ADVERBS}(?: (?:don't|do not|dont|cannot|can't) (?:currently |actually |really |yet )?have|'ve no| have no| lack|'?m (?:\w+ )?without|{AM}not connected)(?: \w+){{0,4}}?"
        r" (?:(?:\w+ )?access(?: to (?!my\b)|\b(?! (?:card|to my)))|(?:the )?(?:abilit|capabilit|capacit|functionalit)\w+|real[- ]time|internet|browsing|web|memory (?:of|across|between|beyond)|persistent memory"
        r"|personal (?:opinion|belief|feeling|experience|preference|view|emotion|life|memor|data|thought)\w*|opinions?(?=[.,;]| or| on| about)|(?:feelings|emotions|beliefs|preferences|consciousness|senses|eyes)(?=[.,;]| or\b| like| the way| and\b)|a (?:physical )?(?:body|camera)|physical"
        r"|up-to-date|current (?:information|data)|live (?:data|information|access|feed)|the (?:tools?|means) (?:to|for)|(?:a|any) way (?:to|of) (?:see|view|access|open|know|verif|check|brows)|information (?:about|on|after|beyond|past|regarding) (?:your|you|events|specific|individual|private|my|real)"
        r"|vision|visual|records? of|knowledge (?:of|about|beyond|past) (?:events|your|anything|current|real)|to the (?:internet|web)|any (?:information|data|context) (?:about|on) (?:you|your))",
        rf"{I}{ADVERBS}{CANNOT}{GAP} (?:directly |actually |physically )?(?:{SEE}|accessing|browsing|seeing|viewing|opening|reading|processing)(?:,? (?:or|and) \w+){{0,2}} {THINGS}",
        rf"{I}{ADVERBS}{CANNOT}{GAP} (?:browse(?: [a-z]+)?[.,!]|(?:remember|recall|retain|store) (?:our|previous|past|earlier|any|what|information|anything|conversation|you)|(?:run|execute) (?:\w+ )?(?:code|programs?|scripts?|commands?)|send (?:e-?mails?|messages|texts|anything)|make (?:phone )?(?:calls|purchases|reservations|bookings)|place (?:\w+ )?(?:orders?|calls?)|set (?:\w+ )?(?:alarms?|reminders?|timers?)|book (?:\w+ )?(?:flights?|tickets?|hotels?|tables?)|play (?:music|audio|video)|generate (?:images|pictures|audio|video)|(?:feel|experience|taste|smell|have) (?:emotions|feelings|things|food|physical|opinions|personal)|track|detect|know what (?:time|the weather|you))",
        rf"\b(?:don't|do not|didn't|did not|can't|cannot|not able to|unable to|not) (?:currently |actually )?(?:see|seeing|find|have|receive|received|get|view|access|open|detect)(?: (?:an|any|the|a|your|attached|actual|uploaded|that|this|image|audio|of|pdf|excel|word|python|specific)){{0,3}}? (?:{FILE})\b(?:[^.!?\n]{{0,30}}(?:attach|upload|include|provide|share|paste|here\b|in (?:your|this|our|the) (?:message|chat|conversation))|(?<!code)(?<!text)(?<!data)(?<!table)(?<!log)(?<!logs)(?=[.!,]|$))",
        r"\bas an? (?:ai|artificial|text-based|(?:large )?language|virtual|digital|machine|chatbot|llm|assistant)[^.!?\n]{0,60}?\bi(?:'m)? (?:\w+ly )?(?:don't|do not|dont|lack|not able|unable|can't|cannot|am not|am unable|have no|not capable|not able)(?: \w+){0,2}? (?:have|feel|experience|access|to access|possess|physical|personal|the ability|capacity|see|to see|browse|to browse|hold|form|eat|own|sleep|opinions?|feelings|remember|hear|taste|real|know)",
        rf"{I}(?:{ADVERBS}(?: can)? only (?:process|read|handle|work with|understand|see|have access to)|{AM}(?:\w+ )?(?:an? )?(?:text-(?:only|based)|limited to text)) ?(?:text|the text|words|written|ai|model|assistant|what)?",
        rf"{I} (?:[^.!?\n]{{0,40}} )?(?:can't|cannot|don't|unable|not)\b[^.!?\n]{{0,60}}\b(?:knowledge|training)(?: data)? (?:cut-?off|ends|only)|\bmy (?:knowledge|training)(?: data)?[^.!?\n]{{0,40}}(?:cut-?off|ends|stops|only (?:goes|extends)|up to|until|limited)[^.!?\n]{{0,60}}[.,;] ?(?:so |and |therefore |which means )(?:that )?i (?:can't|cannot|don't|won't|am not|may not)",
    ),
    rule(
        "capability",
        (
            "attached attachment upload uploaded include included paste pasted shared provided came come came~through attach cut-off cutoff link image file",
        ),
        rf"(?:^|[.!?\n]\s*|\b(?:but|sorry|and),? )(?:it (?:looks|seems|appears)(?: like| as (?:if|though)| that)? )?(?:there(?:'s| is| was| are| were| isn't| wasn't| doesn't seem to be| does not seem to be| doesn't appear to be)(?: no| not| any| an?)?|no|the|your|you|you may have forgotten to|i think) ?(?:\w+ ){{0,3}}?(?:{FILE})?\b[^.!?\n]{{0,30}}?"
        rf"(?:(?:\bnot|n't|\bno|\bforgot|\bfailed|\bnever|\bmissing|\bwithout)\b[^.!?\n]{{0,30}}\b(?:attach|upload|include|paste|came through|come through|provided|load)\w*(?! to (?:the|a|an|this) (?:\w+ ?){{1,3}}(?:node|object|class))|{FILE} (?:was|were|is|has been|have been) (?:attached|uploaded|included|provided|shared))(?=[^.!?\n]{{0,60}}(?:[.!?—–]|$))(?=[^\n]{{0,160}}\b(?:you|your|please)\b)",
    ),
    rule(
        "soft",
        (
            ME,
            "rather prefer while although though only omitted left skipped excluded removed can't cannot won't not cautious leave stop keep general",
        ),
        rf"{I}(?:'d|'ll| would| will)?(?: respectfully| really| honestly| much| personally)? (?:rather|prefer)(?: to)? (?:not\b|avoid|we (?:didn't|not)|keep (?:this|things|our)|steer|leave (?:that|it|this)|focus on|talk about|stay (?:away|out))",
        rf"\b(?:while|although|though|even though|whilst) i{CANNOT}{GAP}(?:{DOING}|,| \w+)[^.!?\n]{{0,120}}\b(?:i can|i'd|i could|i'm happy|i am happy|here|let me|i will|i'll)\b",
        rf"{I}{CANNOT}{GAP}{DOING}[^.!?\n]{{0,90}}[,.;—–-]+\s(?:but |however,? |instead,? |that said,? |still, |though )?(?:here(?:'s| is| are)\b|i can (?:\w+ ){{0,2}}(?:say|tell you|give you a|share (?:some )?general|explain (?:the|how|why|some|in)|offer (?:a|some) (?:general|overview|information)|outline|describe|note|cover the))",
        rf"{I}(?:'ve| have)? (?:intentionally |deliberately |purposely )?(?:left out|omitted|skipped|excluded|not included|removed) (?:the|any|those|specific|that|some|all|details|exact|parts|explicit|anything)",
        rf"{I}(?:'ll| will| can|'d)?(?: only)? (?:only (?:provide|offer|give|share|discuss|speak|help|talk|cover|go)|(?:keep|leave|stop) (?:it|this|that|things) (?:general|there|at|out|high-level|vague))",
        rf"{I}{CANNOT}{GAP} (?:includ(?:e|ing)|go(?:ing)? into|spell(?:ing)? out|cover(?:ing)?|detail(?:ing)?|get(?:ting)? into|elaborat(?:e|ing)|be (?:more )?specific|list(?:ing)? specific)(?= (?:the|any|specific|details?|explicit|exact|that|this|those|graphic|actionable|operational|it|on|how)\b|[.,])",
    ),
    rule(
        "soft",
        ("let's lets let talk discuss instead something topic else different how",),
        r"(?:^|[.!?\n]\s*|\bbut |\bso )(?:(?:let's|lets|let us|can we|could we|shall we|how about we|why don't we|perhaps we (?:can|could)|maybe we (?:can|could)|we (?:can|could)|i think we should)(?: please| just| instead| rather)? (?:talk|chat|discuss|focus|move|switch|change|explore|steer|pivot|keep (?:things|this|it|our|the conversation)|find|try|not (?:go|talk|do)))[^.!?\n]{0,50}?\b(?:something else|another (?:topic|subject)|(?:a )?different|on to|the (?:topic|subject|conversation)|other (?:topics|things)|respectful|more (?:positive|constructive|productive|appropriate)|lighter|there|(?:appropriate|safe|friendly|positive|constructive)|instead)\b",
        r"\b(?:is there|do you have|would you like to (?:talk|discuss|ask|explore|try))[^.!?\n]{0,25}(?:something|anything|another|any other)[^.!?\n]{0,30}(?:else|different|other)[^.!?\n]{0,40}\binstead\b",
    ),
    rule(
        "hard",
        (ME, NO),
        rf"{I}{ADVERBS}{CANNOT}{GAP}{DOING}",
        rf"{I}{AM}(?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language|assistant|chatbot)\b[^.!?\n]{{0,50}}?\b(?:and|so|that|which|,) (?:i )?(?:am not able|am unable|cannot|can't|can not|don't|do not|not able){GAP}(?:{DOING}| have| feel)",
        rf"{I}{DO_NOT}{ADVERBS}{GAP} (?:engage in|condone|participate in|provide|assist (?:with|in)|create|generate|produce|support (?:or|the|any|such|hate|violen)|help (?:with|people)|offer (?:advice|medical|legal|financial|guidance)|write (?:content|such|that|malware|hate|explicit|erotic|fake)|share (?:personal|private|such|my)|discuss (?:my|that|this|such|politics|personal)|promote|endorse|encourage|give (?:medical|legal|financial|out|advice)|do (?:that|those)|make (?:jokes|fun)|use (?:slurs|that|offensive)|role-?play|comply|answer (?:questions (?:like|about|of)|that)|reveal|disclose|impersonate|facilitate|tolerate|respond to|take (?:sides|positions)|express|hold|comment on)\b",
        rf"{I}(?:'(?:d|ll|m|ve)| do)?(?: (?:must|have to|need to|got to|will|would|am|going to|would have to|will have to|ought to|should|also|therefore|just|simply|really|like to|want to|be)){{0,4}}{ADVERBS} (?:decline|declining|refuse|refusing|pass on|say no|saying no|turn (?:this|that|it|you) down|sit this (?:one )?out|draw the line|draw a line|stop (?:here|there|you)|opt out|abstain|refrain|steer clear|end (?:this|the|our) conversation)(?: (?:to|from|on|your|this|that|any|here|there|participat|the (?:request|task|question))\b(?! (?:give up|believe|be )|$)|[.,!—–]|$| (?=\w+ing))(?! (?:give up|believe|be|let|accept|surrender|take no))",
        rf"{I}(?:'ll| will|'m going to| am going to|'d)(?: have to)? pass\b(?=[.,!]| on (?:this|that))",
        r"(?:\bnot|n't|\bnever|\bnothing|\bneither)(?: \w+){0,3}? (?:(?:something|anything|an?(?: \w+){0,2} (?:request|topic|subject|task|thing|conversation|question|role|place|line|area|idea|story|game|content|path)|content|material|information|the (?:kind|sort|type) of \w+|one|what|territory|ones))(?: (?:that|which|where|with which|in which))? i(?:'m| am|'d| can| could| will| would|'ll| do\b| feel|'ve)\b(?! (?:\w+ ){0,2}(?:recommend|suggest|expect|imagin))",
        r"(?:^|[.!?\n,—–-]\s*|\bbut |\bsorry,? )(?:that|this|it|here|there)(?:'s| is| would be|'d be| are)? (?:\w+ ){0,4}?(?:something|one|a \w+|an \w+|where|things?|(?:request|topic)s?|outside (?:of )?what|beyond what|more than)(?: (?:that|which|where))? i(?:'m| am| have to| must|'ll have to| need to| can't| cannot| won't| will not| don't| do not|'d rather| prefer)\b(?: (?:\w+ ){0,2}(?:not|unable|decline|declining|refuse|turn|draw|stop|pass|help|assist|do|able|comfortable|permitted|allowed|willing|engage|provide|discuss|answer|go|touch|say|write|create|generate|produce|get|talk|offer|share|cross|want|feel|take))",
        rf"\b(?:due to|because of|according to|per|under|within|based on|given|in line with|keeping with|adhere to|consistent with|follow) {MINE}[^.!?\n]{{0,60}}\bi(?:'m| am)? ?(?:can't|cannot|not|unable|won't|must|have to|don't)",
        rf"^[^.!?\n]{{0,30}}{SORRY} ?(?:i(?:'m| am)? ?(?:\w+ly |just )?(?:can't|cannot|cant|won't|will not|not able to|unable to|not allowed to|not permitted to)(?! (?:come|make it|attend|join|meet|stay|go|lend|wait|remember|believe|find|accept|agree|reach|afford|see you|do (?:dinner|lunch)|tell you how|be (?:there|with)|recommend|give you an exact|find|determine|log|connect|get|install|figure|understand)\b)|(?:that|this|it)(?:'s| is)?(?: \w+){{0,2}}? ?(?:not|n't|outside|beyond|against|can't|cannot)\b)",
        r"\bas an?(?: \w+){0,4} (?:ai|language model|assistant|artificial intelligence)\b[^.!?\n]{0,70}?\b(?:i(?:'m| am)? (?:\w+ly )?(?:cannot|can't|can not|not able|unable|must (?:\w+ )?(?:decline|refuse|inform|emphasize|stress|point out|remind)|will not|won't|not (?:comfortable|programmed|allowed|permitted|designed|capable|in a position)|am not|programmed to|do not|don't)|it(?:'s| is) (?:not|my (?:duty|responsibility)|important|crucial))(?! (?:have|feel|experience|eat|sleep))",
        rf"{I}(?: must| have to| need to| want to|'d like to| would like to| should| feel)(?: \w+ly)? (?:inform|emphasize|stress|remind|point out|clarify|advise|warn|note|be clear|let you know)[^.!?\n]{{0,90}}?\b(?:can't|cannot|unable|won't|not (?:appropriate|ethical|acceptable|able|something|comfortable|legal|possible)|illegal|unethical|inappropriate|harmful|against|never (?:acceptable|appropriate))\b",
    ),
    rule(
        "hard",
        (
            "appropriate ethical acceptable possible unethical inappropriate irresponsible illegal wrong harmful request requests question topic content conversation"
            " sorry apologies apologize apologise unfortunately within my so disservice unable can't cannot can no nope comply assist help answer guidelines policy policies against outside programmed me line",
        ),
        r"\b(?:it|that|this|doing so|helping with (?:that|this|it)|(?:writ|provid|creat|shar|answer|generat|discuss)ing (?:that|this|such)\b[^.!?\n]{0,30})(?:'s| is| would be|'d be| isn't| wouldn't be)(?: \w+){0,3}? (?:appropriate|ethical|acceptable|possible|right|responsible|okay|ok|unethical|inappropriate|irresponsible|wrong|illegal|harmful|dangerous|unsafe)(?:,? (?:or|and|nor) \w+)? (?:for (?:me|an ai)|of me)\b|\b(?:it|that|this)(?:'s| is| isn't)(?: \w+){0,2} (?:within|in|part of|outside|beyond|among) (?:of )?my\b(?=(?: \w+){0,2} (?:capabilit|abilit|programming|scope|guidelines|power|purpose|function|nature|knowledge|role|expertise|area))",
        r"^[^\w\"“]*(?:(?:sorry|i'm sorry|unfortunately|i apologize),? (?:but )?)?(?:it|this|that)(?:'s| is) (?:not|never|neither)(?: \w+){0,2} (?:appropriate|ethical|acceptable|okay|ok|legal)(?:,? (?:or|and|nor) \w+){0,2} to (?:ask|request|provide|share|create|generate|make (?:jokes|fun|light|derogatory|such)|encourage|promote|suggest|discuss|engage|harm|seek)\b",
        r"(?:^|[.!?\n]\s*)(?:(?:sorry|unfortunately|apologies|no|nope|nah),? (?:but )?)?(?:(?:can't|cannot|can not|won't|not able to|unable to|will not) (?:help|assist|comply|do (?:that|this)|answer (?:that|this)|discuss (?:that|this)|fulfil\w* (?:this|that|your)|provide (?:that|this)|continue)|not (?:doing|going to do|going there|helping with|answering) ?(?:that|this)?|(?:no can do|hard pass|no thanks|request (?:denied|declined|refused)))\b(?=(?: you| with| in| here| on| to| there| this| that)\b|[.,!;]|\s*$|[^.!?\n]{0,25}[.!]|$)",
        r"\b(?:this|that|your|such|these)(?: \w+){0,2} (?:request|question|prompt|message|topic|content|task|conversation|query)s?(?: \w+){0,2}? (?:can(?:no|')t|can not|cannot|will not|won't|could not)(?: \w+)? (?:be (?:fulfilled|processed|answered|completed|accommodated|discussed|generated|produced|provided|handled|created|continued|granted)|continue|fulfill)",
        rf"(?:^|[.!?\n]\s*|\bbut |\bsorry,? |\b(?:and|afraid|seems|like|because|since|as|note|that),? )(?:{REQUEST}|that|this|it|(?:doing|\w+ing) (?:that|this|so|it))(?: \w+){{0,2}}?\s?{AGAINST} (?:of )?(?:{MINE}|what i (?:can|am able|'m able))",
        r"\bso i (?:won't|will not)\b[.!]|\bdoing you a disservice|(?:^|[.!?\n]\s*|\bbut |, )(?:no|nope|absolutely not|sorry),? i (?:won't|can't|cannot|will not|refuse|must refuse|shan't)\b[.,!]",
        r"\b(?:my|the) (?:\w+ ){0,3}(?:guidelines|polic(?:y|ies)|programming|principles|values|training|instructions|design|safety \w+|rules|developers|ethics)[^.!?\n]{0,30}\b(?:prevent|prohibit|forbid|restrict|stop|keep|do(?:es)?(?: not|n't) (?:allow|permit|let)|won't (?:allow|let)|bar|preclude)s?\b[^.!?\n]{0,40}\b(?:me|i|from|this|that)\b",
        rf"\b(?:{REQUEST}|that|this|it|doing so|to do so)\b[^.!?\n]{{0,60}}?\b(?:{AGAINST}|against) {MINE}",
        r"^[^\w\"“]*(?:i(?:'m| am) )?(?:really |so |very |truly )?(?:sorry|afraid),? (?:but )?(?:no|i (?:can't|cannot|won't))[.!]*\s*$|^\W*i (?:cannot|can't|won't|refuse)[.!]*\s*$|\bi (?:am|was|'m)? ?(?:programmed|designed|built|trained|made) (?:to (?:be (?:helpful|safe|respectful)|follow|avoid|prioriti[sz]e|provide (?:safe|helpful))|not to|with)[^.!?\n]{0,80}(?:cannot|can't|not|avoid|harmless|guidelines|safe)",
    ),
    rule(
        "safety_redirect",
        (
            "988 lifeline hotline helpline crisis professional professionals therapist counselor counsellor doctor physician lawyer attorney emergency police"
            " authorities qualified pharmacist alone trusted 911 samaritans veterinarian provider advisor expert specialist mental",
        ),
        rf"\bi(?:'d| would|'m| am)?(?: \w+ly)? (?:encourag|urg|recommend|advis|suggest|invit|ask|hop|want|beg)\w*[^.!?\n]{{0,40}}\b{SEEK}[^.!?\n]{{0,60}}\b{HELPERS}",
        rf"(?:\bplease|(?:^|[.!?\n]\s*)(?:it(?:'s| is| would be) (?:best|important|essential|crucial|vital|better|always best|a good idea)|the (?:best|safest|right) (?:thing|person|option|step|course)|this is (?:something|a question|a (?:matter|situation|decision))|you(?:'ll| will)? (?:should|need to|may want to|might want to|deserve|can|would be better)|for (?:this|that|medical|legal|your|questions|something)))(?!(?:[^.!?\n]{{0,80}})\bif (?:the|your|it|symptoms|pain|this|they)\b)[^.!?\n]{{0,60}}\b(?:{SEEK}|for|answered by|handled by|discuss(?:ed)? with|with)\b[^.!?\n]{{0,50}}\b{HELPERS}",
        r"\byou(?:'re| are) not alone\b|\bdon't have to (?:go through|face|carry|deal with|handle) (?:this|it) (?:alone|by yourself|on your own)|\b988\b[^.!?\n]{0,40}(?:lifeline|crisis|suicide|call|text)|\b(?:suicide|crisis)[^.!?\n]{0,20}(?:lifeline|hotline|text line|helpline)",
        r"\bi(?:'m| am) not (?:a|an|your) (?:doctor|lawyer|physician|attorney|medical|licensed|therapist|financial|qualified|substitute|mental)[^.!?\n]{0,40}",
    ),
)
