import re

import pytest

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.teachers.terms import LOOPBACK, Notice, Terms, check_terms, notices_of, registry

SERVICES = [one for one in registry() if one.hosts]
SERVICE = pytest.mark.parametrize("notice", SERVICES, ids=[one.ack for one in SERVICES])


@SERVICE
def test_terms_that_were_not_acknowledged_stop_the_run(notice: Notice) -> None:
    with pytest.raises(ProviderRefused) as raised:
        check_terms("m", notice.hosts, None)
    assert notice.ack in raised.value.fix
    assert notice.checked in raised.value.message
    assert notice.where in raised.value.message


@SERVICE
def test_an_older_acknowledgement_is_not_enough(notice: Notice) -> None:
    with pytest.raises(ProviderRefused):
        check_terms("m", notice.hosts, Terms(ack="openai-2020-01-01", basis="me"))


@SERVICE
def test_acknowledged_terms_let_the_run_begin(notice: Notice) -> None:
    assert check_terms("m", notice.hosts, Terms(ack=notice.ack, basis="our lawyer")) == (notice,)


@pytest.mark.parametrize("hosts", [(), *((host,) for host in LOOPBACK)])
def test_this_machine_has_no_terms(hosts: tuple[str, ...]) -> None:
    assert check_terms("m", hosts, None) == ()


def test_a_service_that_is_not_known_is_acknowledged_as_that() -> None:
    with pytest.raises(ProviderRefused, match=r"terms of api\.example\.com") as raised:
        check_terms("m", ["api.example.com"], None)
    assert 'ack = "unknown"' in raised.value.fix
    notices = check_terms("m", ["api.example.com"], Terms(ack="unknown", basis="read them: allowed"))
    assert [one.ack for one in notices] == ["unknown"]


@pytest.mark.parametrize("host", ["api.openai.com.example.com", "127.0.0.1.example.com", "localhost.example.com"])
def test_a_host_that_only_looks_like_another_is_not_known(host: str) -> None:
    assert [one.ack for one in notices_of("m", [host])] == ["unknown"]


@pytest.mark.parametrize(
    ("name", "acks"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", ["llama-3.1"]),
        ("llama3.2:3b", ["llama-3.1"]),
        ("Llama-4-Scout", ["llama-4"]),
        ("Meta-Llama-3-8B", ["llama-3"]),
        ("Llama-2-7b-chat", ["llama-3"]),
        ("TinyLlama-1.1B", []),
        ("gemma-2b", ["gemma-terms"]),
        ("google/gemma-3-4b-it", ["gemma-terms"]),
        ("gemma-4-27b", ["gemma-4"]),
        ("DeepSeek-R1", ["deepseek-mit"]),
        ("DeepSeek-R1-Distill-Llama-8B", ["llama-3.1", "deepseek-mit"]),
        ("deepseek-v3", ["deepseek-license-1.0"]),
        ("deepseek-v4-pro", []),
        ("Qwen2.5-72B-Instruct", ["qwen-license"]),
        ("Qwen/Qwen3-8B", ["qwen3"]),
        ("qwen3.8-27b", ["qwen3"]),
        ("Mixtral-8x7B", ["mistral-open"]),
        ("gpt-oss-120b", []),
    ],
)
def test_a_models_licence_is_told_from_its_name(name: str, acks: list[str]) -> None:
    assert [one.ack for one in notices_of(name, ["127.0.0.1"])] == acks


def test_a_model_on_this_machine_has_its_licence_shown_and_asks_for_nothing() -> None:
    notices = check_terms("llama-3.1-8b", ["localhost"], None)
    assert [one.ack for one in notices] == ["llama-3.1"]
    assert "Built with Llama" in notices[0].text


def test_every_notice_is_whole() -> None:
    assert len({one.ack for one in registry()}) == len(registry())
    for one in registry():
        assert one.summary
        assert one.where
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", one.checked)
        assert bool(one.hosts) == one.needs_ack
        assert bool(one.hosts) != bool(one.models and one.family)


def test_a_notice_says_that_it_may_be_out_of_date() -> None:
    assert all("it may be out of date" in one.text for one in registry())
