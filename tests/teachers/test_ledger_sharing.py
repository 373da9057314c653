import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from blackbox_kd.errors import RunInUse, UsageError
from blackbox_kd.teachers.ledger import ClaimedElsewhere, Ledger, Paid, Stored, open_ledger
from blackbox_kd.teachers.ledger.owners import Owner, alive, living, opening

# Claims k, says so, and waits for a word: "die" is SIGKILL to itself, anything else a reply and a clean end.
HOLD = """
import asyncio, os, signal, sys
from pathlib import Path
from blackbox_kd.teachers.ledger import open_ledger
async def main():
    with open_ledger(Path(sys.argv[1])) as ledger:
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        print("claimed", flush=True)
        if sys.stdin.readline().strip() == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        await ledger.store(attempt, 200, {}, b"theirs")
        print("stored", flush=True)
        sys.stdin.readline()
asyncio.run(main())
"""
# Asks for 60 keys, the way a client does: look up, claim, "send", store. Prints how often it sent which.
BUY = """
import asyncio, json, sys
from pathlib import Path
from blackbox_kd.teachers.ledger import ClaimedElsewhere, open_ledger
sent = []
async def buy(ledger, key):
    while ledger.lookup(key) is None:
        try:
            attempt = await ledger.claim(key, "openai/m", b"{}", 5)
        except ClaimedElsewhere:
            await asyncio.sleep(0.005)
            continue
        sent.append(key)
        await asyncio.sleep(0.003)
        await ledger.store(attempt, 200, {}, b"raw")
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    with open_ledger(Path(sys.argv[1])) as ledger:
        for start in range(0, 60, 6):
            await asyncio.gather(*(buy(ledger, f"k{number}") for number in range(start, start + 6)))
asyncio.run(main())
print(json.dumps(sent))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


def process(code: str, path: Path) -> subprocess.Popen[str]:
    """A process that has said its first line."""
    words = [sys.executable, "-c", code, str(path)]
    started = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() != ""
    return started


async def bought(ledger: Ledger, key: str = "k", raw: bytes = b"raw", max_tokens: int = 5) -> None:
    """One call that brought a reply."""
    await ledger.store(await ledger.claim(key, "openai/m", b"{}", max_tokens), 200, {}, raw)


def states(path: Path) -> list[tuple[str, str | None]]:
    """(state, code) of all attempts, in order."""
    db = sqlite3.connect(path)
    found = db.execute("SELECT state, code FROM attempt ORDER BY id").fetchall()
    db.close()
    return found


def test_row_12_two_processes_with_the_same_prompts_pay_once_for_each(path: Path) -> None:
    both = [process(BUY, path) for _ in range(2)]
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    sent = [json.loads(one.communicate(timeout=60)[0]) for one in both]
    assert sorted(sent[0] + sent[1]) == sorted(f"k{number}" for number in range(60))
    with open_ledger(path) as ledger:
        assert [len(ledger.paid(f"k{number}")) for number in range(60)] == [1] * 60


async def test_row_12_a_request_in_flight_in_another_process_is_not_sent(path: Path) -> None:
    other = process(HOLD, path)
    with open_ledger(path) as ledger:
        with pytest.raises(ClaimedElsewhere, match=f"in flight in pid {other.pid} on ") as caught:
            await ledger.claim("k", "openai/m", b"{}", 5)
        assert (caught.value.keys, caught.value.exit_code) == (("k",), 7)
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write("store\n")
        other.stdin.flush()
        assert other.stdout.readline() == "stored\n"
        with pytest.raises(ClaimedElsewhere, match="answered by another process"):
            await ledger.claim("k", "openai/m", b"{}", 5)
        assert ledger.lookup("k") == Stored(b"theirs", 5)
        assert await ledger.claim("k", "openai/m", b"{}", 6) > 0  # a longer reply is another thing
    other.communicate("", timeout=30)
    assert other.returncode == 0


async def test_row_1_what_a_killed_process_had_in_flight_is_perhaps_paid_for_whoever_asks_next(path: Path) -> None:
    with open_ledger(path) as ledger:
        other = process(HOLD, path)
        other.communicate("die\n", timeout=30)
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        assert ledger.paid("k") == [Paid(None, False, 5)]
        await ledger.store(attempt, 200, {}, b"mine")
    assert states(path) == [("ambiguous", "interrupted"), ("stored", None)]


def test_row_2_what_a_killed_process_had_in_flight_is_perhaps_paid_at_the_next_opening(path: Path) -> None:
    process(HOLD, path).communicate("die\n", timeout=30)
    assert len(list(path.parent.glob("*.owner-*"))) == 1
    with open_ledger(path) as ledger:
        assert (ledger.ambiguous(), ledger.lookup("k")) == (1, None)
        assert len(list(path.parent.glob("*.owner-*"))) == 1  # the dead one's file has gone
    assert list(path.parent.glob("*.owner-*")) == []


async def test_a_process_that_opens_it_leaves_the_claims_of_others_alone(path: Path) -> None:
    with open_ledger(path) as ledger:
        attempt = await ledger.claim("k", "openai/m", b"{}", 5)
        with open_ledger(path) as second:
            with pytest.raises(ClaimedElsewhere):
                await second.claim("k", "openai/m", b"{}", 5)
            await bought(second, "another")
        await ledger.store(attempt, 200, {}, b"raw")
        ledger.release()
        assert ledger.lookup("another") == Stored(b"raw", 5)
    assert states(path) == [("stored", None), ("stored", None)]


async def test_what_others_commit_is_seen_within_a_second(path: Path) -> None:
    with open_ledger(path) as ledger, open_ledger(path) as second:
        assert ledger.lookup("k") is None
        await bought(second)
        for _ in range(300):
            if ledger.lookup("k") is not None:
                break
            await asyncio.sleep(0.01)
        assert ledger.lookup("k") == Stored(b"raw", 5)


async def test_a_reply_from_before_may_be_asked_again_on_purpose(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"malformed")
    with open_ledger(path) as ledger:
        await bought(ledger, raw=b"better")
        assert ledger.lookup("k") == Stored(b"better", 5)


async def test_the_last_to_close_leaves_no_journal_behind(path: Path) -> None:
    with open_ledger(path):
        with open_ledger(path) as second:
            await bought(second)
        assert path.with_name("ledger.sqlite3-wal").stat().st_size > 0
    assert not path.with_name("ledger.sqlite3-wal").exists()


def test_row_13_files_of_dead_processes_and_of_reused_pids_block_nobody(path: Path) -> None:
    for name in (f"{os.getpid()}@here-0123456789ab", "99999999@here-0123456789ab", "nonsense"):
        path.with_name(f"{path.name}.owner-{name}.lock").write_text("left behind")
    path.with_name(f"{path.name}.lock").write_text("left behind")
    path.with_name(f"{path.name}.lock.holder").write_text("pid 1 on somewhere")
    with open_ledger(path) as ledger:
        assert ledger.lookup("k") is None
        assert len(list(path.parent.glob("*.owner-*"))) == 1


def test_an_owner_is_alive_as_long_as_it_holds_its_lock(path: Path) -> None:
    owner = Owner(path, 0o600)
    assert (alive(path, owner.id), living(path)) == (True, [owner.id])
    owner.end()
    assert (alive(path, owner.id), alive(path, None), alive(path, "../../etc"), living(path)) == (
        False,
        False,
        False,
        [],
    )


def test_an_older_bbkd_that_holds_the_lock_for_life_is_waited_for_and_named(path: Path) -> None:
    with (
        filelock.FileLock(path.with_name("ledger.sqlite3.lock")),
        pytest.raises(RunInUse, match="held"),
        opening(path, 0o600, wait_s=0.1),
    ):
        pass


async def test_work_that_has_to_be_alone_names_who_is_there(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.alone()
        with open_ledger(path), pytest.raises(RunInUse, match=f"in use by pid {os.getpid()} on "):
            ledger.alone()


async def test_the_group_may_use_a_ledger_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "shared" / "ledger.sqlite3"
    said: list[str] = []
    with open_ledger(path, group=True, warn=said.append) as ledger:
        await bought(ledger)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o660}
    assert {"ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm", "ledger.sqlite3.lock"} <= set(modes)
    assert (stat.S_IMODE(path.parent.stat().st_mode), said) == (0o2770, [])


def test_a_private_ledger_becomes_the_groups_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_ledger(path, group=True):
        pass
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o660}


@pytest.mark.parametrize(("what", "mode", "who"), [("file", 0o644, "everybody"), ("folder", 0o750, "your group")])
def test_row_14_a_ledger_that_others_can_read_is_warned_of(tmp_path: Path, what: str, mode: int, who: str) -> None:
    path = tmp_path / "folder" / "ledger.sqlite3"
    with open_ledger(path):
        pass
    (path if what == "file" else path.parent).chmod(mode)
    said: list[str] = []
    with open_ledger(path, warn=said.append):
        pass
    assert len(said) == 1
    assert f"is open to {who} (mode {mode:o})" in said[0]


async def test_a_ledger_opened_to_be_read_refuses_every_write(path: Path) -> None:
    with open_ledger(path) as ledger:
        await bought(ledger)
    with open_ledger(path, read_only=True) as reader:
        assert reader.lookup("k") == Stored(b"raw", 5)
        for write in (
            reader.claim("j", "m", b"{}", 5),
            reader.give_up("j", "code", "why"),
            reader.batch_sent("f", "r"),
        ):
            with pytest.raises(UsageError, match="read only"):
                await write
