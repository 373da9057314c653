"""`bbkd prompts|query|generate|judge|filter|train|evaluate|report|run`."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from blackbox_kd.cli.options import (
    ConfigOption,
    JsonOption,
    QuietOption,
    RunOption,
    SetOption,
    load_config,
    open_run,
    say,
    show_json,
)
from blackbox_kd.errors import RowFailures, UsageError

if TYPE_CHECKING:
    from blackbox_kd.config.whole import Config
    from blackbox_kd.run import RunDir

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="only say what would be asked and what it would cost: no network, no change")
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="a call that would be needed is an error")]
RetryFailedOption = Annotated[bool, typer.Option("--retry-failed", help="ask again for rows that failed for good")]
BudgetOption = Annotated[
    float | None, typer.Option("--budget", min=0, help="USD that the rows of this run may cost in all")
]
TokensOption = Annotated[
    int | None, typer.Option("--max-tokens-total", min=1, help="tokens, prompt and completion, that they may take")
]
AckOption = Annotated[str | None, typer.Option("--ack-terms", help="id of the teacher's terms, which you have read")]
BasisOption = Annotated[str | None, typer.Option("--basis", help="on what ground you may train on the outputs")]
StudentOption = Annotated[
    str | None, typer.Option("--student", help='measure another one: folder, hub id, .gguf, or "http://host/v1#model"')
]
CompletionsOption = Annotated[
    Path | None, typer.Option("--completions", help="measure answers in a file: prompt or id, completion, teacher ...")
]
JudgeOption = Annotated[bool, typer.Option("--judge", help="let [judge] compare student and teacher (paid)")]
JudgeBudgetOption = Annotated[float | None, typer.Option("--budget", min=0, help="USD that the judge may cost")]
STAGES = ("prompts", "query", "judge", "filter", "train", "evaluate", "report")
HELP = {
    "prompts": "collect prompts, mark family and split (free)",
    "query": "ask the teacher what the ledger does not hold (paid)",
    "judge": "score train completions as [scoring] says, before filter (free but for [scoring] judge)",
    "filter": "make the dataset, with a reason for every rejection (free)",
    "train": "fine-tune the student",
    "evaluate": "measure base, student and teacher on the held-out prompts (free but for --judge)",
    "report": "write report.html and report.md",
    "generate": "prompts and query: the everyday command (paid)",
    "run": "all stages, skipping what is up to date (paid)",
}


class Chosen(NamedTuple):
    """What every stage command is told."""

    run: Path | None
    config: Path | None
    sets: list[str] | None
    as_json: bool
    quiet: bool


class Paying(NamedTuple):
    """What a command that may cost money is told besides: flags that stand for settings."""

    offline: bool = False
    retry_failed: bool = False
    budget_usd: float | None = None
    tokens_total: int | None = None
    ack: str | None = None
    basis: str | None = None


def settings_of(told: Paying, chosen: Chosen) -> list[str]:
    """The flags as settings, in the form of --set; raises `UsageError` where there is no one teacher to mean."""
    sets = ["query.offline=true"] if told.offline else []
    sets += ["query.retry_failed=true"] if told.retry_failed else []
    sets += [f"query.max_tokens_total={told.tokens_total}"] if told.tokens_total is not None else []
    if (told.ack is None) != (told.basis is None):
        raise UsageError("--ack-terms and --basis go together", '--ack-terms ID --basis "who approved it"')
    if told.budget_usd is not None:
        sets.append(f"{teacher_key('--budget', chosen)}.budget_usd={told.budget_usd}")
    if told.ack is not None:
        words = f"ack = {json.dumps(told.ack)}, basis = {json.dumps(told.basis)}"  # JSON strings are TOML's too
        sets.append(f"{teacher_key('--ack-terms', chosen, told.ack)}.terms={{ {words} }}")
    return sets


def teacher_key(flag: str, chosen: Chosen, ack: str = "") -> str:
    """The dotted key of the one teacher, or of the one whose terms go by that id; raises `UsageError`."""
    from blackbox_kd.config.load import numbered
    from blackbox_kd.stages.targets import notices_by_teacher

    config = load_config(chosen.config, chosen.run, chosen.sets).config
    keys = list(numbered("teacher", config.teacher))
    if len(keys) > 1 and ack:
        notices = notices_by_teacher(config)
        asks = {label for label, found in notices.items() if any(one.ack == ack and one.needs_ack for one in found)}
        keys = [key for key, one in zip(keys, config.teacher, strict=True) if one.model in asks]
    if len(keys) != 1:
        message = f"{flag}: {len(keys)} of {len(config.teacher)} teachers can be meant"
        raise UsageError(message, "Set it in bbkd.toml, for each [[teacher]].")
    return keys[0]


def forecast(command: str, names: tuple[str, ...], chosen: Chosen) -> None:
    """Say what the stages would ask and what that would cost, from the files as they are; nothing is changed."""
    import msgspec

    from blackbox_kd.stages.estimating import estimated, told

    directory, loaded = open_run(chosen.config, chosen.run, chosen.sets, chosen.quiet)
    found = estimated(directory, loaded.config, "prompts" in names)
    if chosen.as_json:
        show_json(command, {"dry_run": msgspec.to_builtins(found)})
        return
    for line in told(found):
        say(line)
    if "judge" in names and loaded.config.scoring.judge:
        say("judge     asked after query: `bbkd judge --dry-run` says then what that would cost")


def forecast_judge(command: str, chosen: Chosen) -> None:
    """Say what the judge would be asked, and what that would cost: all else of judge and evaluate is free."""
    import msgspec

    from blackbox_kd.stages.estimating import lines_of
    from blackbox_kd.stages.evaluating.verdicts import forecast as of_evaluation
    from blackbox_kd.stages.scoring.judging import estimate as of_scoring

    directory, loaded = open_run(chosen.config, chosen.run, chosen.sets, chosen.quiet)
    if command == "evaluate" and not loaded.config.evaluate.judge:
        raise UsageError("evaluate --dry-run: only --judge costs anything", "Add --judge, or leave out --dry-run.")
    found = (of_evaluation if command == "evaluate" else of_scoring)(directory, loaded.config)
    if chosen.as_json:
        show_json(command, {"dry_run": {"estimates": [msgspec.to_builtins(found)]}})
        return
    for line in lines_of(found):
        say(line)


def execute(command: str, names: tuple[str, ...], chosen: Chosen) -> None:
    """Run stages in order under the run's lock; rows that failed for good end it with exit code 3, after the last."""
    from blackbox_kd.stages.stage import Outcome
    from blackbox_kd.stages.stage import execute as execute_stage

    directory, loaded = open_run(chosen.config, chosen.run, chosen.sets, chosen.quiet)
    outcomes: list[Outcome] = []
    with directory.locked():
        imported = directory.manifest_path("import").exists()
        if command == "run":
            first_look(directory, loaded.config)
        for name in names:
            if imported and name in ("prompts", "query"):
                directory.progress.note(f"{name}: not run, the completions were imported")
                continue
            if name == "judge" and command == "run" and not scoring(directory, loaded.config):
                continue
            stage = importlib.import_module(f"blackbox_kd.stages.{name}").STAGE
            outcomes.append(execute_stage(stage, directory, loaded.config))
    failed = sum(outcome.failed for outcome in outcomes)
    result = {one.stage: {"ran": one.ran, "reasons": one.reasons, "counts": one.counts} for one in outcomes}
    if failed:
        fix = f"They are listed in {directory / 'failures.jsonl'}."
        raise RowFailures(f"finished, and {failed} rows failed for good", fix, result)
    if chosen.as_json:
        show_json(command, result)


