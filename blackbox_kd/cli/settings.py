"""`bbkd init`, `bbkd check` and `bbkd config show`."""

import importlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blackbox_kd.cli.options import (
    ConfigOption,
    JsonOption,
    RunOption,
    SetOption,
    load_config,
    open_run,
    say,
    show_json,
)
from blackbox_kd.cli.stages import STAGES
from blackbox_kd.errors import BbkdError, UsageError

if TYPE_CHECKING:
    from blackbox_kd.config.load import Loaded
    from blackbox_kd.run import RunDir

# count, held_out, epochs, and most words of an answer that is no ramble: sized for ten minutes on two cores
DEMOS = {"tickets": (640, 120, 1.0, 40), "units": (420, 110, 2.0, 12), "word_problems": (420, 110, 2.0, 80)}


def init(
    folder: Annotated[Path, typer.Argument(help="where to write bbkd.toml")] = Path(),
    task: Annotated[str | None, typer.Option(help="a demonstration: tickets, units or word_problems")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of prompts, split, noise and training")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a commented bbkd.toml; with --task, one that runs as it is, with a simulated teacher."""
    target = folder / "bbkd.toml"
    if target.exists():
        raise UsageError(f"{target} exists", "Remove it first, or name another folder.")
    if task is None:
        write(target, template("init.toml").replace("{{seed}}", str(seed)))
        done(target, f"name your teacher and prompts in it, then: bbkd check --config {target}", as_json)
        return
    from blackbox_kd.tasks import named

    one = named(task)
    text = template("demo.toml")
    names = ("task", "seed", "count", "held_out", "epochs", "max_words")
    for name, value in zip(names, (task, seed, *DEMOS[task]), strict=True):
        text = text.replace(f"{{{{{name}}}}}", str(value))
    pairs = zip(one.shots[::2], one.shots[1::2], strict=True)
    rows = [json.dumps({"prompt": ask.content, "completion": answer.content}) for ask, answer in pairs]
    write(folder / "teacher_rules.md", one.teacher_system + "\n")
    write(folder / "student_prompt.md", one.student_system + "\n")
    write(folder / "shots.jsonl", "\n".join(rows) + "\n")
    write(target, text)
    done(target, f"a simulated teacher, task {task}; next: bbkd run --run {folder}", as_json)


def done(target: Path, what: str, as_json: bool) -> None:
    """Say what was written and what comes next."""
    if as_json:
        show_json("init", {"config": str(target)})
    else:
        say(f"wrote {target}: {what}")


def template(name: str) -> str:
    """A text that ships beside this module."""
    return (files("blackbox_kd.cli") / name).read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    """Write a text file for the user to edit."""
    from blackbox_kd.jsonl import atomic

    with atomic(path, mode=0o644) as out:
        out.write(text.encode())


def check(
    run: RunOption = None, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Validate all of bbkd.toml and the files it names, without network, and say what each stage would do."""
    from blackbox_kd.stages.checking import problems

    directory, loaded = open_run(config, run, sets, quiet=False)
    found = problems(loaded.config, directory)
    plans = planned(directory, loaded)
    result = {"problems": found, "stages": plans, "config": str(loaded.path)}
    if not as_json:
        say(f"{loaded.path}: {'valid' if not found else f'problems found: {len(found)}'}")
        for name, what in plans.items():
            say(f"  {name:<9} {what}")
    if found:
        raise UsageError("\n  ".join(found), "Correct this before `bbkd run`.", result)
    if as_json:
        show_json("check", result)


def planned(directory: "RunDir", loaded: "Loaded") -> dict[str, str]:
    """What each stage would do now, a line each; a stage behind one that runs may have to run as well."""
    from blackbox_kd.stages.stage import stale

    plans: dict[str, str] = {}
    before = ""  # the first stage that would run
    imported = directory.manifest_path("import").exists()
    for name in STAGES:
        if imported and name in ("prompts", "query"):
            plans[name] = "not run: the completions were imported"
            continue
        stage = importlib.import_module(f"blackbox_kd.stages.{name}").STAGE
        try:
            why = stale(stage, directory, loaded.config)
        except BbkdError as error:
            plans[name], before = f"cannot run: {error.message}", before or name
            continue
        behind = f"would run if {before} writes anything new" if before else "up to date"
        plans[name] = f"would run: {'; '.join(why)}" if why else behind
        before = before or (name if why else "")
    return plans


def show(
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="also where each value comes from")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print every setting in force, defaults included."""
    from blackbox_kd.config.load import listed
    from blackbox_kd.run import show as short

    loaded = load_config(config, run, sets)
    values, origins = listed(loaded)
    if as_json:
        table = {key: {"value": value, "origin": origins[key]} for key, value in values.items()}
        show_json("config show", table)
        return
    for key, value in values.items():
        say(f"{key} = {short(value)}" + (f"    # {origins[key]}" if origin else ""))


def show_nothing() -> None:
    """The settings in force."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("init")(init)
    app.command("check")(check)
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="show the settings in force")
    group.command("show")(show)
    group.callback()(show_nothing)
    app.add_typer(group, name="config")
