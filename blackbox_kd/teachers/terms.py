"""What providers' terms say on training with outputs, as read on a date. No legal advice, and no conclusion."""

from typing import Annotated

import msgspec

from blackbox_kd.errors import ProviderRefused


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The user's word: which terms were read, and on what ground training on the outputs is allowed."""

    ack: str
    basis: Annotated[str, msgspec.Meta(min_length=1)]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's clause: `ack` is what bbkd.toml repeats to show that it was read."""

    ack: str
    summary: str
    where: str
    checked: str  # date on which we read it; it may be out of date


NOTICES = {
    "openai": Notice(
        ack="openai-2026-01-01",
        summary=(
            "OpenAI Services Agreement, effective 2026-01-01, 3.3(e): no using output to develop models that compete "
            "with OpenAI's products and services, but for models that mainly classify or organise data and are not made"
            " available to others, and for fine-tuning inside OpenAI's services."
        ),
        where="openai.com/policies/services-agreement",
        checked="2026-11-20",
    ),
    "anthropic": Notice(
        ack="anthropic-2025-09-15",
        summary=(
            "Anthropic Usage Policy, effective 2025-09-15: no using inputs or outputs to train an AI model (model "
            "distillation) without prior authorization; Commercial Terms D.4 (2025-06-17): no building a competing "
            "product, including training competing models, except as expressly approved."
        ),
        where="anthropic.com/legal",
        checked="2026-11-20",
    ),
}


def check_terms(provider: str, official: bool, terms: Terms | None) -> None:
    """Let the run begin if the provider's terms were acknowledged, on a stated basis; raises `ProviderRefused`."""
    notice = NOTICES.get(provider) if official else None
    if notice is None or (terms is not None and terms.ack == notice.ack):
        return
    raise ProviderRefused(
        f"the terms of {provider} on training with outputs have not been acknowledged: {notice.summary} "
        f"(read {notice.checked}: {notice.where}; it may be out of date)",
        f'If you may do this, say so: [teacher] terms = {{ ack = "{notice.ack}", basis = "who approved it" }}',
    )
