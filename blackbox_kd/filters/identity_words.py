"""How models name themselves and their makers. Patterns of small letters and `'` for every apostrophe."""

import re
from typing import Literal

from blackbox_kd.filters.identity_names import COMMON, MAKERS, PLAIN, VERSION

Class = Literal["name", "maker", "signature", "ai", "cutoff"]
ALL: tuple[Class, ...] = ("name", "maker", "signature", "ai", "cutoff")
AI = (
    r"(?:(?<![a-z])ai(?![a-z])|\ba\.i\.|artificial intelligence|(?:language|foundation|ai|generative) model"
    r"|\bllms?\b|chat ?bot|(?:virtual|digital|ai) assistant|\bia\b|inteligencia artificial|inteligência artificial"
    r"|intelligence artificielle|intelligenza artificiale|modelo de (?:lenguaje|linguagem)|modèle de langage"
    r"|modello (?:di )?linguistico|\bki\b|ki-|sprachmodell|künstliche intelligenz|\bии\b|ии-|искусственн\w+"
    r" интеллект|языков\w+ модел|нейросет|人工智能|语言模型|大模型|智能助手|ai助手|aiアシスタント|人工知能"
    r"|言語モデル|인공지능|언어 모델)"
)
MARK = r"[\s*_\"“”'`:,—–-]{0,4}"
SELF = (
    r"(?:\b(?:i am|i'm|my name is|my name's|call me|you(?:'re| are) (?:talking|chatting|speaking) (?:to|with)|i'm"
    r" called|i am called|i go by|it's me|soy|me llamo|mi nombre es|je suis|je m'appelle|mon nom est|ich bin|ich"
    r" heiße|mein name ist|(?:eu )?sou|me chamo|chamo-me|(?:o )?meu nome é|sono|mi chiamo|il mio nome è|меня зовут"
    r"|мо[её] имя)\b|\bя(?=\s?[—–-]|\s)|我(?:就)?是|我叫|我的名字(?:是|叫)|私は|私の名前は|わたしは|저는|나는|제"
    r" 이름은)"
)
AS = r"(?:\b(?:as|being|since i'm|como|en tant que|en tant qu'|als|come|in quanto|как|будучи)\b|作为|身为)"
ARTICLE = r"(?:(?:an?|the|un|una|une|uma|um|el|la|le|o|a|ein|eine|il|just|now|simply|your|一个|一款|来自) ?)?"
DONE = (
    r"(?:trained|developed|created|made|built|designed|powered|produced|released|programmed|engineered|provided"
    r"|operated|maintained)"
)
TEAM = r"(?:the )?(?:(?:team|people|folks|researchers|engineers|company|guys|good people)(?: at| of| called|,)? )?"
DONE_ABROAD = (
    rf"(?:(?:entrenad|desarrollad|cread|diseñad|hech|programad)[oa] por|(?:entraîné|développé|créé|conçu|formé|mis"
    rf" au point)e? par|(?:treinad|desenvolvid|criad|feit|projetad|programad)[oa] (?:pel[oa]|por)|(?:addestrat"
    rf"|sviluppat|creat|realizzat|progettat)[oa] da(?:lla|l)?|(?:создан|разработан|обучен)\w*(?: (?:компанией"
    rf"|командой|в|специалистами))*)\s?(?:la empresa |la société |l'entreprise |a empresa |empresa )?{MARK}{MAKERS}"
    rf"|\bvon (?:der firma )?{MAKERS} (?:\w+ ){{0,2}}(?:entwickelt|trainiert|erstellt|geschaffen|erschaffen"
    rf"|programmiert|gebaut)|(?:由|被|是){MARK}{MAKERS}[^。，,\n]{{0,8}}(?:开发|训练|创建|研发|推出|打造|創建|開發"
    rf"|訓練|设计|的)|{MAKERS}\s?(?:社)?(?:によって|により|が|に)(?:開発|訓練|作成|作られ|トレーニング|設計|生み)"
    rf"|{MAKERS}\s?(?:에서|이|가|에 의해)\s?(?:개발|훈련|만든|만들|학습)"
)
ME_ABROAD = (
    r"(?:\b(?:soy|fui|he sido|je suis|j'ai été|ich|sou|fui|sono|stat[oa]|я|меня|mis creadores|como|en tant qu\w*"
    r"|als|come|как)\b|我|作为|私|저|나는)"
)
# Of the maker's name, the word before it says that it is not the whole name of somebody else: see `whole` in identity.
PATTERNS: tuple[tuple[Class, re.Pattern[str]], ...] = (
    (
        "name",
        re.compile(
            rf"(?:{SELF}|\bthis is(?=[\s\w.,-]{{3,30}}(?:speaking|here\b|, your|, an ai)|[\s\w.-]{{3,20}}[.!]?"
            rf" i\b)){MARK}{ARTICLE}{MARK}(?:(?P<plain>{PLAIN}(?![a-z'])|{COMMON}{VERSION}(?!\w)|{MAKERS}(?:'s)?"
            rf" (?:{COMMON}|{PLAIN})(?!\w)|(?:meta|mistral|google) ai(?![\w'])(?! (?:engineer|researcher)))"
            rf"|(?P<common>{COMMON})(?![\w])(?=[^.!?\n。]{{0,90}}(?:{AI}|{MAKERS})|[,.!]? (?:and )?(?:i'm |i am"
            rf" )?(?:here|happy|glad|ready) to (?:help|assist)|[.!] how (?:can|may) i))|(?:^|[.!?\n。]\s*|,"
            rf" ){AS}{MARK}{ARTICLE}{MARK}(?P<role>{PLAIN}|{COMMON}{VERSION}|claude|grok|copilot|gemini)(?!\w)(?!"
            rf" (?:said|says|wrote|puts?|told|once|noted|explained|suggest|mention|would|is|was|has|does"
            rf"|and))[^.!?\n。]{{0,60}}?(?:\bi\b|\bi'm\b|\bmy\b|\bpuedo\b|\bno tengo\b|\bje\b|\bj'|\bich\b"
            rf"|\bposso\b|\bnão tenho\b|\bposso\b|\bя\b|我|私|저)|(?:我(?:就)?是|我叫|我的名字是|私は|私の名前は"
            rf"|저는|나는|제 이름은){MARK}{COMMON}(?![a-z])(?! [a-z])|(?:^|\n)\W*(?P<here>{PLAIN}|claude|gemini"
            rf"|grok|copilot) (?:here|speaking)\b"
        ),
    ),
    (
        "maker",
        re.compile(
            rf"\b(?:i am|i'm) (?:an?|the) (?:[\w-]+ ){{1,4}}?{DONE} by {TEAM}{MARK}(?:openai|anthropic|deepseek"
            rf"|deepmind|mistral ai|xai|cohere|moonshot ai|zhipu)(?!\w)|"
            rf"\bi(?:'m| am| was|'ve been| have been)(?: \w+ly| also| an?| the| not)?(?: {DONE},?){{0,2}}(?: and)?"
            rf" (?P<done>{DONE}) by {TEAM}{MARK}{MAKERS}(?!\w)|(?:\bi am|\bi'm|\bas|\bbeing|\bi was)(?: just| only|"
            rf" simply)? (?:an?|the) (?:[\w-]+,? ){{0,4}}?{AI}[^.!?\n]{{0,80}}?\b(?:{DONE} (?:by|at)|from|by|of)"
            rf" {TEAM}{MARK}{MAKERS}(?!\w)|(?:^|[.!?\n]\s*|, )(?:{DONE} and )?{DONE} by"
            rf" {TEAM}{MARK}{MAKERS}(?!\w)[^.!?\n]{{0,40}}?, (?:i\b|my\b)|(?:\bi am|\bi'm|\bas)(?: just)? an?"
            rf" (?:[\w-]+ ){{0,2}}model(?: that (?:was|is))?,? {DONE} by {TEAM}{MARK}{MAKERS}(?!\w)|\bmy"
            rf" (?:creators?|developers?|makers?|trainers)(?: and \w+)?,?(?: (?:at|is|are|from|here|being|over"
            rf"|called|include|team))*{MARK}(?:the )?(?:\w+ ){{0,2}}?{MAKERS}(?!\w)|{MAKERS}(?:,)?(?: (?:is )?the"
            rf" (?:company|organi[sz]ation|lab|team))?(?: (?:that|which|who))?(?: has| have)? (?:created|made|built"
            rf"|developed|designed|trained) me\b(?! (?:to (?:do|work|sell)|as|in|for|feel|a\b|an\b|think|happy|sad"
            rf"|laugh))|\b(?:i am|i'm|as) {MAKERS}(?:'s)? (?:[\w-]+ ){{0,3}}?{AI}"
            rf"|{ME_ABROAD}[^.!?\n。]{{0,90}}?(?:{DONE_ABROAD})(?![a-zà-ÿ])|\b(?:mis creadores|mes créateurs|meus"
            rf" criadores|meine (?:entwickler|schöpfer)|i miei creatori|мои (?:создатели"
            rf"|разработчики))[^.!?\n]{{0,20}}{MAKERS}|(?:^|[.!?\n]\s*)(?:{DONE_ABROAD})[^.!?\n。]{{0,30}}, (?:yo"
            rf"|je|eu|ich|io|я|puedo|posso|soy|sou)\b"
        ),
    ),
    (
        "signature",
        re.compile(
            rf"(?:^|\n|[(\[*_—–~>|-])\s{{0,3}}(?:this (?:answer|response|text|message|content|reply|article"
            rf"|summary) (?:was|is|has been) )?(?:proudly |automatically )?(?:answered|generated|written|provided"
            rf"|created|powered|produced|drafted|composed|response|reply|answer|sent|brought to you|generado"
            rf"|escrito|généré|rédigé|gerado|escrito|erstellt|generiert|generato|сгенерировано|написано) (?:by|from"
            rf"|with|using|via|por|par|von|da|с помощью|через){MARK}(?:an? |the )?(?:{PLAIN}(?!\w)"
            rf"|{COMMON}{VERSION}|{COMMON}(?!\w)(?=[^.!?\n]{{0,40}}(?:{AI}|{MAKERS}))|{MAKERS}'s? (?:[\w-]+"
            rf" ){{0,2}}{AI})|\bthis (?:answer|response|text|message|reply) (?:was|is|has been) (?:\w+ly"
            rf" )?(?:{DONE}|answered|generated|written) (?:by|with|using) (?:an? |the )?(?:{PLAIN}(?!\w)"
            rf"|{COMMON}{VERSION}|{MAKERS}|{AI})|\n\W*(?:best|kind|warm|regards|sincerely|yours|cheers|thanks"
            rf"|love)[\w ]{{0,15}},?\s*\n\W*(?:your )?(?:{PLAIN}(?!\w)|{COMMON}{VERSION}|(?:claude|gemini|grok"
            rf"|copilot)[, (]+(?:{AI}|{MAKERS}|by|an))|\n\s*[-–—~]+\s?(?:your )?(?:{PLAIN}(?!\w)|{COMMON}{VERSION}"
            rf"|(?:claude|gemini|grok|copilot)[, (]+(?:{AI}|{MAKERS}|by|an))[^\n]{{0,40}}\s*$|由{MARK}(?:{PLAIN}"
            rf"|{COMMON})\s?(?:生成|撰写|提供)"
        ),
    ),
    (
        "ai",
        re.compile(
            r"(?:\bas|\bi am|\bi'm|\bim|\bbeing|\bi remain)\s+(?:just\s+|only\s+|simply\s+|merely\s+|still\s+"
            r"|actually\s+)?an?\s+(?:[\w-]+\s+){0,2}?(?:(?:ai|a\.i\.|artificial"
            r" intelligence)(?:[\s-]+(?:language\s+|chat\s+|text\s+)?(?:model|assistant|system|chat ?bot|program"
            r"|bot)\b(?!s)(?!\s+(?:company|developer|engineer|researcher|user|vendor|provider|trainer))"
            # "an AI researcher", "an AI-powered tool": only what may follow when the AI itself is speaking
            r"|(?=\s*(?:[^\w\s\"'*`_-]|-\s|$)|\s+(?:i|and|but|so|that|which|who|with|without|by|from|here|not|my|it"
            r"|created|trained|developed|made|built|designed|programmed|running|working)\b))"
            r"|(?:large\s+)?language\s+model\b(?!s)(?!\s+(?:researcher|engineer|developer|expert|enthusiast|company"
            r"|startup)))"
            r"|(?:\b(?:como|soy|sou|eu sou)(?: solo| sólo| apenas| simplemente| só)?(?: una?| uma?)?"
            r" (?:(?:gran(?:de)? )?modelo de (?:lenguaje|linguagem|ia)|ia\b(?=[,.; ]|$)|inteligencia"
            r" artificial(?=[,.;]| (?:no|que|puedo|y|sin|creada|desarrollada|entrenada))|inteligência"
            r" artificial(?=[,.;]| (?:não|que|posso|e|sem|criada|desenvolvida|treinada))|asistente (?:virtual"
            r" )?(?:de ia|de inteligencia)|assistente (?:virtual )?(?:de ia|de inteligência)))"
            r"|(?:\b(?:en tant qu'|en tant que |je suis (?:juste |simplement |seulement )?|étant )(?:une |un"
            r" )?(?:grand )?(?:ia\b|intelligence artificielle\b|modèle (?:de langage|d'ia|linguistique)|assistant"
            r" (?:ia|d'ia|virtuel ia)))|(?:\b(?:als|ich bin)(?: nur| bloß| lediglich)?(?: eine?| ein)? (?:(?:großes"
            r" )?(?:ki-)?sprachmodell\b|ki\b(?!-)|künstliche intelligenz\b|ki-(?:assistent|modell|sprachmodell"
            r"|system|chatbot)\w*))|(?:\b(?:come|in quanto|sono)(?: solo| soltanto)?(?: un'| un | una"
            r" )?\s?(?:modello (?:di )?linguistico|intelligenza artificiale\b|ia\b(?=[,.; ])|assistente (?:ia|ai"
            r"|virtuale ai)))|(?:\b(?:как|будучи|являясь|я\s?[—–-]?)\s?(?:всего лишь |просто |лишь )?(?:больш\w+"
            r" )?(?:ии\b(?!-(?:специал|эксперт|исслед|компан))|ии-(?:ассистент|помощник|модел)\w*|искусственн\w+"
            r" интеллект\w*|языков\w+ модел\w+|нейросет\w+))|(?:我(?:只|仅仅|就)?是|作为|身为|作為)(?:一个|一名"
            r"|一款|一种|個|一個)?[^。，,！？\n“”]{0,8}?(?:ai|人工智能|人工智慧|语言模型|語言模型|大模型|智能助手"
            r"|聊天机器人|虚拟助手)(?:助手|语言模型|模型|助理|程序|系统)?(?=[，,。！；\s]|$|我)|(?:^"
            r"|[。！？\n、]\s*|私は、?|私は単なる)(?:単なる|ただの)?(?:ai|人工知能|大規模言語モデル"
            r"|言語モデル)(?:言語モデル|アシスタント|モデル)?(?:として、|なので、?|ですので、?|であるため、?"
            r"|のため、)|私は[^。\n]{0,14}(?:ai|人工知能|言語モデル)(?:アシスタント|モデル)?です|(?:저는|나는"
            r"|제가)?\s?(?:ai|인공지능|언어 모델)(?: 언어 모델| 어시스턴트| 모델)?(?:로서|이므로|이기 때문에)|저는"
            r" [^.\n]{0,14}(?:ai|인공지능|언어 모델)(?: 어시스턴트)?입니다",
            re.MULTILINE,
        ),
    ),
    (
        "cutoff",
        re.compile(
            r"\bmy (?:knowledge|training)(?: data| base)?(?:'s)? (?:cut-?\s?off|was last updated|was last refreshed"
            r"|only (?:goes|extends|includes|runs|covers)|goes up to|extends (?:only )?(?:up )?to|is (?:only"
            r" )?(?:current|up to date|accurate|limited) (?:up )?(?:to|until|as of|through)|runs through)|\bmy"
            r" (?:knowledge|training data) (?:ends?|stops?) (?:in|at)|\b(?:as of|since|after|beyond|before|until|up"
            r" to|at the time of) my (?:last|latest|most recent|knowledge|training)(?: knowledge| training)?"
            r" ?(?:data |information )?(?:update|cut-?\s?off|training|refresh|data)\b(?! (?:meeting|call|of the|for"
            r"|to the|session))|\bmy (?:last|latest|most recent) (?:knowledge |training |data )?(?:update"
            r"|cut-?\s?off)\b(?=[,.;)]| in\b| was\b| is\b|$)(?! was (?:the|a|to))|\bi (?:was|am) (?:last"
            r" )?(?:trained|updated)(?: on data)? (?:up to|until|through|only up to)|\bmi (?:fecha de )?(?:corte de"
            r" conocimiento|límite de conocimiento|última actualización)|\bmis? (?:conocimientos?|datos de"
            r" entrenamiento) (?:llegan?|terminan?|se actualiz\w+|solo|abarcan?)[^.\n]{0,20}\d|\b(?:mes"
            r" connaissances|mes données d'entraînement|ma dernière mise à jour)[^.\n]{0,30}(?:s'arrêt|jusqu|remont"
            r"|dat|\d)|\bmein(?:e)? (?:wissen\w*|trainingsdaten|letztes? (?:update"
            r"|aktualisierung))[^.\n]{0,30}(?:endet|reich|stand|bis|\d)|\b(?:meu conhecimento|meus dados de"
            r" treinamento|minha última atualização)[^.\n]{0,30}(?:vai|termina|até|\d)|\b(?:le mie conoscenze|il"
            r" mio ultimo aggiornamento)[^.\n]{0,30}(?:aggiorn|ferm|\d)|\bмо[ийея]\w* (?:знани\w+|данны\w+"
            r"|обучающи\w+ данн\w+|последн\w+ обновлен\w+)[^.\n]{0,30}(?:заканчива|ограничен|актуальн|до \d|\d{4})"
            r"|我的(?:知识|训练数据|数据|知識)[^。\n]{0,8}(?:截止|截至|更新)|私の(?:知識|学習データ"
            r"|訓練データ)[^。\n]{0,12}(?:まで|時点)|제 (?:지식|학습 데이터)[^.\n]{0,12}까지"
        ),
    ),
)
