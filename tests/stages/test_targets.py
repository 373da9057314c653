from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.teacher import Shots, Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, UsageError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.keys import NO_KEY
from blackbox_kd.stages.targets import resolved, target_of
from blackbox_kd.teachers.prices import OWN_TABLE, price_of
from blackbox_kd.teachers.target import Price, Sampling, Target

POOL = "http://127.0.0.1:8001/v1\n# the second\n\nhttp://127.0.0.1:8002/v1\n"


def own(**fields: Any) -> Teacher:
    """A teacher on a server of one's own."""
    return Teacher(**{"model": "openai/m", "base_url": "http://127.0.0.1:8000/v1", **fields})


async def targets(run: RunDir, *teachers: Teacher) -> tuple[tuple[Target, ...], dict[str, str]]:
    """What a run would ask, and its keys."""
    async with resolved(Config(teacher=teachers), run) as found:
        return found


@pytest.mark.parametrize(
    ("teacher", "wire", "base_url", "identity", "official"),
    [
        (Teacher(model="openai/m"), "openai", "https://api.openai.com/v1", "openai", True),
        (Teacher(model="anthropic/m"), "anthropic", "https://api.anthropic.com", "anthropic", True),
        (own(base_url="http://127.0.0.1:1/v1/"), "openai", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1", False),
        (own(identity="ours"), "openai", "http://127.0.0.1:8000/v1", "ours", False),
    ],
)
def test_a_teacher_becomes_a_target(
    teacher: Teacher, wire: str, base_url: str, identity: str, official: bool, tmp_path: Path
) -> None:
    found = target_of(teacher, tmp_path)
    assert (found.wire, found.base_url, found.identity, found.official) == (wire, base_url, identity, official)
    assert (found.model, found.label) == ("m", teacher.model)


def test_a_name_with_slashes_goes_on_the_wire_whole(tmp_path: Path) -> None:
    assert target_of(own(model="openai/Qwen/Qwen3-8B"), tmp_path).model == "Qwen/Qwen3-8B"


def test_a_price_is_the_users_else_the_list_price_else_unknown(tmp_path: Path) -> None:
    price = Price(input_usd=1, output_usd=2)
    assert target_of(own(price=price), tmp_path).price == price
    assert target_of(own(), tmp_path).price is None
    known = Teacher(model="openai/gpt-6.1-terra")
    assert target_of(known, tmp_path).price == price_of("openai/gpt-6.1-terra", official=True) is not None


def test_a_table_of_prices_beside_bbkd_toml_counts_for_own_servers(tmp_path: Path) -> None:
    (tmp_path / OWN_TABLE).write_text(
        '[[model]]\nlabel = "openai/m"\neffective_from = 2026-01-01\nprice = { gpu_hour_usd = 2, gpus = 4 }\n'
    )
    assert target_of(own(), tmp_path).price == Price(gpu_hour_usd=2, gpus=4)


def test_a_batch_takes_half_of_a_price_that_does_not_say(tmp_path: Path) -> None:
    price = Price(input_usd=1, output_usd=2)
    official = target_of(Teacher(model="openai/m", price=price), tmp_path).price
    assert official is not None
    assert (official.batch, price.batch) == (0.5, None)


@pytest.mark.parametrize("extra", [{"service_tier": "priority"}, {"speed": "fast"}])
def test_another_service_tier_has_no_list_price(extra: dict[str, Any], tmp_path: Path) -> None:
    assert target_of(Teacher(model="openai/gpt-6.1-terra", extra=extra), tmp_path).price is None


@pytest.mark.parametrize("name", ["n", "stream"])
def test_fields_that_would_change_the_shape_of_replies_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"teacher.extra.{name}"):
        target_of(own(extra={name: 2}), tmp_path)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"endpoints": "pool.txt"}, "teacher.endpoints and teacher.base_url"),
        ({"batch": True, "stream": True}, "teacher.batch and teacher.stream"),
        ({"base_url": None, "endpoints": "pool.txt", "batch": True}, "teacher.batch and teacher.endpoints"),
        ({"model": "anthropic/m", "api": "responses"}, "anthropic/ has one API"),
        ({"extra": {"max_tokens": None}}, "may cost anything"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(fields: dict[str, Any], why: str, tmp_path: Path) -> None:
    (tmp_path / "pool.txt").write_text(POOL)
    with pytest.raises(UsageError, match=why):
        target_of(own(**fields), tmp_path)


def test_how_a_teacher_is_asked_reaches_the_target(tmp_path: Path) -> None:
    ways = {"prompt_cache": False, "on_model_mismatch": "warn"}
    found = target_of(own(api="responses", stream=True, **ways), tmp_path)
    assert (found.wire, found.stream, found.batch) == ("responses", True, False)
    assert (found.prompt_cache, found.on_model_mismatch) == (False, "warn")
    assert target_of(own(batch=True), tmp_path).batch


def test_a_pool_of_servers_is_one_teacher_by_its_models_name(tmp_path: Path) -> None:
    (tmp_path / "pool.txt").write_text(POOL)
    found = target_of(own(base_url=None, endpoints="pool.txt"), tmp_path)
    assert (found.endpoints, found.base_url) == (tmp_path / "pool.txt", "http://127.0.0.1:8001/v1")
    assert (found.identity, found.official, found.price) == ("endpoints:m", False, None)
    assert target_of(own(base_url=None, endpoints="pool.txt", identity="ours"), tmp_path).identity == "ours"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (POOL + "http://10.0.0.7:8000\n", "plain http to 10.0.0.7"),
        (POOL + "https://user:secret@example.com\n", "user name or password"),
        ("# none yet\n", "names no address"),
        (None, "cannot be read"),
    ],
)
def test_a_pool_with_an_unsafe_address_is_refused(text: str | None, why: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "pool.txt").write_text(text)
    with pytest.raises(UsageError, match=why) as raised:
        target_of(own(base_url=None, endpoints="pool.txt"), tmp_path)
    assert "secret" not in str(raised.value)


