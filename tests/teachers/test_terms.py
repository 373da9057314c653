import pytest

from blackbox_kd.errors import ProviderRefused
from blackbox_kd.teachers.terms import NOTICES, Terms, check_terms

PROVIDER = pytest.mark.parametrize("provider", list(NOTICES))


@PROVIDER
def test_terms_that_were_not_acknowledged_stop_the_run(provider: str) -> None:
    with pytest.raises(ProviderRefused) as raised:
        check_terms(provider, official=True, terms=None)
    assert NOTICES[provider].ack in raised.value.fix
    assert NOTICES[provider].checked in raised.value.message


@PROVIDER
def test_an_older_acknowledgement_is_not_enough(provider: str) -> None:
    with pytest.raises(ProviderRefused):
        check_terms(provider, official=True, terms=Terms(ack=f"{provider}-2020-01-01", basis="me"))


@PROVIDER
def test_acknowledged_terms_let_the_run_begin(provider: str) -> None:
    terms = Terms(ack=NOTICES[provider].ack, basis="our lawyer")
    check_terms(provider, official=True, terms=terms)
    assert terms.basis


@pytest.mark.parametrize(("provider", "official"), [("openai", False), ("simulated", True)])
def test_a_server_of_ones_own_has_no_notice(provider: str, official: bool) -> None:
    check_terms(provider, official, None)
    assert provider not in NOTICES or not official
