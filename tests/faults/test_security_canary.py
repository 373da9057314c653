"""Fault matrix, row 51: a teacher that repeats the key wherever it can. No byte that is kept or shown holds it."""

import asyncio
import base64
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from blackbox_kd.cli import bug, leave, main
from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.script import Body, Error, Play, Script, Stream
from blackbox_kd.simulate.server import serving
from blackbox_kd.simulate.shapes import Event
from blackbox_kd.teachers.target import Api

WIRES: tuple[Api, ...] = ("openai", "responses", "anthropic")
KEYS = {  # and how many characters of each are one too many
    "openai": ("sk-proj-CaNaRy7f3Qx9Lw2Zk8Vb5Nm1", 16),
    "responses": ("plain/CaNaRy+7f3Qx9Lw2%Zk8Vb5Nm1==", 12),
    "anthropic": ("sk-ant-api03-CaNaRy7f3Qx9Lw2Zk8Vb5Nm1", 21),
}
CONFIG = """
[teacher]
model = "{provider}/simulated-tickets"
base_url = "{url}"
api = "{api}"
stream = {stream}
identity = "the simulated teacher"
{source}
[query]
concurrency = 1
attempts = 2
timeout_s = 10
[prompts]
held_out = 2
[[prompts.strategy]]
kind = "task"
task = "tickets"
count = 16
"""


def forms(key: str, shortest: int) -> dict[str, bytes]:
    """The ways in which a key may be found."""
    coded = {f"base64 {n}": base64.b64encode(b"\0" * n + key.encode())[(0, 2, 3)[n] : -4] for n in range(3)}
    texts = {"plain": key, "percent": quote(key, safe=""), "JSON": json.dumps(key)[1:-1], "repr": repr(key)[1:-1]}
    texts |= {"PHP": key.replace("/", "\\/"), "hex": key.encode().hex(), "its beginning": key[:shortest]}
    return coded | {name: text.encode() for name, text in texts.items()}


def leaks(folder: Path, said: str, wire: str) -> list[str]:
    """Where the key is: in a file of the folder, a name, or what was said."""
    found: list[str] = []
    places = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"}
    for place, raw in {**places, "names": "\n".join(places).encode(), "said": said.encode()}.items():
        found += [f"{place}: {name}" for name, form in forms(*KEYS[wire]).items() if form in raw]
    return found


def reworded(reply: dict[str, Any], text: str) -> dict[str, Any]:
    """The reply with another text, on whichever wire."""
    if "choices" in reply:
        reply["choices"][0]["message"]["content"] = text
    elif "output" in reply:
        reply["output"][-1]["content"][0]["text"] = text
    else:
        reply["content"][0]["text"] = text
    return reply


def restreamed(events: list[Event], text: str) -> list[Event]:
    """The events with another text in place of theirs, four characters each."""
    spoken = [number for number, event in enumerate(events) if event.token and "delta" in str(event.data)]
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    made = list(events)
    for number in spoken:
        piece = pieces.pop(0) if pieces else ""
        made[number] = event_with(events[number], piece)
    assert not pieces
    return made


def event_with(event: Event, piece: str) -> Event:
    """A delta with another text, on whichever wire."""
    data = json.loads(json.dumps(event.data))
    if "choices" in data:
        data["choices"][0]["delta"]["content"] = piece
    elif isinstance(data["delta"], str):
        data["delta"] = piece
    else:
        data["delta"]["text"] = piece
    return event._replace(data=data)


def reflecting(key: str) -> list[Play]:
    """Replies and refusals that repeat a key."""
    told = {"x-request-id": f"Bearer {key}", "request-id": key, "content-type": f"application/json; key={key}"}
    coded = base64.b64encode(f"Bearer {key}".encode()).decode()
    return [
        Error(400, reflect=True),
        Body(lambda reply: reworded(reply, f"Your key is {key}.")),
        Error(422, f"percent {quote(key, safe='')}, base64 {coded}, repr {key!r}", headers=told),
        Body(
            lambda reply: {**reworded(reply, f"You sent {coded}."), "id": key, "system_fingerprint": key}, headers=told
        ),
        Error(400, body=f"<html>Bad key {key}: {key[:-3]}...</html>".encode(), content_type="text/html"),
        Body(json.dumps({"error": {"code": 400, "message": f"Bad key: {key}"}}).encode()),
        Error(500, reflect=True, headers=told),
        Body(f"no JSON: {key}".encode(), headers=told),
    ]


