import shutil
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.train import Train
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import digest, read_json, write_rows
from blackbox_kd.records import Example, Json, Message, Prompt, Split
from blackbox_kd.run import PROMPTS, TRAIN_ROWS, TRAINING_LOG, VALIDATION_ROWS, RunDir, Silent
from blackbox_kd.stages.evaluating.arms import (
    SHOT_CHARACTERS,
    deranged,
    few_shot_messages,
    folder_of,
    gold,
    part,
    prompt_of,
    result_path,
    shuffled,
    trained_arm,
)

SETTINGS = Train(student="tiny:0", max_steps=1, batch_size=4, learning_rate=5e-3, warmup=0.0, system="Be brief.")
CONFIG = Config(train=SETTINGS)
MakePrompt = Callable[..., Prompt]


def row(name: str, prompt: str, completion: str) -> Example:
    return Example(
        id=name,
        prompt=(Message(role="user", content=prompt),),
        completion=(Message(role="assistant", content=completion),),
    )


ROWS = [row(f"p{n}#0", f"what is {n}", f"it is {n}") for n in range(24)]


def changed(**train: object) -> Config:
    """The configuration with other settings in `[train]`."""
    return msgspec.structs.replace(CONFIG, train=msgspec.structs.replace(CONFIG.train, **train))


def filled(run: RunDir, prompt: MakePrompt) -> RunDir:
    """The run directory with rows to train on, of whose prompts all but a held-out one have references."""
    write_rows(run / TRAIN_ROWS, ROWS)
    write_rows(run / VALIDATION_ROWS, [row("v#0", "what is v", "it is v")])
    sides: list[tuple[str, Split]] = [*((f"p{n}", "train") for n in range(24)), ("v", "train"), ("h", "held_out")]
    made = [prompt(f"what is {name}", id=name, split=side) for name, side in sides]
    write_rows(run / PROMPTS, [msgspec.structs.replace(one, reference=f" gold {one.id}\n") for one in made])
    return run


@pytest.fixture
def ready(run: RunDir, prompt: MakePrompt) -> RunDir:
    """A run directory with rows to train on."""
    return filled(run, prompt)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory, prompt: MakePrompt) -> RunDir:
    """A run directory with an arm that was trained on half of the rows. To be read only."""
    folder = tmp_path_factory.mktemp("half")
    run = filled(RunDir(folder / "run", folder), prompt)
    trained_arm(run, CONFIG, "1/2")
    return run


@pytest.fixture
def heard(ready: RunDir) -> list[str]:
    """The notes of the run, as they come."""
    notes: list[str] = []

    class Heard(Silent):
        """Keeps the notes."""

        def note(self, text: str) -> None:
            """Keep it."""
            notes.append(text)

    ready.progress = Heard()
    return notes


def counts(run: RunDir, arm: str) -> dict[str, Json]:
    """What an arm's training says of itself."""
    return read_json(result_path(run, arm), dict[str, Json])


def weights(run: RunDir, arm: str, config: Config = CONFIG) -> str:
    """Digest of the weights of an arm, trained if need be."""
    return digest(trained_arm(run, config, arm) / "model.safetensors")


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40), st.integers(0, 5))
def test_shuffling_gives_every_row_the_answer_of_another_prompt(answers: list[int], seed: int) -> None:
    sources = deranged([(str(n), str(answer)) for n, answer in enumerate(answers)], seed)
    assert sorted(sources) == list(range(len(answers)))
    assert all(n != source for n, source in enumerate(sources))


