import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import InputError, StorageFull
from blackbox_kd.teachers.ledger import GaveUp, Ledger, Paid, Stored, open_ledger

FULL_DISK = """
import asyncio, json, resource, signal, sys
from pathlib import Path
from blackbox_kd.errors import StorageFull
from blackbox_kd.teachers.ledger import open_ledger

async def fill(path):
    kept, why = [], []
    with open_ledger(path) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
        for number in range(100):
            try:
                attempt = await ledger.claim(f"k{number}", "openai/m", b"{}", 5)
                await ledger.store(attempt, 200, {}, b"x" * 20_000)
            except StorageFull as error:
                why.append(error.exit_code)
                if len(why) == 2:
                    break
                continue
            kept.append(f"k{number}")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps({"kept": kept, "why": why}))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(fill(Path(sys.argv[1])))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hidden" / "ledger.sqlite3"


async def bought(ledger: Ledger, key: str = "k", raw: bytes = b"raw", max_tokens: int = 5) -> None:
    """One call that brought a reply."""
    attempt = await ledger.claim(key, "openai/m", b'{"teacher": "own"}', max_tokens)
    await ledger.store(attempt, 200, {"x-request-id": "r1"}, raw)


def states(path: Path) -> list[tuple[str, str | None]]:
    """(state, code) of all attempts, in order."""
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT state, code FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


async def test_a_stored_reply_is_found_with_its_limit(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"\x00\xff raw", max_tokens=7)
        assert ledger.lookup("k") == Stored(b"\x00\xff raw", 7)
        assert ledger.lookup("another") is None


async def test_the_newest_reply_is_in_force_whatever_its_limit(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"malformed", max_tokens=9)
        await bought(ledger, raw=b"good", max_tokens=6)
        assert ledger.lookup("k") == ledger.history("k").stored == Stored(b"good", 6)


async def test_it_is_on_the_disk_before_store_returns(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        assert states(path) == [("stored", None)]


async def test_who_looked_in_vain_finds_what_he_stored_since(path: Path) -> None:
    with open_ledger(path) as ledger:
        for number in range(20):
            assert ledger.lookup(f"k{number}") is None
            await bought(ledger, f"k{number}")
            assert ledger.lookup(f"k{number}") == Stored(b"raw", 5)


async def test_it_survives_a_reopening(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
    with open_ledger(path) as ledger:
        assert ledger.lookup("k") == Stored(b"raw", 5)


async def test_an_attempt_is_recorded_before_it_is_sent(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.claim("k", "openai/m", b"{}", 5)
        assert states(path) == [("sent", None)]


async def test_a_failed_attempt_is_an_error_unless_it_may_have_been_paid(path: Path) -> None:
    with open_ledger(path) as ledger:
        for ambiguous in (False, True):
            attempt = await ledger.claim("k", "openai/m", b"{}", 5)
            await ledger.fail(attempt, "http_503", 503, {}, b"busy", ambiguous)
        assert ledger.paid("k") == [Paid(None, False, 5)]
        assert ledger.ambiguous() == 1
    assert states(path) == [("error", "http_503"), ("ambiguous", "http_503")]


async def test_everything_that_was_perhaps_paid_is_listed(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"cut")
        await bought(ledger, raw=b"whole")
        for ambiguous in (False, True):
            await ledger.fail(await ledger.claim("k", "openai/m", b"{}", 5), "c", None, {}, b"", ambiguous)
        assert ledger.paid("k") == [Paid(b"cut", False, 5), Paid(b"whole", False, 5), Paid(None, False, 5)]


async def test_many_writes_at_once_all_arrive(path: Path) -> None:
    with open_ledger(path) as ledger:
        await asyncio.gather(*(bought(ledger, f"k{number}", b"%d" % number) for number in range(300)))
        assert [ledger.lookup(f"k{number}") for number in range(300)] == [Stored(b"%d" % n, 5) for n in range(300)]


async def test_a_cancelled_waiter_leaves_the_writer_at_work(path: Path) -> None:
    with open_ledger(path) as ledger:
        waiting = [asyncio.create_task(bought(ledger, f"k{number}")) for number in range(20)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.wait_for(bought(ledger, "after"), 5)
        assert ledger.lookup("after") is not None


async def test_a_value_that_sqlite_cannot_hold_leaves_the_writer_at_work(path: Path) -> None:
    with open_ledger(path) as ledger:
        with pytest.raises(InputError, match="too big for the ledger"):
            await ledger.claim("k", "openai/m", b"{}", 10**30)
        await asyncio.wait_for(bought(ledger, "after"), 5)
        assert ledger.lookup("after") is not None


async def test_a_write_that_is_refused_leaves_its_neighbours_whole(path: Path) -> None:
    with open_ledger(path) as ledger:
        assert ledger._writer is not None
        ledger._writer._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000)
        writes = [bought(ledger, f"k{number}", b"x" * (2_000 if number == 20 else 10)) for number in range(40)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        failed = [number for number, outcome in enumerate(outcomes) if outcome is not None]
        kept = [number for number in range(40) if ledger.lookup(f"k{number}") is not None]
    assert isinstance(outcomes[20], InputError)
    assert (failed, kept) == ([20], [number for number in range(40) if number != 20])


async def test_it_can_be_read_from_another_thread(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        assert await asyncio.to_thread(ledger.lookup, "k") == Stored(b"raw", 5)


async def test_a_row_that_was_given_up_stays_so_until_it_brings_a_reply(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.fail(await ledger.claim("k", "openai/m", b"{}", 5), "context_length", 400, {}, b"", False)
        await ledger.give_up("k", "context_length", "too long \ud800")
    with open_ledger(path) as ledger:
        assert ledger.gave_up("k") == GaveUp("context_length", "too long ?", 1)
        await bought(ledger)
        assert ledger.gave_up("k") is None


async def test_what_was_given_up_may_be_asked_with_another_limit(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.fail(await ledger.claim("k", "openai/m", b"{}", 9_000), "http_400", 400, {}, b"", False)
        await ledger.give_up("k", "http_400", "max_tokens is too large")
        await ledger.give_up("never sent", "too_long", "too long")
        given_up = GaveUp("http_400", "max_tokens is too large", 1)
        assert (ledger.gave_up("k"), ledger.gave_up("k", 9_000), ledger.gave_up("k", 100)) == (given_up, given_up, None)
        assert ledger.gave_up("never sent", 100) is not None


async def test_all_of_a_request_is_told_at_once(path: Path) -> None:
    with open_ledger(path) as ledger:
        assert ledger.history("k") == (None, [], 0, None)
        await ledger.fail(await ledger.claim("k", "openai/m", b"{}", 5), "timeout", None, {}, b"", True)
        await bought(ledger, raw=b"raw")
        await ledger.claim("k", "openai/m", b"{}", 9)
        known = ledger.history("k")
        assert (known.stored, known.paid) == (Stored(b"raw", 5), [Paid(None, False, 5), Paid(b"raw", False, 5)])
        assert (known.attempts, known.code, known.batch) == (3, None, False)
        first, second, third = ledger.attempts("k")
    assert (first.state, first.code, second.status, second.raw) == ("ambiguous", "timeout", 200, b"raw")
    assert (third.state, third.max_tokens, third.ended_ms) == ("sent", 9, None)
    assert third.owner is not None


async def test_what_was_in_flight_as_it_closed_is_perhaps_paid(path: Path) -> None:
    with open_ledger(path) as ledger:
        await ledger.claim("k", "openai/m", b"{}", 5)
    assert states(path) == [("ambiguous", "interrupted")]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=40), st.integers(1, 9)), max_size=12))
@settings(max_examples=8, deadline=None)
def test_every_reply_that_was_stored_is_counted_and_the_newest_found(calls: list[tuple[str, bytes, int]]) -> None:
    async def use(folder: str) -> None:
        with open_ledger(Path(folder) / "ledger.sqlite3") as ledger:
            for key, raw, limit in calls:
                await bought(ledger, key, raw, limit)
        with open_ledger(Path(folder) / "ledger.sqlite3") as ledger:
            for key in "abc":
                mine = [(raw, limit) for name, raw, limit in calls if name == key]
                assert [(one.raw, one.max_tokens) for one in ledger.paid(key)] == mine
                assert ledger.lookup(key) == (Stored(*mine[-1]) if mine else None)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(use(folder))


async def test_files_are_the_users_alone(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.glob("ledger.sqlite3*")}
        assert {modes[name] for name in ("ledger.sqlite3", "ledger.sqlite3-wal")} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_closing_leaves_no_journal_behind(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
    journal = path.with_name("ledger.sqlite3-wal")
    assert not journal.exists() or journal.stat().st_size == 0


def test_a_folder_that_cannot_be_written_is_no_full_disk(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").mkdir()
    with pytest.raises(StorageFull, match="cannot be written"), open_ledger(tmp_path / "ledger.sqlite3"):
        pass


def test_row_6_a_full_disk_stops_new_calls_and_loses_nothing(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["why"] == [74, 74]
    assert len(told["kept"]) > 3
    with open_ledger(path) as ledger:
        assert [key for key in told["kept"] if ledger.lookup(key) != Stored(b"x" * 20_000, 5)] == []
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
