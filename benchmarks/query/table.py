"""The results as a Markdown table: medians, one row an arm, every column, also where another is ahead."""

import statistics
from typing import Any

from benchmarks.query.arms import ARMS, HEADED, KILLED, LIMITED, PLAIN

Rows = list[dict[str, Any]]
COLUMNS = (
    "",
    "version",
    "CPU ms a row",
    "rows a second",
    "peak MB",
    "paid twice after kill -9 at half and a rerun",
    "rows lost then",
    "50 a second: s / 429s / rows lost",
    "the same with rate headers",
)


def table(results: Rows) -> str:
    """All that was measured, and on what."""
    lines = [line(COLUMNS), "|" + "---|" * len(COLUMNS)]
    for arm in ARMS:
        mine = [row for row in results if row["label"] == arm.label]
        if mine:
            cells = (*plain(of(mine, PLAIN)), *killed(of(mine, KILLED)), limited(of(mine, LIMITED)))
            lines.append(line((named(mine[0]), mine[0]["version"], *cells, limited(of(mine, HEADED)))))
    return "\n".join([*lines, "", *(f"- {text}" for text in facts(results))]) + "\n"


def line(cells: tuple[str, ...]) -> str:
    """One line of the table."""
    return f"| {' | '.join(cells)} |"


def named(row: dict[str, Any]) -> str:
    """The arm's label and what must be known of it."""
    return f"{row['label']} ({row['note']})" if row["note"] else str(row["label"])


def of(rows: Rows, mode: str) -> Rows:
    """The rows of one mode."""
    return [row for row in rows if row["mode"] == mode]


def plain(rows: Rows) -> tuple[str, str, str]:
    """CPU a row, rows a second and memory, each the median of the repeats."""
    if not rows:
        return "", "", ""
    cpu = statistics.median(1000 * row["cpu_s"] / row["count"] for row in rows)
    rate = statistics.median(row["count"] / row["seconds"] for row in rows)
    lost = max(row["rows_lost"] for row in rows)
    return f"{cpu:.2f}", f"{rate:.0f}" + (f" ({lost} lost)" if lost else ""), f"{statistics.median(peaks(rows)):.0f}"


def peaks(rows: Rows) -> list[float]:
    """The peak of each repeat, in MB."""
    return [row["peak_mb"] for row in rows]


def killed(rows: Rows) -> tuple[str, str]:
    """Calls billed more than once, and rows without an answer, after the second run."""
    if not rows:
        return "", ""
    twice = statistics.median(row["paid_twice"] for row in rows)
    lost = statistics.median(row["rows_lost"] for row in rows)
    return f"{twice:.0f}{ended(rows)}", f"{lost:.0f}"


def limited(rows: Rows) -> str:
    """Seconds, share of 429s in all requests, rows without an answer."""
    if not rows:
        return ""
    seconds = statistics.median(row["seconds"] for row in rows)
    share = statistics.median(row["throttled"] / max(1, row["requests"]) for row in rows)
    lost = statistics.median(row["rows_lost"] for row in rows)
    return f"{seconds:.0f} / {100 * share:.1f} % / {lost:.0f}{ended(rows)}"


def ended(rows: Rows) -> str:
    """What must be said where a command did not end by itself, or not well."""
    codes = sorted({row["code"] for row in rows} - {0}, key=str)
    return "".join(" (stopped at the time limit)" if code is None else f" (exit {code})" for code in codes)


def facts(results: Rows) -> list[str]:
    """Date, machine, load and number of repeats."""
    said = ["paid twice: of the calls in flight at the kill, up to 64, nobody can know"]
    said += [f"{len(results)} runs", "dates " + ", ".join(sorted({row["date"] for row in results}))]
    said += sorted({row["machine"] for row in results})
    if of(results, PLAIN):
        loads = [row["load"] for row in results]
        said.append(f"load average {min(loads):.1f} to {max(loads):.1f}")
        once = [sum(row["label"] == label for row in of(results, PLAIN)) for label in sorted(labels(results))]
        times = f"{min(once)}" if min(once) == max(once) else f"{min(once)} to {max(once)}"
        said.append(f"CPU, rate and memory are medians of {times} runs an arm; the other columns are of one run")
    return said


def labels(results: Rows) -> set[str]:
    """The arms that were measured."""
    return {row["label"] for row in of(results, PLAIN)}
