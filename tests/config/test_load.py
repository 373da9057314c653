from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blackbox_kd.config.load import line_of, listed, load
from blackbox_kd.errors import UsageError
from blackbox_kd.records import Json

GOLDEN = Path(__file__).parents[1] / "golden" / "config"
TEACHER = '[teacher]\nmodel = "openai/m"\n'


def at(folder: Path, text: str | bytes) -> Path:
    """A bbkd.toml with this text."""
    path = folder / "bbkd.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(
    folder: Path,
    text: str | bytes,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> UsageError:
    """The error that this configuration is refused with."""
    with pytest.raises(UsageError) as caught:
        load(at(folder, text), environment or {}, flags or {})
    return caught.value


@pytest.mark.parametrize("user", ["tickets", "reasoning", "house_style"])
def test_what_a_user_wrote_is_what_is_set(user: str) -> None:
    values, origins = listed(load(GOLDEN / f"{user}.toml", {}, {}))
    found = {key: [values[key], origins[key]] for key in values if origins[key] != "default"}
    assert found == msgspec.json.decode((GOLDEN / f"{user}.json").read_bytes())


def test_what_nobody_wrote_has_these_values(tmp_path: Path) -> None:
    values, origins = listed(load(at(tmp_path, TEACHER), {}, {}))
    defaults = {key: value for key, value in values.items() if origins[key] == "default"}
    assert defaults == msgspec.json.decode((GOLDEN / "defaults.json").read_bytes())


def test_an_empty_file_is_a_configuration_without_a_teacher(tmp_path: Path) -> None:
    assert load(at(tmp_path, ""), {}, {}).config.teacher == ()


@pytest.mark.parametrize(
    ("environment", "flags", "value", "origin"),
    [
        ({}, {}, 1, "bbkd.toml:1"),
        ({"BBKD_SEED": "2"}, {}, 2, "BBKD_SEED"),
        ({}, {"seed": "3"}, 3, "--set seed"),
        ({"BBKD_SEED": "2"}, {"seed": "3"}, 3, "--set seed"),
    ],
)
def test_a_flag_beats_the_environment_beats_the_file(
    environment: dict[str, str], flags: dict[str, str], value: int, origin: str, tmp_path: Path
) -> None:
    loaded = load(at(tmp_path, "seed = 1\n"), environment, flags)
    assert loaded.config.seed == value
    assert listed(loaded)[1]["seed"] == origin


def test_two_underscores_go_one_table_deeper(tmp_path: Path) -> None:
    environment = {"BBKD_FILTER__LENGTH__MAX_WORDS": "300", "BBKD_TEACHER__BUDGET_USD": "1.5", "BBKD_LEDGER": "x"}
    values, _ = listed(load(at(tmp_path, TEACHER), environment, {}))
    assert (values["filter.length.max_words"], values["teacher.budget_usd"]) == (300, 1.5)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.student", "hub/name", "hub/name"),
        ("train.student", '"1e5"', "1e5"),
        ("train.system", "", ""),
        ("train.max_steps", "20", 20),
        ("evaluate.full_prompt", "false", False),
        ("evaluate.metrics", '["a.py:f", "exact_match"]', ["a.py:f", "exact_match"]),
    ],
)
def test_a_flag_is_toml_where_it_can_be_and_text_elsewhere(key: str, text: str, value: Json, tmp_path: Path) -> None:
    assert listed(load(at(tmp_path, ""), {}, {key: text}))[0][key] == value


def test_a_flag_that_sets_a_table_replaces_all_of_it(tmp_path: Path) -> None:
    loaded = load(at(tmp_path, TEACHER + "sampling = { n = 2, top_p = 0.5 }\n"), {}, {"teacher.sampling": "{n = 3}"})
    values, origins = listed(loaded)
    assert (values["teacher.sampling.n"], values["teacher.sampling.top_p"]) == (3, None)
    assert origins["teacher.sampling.n"] == "--set teacher.sampling"


