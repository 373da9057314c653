import asyncio
import contextlib
import io
import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from blackbox_kd.errors import InputError, RunInUse, StoreCorrupt, UsageError
from blackbox_kd.stages.ledgering import before_ms, bring, export, prune, stats, verify
from blackbox_kd.teachers.ledger import VERSION, GaveUp, Ledger, Stored, open_ledger
from blackbox_kd.teachers.ledger.pruning import Kinds
from blackbox_kd.teachers.target import Price

NOW = before_ms(None)


def reply(text: str = "Paris.") -> bytes:
    """A body of the OpenAI wire: 10 + 2 tokens."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    return json.dumps({"id": "r1", "model": "m-2026", "choices": [choice], "usage": usage}).encode()


async def bought(ledger: Ledger, key: str, raw: bytes, max_tokens: int = 5) -> None:
    """One call that brought a reply."""
    attempt = await ledger.claim(key, "openai/m", b'{"body":{"n":"%s"},"wire":"openai"}' % key.encode(), max_tokens)
    await ledger.store(attempt, 200, {"x-request-id": "r1"}, raw)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of three replies (one no UTF-8, one superseded), an error, one perhaps paid, and one given up."""
    path = tmp_path / "ledger.sqlite3"

    async def fill() -> None:
        with open_ledger(path) as ledger:
            await bought(ledger, "a", reply("cut"))
            await bought(ledger, "a", reply("whole \u2028 answer"), 9)
            await bought(ledger, "b", b"\xff no reply")
            await ledger.fail(await ledger.claim("c", "openai/m", b"{}", 5), "http_503", 503, {}, b"busy " * 99, False)
            await asyncio.sleep(0.002)  # two attempts at a request in one millisecond are taken for one
            await ledger.fail(await ledger.claim("c", "openai/m", b"{}", 5), "timeout", None, {}, b"", True)
            await ledger.give_up("d", "context_length", "too long")

    asyncio.run(fill())
    return path


def contents(path: Path) -> list[tuple[object, ...]]:
    """Every attempt but for ids and owners, in any order."""
    db = sqlite3.connect(path)
    names = "hash, state, max_tokens, sent_ms, ended_ms, status, code, headers, raw, label, identity"
    found = sorted(db.execute(f"SELECT {names} FROM attempt JOIN request USING (hash)").fetchall(), key=repr)
    db.close()
    return found


def exported(path: Path, to: Path) -> Path:
    """The replies of a ledger as a file."""
    with to.open("wb") as out:
        export(path, out)
    return to


def test_stats_count_by_teacher_and_price_what_can_be_read(path: Path) -> None:
    found = stats(path, {"openai/m": Price(input_usd=1.0, output_usd=100.0)})
    one = found.teachers["openai/m"]
    assert one.attempts == {"ambiguous": 1, "error": 1, "stored": 3}
    assert (one.requests, one.prompt_tokens, one.completion_tokens, one.unreadable) == (3, 20, 4, 1)
    assert (one.served_models, one.batch_replies) == ({"m-2026": 2}, 0)
    assert one.cost_usd == pytest.approx(2 * 210e-6)
    assert (found.ambiguous, found.given_up, found.open_batches) == (1, 1, 0)
    assert found.first is not None
    assert found.first.endswith("+00:00")


def test_a_cost_without_a_price_is_unknown(path: Path) -> None:
    assert stats(path, {}).teachers["openai/m"].cost_usd is None


def test_stats_and_verify_of_no_ledger_name_the_file(tmp_path: Path) -> None:
    for ask in (lambda: stats(tmp_path / "none", {}), lambda: verify(tmp_path / "none", False)):
        with pytest.raises(InputError, match="there is no ledger yet"):
            ask()


@pytest.mark.parametrize("whole", [False, True])
def test_verify_counts_and_names_replies_without_sense(path: Path, whole: bool) -> None:
    found = verify(path, whole)
    assert (found.requests, found.attempts, found.replies, found.ambiguous) == (3, 5, 3, 1)
    assert (found.unreadable, found.keys, found.whole_check) == (1, ("b",), whole)


