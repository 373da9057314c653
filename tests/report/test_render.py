import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.measures import Arm, Measured
from blackbox_kd.report.card import card
from blackbox_kd.report.data import Answers, Count, Fact, RejectedRow, ReportData
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
def page(data: ReportData) -> str:
    """The page of a whole run."""
    return html(data)


@pytest.fixture(scope="session")
def elements(page: str) -> set[str]:
    """What a page of harmless texts is made of."""
    return Page(page).elements


def hostile_measured(measured: Measured, text: str) -> Measured:
    """What an evaluation found, its names and notes replaced."""
    whole, judged = measured.arms[0].whole, measured.judged
    assert judged
    named = Arm(name=text, whole=msgspec.structs.replace(whole, metrics={text: whole.accuracy}), slices={text: whole})
    turned = [msgspec.structs.replace(one, slices={text: one.whole}) for one in measured.arms if one.name != "gold"][
        -3:
    ]
    return msgspec.structs.replace(
        measured,
        metric=text,
        student=text,
        arms=(*turned, named),
        comparisons=(*measured.comparisons, msgspec.structs.replace(measured.comparisons[0], arm=text, against=text)),
        curve=(),  # its chart and that of the coverage show no foreign text, and take their time
        coverage=(),
        gaps={"student": msgspec.structs.replace(measured.gaps["student"], value=None, undefined=text)},
        judged=msgspec.structs.replace(judged, judge=text, against=text),
        power=text,
        notes=(text,),
    )


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
        loss=(),
        funnel=(Count(name=text, count=3),),
        measured=hostile_measured(data.measured, text),
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


def test_the_same_data_gives_the_same_bytes(data: ReportData, page: str) -> None:
    again = msgspec.json.decode(msgspec.json.encode(data), type=ReportData)
    assert [html(again), markdown(again), card(again)] == [page, markdown(data), card(data)]


def test_the_order_of_a_files_keys_plays_no_part(data: ReportData, page: str) -> None:
    arms = tuple(
        msgspec.structs.replace(
            arm,
            slices=dict(reversed(arm.slices.items())),
            whole=msgspec.structs.replace(arm.whole, metrics=dict(reversed(arm.whole.metrics.items()))),
        )
        for arm in data.measured.arms
    )
    measured = data.measured
    turned = msgspec.structs.replace(measured, arms=arms, curve=measured.curve[::-1], coverage=measured.coverage[::-1])
    assert html(msgspec.structs.replace(data, measured=turned)) == page


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    found = Page(page)
    assert not {"script", "link", "iframe", "img", "object", "form"} & found.elements
    assert all(address.startswith("#") for address in found.addresses)
    assert not re.search(r"@import|url\((?!#)|https?://", page)


def test_the_page_forbids_what_it_does_not_need(page: str) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


def test_the_page_shows_every_part(page: str) -> None:
    words = "".join(Page(page).words)
    for part in ("72 to 88", "Task or format", "LLM-as-a-judge", "What was forgotten", "Planted faults", "t-0007"):
        assert part in words
    for part in ("refusal: starts", "1.71 USD", "ab" * 32, "Learning rate"):
        assert part in words


@pytest.mark.parametrize("render", [html, markdown])
def test_a_simulated_teacher_is_announced(render: Callable[[ReportData], str], bare: ReportData) -> None:
    assert "The teacher was SIMULATED" in render(msgspec.structs.replace(bare, simulated=True))
    assert "SIMULATED" not in render(bare)


@pytest.mark.parametrize("render", [html, markdown])
def test_a_run_of_which_nothing_is_known_has_a_report(render: Callable[[ReportData], str], bare: ReportData) -> None:
    assert "nothing is known" in render(bare)


@pytest.mark.parametrize("render", [html, markdown])
def test_a_run_without_a_task_names_none(render: Callable[[ReportData], str], bare: ReportData) -> None:
    taught = msgspec.structs.replace(bare, teachers=("openai/sim-large",))
    assert "distilled from openai/sim-large on the task own." in render(taught)
    assert "distilled from openai/sim-large." in render(msgspec.structs.replace(taught, task=""))


@pytest.mark.parametrize("render", [html, markdown])
def test_without_a_reference_an_answer_is_the_same_or_different(
    render: Callable[[ReportData], str], bare: ReportData
) -> None:
    one = Answers(prompt_id="p", prompt="?", student="a", base="b", student_score=1.0, base_score=0.0)
    page = render(msgspec.structs.replace(bare, examples=(one,)))
    assert re.search(r"\bsame\b", page)
    assert re.search(r"\bdifferent\b", page)
    assert not re.search(r"\b(right|wrong)[)<]", page)


@pytest.mark.parametrize("render", [html, markdown, card])
def test_a_student_that_the_run_did_not_train_is_not_said_to_be_distilled(
    render: Callable[[ReportData], str], bare: ReportData
) -> None:
    text = render(msgspec.structs.replace(bare, foreign=True, student="served-model"))
    assert "served-model" in text
    assert not re.search(r"distilled from|fine-tuned on|How it was made", text)


@pytest.mark.parametrize("render", [html, markdown])
def test_settings_are_not_cut(render: Callable[[ReportData], str], bare: ReportData) -> None:
    fact = Fact(key="settings: train", value="a = 1\n" + "x" * 5000)
    assert "x" * 5000 in render(msgspec.structs.replace(bare, provenance=(fact,)))


def test_what_may_be_paid_twice_is_told(data: ReportData, page: str) -> None:
    assert "query: 1 request perhaps paid twice: connection or process lost" in page
    assert "query: 1 request perhaps paid twice: connection or process lost" in markdown(data)


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


@settings(max_examples=5, deadline=None)
@given(st.text(st.characters() | st.sampled_from("<>&\"'`|\x1b\u202e\n"), min_size=1))
def test_no_text_adds_an_element_or_a_control(data: ReportData, elements: set[str], text: str) -> None:
    page = html(hostile(data, text))
    assert Page(page).elements <= elements
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page + markdown(hostile(data, text))
    )
