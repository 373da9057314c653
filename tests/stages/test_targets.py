from pathlib import Path
from typing import Any

import msgspec
import pytest

from blackbox_kd.config.teacher import Shots, Teacher
from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError, ProviderRefused, UsageError
from blackbox_kd.run import RunDir
from blackbox_kd.stages.targets import NO_KEY, check_address, key_of, resolved, target_of
from blackbox_kd.teachers.prices import PRICES
from blackbox_kd.teachers.target import Price, Target
from blackbox_kd.teachers.terms import NOTICES, Terms

TERMS = {name: Terms(ack=notice.ack, basis="our lawyer") for name, notice in NOTICES.items()}


def own(**fields: Any) -> Teacher:
    """A teacher on a server of one's own."""
    return Teacher(**{"model": "openai/m", "base_url": "http://127.0.0.1:8000/v1", **fields})


async def targets(run: RunDir, *teachers: Teacher) -> tuple[tuple[Target, ...], dict[str, str]]:
    """What a run would ask, and its keys."""
    async with resolved(Config(teacher=teachers), run) as found:
        return found


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com/v1",
        "http://127.0.0.1:8000",
        "http://localhost:1",
        "http://[::1]:8000/v1",
    ],
)
def test_safe_addresses_pass(address: str) -> None:
    check_address(address, allow_http=False)
    assert address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://user:secret@example.com", "user name or password"),
        ("http://token@127.0.0.1", "user name or password"),
        ("http://example.com/v1", "plain http to example.com"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.7:8000", "plain http"),
        ("ftp://example.com", "no http address"),
        ("example.com", "no http address"),
        ("http://", "no http address"),
        ("http://[::1", "no http address"),
        ("http://127.0.0.1:99999", "no http address"),
        ("http://127.0.0.1:port", "no http address"),
        ("", "no http address"),
    ],
)
def test_addresses_that_would_leak_a_key_are_refused(address: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_address(address, allow_http=False)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(UsageError) as raised:
        check_address("https://user:secret@example.com", allow_http=False)
    assert "secret" not in str(raised.value)


def test_plain_http_is_for_those_who_allow_it() -> None:
    check_address("http://10.0.0.7:8000", allow_http=True)
    with pytest.raises(UsageError, match="user name or password"):
        check_address("http://user:secret@10.0.0.7", allow_http=True)


@pytest.mark.parametrize(("model", "name"), [("openai/m", "OPENAI_API_KEY"), ("anthropic/m", "ANTHROPIC_API_KEY")])
def test_a_missing_key_names_its_variable(model: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is not set"):
        key_of(Teacher(model=model))


def test_the_usual_key_is_read_for_the_providers_own_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " k-openai\n")
    assert key_of(Teacher(model="openai/m")) == "k-openai"


def test_the_usual_key_is_never_sent_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-openai")
    assert key_of(own()) == NO_KEY


def test_another_server_gets_the_key_that_is_named_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "k-mine")
    assert key_of(own(api_key_env="MY_SERVER_KEY")) == "k-mine"


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_key_is_a_missing_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", value)
    with pytest.raises(UsageError, match="MY_SERVER_KEY"):
        key_of(own(api_key_env="MY_SERVER_KEY"))


@pytest.mark.parametrize("value", ["\u201ck-mine\u201d", "k\u00e9y", "k\nmine", "k\x7f"])
def test_a_key_that_no_header_can_hold_names_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", value)
    with pytest.raises(UsageError, match="MY_SERVER_KEY") as raised:
        key_of(own(api_key_env="MY_SERVER_KEY"))
    assert value not in str(raised.value)


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
    assert target_of(known, tmp_path).price == PRICES["openai/gpt-6.1-terra"]


@pytest.mark.parametrize("name", ["n", "stream"])
def test_fields_that_would_change_the_shape_of_replies_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"teacher.extra.{name}"):
        target_of(own(extra={name: 2}), tmp_path)


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


@pytest.mark.parametrize("provider", list(NOTICES))
async def test_terms_come_before_the_first_call(provider: str, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "k")
    teacher = Teacher(model=f"{provider}/m")
    with pytest.raises(ProviderRefused, match="have not been acknowledged"):
        await targets(run, teacher)
    found, keys = await targets(run, msgspec.structs.replace(teacher, terms=TERMS[provider]))
    assert (found[0].official, keys) == (True, {f"{provider}/m": "k"})


async def test_a_simulated_teacher_listens_on_this_machine(run: RunDir) -> None:
    async with resolved(Config(teacher=(Teacher(model="simulated/tickets"),)), run) as (found, keys):
        assert found[0].base_url is not None
        assert found[0].base_url.startswith("http://127.0.0.1:")
        assert found[0].identity.startswith("simulated:tickets:")
    assert keys == {"simulated/tickets": NO_KEY}