def test_a_flag_cannot_say_which_of_several_teachers_it_means(tmp_path: Path) -> None:
    two = '[[teacher]]\nmodel = "openai/a"\n[[teacher]]\nmodel = "openai/b"\n'
    assert "--set teacher.weight: teacher stands 2 times" in refused(tmp_path, two, {}, {"teacher.weight": "2"}).message


@pytest.mark.parametrize(
    ("text", "place", "key", "near"),
    [
        ("[train]\nepochs = 3\nlerning_rate = 1e-4\n", 3, "train.lerning_rate", "learning_rate"),
        ("[trian]\nepochs = 3\n", 1, "trian", "train"),
        ("sed = 3\n", 1, "sed", "seed"),
        ("[filter.lenght]\nmax_words = 3\n", 1, "filter.lenght", "length"),
        ("[filter.length]\nmax_word = 3\n", 2, "filter.length.max_word", "max_words"),
        (TEACHER + "sampling = { temprature = 0.2 }\n", 3, "teacher.sampling.temprature", "temperature"),
        (TEACHER + "[teacher.sampling]\nn = 1\ntop_q = 0.2\n", 5, "teacher.sampling.top_q", "top_p"),
        (TEACHER.replace("[teacher]", "[[teacher]]") * 2 + "weigth = 2\n", 5, "teacher[1].weigth", "weight"),
        ('[[prompts.strategy]]\nkind = "task"\ntask = "units"\ncoutn = 3\n', 4, "prompts.strategy.coutn", "count"),
        (TEACHER + 'system = """\n[train]\nweigth = 1\n"""\nweigth = 2\n', 7, "teacher.weigth", "weight"),
    ],
)
def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_key(
    text: str, place: int, key: str, near: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, text)
    assert error.message == f"{tmp_path / 'bbkd.toml'}:{place}: unknown key `{key}`"
    assert error.fix == f"Did you mean `{near}`?"


def test_a_key_that_is_near_to_none_is_answered_with_all_of_them(tmp_path: Path) -> None:
    assert "examples, licence, rejections, title" in refused(tmp_path, "[report]\nzzz = 1\n").fix


