"""`bbkd simulate`, `bbkd serve` and `bbkd chat`."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from blackbox_kd.cli.options import say
from blackbox_kd.errors import UsageError

HostOption = Annotated[str, typer.Option(help="address to listen on")]


def simulate(
    task: Annotated[str, typer.Option(help="tickets, units or word_problems")] = "tickets",
    port: Annotated[int, typer.Option(help="0: any free one")] = 8765,
    books: Annotated[Path | None, typer.Option(help="JSONL file for what was billed")] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="a setting: wrong=0.05, latency_s=0.1, ...")] = None,
) -> None:
    """Serve a SIMULATED teacher on 127.0.0.1, with the OpenAI and the Anthropic wire, for trying bbkd out."""
    import msgspec

    from blackbox_kd.config.simulated import Simulated
    from blackbox_kd.simulate.server import run_forever, served_model

    values: dict[str, object] = {"task": task}
    for item in sets or []:
        name, separator, value = item.partition("=")
        if not separator:
            raise UsageError(f"--set {item}: not of the form name=value", "Such as --set wrong=0.05.")
        values[name] = value
    try:
        settings = msgspec.convert(values, Simulated, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"--set: {error}", "`bbkd config show` lists the settings of [teacher.simulated].") from None

    def ready(url: str) -> None:
        say(f"SIMULATED teacher `{served_model(settings)}` at {url}/v1 (OpenAI wire) and {url} (Anthropic wire)")
        sys.stdout.flush()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_forever(settings, "127.0.0.1", port, books, ready))


def serve(
    model: Annotated[str, typer.Argument(help="hub id (@revision), folder, .gguf, or packaged:smollm2-135m")],
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one")] = 8000,
    name: Annotated[str | None, typer.Option(help="the model's name on the wire")] = None,
) -> None:
    """Serve a real model with the OpenAI wire, for trying out; for production use vLLM."""
    from blackbox_kd.student.load import load
    from blackbox_kd.student.serve import serve as serve_model

    student = load(model)
    if student.source.note:
        sys.stderr.write(f"{student.source.note}\n")

    def ready(url: str) -> None:
        say(f"serving `{name or student.source.name}` at {url}/v1")
        sys.stdout.flush()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_model(student, name or student.source.name, host, port, ready))


def chat(
    model: Annotated[str, typer.Argument(help="a run's student folder, or any model that `serve` takes")],
    system: Annotated[str | None, typer.Option(help="system prompt [default: the one it was trained with]")] = None,
    max_tokens: Annotated[int, typer.Option(min=1)] = 256,
) -> None:
    """Talk to a model: a line in, an answer out; end with Ctrl-D."""
    from blackbox_kd.config.train import SERVED, Served
    from blackbox_kd.jsonl import read_json
    from blackbox_kd.records import Message
    from blackbox_kd.student.chat import reply
    from blackbox_kd.student.load import load

    student = load(model)
    beside = Path(model) / SERVED
    trained = read_json(beside, Served) if beside.exists() else Served(system="")
    messages = [Message(role="system", content=trained.system if system is None else system)]
    while (line := ask()) is not None:
        messages.append(Message(role="user", content=line))
        answer = reply(student, messages, max_tokens, trained.template_args)
        messages.append(Message(role="assistant", content=answer))
        say(answer)


def ask() -> str | None:
    """The next line that is not blank; None at the end of input."""
    prompt = "> " if sys.stdin.isatty() else ""
    with contextlib.suppress(EOFError):
        while not (line := input(prompt).strip()):
            continue
        return line
    return None


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("simulate")(simulate)
    app.command("serve")(serve)
    app.command("chat")(chat)
