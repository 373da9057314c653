"""The words with which English models decline: that it is not done, what is not done, where they send."""

from blackbox_kd.filters.refusal_words import mixed

ADVERBS = (
    r"(?:,? (?:[a-z]{2,}ly|just|also|still|therefore|however|in good conscience|at this time|though|as an ai|must"
    r" say|do|would|now|as such)\b,?){0,3}"
)
AM = r"(?:(?:'?m| am| was) ?(?:[a-z]+ly |just |also |still |currently )?)"
NOT_ABLE = mixed(
    "able in~a~position equipped designed programmed allowed permitted authori[sz]ed comfortable going gonna willing"
    " prepared at~liberty supposed capable here~to meant intended built trained qualified in~the~business inclined"
    " set~up"
)
UNABLE = mixed(
    "unable unwilling prohibited forbidden incapable restricted~from uncomfortable hesitant reluctant bound~not"
    " ethically~bound barred"
)
CANNOT = (
    r"(?: (?:can't|cannot|can not|cant|can ?not|won't|wont|will not|shouldn't|should not|must not|may not be able"
    r" to|might not be able to|could not|couldn't|can neither|can no longer|would not (?:be (?:able|comfortable"
    r"|willing)|feel comfortable|want to)|do(?:n't| not|nt)(?: \w+ly| really)? (?:feel comfortable|have the ability"
    r"|(?:think|believe|feel)[^.!?\n]{0,30}? (?:should|right|appropriate|ethical|responsible|can|comfortable)|want"
    r" to|wish to|intend to|plan to|know how to))"
    rf"|'(?:ll|d) not|{AM}not {NOT_ABLE}|{AM}{UNABLE}|ain't (?:able|going) to)"
)
DO_NOT = r"(?: (?:do not|don't|dont|will never|would never|never|'ll never))"
GAP = (
    r"(?:,? (?:[a-z]+ly|to|be|able|in|good|conscience|and|or|won't|cannot|can't|will|would|not|just|even|at|all"
    r"|this|time|help|helping|you|me|myself|under|any|circumstances?|from|ever|do|don't|anything|that|which|also|as"
    r"|an|an? ai|language|model|assistant|right|now|of|going|want|fulfill|fulfil|here|safely|with|such|engage"
    r"|support|comfortable|willing|should)\b,?){0,8}?"
)
# What a model does for whoever asks; nothing that people cannot do in letters, tickets and stories.
DOING = (
    r" (?:help(?:ing)?(?! but\b| it\b| (?:feeling|wondering|noticing|thinking|smiling|laughing|falling|myself)\b|"
    r" (?:him|her|them) (?!with))|assist(?:ing|ance)?|compl(?:y|ying)|fulfil\w*|satisfy\w*|engag(?:e|ing)"
    r"|participat(?:e|ing)|facilitat(?:e|ing)|condon(?:e|ing)|promot(?:e|ing)|endors(?:e|ing)|encourag(?:e|ing)"
    r"|provid(?:e|ing)(?! (?:my|for|an? (?:full|complete|formal) proof)\b)|generat(?:e|ing)(?! (?:my|any (?:revenue"
    r"|income|leads))\b)|produc(?:e|ing)|creat(?:e|ing)(?! (?:my|an? (?:new )?(?:account|user|file|folder))\b)"
    r"|writ(?:e|ing)(?! (?:to|my|home|back)\b)|offer(?:ing)?(?! my\b)|discuss(?:ing)?|speculat(?:e|ing)"
    r"|comment(?:ing)?(?= on\b|[.,!]|$)|advis(?:e|ing)|advice|recommend(?:ing)?(?! (?:it|this|them|him|her|you|the"
    r"|\w+ (?:\w+ )?enough)\b)|suggest(?:ing)?|instruct(?:ing)?|disclos(?:e|ing)|reveal(?:ing)?|accommodat(?:e|ing)"
    r"|impersonat(?:e|ing)|role-?play(?:ing)?|contribut(?:e|ing) to|support(?:ing)? (?:this|that|you|such|any|or"
    r"|your|harm|the (?:creation|spread)|violen|illegal|hate)|respond(?:ing)?(?= to (?:this|that|your|the|such"
    r"|any)\b|[.,!]|$| in)|answer(?:ing)?(?! (?:for\b|the (?:door|phone)|my|his|her))|explain(?:ing)? (?:how|ways"
    r"|that|this|the (?:process|steps|method))|describ(?:e|ing)(?! (?:how|what|the feeling|my|it)\b)|teach(?:ing)?"
    r" (?:you|any|people|someone|how)|tell(?:ing)? you (?:how to|what to|where|which|who|to|that)\b|show(?:ing)?"
    r" you (?:how|ways)|walk(?:ing)? (?:you|through|someone)|guid(?:e|ing) you|guidance|giv(?:e|ing) (?:\w+"
    r" ){0,4}?(?:instructions?|advice|details?|information|info|guidance|recommend\w+|opinions?|out|that|this|steps"
    r"|tips|medical|legal|financial|a (?:diagnosis|prediction|recommendation|definitive (?:diagnosis|answer))"
    r"|directions)|(?:shar(?:e|ing)|suppl(?:y|ying)|mak(?:e|ing)|us(?:e|ing)|say(?:ing)?|spread(?:ing)?)(?:"
    r" out)?(?: or \w+)? (?:that|this|such|those|these|any|specific|details|instructions|personal|private|content"
    r"|information|someone|people's|other|another|internal|the (?:specific|exact|steps?|details?|full|step-by-step"
    r"|recipe|formula|information|content)|confidential|sensitive|jokes?|fun of|light of|(?:\w+ )?statements|claims"
    r"|assumptions|predictions|judgments?|stereotypes|derogatory|offensive|racist|sexist|hateful|harmful|explicit"
    r"|slurs?|a (?:joke|judge?ment|decision|political|prediction)|generali[sz]ations|methods|(?:my|the) (?:system"
    r"|instructions|prompt|exact))|process(?:ing)? (?:this|that|your|the request|messages? like|requests)"
    r"|do(?:ing)? (?:that|this|so|what you|any of (?:that|this)|it for you|your)\b(?! (?:any ?more|alone|again|to"
    r" (?:him|her|you|them)))|complet(?:e|ing) (?:this|that|your|the (?:request|task|assignment|essay|sentence"
    r"|story)|such)|continu(?:e|ing)(?= (?:with|this|that|down|the (?:conversation|story|role|scene|discussion)"
    r"|our)\b|[.,!]|$)|proceed(?:ing)?|go(?:ing)? (?:along|there|into (?:that|this|detail|specific)|down (?:that"
    r"|this)|ahead with)|tak(?:e|ing) (?:part|sides|a (?:side|position|stance)|that on|this on|on (?:this|that)"
    r"|action)|be (?:part of|involved|of (?:help|assistance|service))|(?:play(?:ing)?|act(?:ing)?) (?:that|along"
    r"|this|the role|the part|a character|as|out)|pretend(?:ing)?|portray(?:ing)?|perform(?:ing)? (?:that|this|the"
    r"|such|any)|carry(?:ing)? out|execut(?:e|ing) (?:that|this|such)|handl(?:e|ing) (?:this|that|your|requests)"
    r"|(?:translat|summari[sz]|rephras|rewrit|edit|analy[sz]|reproduc|quot|transcrib|continu|finish|design|develop"
    r"|build|cod|draft|compos|list|compil|rank|evaluat|rat)(?:e|ing|ile)? ?(?:out )?(?:this|that|the|it|your|such"
    r"|an?|any|those|these|or|malware|copyrighted|harmful|song|full|lyrics)\b|identify(?:ing)? (?:people"
    r"|individuals|the (?:person|individual)|who|someone|real|specific|him|her|them|anyone)|recogni[sz]e (?:people"
    r"|faces|real)|diagnos(?:e|ing)|prescrib(?:e|ing)|fabricat(?:e|ing)|bypass(?:ing)?|hack(?:ing)?|aid(?:ing)?"
    r"|enabl(?:e|ing)|justify(?:ing)?|normaliz(?:e|ing)|glorify(?:ing)?|(?:confirm|verify)(?:ing)? (?:that|whether"
    r"|this|these|those|your|or|the (?:identity|accuracy|current))|predict(?:ing)?|express(?:ing)? (?:personal"
    r"|opinions?|an|political|a|views)|have (?:personal|opinions|a personal|this conversation|that conversation)"
    r"|touch (?:that|this)|writ|(?:this|that) one\b|in (?:this|that) (?:request|task)|work(?:ing)? on (?:that|this)"
    r"|plan(?:ning)? (?:that|this)|assume|cross that line|budge)\b"
)
# What people cannot do either.
HUMAN = mixed(
    "wait stress believe imagine remember overstate emphasi[sz]e thank say tell see find sleep afford come go"
    " attend join meet stay leave stop stand eat drink walk swim drive log open connect login get reach hear feel"
    " think understand figure prove determine express blame complain promise guarantee keep lie deny ignore resist"
    " forget wear sing dance move fix install run use decide choose compare read live pay be have lend accept agree"
    " make take wish hide escape know want like love need let bring sit spend buy hold put look work catch turn try"
    " start cancel change send return do help answer recommend breathe win lose sell reset update load save build"
    " print access verify confirm contact complete process submit create upload download receive locate sign judge"
    " count trust picture fathom begin bear quite speak talk explain describe solve compute derive simplify"
    " reproduce replicate"
)
SORRY = (
    r"(?:sorry|apologi[sz]e|apologies|afraid|regret|unfortunately|regrettably)\b(?: (?:to|for|about)"
    r" [^.!?\n]{0,60}?)?[,.;:—–-]*(?: ?(?:but|that|however|to (?:say|inform you|tell you)|it (?:seems|appears)|as"
    r"|this time|and)\b,?){0,3}"
)
REQUEST = (
    r"\b(?:th(?:is|at|e)(?: requested)?|your|such|these|those|what you're|what you are) (?:\w+ ){0,2}(?:request"
    r"|question|message|prompt|query|topic|content|task|input|instruction|conversation|subject|material|asking(?:"
    r" for| me)?|describing|requesting|kind of (?:thing|request|content)|type of (?:request|content))s?"
)
AGAINST = (
    r"(?:violat\w+|goes? against|go against|(?:is|are|be|runs?) against|conflicts? with|contraven\w+|breach\w*"
    r"|(?:is|falls?|are)(?: well)? (?:outside|beyond)|(?:is|are) (?:in violation|not (?:permitted|allowed|something"
    r"|appropriate|possible|in line))|runs? (?:counter|against)|contradicts?)"
)
MINE = (
    r"(?:my|our|openai'?s?|anthropic'?s?|google'?s?|meta'?s?|community|usage|the|ethical|content)\s(?:\w+"
    r" ){0,4}(?:guidelines?|polic(?:y|ies)|programming|principles|values|terms|standards|rules|safety|capabilities"
    r"|scope|ethics|purpose|boundaries|what i)"
)
SEE = mixed(
    "access browse see view open hear watch listen~to download load read check visit click retrieve fetch"
    " look~(?:up|at) search display analy[sz]e receive process surf pull~up connect~to scan inspect scrape crawl"
    " interpret"
)
THINGS = (
    r"(?:[a-z'/-]+ ){0,4}?(?:(?:inter)?net\b|web\b|web ?sites?|web ?pages?|online|external|real[- ]?time|live\b"
    r"|current (?:events|data|news|information|weather|prices|time|date)|links?\b|urls?\b|images?\b|pictures?"
    r"|photos?|attachments?|attached|uploaded|documents?\b|videos?|audio|screenshots?|pdfs?|files?\b(?! system)"
    r"|news\b|databases?|(?:previous|past|other|earlier|our last) (?:conversation|chat|session|interaction"
    r"|message)s?|your (?:screen|camera|device|account|calendar|e-?mails?|inbox|location|files?|computer|photos?"
    r"|images?|attachments?|documents?|history|conversations?|messages|phone|microphone|order|data|records?"
    r"|personal|medical|bank|drive|database|system|local|social|website|profile|link|picture|face|voice|contacts)"
    r"|up-to-date|latest|clipboard|calendar|social media|stock|weather|recordings?|songs?|voice)"
)
FILE = (
    r"(?:file|image|attachment|document|picture|photo|screenshot|link|pdf|video|spreadsheet|audio|code|text|article"
    r"|table|data|csv|chart|passage|transcript|url|excel|log)s?"
)
HELPERS = (
    r"(?:doctor|physician|health ?care|medical|pharmacist|therapist|counsel+or|psycholog|psychiatr|mental[- ]health"
    r"|lawyer|attorney|legal|financial|tax (?:professional|advis)|accountant|licensed|qualified|professional"
    r"|emergency|poison control|crisis|suicide|lifeline|hotline|helpline|samaritans|trusted|law enforcement|police"
    r"|authorities|specialist|someone you trust|local resources|911|988|999|112\b|support (?:line|group)"
    r"|veterinarian|endocrinologist|cardiologist|dermatologist|nurse|gp\b|clinic|midwife|dentist|childhelp)"
)
SEEK = (
    r"(?:reach(?:ing)? out|contact(?:ing)?|call(?:ing)?|consult(?:ing)?|talk(?:ing)? (?:to|with)|speak(?:ing)?"
    r" (?:to|with)|see(?:ing)?|seek(?:ing)?|get(?:ting)? (?:help|in touch)|connect(?:ing)? with|text(?:ing)?"
    r"|tell(?:ing)? (?:a|an|your|someone)|turn(?:ing)? to|visit(?:ing)?|go(?:ing)? to)"
)
NO = (
    "can't cannot cant not won't wont wouldn't couldn't unable don't dont isn't shouldn't decline refuse rather"
    " prefer never declining refusing refused passing choosing abstain avoid opting draw instructed no have must"
    " going only say unwilling prohibited forbidden incapable uncomfortable hesitant reluctant barred pass"
    " restricted neither lack"
)