def test_a_setting_that_the_model_refuses_is_an_error_or_left_out(tmp_path: Path) -> None:
    teacher = Teacher(model="anthropic/claude-opus-5-5", sampling=Sampling(temperature=0.5, max_tokens=7))
    with pytest.raises(UsageError, match="known to refuse temperature") as raised:
        target_of(teacher, tmp_path)
    assert "drop_unsupported" in raised.value.fix
    found = target_of(msgspec.structs.replace(teacher, drop_unsupported=True), tmp_path)
    assert found.sampling == Sampling(max_tokens=7)


def test_shots_are_the_first_k_rows(tmp_path: Path) -> None:
    (tmp_path / "shots.jsonl").write_text(
        '{"prompt": "a", "completion": "A"}\n{"prompt": "b", "completion": "B"}\n{"prompt": "c", "completion": "C"}\n'
    )
    shots = target_of(own(shots=Shots(file="shots.jsonl", k=2)), tmp_path).shots
    assert [(one.role, one.content) for one in shots] == [
        ("user", "a"),
        ("assistant", "A"),
        ("user", "b"),
        ("assistant", "B"),
    ]


@pytest.mark.parametrize("row", ['{"prompt": "a"}', '{"prompt": "a", "completion": ""}', '{"completion": "A"}'])
def test_a_shot_without_both_sides_names_its_line(row: str, tmp_path: Path) -> None:
    (tmp_path / "shots.jsonl").write_text('{"prompt": "a", "completion": "A"}\n' + row + "\n")
    with pytest.raises(InputError, match="2"):
        target_of(own(shots=Shots(file="shots.jsonl")), tmp_path)


def test_a_schema_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "object"}')
    assert target_of(own(schema="s.json"), tmp_path).schema == {"type": "object"}


def test_a_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.json") as raised:
        target_of(own(schema="s.json"), tmp_path)
    assert "bbkd.toml's folder" in raised.value.fix


async def test_without_a_teacher_nobody_can_be_asked(run: RunDir) -> None:
    with pytest.raises(UsageError, match=r"no \[teacher\]"):
        await targets(run)


async def test_two_teachers_of_one_name_are_refused(run: RunDir) -> None:
    with pytest.raises(UsageError, match="same `model`"):
        await targets(run, own(), own(base_url="http://127.0.0.1:9000/v1"))


async def test_a_simulated_teacher_listens_on_this_machine(run: RunDir) -> None:
    async with resolved(Config(teacher=(Teacher(model="simulated/tickets"),)), run) as (found, keys):
        assert found[0].base_url is not None
        assert found[0].base_url.startswith("http://127.0.0.1:")
        assert found[0].identity.startswith("simulated:tickets:")
    assert keys == {"simulated/tickets": NO_KEY}
