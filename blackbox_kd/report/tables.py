"""What a report is made of, and the tables of data and training; an empty table is not shown."""

from collections.abc import Sequence

import msgspec

from blackbox_kd.report.data import CLEAN, NoiseRecall, ReportData
from blackbox_kd.report.words import number, percent


class Table(msgspec.Struct, frozen=True):
    """A header and its rows, all of one width; `numeric` columns come after the first and are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: bool = True
    caption: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One question about the student: its answer in sentences, then tables, and the name of a chart."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    chart: str = ""


def filled(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str = "", numeric: bool = True) -> Table:
    """A table without the columns in which no row has anything."""
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] for row in rows)]
    narrow = tuple(tuple(row[i] for i in kept) for row in rows)
    return Table(tuple(head[i] for i in kept), narrow, numeric, caption)


def funnel(data: ReportData) -> Table:
    """How many rows each step had or lost."""
    return Table(
        ("Step", "Rows"), tuple((c.name, f"-{number(c.count)}" if c.lost else number(c.count)) for c in data.funnel)
    )


def noise(data: ReportData) -> Table:
    """What became of the faults that the simulated teacher planted."""
    rows = [(r.kind, number(r.planted), number(r.rejected), *recall(r)) for r in data.noise]
    return Table(("Planted in the answer", "Answers", "Rejected", "Recall", "False alarms"), tuple(rows))


def recall(of: NoiseRecall) -> tuple[str, str]:
    """The share rejected, (of a fault, of clean answers): one of the two is empty."""
    if not of.planted:
        return "none planted", ""
    share = percent(of.rejected / of.planted)
    return ("", share) if of.kind == CLEAN else (share, "")


def training(data: ReportData) -> Table:
    """How the student was trained, and how well it predicts the validation rows."""
    rows = [(fact.key, fact.value) for fact in data.training]
    if data.validation_nll is not None:
        rows.append(("Validation loss", f"{data.validation_nll:.4f} nats a completion token"))
    return Table(("Training", ""), tuple(rows), numeric=False)