def test_shuffling_keeps_the_samples_of_a_prompt_and_equal_answers_apart() -> None:
    rows = [(str(n // 2), f"answer {n // 2 % 30}") for n in range(120)]
    for n, source in enumerate(deranged(rows, 1)):
        assert rows[n][0] != rows[source][0]
        assert rows[n][1] != rows[source][1]


def test_shuffled_labels_tell_nothing_of_the_prompt() -> None:
    rows = [(str(n), "yes" if n % 2 else "no") for n in range(1000)]
    right = sum(rows[n][1] == rows[source][1] for n, source in enumerate(deranged(rows, 1)))
    assert 430 < right < 570  # were it 0, the opposite would be taught


def test_shuffling_is_the_same_for_the_same_seed() -> None:
    rows = [(str(n), str(n)) for n in range(60)]
    assert deranged(rows, 1) == deranged(rows, 1)
    assert deranged(rows, 1) != deranged(rows, 2)


def test_nothing_to_shuffle_is_no_error() -> None:
    assert deranged([], 0) == []


def test_shuffled_rows_keep_prompts_and_weights() -> None:
    weighted = [msgspec.structs.replace(one, weight=float(n)) for n, one in enumerate(ROWS, start=1)]
    rows, kept = shuffled(weighted, 0)
    assert kept == 0
    assert [(one.id, one.prompt, one.weight) for one in rows] == [(one.id, one.prompt, one.weight) for one in weighted]
    assert Counter(one.completion for one in rows) == Counter(one.completion for one in weighted)


@given(st.integers(1, 60), st.integers(1, 3))
def test_a_smaller_share_lies_within_a_larger_one_and_prompts_stay_whole(prompts: int, samples: int) -> None:
    rows = [row(f"p{n}#{k}", "?", "!") for n in range(prompts) for k in range(samples)]
    quarter, half = part(rows, 1 / 4), part(rows, 1 / 2)
    assert {one.id for one in quarter} <= {one.id for one in half}
    assert set(Counter(prompt_of(one) for one in half).values()) == {samples}
    assert len(half) == samples * max(1, round(prompts / 2))


def test_gold_is_of_train_prompts_that_are_not_for_validation(ready: RunDir) -> None:
    rows = gold(ready, "Be brief.", {"v"})
    assert {prompt_of(one) for one in rows} == {f"p{n}" for n in range(24)}
    assert rows[0].prompt[0] == Message(role="system", content="Be brief.")
    assert rows[0].completion[0].content == f"gold {prompt_of(rows[0])}"


def test_too_little_gold_is_an_error(ready: RunDir, prompt: MakePrompt) -> None:
    rows = [msgspec.structs.replace(prompt(id=f"p{n}"), reference=" " if n > 18 else "gold") for n in range(30)]
    write_rows(ready / PROMPTS, rows)
    with pytest.raises(InputError, match="gold: 19 train prompts have a reference, at least 20"):
        trained_arm(ready, CONFIG, "gold")


def test_an_arm_says_what_its_training_took(half: RunDir) -> None:
    folder = half.path / "eval" / "students" / "1-2" / "student"
    found = counts(half, "1/2")
    assert (found["rows"], found["steps"]) == (12, 1)
    assert read_json(folder / "bbkd.json", dict[str, Json])["system"] == "Be brief."


def test_an_unchanged_arm_is_not_trained_again(half: RunDir) -> None:
    first = folder_of(half, "1/2") / "student"
    written = (first / "model.safetensors").stat().st_mtime_ns
    assert trained_arm(half, changed(save_every_steps=9), "1/2") == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written


def test_an_arm_is_trained_again_once_rows_or_settings_change(half: RunDir, run: RunDir) -> None:
    shutil.copytree(half.path, run.path, dirs_exist_ok=True)
    first = weights(run, "1/2")
    other = weights(run, "1/2", changed(learning_rate=1e-3))
    assert other != first
    write_rows(run / TRAIN_ROWS, ROWS[:20])
    trained_arm(run, changed(learning_rate=1e-3), "1/2")
    assert counts(run, "1/2")["rows"] == 10


def test_a_seed_arm_is_what_that_seed_in_train_gives(ready: RunDir) -> None:
    assert weights(ready, "seed:3") == weights(ready, "1/1", changed(seed=3))
    assert weights(ready, "seed:4") != weights(ready, "seed:3")


def test_an_arm_that_was_cut_off_goes_on(ready: RunDir) -> None:
    config = changed(max_steps=2, save_every_steps=1)
    log = folder_of(ready, "shuffled") / TRAINING_LOG
    log.mkdir(parents=True)  # nothing can be written there: the training ends after its last step
    with pytest.raises(IsADirectoryError):
        trained_arm(ready, config, "shuffled")
    log.rmdir()
    trained_arm(ready, config, "shuffled")
    assert counts(ready, "shuffled")["resumed_from_step"] == 1
    assert not (folder_of(ready, "shuffled") / "checkpoints").exists()


def test_rows_that_get_an_answer_equal_to_their_own_are_told(ready: RunDir, heard: list[str]) -> None:
    write_rows(ready / TRAIN_ROWS, [row(f"p{n}#0", f"{n}", "yes") for n in range(4)])
    trained_arm(ready, CONFIG, "shuffled")
    assert heard == ["train shuffled: by chance 4 of 4 rows get an answer equal to their own"]


def test_examples_are_turns_of_as_many_prompts_without_system_messages() -> None:
    system = Message(role="system", content="s")
    rows = [
        msgspec.structs.replace(row(f"p{n // 2}#{n % 2}", str(n), "a"), prompt=(system, *ROWS[n].prompt))
        for n in range(8)
    ]
    found = few_shot_messages(rows, 3)
    assert [one.role for one in found] == ["user", "assistant"] * 3
    assert len({one.content for one in found if one.role == "user"}) == 3
    assert found == few_shot_messages(rows[::-1], 3)


def test_rows_that_are_too_long_are_no_examples() -> None:
    rows = [row("a#0", "x" * SHOT_CHARACTERS, "y"), row("b#0", "short", "one")]
    assert [one.content for one in few_shot_messages(rows, 5)] == ["short", "one"]
