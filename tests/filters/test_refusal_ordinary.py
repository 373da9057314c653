"""Answers that are no refusals, and do not look like any, pass in every language."""

from collections.abc import Callable

import pytest

from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.records import Completion

ANSWERS = [
    "Der Rhein entspringt in den Schweizer Alpen und mündet in die Nordsee.",
    "Die Anwendung speichert ihre Einstellungen in einer Datei im Verzeichnis des Benutzers.",
    "Wasser dehnt sich beim Gefrieren aus, deshalb platzen im Winter manchmal Rohre.",
    "Diese Option gibt an, wie viele Zeilen höchstens ausgegeben werden.",
    "La Loire est le plus long fleuve de France ; elle se jette dans l'Atlantique.",
    "Cette commande affiche la liste des paquets installés, un par ligne.",
    "Les abeilles communiquent par une danse qui indique la direction des fleurs.",
    "Le fichier de configuration doit se trouver dans le répertoire personnel.",
    "El Amazonas nace en los Andes del Perú y desemboca en el Atlántico.",
    "Esta opción muestra el tamaño de cada archivo en bytes.",
    "Las hojas cambian de color en otoño porque pierden la clorofila.",
    "O programa grava o registro em um arquivo de texto na pasta escolhida.",
    "As marés são causadas pela atração da Lua e do Sol.",
    "Esta opção define o número máximo de linhas a imprimir.",
    "Волга впадает в Каспийское море.",
    "Программа сохраняет настройки в файле, который лежит в домашнем каталоге.",
    "Осенью листья желтеют, потому что разрушается хлорофилл.",
    "长江是中国最长的河流，发源于青藏高原。",
    "该选项指定输出的最大行数，默认值为一百。",
    "秋天树叶变黄，是因为叶绿素分解了。",
    "信濃川は日本で一番長い川です。",
    "このオプションは、出力する最大の行数を指定します。",
    "設定はホームディレクトリのファイルに保存されます。",
    "The Danube flows through ten countries before it reaches the Black Sea.",
]


@pytest.mark.parametrize("text", ANSWERS)
def test_an_ordinary_answer_is_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).kept