@pytest.mark.parametrize(
    ("environment", "flags", "start"),
    [
        ({"BBKD_TRAIN__EPOCH": "3"}, {}, "BBKD_TRAIN__EPOCH: unknown key `train.epoch`"),
        ({"BBKD_TRIAN__EPOCHS": "3"}, {}, "BBKD_TRIAN__EPOCHS: unknown key `trian`"),
        ({}, {"train.epoch": "3"}, "--set train.epoch: unknown key `train.epoch`"),
        ({"BBKD_TRAIN__EPOCHS": "many"}, {}, "BBKD_TRAIN__EPOCHS: train.epochs: Expected `float`, got `str`"),
        ({}, {"seed": "-1"}, "--set seed: Expected `int` >= 0"),
        ({}, {"teacher.sampling": '{n = "x"}'}, "--set teacher.sampling: teacher.sampling.n: Expected `int`"),
        ({}, {"seed.x": "1"}, "--set seed.x: seed in seed.x is no table"),
    ],
)
def test_what_is_wrong_outside_the_file_is_named_by_where_it_was_set(
    environment: dict[str, str], flags: dict[str, str], start: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, "seed = 0\n" + TEACHER, environment, flags).message.startswith(start)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('seed = 1\n[train]\nepochs = "three"\n', 3, "train.epochs: Expected `float`, got `str`"),
        ("[train]\nepochs = 0\n", 2, "train.epochs: Expected `float` > 0.0"),
        ('[train]\nmethod = "qlora"\n', 2, "train.method: Invalid enum value 'qlora'"),
        ("[evaluate]\nmetrics = []\n", 2, "evaluate.metrics: Expected `array` of length >= 1"),
        ('[prompts]\nfiles = "a.jsonl"\n', 2, "prompts.files: Expected `array`, got `str`"),
        ('[teacher]\nmodel = "gpt"\n', 2, "teacher.model: Expected `str` matching regex"),
        ("\n[teacher]\nweight = 2\n", 2, "teacher: Object missing required field `model`"),
        (TEACHER + "sampling = { n = 0 }\n", 3, "teacher.sampling.n: Expected `int` >= 1"),
        ('[[prompts.strategy]]\nkind = "evol"\ncount = 1\n', 2, "prompts.strategy.kind: Invalid value 'evol'"),
        (
            "[[teacher]]\nmodel = 'openai/a'\nweight = 1\n[[teacher]]\nmodel = 'openai/b'\nweight = 0\n",
            6,
            "teacher[1].weight: E",
        ),
        ("[[teacher]]\nmodel = 'a'\n[[teacher]]\nmodel = 'openai/b'\n", 2, "teacher[0].model: Expected"),
        ("[filter]\noff = ['identiy']\n", 1, "filter: off: there is no filter 'identiy', only gate, "),
        ("[prompts]\nfiles = ['a', 1]\n", 2, "prompts.files[1]: Expected `str`, got `int`"),
        ("train = 3\n", 1, "train: Expected `object`, got `int`"),
        ("[filter]\nvalidation = 1\n", 2, "filter.validation: Expected `float` < 1.0"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_what_is_expected(
    text: str, place: int, message: str, tmp_path: Path
) -> None:
    assert refused(tmp_path, text).message.startswith(f"{tmp_path / 'bbkd.toml'}:{place}: {message}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seed = 1\n[train\n", 2),
        ("seed = 1\n\nseed = 2\n", 3),
        ("seed = 1\n[prompts]\nfiles = [\n  'a',\n", 4),
        ("[train]\nstudent = smollm\n", 2),
        (b"title = '\xff'\n", 1),
    ],
)
def test_what_is_no_toml_is_named_by_its_line(text: str | bytes, line: int, tmp_path: Path) -> None:
    assert refused(tmp_path, text).message.startswith(f"{tmp_path / 'bbkd.toml'}:{line}: not valid TOML")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = load(at(tmp_path, 'seed = 1\n[train]\nsystem = """a\nb"""\nepochs = 2\n'), {}, {})
    windows = load(at(tmp_path, b'\xef\xbb\xbfseed = 1\r\n[train]\r\nsystem = """a\r\nb"""\r\nepochs = 2\r\n'), {}, {})
    assert windows == plain


def test_an_absent_file_is_answered_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file[\s\S]*bbkd init"):
        load(tmp_path / "bbkd.toml", {}, {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path, {}, {})


def test_a_system_prompt_in_a_file_is_read_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "student.md").write_bytes(b"\xef\xbb\xbf\r\nExtract the ticket.\r\nAs JSON.\r\n")
    loaded = load(at(tmp_path, '[train]\nsystem = "student.md"\n'), {}, {})
    assert loaded.config.train.system == "Extract the ticket.\nAs JSON."


def test_an_absent_system_prompt_is_named_with_the_line_that_asks_for_it(tmp_path: Path) -> None:
    error = refused(tmp_path, TEACHER + 'system = "rules.md"\n')
    assert error.message.startswith(f"{tmp_path / 'bbkd.toml'}:3: teacher.system: no such file")


def test_a_system_prompt_that_is_not_utf8_is_an_error_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_bytes(b"\xff\xfe")
    assert "no UTF-8 text file" in refused(tmp_path, TEACHER + 'system = "rules.md"\n').message


def test_a_filter_that_is_off_does_not_run(tmp_path: Path) -> None:
    config = load(at(tmp_path, '[filter]\noff = ["identity", "refusal"]\n'), {}, {}).config
    names = [rule.name for rule in config.filter.rules()]
    assert {"gate", "length", "near"} <= {*names}
    assert not {"identity", "refusal"} & {*names}


@given(st.lists(st.sampled_from(["a", "b", "[t]", "[[t]]", "", "# c"]), max_size=8))
def test_a_line_number_lies_inside_the_file(lines: list[str]) -> None:
    text = "\n".join(f"{line} = 1" if line in ("a", "b") else line for line in lines)
    number = line_of(text, "t.a")
    assert 1 <= number <= max(1, len(lines))
