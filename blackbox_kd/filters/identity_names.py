"""Names of models and of their makers, and how to find the sentences that may speak of them."""

import re
from collections.abc import Iterable


def mixed(words: str) -> str:
    """An alternation of what is written one after another, spaces between; `~` stands for a space."""
    return "(?:" + "|".join(words.split()).replace("~", " ") + ")"


MAKERS = mixed(
    r"open~?ai anthropic google(?:~(?:deepmind|research|ai|brain))? deepmind alibaba(?:~(?:cloud|group))? deepseek"
    r" mistral(?:~ai)? meta(?:~ai)? facebook~ai xai x\.ai cohere microsoft(?:~(?:ai|research))? moonshot(?:~ai)?"
    r" zhipu(?:~ai)? z\.ai minimax hugging~?face 01\.ai perplexity(?:~ai)? amazon(?:~(?:web~services|aws))? aws"
    r" nvidia ibm baidu bytedance tencent stability~ai inflection(?:~ai)? ai21(?:~labs)? tsinghua~university"
    r" eleutherai nous~research reka(?:~ai)? 阿里巴巴 阿里云 百度 智谱(?:ai)? 月之暗面 深度求索 字节跳动 腾讯"
    r" 零一万物 科大讯飞 オープンai グーグル アンソロピック 오픈ai 구글"
)
# Names that mean nothing else, and names that are also people, signs and animals: those need an AI word beside them.
VERSION = (
    r"[\s-]?(?:v?\d[\w.]*(?:[\s-](?:pro|flash|mini|sonnet|opus|haiku|large|small|turbo|ultra|instruct))?|sonnet"
    r"|opus|haiku|pro\b|flash|ultra|advanced|large\b|nemo|r\+|micro|lite|maverick|scout)"
)
PLAIN = mixed(
    r"chat-?\s?gpt(?:-[\w.]+)? gpt-?\s?[345](?:[.\w-]*\w)? gpt-oss[\w-]* deepseek(?:[-\s](?:v|r)\d(?:[\w.]*\w)?"
    r"|-\w+|~(?:chat|coder))? qwen(?:[-.]?\d[\w.-]*\w)?(?:-\w+)* qwq tongyi(?:~qianwen)? smollm\d? bing~?chat"
    r" open~?assistant chatglm[\w-]* glm-?\d[\w.-]* doubao ernie~bot wenxin~yiyan hunyuan mixtral[\w-]* codestral"
    r" phi-\d[\w.-]* yi-\d[\w.-]* command[\s-]r\+? 通义千问 通义 文心一言 智谱清言 豆包 讯飞星火 混元 チャットgpt"
    r" 챗gpt чатгпт"
)
COMMON = mixed(
    "claude gemini bard mistral llama grok kimi phi copilot yi nova command~r? glm bing pi jamba ernie vicuna"
    " alpaca falcon クロード клод"
)
# In small letters, one of these parts or words is in every text that has one of the names.
PARTS = (
    "gpt",
    "claude",
    "gemini",
    "llama",
    "qwen",
    "deepseek",
    "grok",
    "glm",
    "phi-",
    "mixtral",
    "command r",
    "command-r",
    "my last",
    "my latest",
    "my most re",
)
NAMES_ALONE = (
    "bard mistral codestral kimi phi copilot qwq tongyi smollm bing assistant doubao ernie wenxin hunyuan command"
    " yi nova pi jamba vicuna openai anthropic anthropic's openai's google google's deepmind alibaba meta meta's"
    " xai x.ai cohere microsoft microsoft's moonshot zhipu z.ai minimax hugging huggingface 01.ai perplexity amazon"
    " aws nvidia ibm baidu bytedance tencent stability inflection ai21 tsinghua eleutherai reka чатгпт клод"
)

MENTIONS = (  # more of them, which no pattern names
    "gemma nemotron granite olmo tülu tulu stablelm baichuan internlm gigachat гигачат yandexgpt exaone zephyr orca"
    " wizardlm dolly typhoon pixtral ministral chat titan palm hermes aya dbrx lamda skywork saiga luminous алиса"
    " yandex яндекс sber сбер сбера яндекса ai2 allen tii technology lmsys scb snowflake databricks naver upstage"
    " huawei apple samsung sensetime iflytek stepfun aleph cut-off cutoff update updated wissensstand trainingsstand"
    " trainiert claude's chatgpt's"
)


def grouped(alternatives: Iterable[str]) -> str:
    """An alternation that looks at the first character once; each alternative begins with a plain one."""
    rests: dict[str, list[str]] = {}
    for one in alternatives:
        rests.setdefault(one[0], []).append(one[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())


TRIGGERS = (  # one is in every sentence that a pattern matches; each begins a word, with a plain character
    *("chatgpt", "chatglm", "chat-gpt", "codellama", "yandexgpt", "tinyllama"),
    *(re.escape(part) for part in PARTS),
    *(re.escape(name) for name in NAMES_ALONE.split() if name not in ("pi", "yi", "phi", "aws", "ibm")),
    *(r"ai(?<![a-z]ai)(?![a-z])", r"a\.i\.", "artificial intel", "language model", r"llms?(?!\w)", "chat ?bot"),
    *(
        r"yi(?<!\wyi)(?!\w)",
        r"yi-\d",
        r"pi(?<!\wpi)(?!\w)",
        r"phi(?!\w)",
        r"aws(?<!\waws)(?!\w)",
        r"ibm(?<!\wibm)(?!\w)",
    ),
    *(
        "open ai",
        r"cut-?\s?off",
        "my knowledge",
        "my training",
        r"trained (?:on|up|until|through)",
        r"updated (?:up|until)",
    ),
    *(r"ia(?<!\wia)(?!\w)", "inteligencia art", "inteligência art", "intelligence art", "intelligenza art"),
    *(
        "modelo de",
        "modèle",
        "modello",
        r"ki(?<!\wki)(?!\w)",
        "ki-",
        "sprachmodell",
        "künstlich",
        "conocimiento",
    ),
    *("connaissance", "wissen", "conhecimento", "conoscenze", "entrenamiento", "entraînement", "trainingsd"),
    *("treinamento", "aktualis", "actualiza", "atualiza", "aggiornamento", "mise à jour"),
    *(r"ии(?<!\wии)(?!\w)", "ии-", "искусств", "языков", "нейросет", "знани", "данны", "обновлен"),
    *(
        "通义",
        "文心",
        "智谱",
        "豆包",
        "讯飞",
        "混元",
        "阿里",
        "百度",
        "月之",
        "深度求",
        "字节",
        "腾讯",
        "零一",
        "人工",
    ),
    *(
        "语言模型",
        "語言模型",
        "大模型",
        "智能助手",
        "聊天机",
        "虚拟助手",
        "知识",
        "知識",
        "训练数据",
        "数据",
        "言語モデル",
    ),
    *(
        "学習データ",
        "訓練データ",
        "オープン",
        "クロード",
        "グーグル",
        "인공지능",
        "언어 모델",
        "지식",
        "학습 데이터",
        "챗gpt",
        "구글",
        "오픈",
    ),
)
BEGINS = "(?<![a-zà-ÿ])"  # a word, before anything else is tried: three times as fast
TRIGGER = re.compile(f"{BEGINS}(?:{grouped(TRIGGERS)})")
