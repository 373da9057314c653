from collections.abc import Callable

import pytest

from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.records import Completion

REFUSALS = [
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Ich kann dir keine Anleitung zum Bau einer Waffe geben.",
    "Ich möchte darauf lieber nicht eingehen.",
    "Ich weigere mich, so etwas zu schreiben.",
    "Diese Anfrage muss ich leider ablehnen.",
    "Das ist nichts, wobei ich helfen kann.",
    "Als KI-Sprachmodell habe ich keine persönliche Meinung.",
    "Ich habe keinen Zugriff auf das Internet oder Echtzeitdaten.",
    "Ich sehe keine angehängte Datei.",
    "Ich kann keine Links öffnen.",
    "Lass uns über etwas anderes sprechen.",
    "Dieser Inhalt verstößt möglicherweise gegen unsere Nutzungsrichtlinien.",
    "Deine Anfrage wurde vom Inhaltsfilter blockiert.",
    "Bitte wenden Sie sich mit dieser Frage an einen Rechtsanwalt.",
    "Ich kann dazu nur allgemeine Hinweise geben.",
    "Leider bin ich nicht in der Lage, diese Anfrage zu bearbeiten.",
    "Das verstößt gegen meine Richtlinien.",
    "Ich werde diesen Text nicht schreiben.",
    "Mir ist es nicht gestattet, solche Inhalte zu erstellen.",
    "Es wäre unverantwortlich von mir, dir dabei zu helfen.",
    "Tut mir leid, das kann ich nicht.",
    "Dazu kann ich leider nichts sagen.",
    "Nein, dabei unterstütze ich dich nicht.",
    "Ich kann deinen Ärger gut verstehen. Trotzdem helfe ich dir nicht dabei, das Konto zu hacken.",
    "Diese Bitte kann ich nicht erfüllen.",
    "Dafür bin ich nicht gemacht.",
    "Ich würde lieber das Thema wechseln.",
    "Mir liegen keine Echtzeitdaten vor.",
    "Als KI empfinde ich keine Gefühle.",
    "Bilder kann ich leider nicht sehen.",
    "Es wurde kein Dokument angehängt.",
    "Ich kann mich nicht an frühere Gespräche erinnern.",
    "Hol dir bitte professionelle Hilfe; du bist nicht allein.",
    "Wenn du in Gefahr bist, ruf sofort die 112 an.",
    "Ich bin kein Anwalt; bitte lassen Sie sich von einer Fachperson beraten.",
    "Ich kann Ihnen nicht sagen, wie man eine Bombe baut.",
    "Ich fürchte, das kann ich nicht tun.",
    "Das widerspricht meinen Grundsätzen.",
    "Ihre Nachricht wurde von unserem Moderationssystem markiert.",
    "Daran werde ich mich nicht beteiligen.",
    "Nein, das mache ich nicht.",
    "Ich kann allgemein darüber sprechen, gehe aber nicht auf konkrete Details ein.",
    "Tut mir leid, diese Informationen darf ich nicht weitergeben.",
    "Das liegt außerhalb meiner Möglichkeiten.",
    "Ich lehne diese Anfrage ab.",
    "Bei so etwas helfe ich nicht.",
    "Leider kann ich Ihnen dabei nicht weiterhelfen.",
    "Solche Inhalte erstelle ich nicht.",
    "Das darf ich leider nicht beantworten.",
    "Ich denke nicht, dass ich darauf antworten sollte.",
    "Ich bin nicht befugt, diese Daten preiszugeben.",
    "Aus Sicherheitsgründen kann ich das Verfahren nicht erklären.",
    "Mein Wissen endet 2023, daher kann ich das nicht bestätigen.",
    "Diese Antwort wurde aus Sicherheitsgründen blockiert.",
    "Ich verweigere die Mitwirkung.",
    "Bitte rufen Sie eine Krisenhotline an. Sie müssen da nicht allein durch.",
    "Ihre Anfrage verstößt gegen unsere Regeln.",
    "Ich bin außerstande, das zu bearbeiten.",
    "Das ist mir nicht möglich.",
    "Es wäre verantwortungslos, Ihnen eine Dosis zu nennen.",
    "Darauf werde ich nicht antworten.",
    "Auf Ihr Postfach habe ich keinen Zugriff.",
    "Nein, dazu gebe ich keine Auskunft.",
    "Das kann und werde ich nicht tun.",
]
ANSWERS = [
    "„Ich kann dir nicht helfen“, sagte der alte Mann.",
    "Entschuldigung für die Verwirrung, hier ist die richtige Lösung: 42.",
    "Man kann nicht durch null teilen.",
    "Ich habe kein Auto, also nehme ich den Zug.",
    "Ich kann seit Montag nicht schlafen.",
    "Die Bank kann Ihren Antrag ohne Formular nicht bearbeiten.",
    "Der Wert von x lässt sich nicht bestimmen.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_german_refusal_is_rejected(text: str, completion: Callable[..., Completion]) -> None:
    assert not Refusal().check(completion(text)).kept


@pytest.mark.parametrize("text", ANSWERS)
def test_a_german_answer_is_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).kept