def streamed(key: str) -> list[Play]:
    """Streams that repeat a key: at once, in pieces, in an error event."""
    failed = {"type": "error", "error": {"type": "invalid_request_error", "code": 400, "message": f"Key {key}"}}
    return [
        Error(400, reflect=True),
        Stream(lambda events: restreamed(events, f"It is {key}")),
        Stream(lambda events: [events[0], Event("error", failed)]),
        Body(lambda reply: reworded(reply, f"Your key is {key}.")),
        Stream(lambda events: [*events[:-1], Event(None, f'{{"key": "{key}"}}'), events[-1]]),
    ]


def one_by_one(plays: list[Play], between: bool = True) -> Script:
    """A play to the first attempt at each prompt, an ordinary reply to every other prompt, and to the rest."""
    order: dict[str, Play | None] = {}
    left = iter([made for play in plays for made in ((play, None) if between else (play,))])

    def script(asked: Asked, attempt: int) -> Play | None:
        play = order.setdefault(asked.prompt, next(left, None))
        return play if attempt == 1 or (isinstance(play, Error) and play.status == 401) else None

    return script


@contextmanager
def teacher(folder: Path, wire: Api, script: Script, stream: bool = False, source: str = "") -> Iterator[None]:
    """The project's teacher, in a thread, and its bbkd.toml."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(Simulated(task="tickets"), script=script) as url:
            text = CONFIG.format(
                provider="anthropic" if wire == "anthropic" else "openai",
                url=url if wire == "anthropic" else f"{url}/v1",
                api="responses" if wire == "responses" else "chat",
                stream=str(stream).lower(),
                source=source or 'api_key_env = "CANARY"',
            )
            (folder / "bbkd.toml").write_text(text)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def bbkd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """The command line, in this process; gives the exit code."""

    def run(*words: str) -> int:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as stopped:
            main(words)
        return int(stopped.value.code or 0)

    return run


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_row_51_a_key_that_comes_back_is_nowhere(
    wire: Api,
    stream: bool,
    bbkd: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, _ = KEYS[wire]
    monkeypatch.setenv("CANARY", key)
    caplog.set_level(logging.DEBUG)
    plays = streamed(key) if stream else reflecting(key)
    with teacher(tmp_path, wire, one_by_one(plays), stream):
        codes = [bbkd("generate", "--json"), bbkd("filter"), bbkd("try", "16")]
    with teacher(tmp_path, wire, one_by_one([Error(401, reflect=True)] * 16, between=False), stream):
        codes += [bbkd("generate", "--retry-failed", "--json", "--set", "query.attempts=1")]
    out, err = capsys.readouterr()
    assert codes == [3, 0, 0, 5]
    assert "[redacted]" in (tmp_path / "runs" / "main" / "completions.jsonl").read_text()
    assert "[redacted]" in err
    assert leaks(tmp_path, f"{out}{err}{caplog.text}", wire) == []


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_row_51_a_process_that_is_killed_leaves_no_key_in_its_files(wire: Api, tmp_path: Path) -> None:
    key, _ = KEYS[wire]
    (tmp_path / "my.key").write_text(key)
    (tmp_path / "my.key").chmod(0o600)
    plays, arrived = reflecting(key), threading.Event()
    told = one_by_one(plays)

    def script(asked: Asked, attempt: int) -> Play | None:
        play = told(asked, attempt)
        if play is plays[-1]:
            arrived.set()
            time.sleep(0.3)  # the whole teacher hangs
        return play

    with teacher(tmp_path, wire, script, source='api_key_file = "my.key"'):
        loud = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}
        child = subprocess.Popen(
            [sys.executable, "-m", "blackbox_kd", "generate", "--json"],
            cwd=tmp_path,
            env={**os.environ, **loud},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert arrived.wait(30), child.communicate()[0]
        child.send_signal(signal.SIGKILL)
        said, _ = child.communicate()
    assert "with the key in my.key" in said
    assert (tmp_path / ".bbkd" / "ledger.sqlite3-wal").stat().st_size > 0
    assert "HTTP Request" not in said  # what the SDKs log at that level
    assert leaks(tmp_path, said, wire) == []


def test_row_51_the_trace_of_a_bug_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = KEYS["responses"]
    monkeypatch.setenv("MY_SERVER_TOKEN", key)
    with pytest.raises(SystemExit) as stopped:
        try:
            raise ValueError(f"illegal header: {key!r}")
        except ValueError as error:
            leave(bug(error), ["generate", "--json"])
    out, err = capsys.readouterr()
    assert stopped.value.code == 1
    assert "illegal header: '[redacted]'" in err
    assert not [form for form in forms(*KEYS["responses"]).values() if form in (out + err).encode()]
