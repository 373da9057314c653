"""How difficult each answer is for the student that will learn it."""

from collections.abc import Mapping, Sequence

from blackbox_kd.config.whole import Config
from blackbox_kd.records import Completion, conversation
from blackbox_kd.run import RunDir
from blackbox_kd.stages.train import student_spec

AT_ONCE = 512  # answers whose tokens are held in memory


def difficult(run: RunDir, config: Config, rows: Sequence[Completion], answers: Mapping[str, str]) -> dict[str, float]:
    """The difficulty of each row's answer, by completion id; raises `UsageError` for a student that cannot be read."""
    from blackbox_kd.student.difficulty import difficulties
    from blackbox_kd.student.load import load

    if not rows:
        return {}
    student, train = load(student_spec(config, run)), config.train
    found: dict[str, float] = {}
    run.progress.start("judge: difficulty", len(rows))
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        turns = [conversation(one.messages, train.system) for one in part]
        values = difficulties(student, turns, [answers[one.id] for one in part], train.template_args)
        found |= {one.id: value for one, value in zip(part, values, strict=True) if value is not None}
        run.progress.advance(steps=len(part))
    run.progress.finish()
    return found