def scoring(directory: "RunDir", config: "Config") -> bool:
    """Whether a whole run needs the judge stage: [scoring] asks for something, or did and the scores have to go."""
    return config.scoring.asked or directory.manifest("judge") is not None


def first_look(directory: "RunDir", config: "Config") -> None:
    """Find what would stop a later stage before an earlier one costs anything; raises `UsageError`."""
    from blackbox_kd.stages.checking import problems

    if found := problems(config, directory, prompts="gold" in config.evaluate.arms):
        raise UsageError("\n  ".join(found), "Correct this first: nothing was asked or changed.")


def add_to(app: typer.Typer) -> None:
    """Register a command for each stage and for their chains."""
    for name in STAGES:
        add(app, name, (name,))
    add(app, "generate", ("prompts", "query"))
    add(app, "run", STAGES)


def add(app: typer.Typer, command: str, names: tuple[str, ...]) -> None:
    """Register one command that runs the named stages; those that may ask a teacher take the flags of `Paying`."""
    if command in OWN:
        app.command(command, help=HELP[command])(OWN[command])
        return
    app.command(command, help=HELP[command])(paying(command, names) if "query" in names else free(command, names))


def evaluate(
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    student: StudentOption = None,
    completions: CompletionsOption = None,
    judge: JudgeOption = False,
    budget: JudgeBudgetOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the stage for the run's own student, or for the one that is named."""
    more = [f"evaluate.student={beside(student)}"] if student else []
    more += [f"evaluate.completions={completions.absolute()}"] if completions else []
    more += ["evaluate.judge=true"] if judge else []
    more += [f"judge.budget_usd={budget}"] if budget is not None else []
    chosen = Chosen(run, config, [*(sets or []), *more], as_json, quiet)
    if dry_run:
        forecast_judge("evaluate", chosen)
    else:
        execute("evaluate", ("evaluate",), chosen)


def judge(
    run: RunOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    budget: JudgeBudgetOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the stage, or say what its judge would be asked."""
    more = [f"judge.budget_usd={budget}"] if budget is not None else []
    chosen = Chosen(run, config, [*(sets or []), *more], as_json, quiet)
    if dry_run:
        forecast_judge("judge", chosen)
    else:
        execute("judge", ("judge",), chosen)


OWN: dict[str, Callable[..., None]] = {"evaluate": evaluate, "judge": judge}  # stages with flags of their own


def beside(spec: str) -> str:
    """A student as it is named from here: a path of this folder's is one whatever the folder of bbkd.toml."""
    path = Path(spec).expanduser()
    return str(path.absolute()) if path.exists() else spec


def free(command: str, names: tuple[str, ...]) -> Callable[..., None]:
    """The body of a command that costs nothing."""

    def body(
        run: RunOption = None,
        config: ConfigOption = None,
        sets: SetOption = None,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        execute(command, names, Chosen(run, config, sets, as_json, quiet))

    return body


def paying(command: str, names: tuple[str, ...]) -> Callable[..., None]:
    """The body of a command that may cost something."""

    def body(
        run: RunOption = None,
        config: ConfigOption = None,
        sets: SetOption = None,
        dry_run: DryRunOption = False,
        offline: OfflineOption = False,
        retry_failed: RetryFailedOption = False,
        budget: BudgetOption = None,
        max_tokens_total: TokensOption = None,
        ack_terms: AckOption = None,
        basis: BasisOption = None,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        chosen = Chosen(run, config, sets, as_json, quiet)
        told = Paying(offline, retry_failed, budget, max_tokens_total, ack_terms, basis)
        chosen = chosen._replace(sets=[*(sets or []), *settings_of(told, chosen)])
        (forecast if dry_run else execute)(command, names, chosen)

    return body