def test_verify_finds_damage_and_leaves_it_in_place(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[8192:12288] = b"\xff" * 4096
    path.write_bytes(whole)
    with pytest.raises(StoreCorrupt):
        verify(path, False)
    assert path.read_bytes() == whole


def test_verify_finds_attempts_without_a_request(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("DELETE FROM request WHERE hash = 'b'")
    db.commit()
    db.close()
    with pytest.raises(StoreCorrupt, match="1 attempts belong to no request"):
        verify(path, False)


def test_what_is_exported_comes_in_again_as_it_was(path: Path, tmp_path: Path) -> None:
    lines = exported(path, tmp_path / "out.jsonl").read_bytes().split(b"\n")[:-1]
    first = msgspec.json.decode(lines[0])
    assert (first["key"], first["teacher"], first["identity"]["wire"], first["status"]) == (
        "a",
        "openai/m",
        "openai",
        200,
    )
    assert [("raw" in msgspec.json.decode(line)) for line in lines] == [True, True, False]
    merged = bring(tmp_path / "new.sqlite3", [tmp_path / "out.jsonl"], group=False)
    assert merged[str(tmp_path / "out.jsonl")].replies == 3
    stored = [row for row in contents(path) if row[1] == "stored"]
    assert contents(tmp_path / "new.sqlite3") == stored
    assert exported(tmp_path / "new.sqlite3", tmp_path / "again.jsonl").read_bytes().split(b"\n")[:-1] == lines


def test_a_ledger_merges_whole_and_twice_changes_nothing(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite3"
    first, second = (bring(new, [path], group=False)[str(path)] for _ in range(2))
    assert (first.replies, first.ambiguous, first.errors, first.known) == (3, 1, 1, 0)
    assert (second.replies, second.ambiguous, second.errors, second.known) == (0, 0, 0, 5)
    assert contents(new) == contents(path)
    with open_ledger(new) as ledger:
        assert ledger.lookup("a") == Stored(reply("whole \u2028 answer"), 9)


def test_two_different_replies_to_a_request_are_both_kept(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    with open_ledger(other) as ledger:
        asyncio.run(bought(ledger, "a", reply("theirs"), 9))
    bring(path, [other], group=False)
    with open_ledger(path) as ledger:
        assert len(ledger.paid("a")) == 3


@pytest.mark.parametrize(
    ("ours", "theirs", "in_force"),
    [
        pytest.param([(9, 100)], [(5, 200)], 9, id="longer here"),
        pytest.param([(5, 200)], [(9, 100)], 9, id="longer there"),
        pytest.param([(9, 100), (5, 200)], [(7, 300)], 7, id="asked again here"),
        pytest.param([(7, 100)], [(9, 200), (5, 300)], 7, id="asked again there, longer here"),
        pytest.param([(3, 100)], [(9, 200), (5, 300)], 5, id="asked again there"),
        pytest.param([], [(9, 200), (5, 300)], 5, id="none here"),
    ],
)
def test_a_shorter_reply_of_another_machine_does_not_take_the_place_of_ours(
    tmp_path: Path, ours: list[tuple[int, int]], theirs: list[tuple[int, int]], in_force: int
) -> None:
    paths = [tmp_path / name for name in ("ours.sqlite3", "theirs.sqlite3")]
    for one, calls in zip(paths, (ours, theirs), strict=True):
        with open_ledger(one) as ledger:
            for limit, _ in calls:
                asyncio.run(bought(ledger, "k", reply(str(limit)), limit))
        with contextlib.closing(sqlite3.connect(one)) as db:
            db.executemany("UPDATE attempt SET sent_ms = ?2 WHERE max_tokens = ?1", calls)
            db.commit()
    for _ in range(2):
        bring(paths[0], [paths[1]], group=False)
        with open_ledger(paths[0]) as ledger:
            assert ledger.lookup("k") == Stored(reply(str(in_force)), in_force)
            assert len(ledger.paid("k")) == len(ours) + len(theirs)


def test_of_equally_long_replies_the_one_that_was_sent_last_is_in_force(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("late.sqlite3", "early.sqlite3")]
    for one, sent_ms in zip(paths, (200, 100), strict=True):
        with open_ledger(one) as ledger:
            asyncio.run(bought(ledger, "k", reply(one.stem)))
        with contextlib.closing(sqlite3.connect(one)) as db:
            db.execute("UPDATE attempt SET sent_ms = ?", (sent_ms,))
            db.commit()
    for into, other in (paths, paths[::-1]):
        bring(into, [other], group=False)
        with open_ledger(into) as ledger:
            assert ledger.lookup("k") == Stored(reply("late"), 5)


def test_what_was_given_up_there_is_given_up_here_unless_a_reply_is(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite3"
    with open_ledger(path) as ledger:
        asyncio.run(ledger.give_up("c", "http_400", "too many tokens"))
        asyncio.run(ledger.give_up("e", "http_400", "no"))
    with open_ledger(new) as ledger:
        asyncio.run(bought(ledger, "e", reply()))
    for _ in range(2):
        bring(new, [path], group=False)
    with open_ledger(new) as ledger:
        assert ledger.gave_up("c", 5) == GaveUp("http_400", "too many tokens", 2)
        assert ledger.gave_up("d") == GaveUp("context_length", "too long", 0)
        assert (ledger.gave_up("c", 4), ledger.gave_up("e")) == (None, None)


def test_a_call_in_flight_on_another_machine_counts_until_its_reply_comes(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"

    async def use() -> None:
        with open_ledger(other) as theirs:
            attempt = await theirs.claim("z", "openai/m", b"{}", 5)
            assert (await asyncio.to_thread(bring, path, [other], False))[str(other)].ambiguous == 1
            await theirs.store(attempt, 200, {}, b"raw")

    asyncio.run(use())
    assert bring(path, [other], group=False)[str(other)].replies == 1
    with open_ledger(path) as ledger:
        assert [one.raw for one in ledger.paid("z")] == [b"raw"]


def test_a_newer_or_missing_or_own_ledger_is_not_merged(path: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.sqlite3"
    with open_ledger(newer):
        pass
    db = sqlite3.connect(newer)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = contents(path)
    with pytest.raises(StoreCorrupt, match="newer"):
        bring(path, [newer], group=False)
    for other in (tmp_path / "none", path):
        with pytest.raises(InputError):
            bring(path, [other], group=False)
    assert contents(path) == before


@pytest.mark.parametrize("line", [b"{}", b'{"key": 1}', b"no json", b'{"schema": 2}'])
def test_a_line_that_is_no_reply_is_named(path: Path, tmp_path: Path, line: bytes) -> None:
    good = exported(path, tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "out.jsonl").write_bytes(good + line + b"\n")
    with pytest.raises(InputError, match=r"out\.jsonl:4: "):
        bring(tmp_path / "new.sqlite3", [tmp_path / "out.jsonl"], group=False)


def test_pruning_lists_first_and_then_drops_what_was_listed(path: Path) -> None:
    kinds = Kinds(errors=True, superseded=True, replies=False, before_ms=NOW)
    listed = prune(path, kinds, really=False)
    assert [(part.kind, part.attempts) for part in listed.parts] == [("errors", 1), ("superseded", 1)]
    assert (listed.done, len(contents(path))) == (False, 5)
    dropped = prune(path, kinds, really=True)
    assert (dropped.done, dropped.parts) == (True, listed.parts)
    with open_ledger(path) as ledger:
        assert [one.raw for one in ledger.paid("a")] == [reply("whole \u2028 answer")]
        assert [one.raw for one in ledger.attempts("c")] == [None, b""]
        assert (ledger.ambiguous(), ledger.lookup("b")) == (1, Stored(b"\xff no reply", 5))
    assert verify(path, True).replies == 2


def test_replies_in_force_are_dropped_only_where_that_is_said(path: Path) -> None:
    prune(path, Kinds(errors=False, superseded=False, replies=True, before_ms=0), really=True)
    assert verify(path, True).replies == 3  # none of them is so old
    prune(path, Kinds(errors=False, superseded=False, replies=True, before_ms=NOW), really=True)
    found = verify(path, True)
    assert (found.replies, found.requests, found.ambiguous) == (0, 1, 1)


def test_pruning_gives_the_room_back(path: Path) -> None:
    with open_ledger(path) as ledger:
        asyncio.run(bought(ledger, "big", b"x" * 1_000_000))
    before = path.stat().st_size
    assert prune(path, Kinds(False, False, True, NOW), really=True).size < before - 900_000


def test_pruning_wants_a_choice_and_the_ledger_for_itself(path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is chosen"):
        prune(path, Kinds(False, False, False, NOW), really=True)
    with open_ledger(path), pytest.raises(RunInUse, match="in use by pid"):
        prune(path, Kinds(True, False, False, NOW), really=True)


def test_an_age_is_counted_back_from_now() -> None:
    assert 86_400_000 - 5_000 < before_ms(0) - before_ms(1) <= 86_400_000
    assert before_ms(None) > before_ms(0)


def test_an_export_goes_wherever_bytes_go(path: Path) -> None:
    out = io.BytesIO()
    assert export(path, out) == len(out.getvalue().split(b"\n")) - 1 == 3
