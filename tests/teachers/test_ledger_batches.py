import subprocess
import sys
from pathlib import Path

import pytest

from blackbox_kd.teachers.ledger import ClaimedElsewhere, Ledger, Paid, Stored, open_ledger

ROWS = [("a", b"{}", 5), ("b", b"{}", 6)]
RESERVE = """
import asyncio, os, signal, sys
from pathlib import Path
from blackbox_kd.teachers.ledger import open_ledger
async def main():
    with open_ledger(Path(sys.argv[1])) as ledger:
        await ledger.reserve_batch("f", "openai/m", [("a", b"{}", 5), ("b", b"{}", 6)])
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


async def reserved(ledger: Ledger, fingerprint: str = "f") -> dict[str, int]:
    """A batch of the two rows, reserved."""
    numbers = await ledger.reserve_batch(fingerprint, "openai/m", ROWS)
    return dict(zip(("a", "b"), numbers, strict=True))


async def test_a_batch_is_known_from_its_reservation_to_its_end(path: Path) -> None:
    with open_ledger(path) as ledger:
        numbers = await reserved(ledger)
        (one,) = ledger.batches()
        assert (one.fingerprint, one.label, one.state, one.remote_id) == ("f", "openai/m", "reserved", "")
        await ledger.batch_sent("f", "batch_1", "file_1")
        assert [(one.state, one.remote_id, one.detail) for one in ledger.batches()] == [("sent", "batch_1", "file_1")]
        assert ledger.batch_attempts("f") == numbers
        await ledger.store(numbers["a"], 200, {}, b"raw")
        assert ledger.batch_attempts("f") == {"b": numbers["b"]}
        assert await ledger.close_batch("f", "done") == 1
        assert (ledger.batches(), ledger.batches(open_only=False)[0].state) == ([], "done")
        assert (ledger.lookup("a"), ledger.paid("a")) == (Stored(b"raw", 5, True), [Paid(b"raw", True, 5)])
        assert (ledger.history("a").batch, ledger.history("b").code) == (True, "batch_done")
        assert ledger.paid("b") == []  # it was never billed


def test_row_1_a_batch_outlives_the_process_that_sent_it(path: Path) -> None:
    subprocess.run([sys.executable, "-c", RESERVE, str(path)], check=False, timeout=30)
    with open_ledger(path) as ledger:
        assert sorted(ledger.batch_attempts("f")) == ["a", "b"]
        assert ledger.ambiguous() == 0


async def test_rows_of_an_open_batch_are_neither_asked_singly_nor_in_another_batch(path: Path) -> None:
    with open_ledger(path) as ledger:
        await reserved(ledger)
        with pytest.raises(ClaimedElsewhere, match="in batch f, which is open"):
            await ledger.claim("a", "openai/m", b"{}", 5)
        with pytest.raises(ClaimedElsewhere) as caught:
            await ledger.reserve_batch("g", "openai/m", [("c", b"{}", 5), *ROWS])
        assert caught.value.keys == ("a", "b")
        assert (ledger.attempts("c"), len(ledger.batches())) == ([], 1)  # all or nothing


async def test_a_fingerprint_is_reserved_once_until_it_is_closed(path: Path) -> None:
    with open_ledger(path) as ledger:
        await reserved(ledger)
        with pytest.raises(ClaimedElsewhere, match="in batch f"):
            await reserved(ledger)
        await ledger.close_batch("f", "failed")
        numbers = await reserved(ledger)
        assert ledger.batch_attempts("f") == numbers
        assert [one.state for one in ledger.batches()] == ["reserved"]


async def test_a_batch_whose_fate_is_unknown_was_perhaps_paid(path: Path) -> None:
    with open_ledger(path) as ledger:
        await reserved(ledger)
        assert await ledger.close_batch("f", "abandoned", ambiguous=True) == 2
        assert (ledger.ambiguous(), ledger.paid("b")) == (2, [Paid(None, True, 6)])


async def test_rows_in_flight_in_another_process_are_not_put_into_a_batch(path: Path) -> None:
    with open_ledger(path) as ledger, open_ledger(path) as other:
        await other.claim("b", "openai/m", b"{}", 6)
        with pytest.raises(ClaimedElsewhere, match="in flight in pid") as caught:
            await reserved(ledger)
        assert (caught.value.keys, ledger.batches()) == (("b",), [])


async def test_any_process_may_bring_in_what_a_batch_brought(path: Path) -> None:
    with open_ledger(path) as ledger:
        numbers = await reserved(ledger)
    with open_ledger(path) as ledger:
        await ledger.store(numbers["b"], 200, {}, b"raw")
        assert ledger.lookup("b") == Stored(b"raw", 6, True)
