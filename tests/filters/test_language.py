from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Given, Measured
from blackbox_kd.filters.language import Language
from blackbox_kd.records import Completion, Message

ENGLISH = "Please sum up what happened in the meeting yesterday, in two or three sentences."
ANSWERS = {
    "en": "The team agreed to move the launch to March because two of the suppliers are late.",
    "de": "Das Team hat beschlossen, den Start in den März zu verlegen, weil zwei Lieferanten zu spät sind.",
    "fr": "L'équipe a décidé de reporter le lancement au mois de mars parce que deux fournisseurs sont en retard.",
    "es": "El equipo decidió aplazar el lanzamiento hasta marzo porque dos de los proveedores van con retraso.",
    "it": "La squadra ha deciso di spostare il lancio a marzo perché due dei fornitori sono in ritardo.",
    "nl": "Het team heeft besloten de lancering naar maart te verplaatsen omdat twee leveranciers te laat zijn.",
    "pl": "Zespół postanowił przenieść premierę na marzec, ponieważ dwóch dostawców się spóźnia.",
    "ru": "Команда решила перенести запуск на март, потому что два поставщика опаздывают.",
    "tr": "Ekip, iki tedarikçi geciktiği için lansmanı mart ayına ertelemeye karar verdi.",
    "ja": "二つの業者が遅れているため、チームは発売を三月に延期することに決めました。",
    "ko": "공급업체 두 곳이 늦어지고 있어서 팀은 출시를 삼월로 미루기로 결정했습니다.",
    "zh": "由于两家供应商延误，团队决定把发布时间推迟到三月份，大家都同意了这个安排。",
    "ar": "قرر الفريق تأجيل الإطلاق إلى شهر مارس لأن اثنين من الموردين تأخرا عن الموعد.",
}
SHORT = [
    "42", "Paris.", "Yes.", "No", "O(n log n)", "billing", "N/A", "B", "true", "3.14", "Voilà!", "Ja.", "Bundesliga",
    "positive; negative; neutral", "C'est la vie", "Schadenfreude", "x = 3", "Johann Wolfgang Goethe, Heinrich Heine",
    "Czesław Miłosz, Haruki Murakami", "- São Paulo\n- Rio de Janeiro\n- Belo Horizonte", "Escherichia coli", "München",
    "https://de.wikipedia.org/wiki/Deutsche_Sprache_und_Literatur", "ACGTACGTAACCGGTT", "e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6",
    '{"name": "Der Zauberberg", "verfasser": "Thomas Mann, in München geschrieben"}',
    "```python\n# die Summe der ersten zehn Zahlen wird hier berechnet\nprint(sum(range(10)))\n```",
    "def hinzufügen(wert):\n    return wert + liste[0] * größe(wert)",
]  # fmt: skip


@pytest.mark.parametrize("code", ANSWERS)
def test_the_prompts_own_language_passes(code: str, completion: Callable[..., Completion]) -> None:
    verdict = Language().check(completion(ANSWERS[code], f"{ANSWERS[code]} {ANSWERS[code]}"))
    assert (verdict.kept, verdict.value) == (True, code)


@pytest.mark.parametrize("code", [code for code in ANSWERS if code != "en"])
def test_an_answer_in_another_language_than_its_prompt_is_rejected(
    code: str, completion: Callable[..., Completion]
) -> None:
    verdict = Language().check(completion(ANSWERS[code], ENGLISH))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "other_language", f"en>{code}")
    assert Language().decide(Measured(verdict.value, verdict.span)) == verdict


@pytest.mark.parametrize("text", SHORT)
def test_short_answers_code_and_names_are_not_judged(text: str, completion: Callable[..., Completion]) -> None:
    assert Language().check(completion(text, ENGLISH)).value == ""
    assert Language(expected=("en",)).check(completion(text)).kept


@pytest.mark.parametrize(
    "prompt",
    [
        f"Translate into German: {ANSWERS['en']}",
        "Wie sagt man das auf Deutsch? Explain it, and tell me how one says so in Germany.",
        f"Answer in the language of the text that follows, please.\n\n{ANSWERS['de']}",
        "What would a German say about this, in his own words and at some length?",
        f"Sum up the text below in one sentence.\n{ANSWERS['de'] * 2}",
        "Sum it up.",
    ],
)
def test_a_prompt_that_leaves_the_language_open_rejects_none(
    prompt: str, completion: Callable[..., Completion]
) -> None:
    assert Language().check(completion(ANSWERS["de"], prompt)).kept


def test_an_earlier_turn_may_have_set_the_language(completion: Callable[..., Completion]) -> None:
    turns = (Message(role="system", content=ANSWERS["de"]), Message(role="user", content=ENGLISH))
    assert Language().check(completion(ANSWERS["de"], messages=turns)).kept
    assert not Language().check(completion(ANSWERS["fr"], messages=turns)).kept


def test_an_expected_language_is_held_to_whatever_the_prompt_says(completion: Callable[..., Completion]) -> None:
    rule = Language(expected=("de", "fr"))
    assert rule.check(completion(ANSWERS["fr"], ENGLISH)).kept
    verdict = rule.check(completion(ANSWERS["en"], ENGLISH))
    assert (verdict.kept, verdict.reason, verdict.value) == (False, "other_language", "en")
    assert rule.decide(Measured(verdict.value, verdict.span)) == verdict


def test_code_beside_prose_is_set_aside(completion: Callable[..., Completion]) -> None:
    code = "```\nden Start in den März verlegen und zwei Lieferanten anrufen\n```\n"
    assert Language(expected=("en",)).check(completion(f"{ANSWERS['en']}\n{ANSWERS['en']}\n{code}")).value == "en"


def test_languages_that_cannot_be_told_apart_are_one(completion: Callable[..., Completion]) -> None:
    text = "Tim je odlučio premjestiti lansiranje u ožujak jer dva dobavljača kasne s isporukom."
    assert Language(expected=("sr",)).check(completion(text)).kept
    assert not Language(expected=("sl",)).check(completion(text)).kept


def test_a_language_that_is_not_known_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"filter\.language\.expected: 'qq'"):
        Language(expected=("qq",)).measurer(Given())


def test_it_is_off_unless_asked_for() -> None:
    assert not Language.on


@settings(max_examples=50)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_is_too_strange(completion: Callable[..., Completion], text: str, prompt: str) -> None:
    verdict = Language(min_letters=1).check(completion(text, prompt))
    assert Language().decide(Measured(verdict.value, verdict.span)) == verdict
    assert verdict.kept == (">" not in str(verdict.value))
