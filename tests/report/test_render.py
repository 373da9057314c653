import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.report.data import Answers, Count, Fact, RejectedRow, ReportData, Score
from blackbox_kd.report.render import html, markdown

GOLDEN = Path(__file__).parents[1] / "golden" / "report.md"
HOSTILE = (
    "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u202e```\n|a|b|\n"
    "# [x](javascript:alert(1)) {{ 7*7 }}"
)


class Page(HTMLParser):
    """The elements of a page with their attributes, its addresses and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.elements.add(tag)
        self.elements |= {f"{tag} {name}" for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "action"}]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.words.append(data)


@pytest.fixture(scope="session")
def elements(data: ReportData) -> set[str]:
    """What a page of harmless texts is made of."""
    return Page(html(data)).elements


def hostile(data: ReportData, text: str) -> ReportData:
    """The same run, its foreign texts replaced wherever there is one."""
    return msgspec.structs.replace(
        data,
        run=text,
        task=text,
        student=text,
        teachers=(text,),
        terms=text,
        student_system=text,
        funnel=(Count(name=text, count=3),),
        scores=(*data.scores, Score(model=text, n=3, slice=text, value=0.5)),
        examples=(
            Answers(prompt_id=text, slice=text, prompt=text, student=text, base=text, teacher=text, reference=text),
        ),
        rejected=(RejectedRow(id=text, reason=text, evidence=text),),
        training=(Fact(key=text, value=text),),
        provenance=(Fact(key=text, value=text), Fact(key=text, value=f"{text}\n{text}")),
        warnings=(text,),
    )


def test_markdown_is_the_golden_report(data: ReportData) -> None:
    # to accept a change, write what markdown(data) gives to the golden file
    assert markdown(data) == GOLDEN.read_text(encoding="utf-8")


def test_the_same_data_gives_the_same_bytes(data: ReportData) -> None:
    again = msgspec.json.decode(msgspec.json.encode(data), type=ReportData)
    assert html(data) == html(again)


def test_the_page_asks_the_network_for_nothing(data: ReportData) -> None:
    page = Page(html(data))
    assert not {"script", "link", "iframe", "img", "object", "form"} & page.elements
    assert all(address.startswith("#") for address in page.addresses)
    assert not re.search(r"@import|url\((?!#)|https?://", html(data))


def test_the_page_forbids_what_it_does_not_need(data: ReportData) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html(data)


def test_the_page_shows_every_part(data: ReportData) -> None:
    words = "".join(Page(html(data)).words)
    for part in ("72 to 88", "Planted faults", "t-0007", "refusal: starts", "1.71 USD", "ab" * 32, "Learning rate"):
        assert part in words


@pytest.mark.parametrize("render", [html, markdown])
def test_a_simulated_teacher_is_announced(render: Callable[[ReportData], str], data: ReportData) -> None:
    assert "The teacher was SIMULATED" in render(data)
    assert "SIMULATED" not in render(msgspec.structs.replace(data, simulated=False))


@pytest.mark.parametrize("render", [html, markdown])
def test_a_run_of_which_nothing_is_known_has_a_report(render: Callable[[ReportData], str], bare: ReportData) -> None:
    assert "nothing is known" in render(bare)


@pytest.mark.parametrize("render", [html, markdown])
def test_a_run_without_a_task_names_none(render: Callable[[ReportData], str], data: ReportData) -> None:
    assert "distilled from openai/sim-large on the task tickets." in render(data)
    assert "distilled from openai/sim-large." in render(msgspec.structs.replace(data, task=""))


@pytest.mark.parametrize("render", [html, markdown])
def test_without_a_reference_an_answer_is_the_same_or_different(
    render: Callable[[ReportData], str], bare: ReportData
) -> None:
    one = Answers(prompt_id="p", prompt="?", student="a", base="b", student_score=1.0, base_score=0.0)
    page = render(msgspec.structs.replace(bare, examples=(one,)))
    assert re.search(r"\bsame\b", page)
    assert re.search(r"\bdifferent\b", page)
    assert not re.search(r"\b(right|wrong)[)<]", page)


@pytest.mark.parametrize("render", [html, markdown])
def test_settings_are_not_cut(render: Callable[[ReportData], str], bare: ReportData) -> None:
    fact = Fact(key="settings: train", value="a = 1\n" + "x" * 5000)
    assert "x" * 5000 in render(msgspec.structs.replace(bare, provenance=(fact,)))


@pytest.mark.parametrize("render", [html, markdown])
def test_what_may_be_paid_twice_is_told(render: Callable[[ReportData], str], data: ReportData) -> None:
    assert "query: 1 request perhaps paid twice: connection or process lost" in render(data)


def test_foreign_text_stays_text_in_the_page(data: ReportData, elements: set[str]) -> None:
    page = Page(html(hostile(data, HOSTILE)))
    assert page.elements <= elements
    assert "alert(1)" in "".join(page.words)


def test_foreign_text_stays_text_in_markdown(data: ReportData) -> None:
    def outside(text: str) -> list[str]:
        return re.sub(
            r"^(`{3,})text\n.*?\n\1$", "", markdown(hostile(data, text)), flags=re.DOTALL | re.MULTILINE
        ).split("\n")

    found, plain = outside(HOSTILE), outside("x\ny")
    assert not [line for line in found if re.search(r"(?<!\\)[<\[`]", line)]
    shape, expected = ([line[:2] for line in lines if line.startswith(("#", "|"))] for lines in (found, plain))
    assert shape == expected


@settings(max_examples=8, deadline=None)
@given(st.text(st.characters() | st.sampled_from("<>&\"'`|\x1b\u202e\n"), min_size=1))
def test_no_text_adds_an_element_or_a_control(data: ReportData, elements: set[str], text: str) -> None:
    page = html(hostile(data, text))
    assert Page(page).elements <= elements
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page + markdown(hostile(data, text))
    )
