"""The retention set: prompts that the training data does not cover, to tell what a student forgot."""

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_rows, text_digest
from blackbox_kd.records import Prompt
from blackbox_kd.run import PROMPTS, RunDir
from blackbox_kd.shipped import shipped
from blackbox_kd.stages.content import folded
from blackbox_kd.strategies.files import drafts

NAMED = "everyday"  # ours: prompts/everyday.jsonl


def retention_prompts(run: RunDir, config: Config) -> list[Prompt]:
    """The first `[evaluate] retention_limit` prompts of the set by digest, held out, none of them one of the run's.

    Their ids begin with `retention:`, so that they meet none of the run's. Raises `InputError` without the file, for a
    row that is no prompt, and for an id that stands twice.
    """
    chosen = config.evaluate.retention
    if not chosen:
        return []
    path = shipped(f"{NAMED}.jsonl") if chosen == NAMED else run.root / chosen
    if not path.exists():
        fix = f'Paths start at bbkd.toml. "{NAMED}" names the prompts that come with bbkd, "" none.'
        raise InputError(f"evaluate.retention: {path}: no such file", fix)
    own = {folded(one.messages) for one in read_rows(run / PROMPTS, Prompt)} if (run / PROMPTS).exists() else set()
    found: dict[str, Prompt] = {}
    names: set[str] = set()
    covered = 0
    for draft in drafts(path):
        text = folded(draft.messages)
        covered += text in own
        if text in own or text in found:
            continue
        name = f"retention:{draft.id or text_digest(text)}"
        if name in names:
            raise InputError(f"{draft.where}: the id {draft.id!r} stands twice", "Ids name one row each.")
        names.add(name)
        found[text] = Prompt(
            id=name,
            messages=draft.messages,
            split="held_out",
            family=draft.family or name,
            reference=draft.reference,
            slice=draft.slice,
            source=f"retention:{path.name}",
        )
    if covered:
        run.progress.note(f"evaluate: {covered} prompts of {path.name} are among the run's own and are left out")
    return sorted(found.values(), key=lambda one: text_digest(one.id))[: config.evaluate.retention_limit]
