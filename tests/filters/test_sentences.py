import re

import pytest

from blackbox_kd.filters.sentences import mid_sentence

TEXTS = {
    "en": (
        "Photosynthesis turns light into chemical energy, and it takes place in the leaves of plants. The "
        "process has two stages. In the first, light splits water; in the second, that energy is used to build "
        "sugars from the air.\n\nWithout it there would be little oxygen, and most food chains would soon "
        "collapse. Few doubt that."
    ),
    "de": (
        "Der Ausbau der erneuerbaren Energien kommt voran, doch fehlen in vielen Regionen die Leitungen. "
        "Außerdem schwankt die Erzeugung mit dem Wetter. Speicher können helfen, diese Schwankungen "
        "auszugleichen, aber sie kosten viel Geld. Fachleute fordern deshalb, zuerst die Netze zu verstärken."
    ),
    "fr": (
        "Le roi convoqua les États généraux pour obtenir de nouveaux impôts, mais les députés se proclamèrent "
        "bientôt Assemblée nationale. Quelques semaines plus tard, ils abolirent les privilèges. Ces textes ont "
        "inspiré de nombreux mouvements dans le monde entier, et ils restent au cœur du droit."
    ),
    "es": (
        "En las zonas costeras, la subida del nivel del mar amenaza a millones de personas, mientras que en el "
        "interior las sequías son más largas. Algunas soluciones ya existen. El riego por goteo ahorra agua, y "
        "las variedades resistentes soportan mejor el calor."
    ),
    "pt": (
        "A língua nasceu no noroeste da península e espalhou-se pelo mundo com as viagens marítimas dos "
        "navegadores. Hoje, a maioria dos falantes vive no Brasil. Apesar das diferenças de pronúncia, as "
        "variantes compreendem-se bem."
    ),
    "ru": (
        "Байкал считается самым глубоким озером в мире, а его возраст оценивают в двадцать пять миллионов лет. "
        "Вода в нём прозрачна. Учёные до сих пор спорят о том, как сюда попала нерпа, ведь до моря отсюда тысячи "
        "километров."
    ),
    "zh": (
        "人工智能正在改变我们的生活方式。从语音助手到自动驾驶，机器学习技术已经应用在许多领域。与传统程序不同，这"
        "些系统不是由人编写规则，而是从大量数据中学习规律。训练大型模型需要消耗大量电力，而且数据中的偏见可能会被"
        "放大。"
    ),
    "ja": (
        "日本の四季は、はっきりとした違いがあることで知られています。春には桜が咲き、多くの人が花見を楽しみます。"
        "夏は蒸し暑く、各地で祭りや花火大会が開かれます。秋になると山々が紅葉に染まり、冬には北の地方で雪が深く積"
        "もります。"
    ),
}
LIST = """There are three things to do:

1. **Plan your meals.** Write a menu for the week, and buy only what you need.
2. **Store food properly.** Keep bread in the freezer, so that it lasts longer.
3. **Use leftovers.** Yesterday's rice makes excellent fried rice, if you add an egg."""
BOUNDARY = re.compile(r"(?:[.!?。:]|\n)[*\s]*\Z")  # nobody could tell


def share(text: str, first: int) -> float:
    places = [at for at in range(first, len(text)) if not BOUNDARY.search(text[:at])]
    return sum(mid_sentence(text[:at]) for at in places) / len(places)


def test_prose_that_breaks_off_is_seen_nearly_anywhere() -> None:
    shares = [share(text, len(text) // 2) for text in TEXTS.values()]
    assert sum(shares) / len(shares) >= 0.98
    assert min(shares) >= 0.94  # the first word of a paragraph alone may be a name


@pytest.mark.parametrize("language", TEXTS)
def test_prose_that_ends_is_whole(language: str) -> None:
    assert not mid_sentence(TEXTS[language])


def test_a_list_that_breaks_off_is_seen_nearly_anywhere() -> None:
    assert share(LIST, len(LIST) // 2) >= 0.95
    assert not mid_sentence(LIST)


@pytest.mark.parametrize(
    "text",
    [
        "It is one of the best known works of",
        "The towns are Paris, Lyon, Lille, and",
        "The lines are short here. But\neach goes on where the one\nbefore it has stopped, and th",
        "There are many reasons for this, (",
        "- One thing is sure.\n- Another thing is not.\n- A third",
        "- **Speed**: it is fast\n- **Size**: it is small\n- **Pr",
        "First it rained all day. Then it sto",
        "We know what to do.\n\n## Next steps",
        "1. Buy bread.\n2. Buy milk.\n3",
        "The first paragraph ends here, as it should.\n\nThe second",
        "I saw him on Monday, and he said that he would come to the meeting on Friday, whatever the weather is by",
    ],
)
def test_what_asks_for_more_is_cut(text: str) -> None:
    assert mid_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "The capital of France is Paris",
        "Why Remote Work Is Here to Stay: Lessons from Five Years of Experiments",
        "A small brown dog running across a green field",
        "SELECT name FROM users WHERE age > 30 ORDER BY name",
        "def add(a, b):\n    return a + b",
        "- Milk\n- Eggs\n- Bread",
        "Pros:\n- Cheap to run and easy to install\n- Works offline\n\nCons:\n- Slower than the rest\n- No old phones",
        "Roses are red,\nViolets are blue,\nSugar is sweet,\nAnd so are you",
        "Dear Ann,\n\nThanks for your mail. I will be there at noon.\n\nBest wishes,\nJohn Smith",
        "Dear Mum, the trenches are wet but I am well. Your loving son, Claude",
        "Cats and fish are fine. Dogs are not.\n\nBest, Mr. Hwang",
        "小林：\n\n谢谢你的邀请。很抱歉，那天我要出差。\n\n阿杰",
        "See the documentation at https://example.com/docs/start",
        "Write to info@example.com",
        "“The only thing we have to fear is fear itself” — Franklin D. Roosevelt",
        "Er sagte: „Das kann ich nicht tun.“",
        "东京是日本的首都",
        "日本の首都は東京です",
        "บางกอกเป็นเมืองหลวงของประเทศไทยและมีประชากรมากที่สุดในประเทศ มีแม่น้ำไหลผ่านกลางเมือง",
        "Let me know if you need anything else :(",
        "sorry i cant help you hack into an account. thats illegal and against their privacy",
        "Name: John\nAge: 30\nCity: Berlin",
        "We add 3 and 4. The total is 7",
        "Great job! 🎉",
        "server:\n  port: 8080\n  host: localhost",
    ],
)
def test_whole_answers_may_end_without_a_full_stop(text: str) -> None:
    assert not mid_sentence(text)


@pytest.mark.parametrize(
    "text",
    ["x," + "A" * 3900 + " b", "-A" * 1900 + " b", "a-a " * 900 + "b: c", "x" * 60 + " - x" * 900, "a." * 1900 + "b"],
)
def test_a_hostile_ending_is_read_at_once(text: str) -> None:
    assert mid_sentence(text) in (True, False)
