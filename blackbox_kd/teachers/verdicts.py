"""What to do about each kind of refusal: the retry policy as tables.

A name (error.code, then error.type) decides first, then the message, then the status: gateways send money codes under
any status, and providers money messages under a bare 400.
"""

import re
from typing import NamedTuple

from blackbox_kd.teachers.target import Api
from blackbox_kd.teachers.wire import Scope


class Verdict(NamedTuple):
    """What to do about one kind of refusal; `fix` is the advice that goes with it."""

    scope: Scope
    fix: str = ""
    throttled: bool = False
    overloaded: bool = False


KEPT = "then run the same command: what was paid is kept."
AGAIN = Verdict("attempt")
THROTTLED = Verdict("attempt", throttled=True)
DAILY = Verdict("attempt", "A limit a day is reached; a higher usage tier of the account raises it.", throttled=True)
OVERLOADED = Verdict("attempt", overloaded=True)
FLEX = Verdict("attempt", 'Ask at another time, or set `[teacher] extra.service_tier = "auto"`.', overloaded=True)
ROW = Verdict("row")
MONEY = Verdict(
    "run",
    "Add credit on the provider's billing page (platform.openai.com/settings/organization/billing, "
    f"platform.claude.com/settings/billing), {KEPT}",
)
LIMIT = Verdict(
    "run",
    "Raise the spending limit or usage tier (platform.openai.com/settings/organization/limits, "
    f"platform.claude.com/settings/limits), {KEPT}",
)
KEY = Verdict("run", "Check that the key which `[teacher]` names is right, is active and belongs to this endpoint.")
HOLD = Verdict("run", "The provider has closed this account or its encryption key: write to its support.")
ACCESS = Verdict("run", "Ask the account's owner for access to this model, or name another as `[teacher] model`.")
REGION = Verdict("run", "The provider does not serve this country or network; use an endpoint that does.")
MODEL = Verdict("run", "Check `[teacher] model` and `base_url` in bbkd.toml against the provider's list of models.")
REDIRECT = Verdict("run", "Set `[teacher] base_url` to that address, if you trust it: keys are sent along no redirect.")
PROXY = Verdict("run", "Correct the user and password in HTTPS_PROXY or HTTP_PROXY.")

NAMES: dict[str, Verdict] = {
    **dict.fromkeys(("insufficient_quota", "credit_balance_exhausted", "billing_error"), MONEY),
    **dict.fromkeys(("insufficient_credits", "insufficient_balance", "exceeded_current_quota_error"), MONEY),
    **dict.fromkeys(("billing_hard_limit_reached", "billing_not_active", "enforced_spend_limit_reached"), LIMIT),
    **dict.fromkeys(("organization_spend_limit_exceeded", "project_spend_limit_exceeded"), LIMIT),
    **dict.fromkeys(("organization_usage_limit_exceeded", "contract_spend_limit_reached"), LIMIT),
    "linked_organization_spend_limit_reached": LIMIT,
    "linked_organization_billing_unavailable": MONEY,
    **dict.fromkeys(("organization_on_hold", "cmek_key_disabled", "account_deactivated"), HOLD),
    **dict.fromkeys(("invalid_api_key", "authentication_error"), KEY),
    **dict.fromkeys(("invalid_organization", "mismatched_organization"), KEY),
    **dict.fromkeys(("model_not_found", "not_found_error", "DeploymentNotFound"), MODEL),
    "unsupported_country_region_territory": REGION,
    **dict.fromkeys(("context_length_exceeded", "exceed_context_size_error", "request_too_large"), ROW),
    **dict.fromkeys(("content_filter", "content_policy_violation", "invalid_prompt"), ROW),
    **dict.fromkeys(("bio_policy", "misalignment_policy_violation"), ROW),
    "slow_down": THROTTLED,
    "overloaded_error": OVERLOADED,
    "resource_unavailable": FLEX,
}
STATUSES: dict[int, Verdict] = {
    401: KEY,
    402: MONEY,
    403: ACCESS,
    404: MODEL,
    407: PROXY,
    408: AGAIN,
    409: AGAIN,
    429: THROTTLED,
    529: OVERLOADED,
}


class Rule(NamedTuple):
    """A message that says more than its status does."""

    wires: frozenset[Api]
    statuses: range
    pattern: re.Pattern[str]
    verdict: Verdict


EVERY: frozenset[Api] = frozenset(("openai", "responses", "anthropic"))
OPENAI: frozenset[Api] = frozenset(("openai", "responses"))
ANTHROPIC: frozenset[Api] = frozenset(("anthropic",))


def rule(wires: frozenset[Api], first: int, last: int, pattern: str, verdict: Verdict) -> Rule:
    """A rule for the statuses from `first` to `last`; upper and lower case are alike."""
    return Rule(wires, range(first, last + 1), re.compile(pattern, re.IGNORECASE | re.DOTALL), verdict)


MESSAGES: tuple[Rule, ...] = (
    rule(ANTHROPIC, 400, 429, r"^You have reached your specified API usage limits", LIMIT),
    rule(ANTHROPIC, 400, 403, r"credit balance is too low", MONEY),
    rule(ANTHROPIC, 400, 403, r"organization has been disabled", HOLD),
    rule(ANTHROPIC, 400, 400, r"not valid json.{0,80}unexpected end", AGAIN),
    rule(OPENAI, 400, 400, r"api key not valid|api_key_invalid", KEY),
    rule(OPENAI, 403, 403, r"\bflagged\b", ROW),
    rule(OPENAI, 429, 429, r"\bresource unavailable\b", FLEX),
    rule(EVERY, 429, 429, r"\bper[ -]day\b|\b[RT]PD\b|\bdaily\b|\bper 24 hours\b", DAILY),
    rule(EVERY, 500, 599, r"\boverloaded\b", OVERLOADED),
)

PARAMETER_CODES = frozenset(
    (
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_value",
        "invalid_json_schema",
        "integer_above_max_value",
        "integer_below_min_value",
        "decimal_above_max_value",
        "decimal_below_min_value",
    )
)
SETTINGS: dict[str, str] = {
    "temperature": "sampling.temperature",
    "top_p": "sampling.top_p",
    "stop": "sampling.stop",
    "stop_sequences": "sampling.stop",
    "max_tokens": "sampling.max_tokens",
    "max_completion_tokens": "sampling.max_tokens",
    "max_output_tokens": "sampling.max_tokens",
    "response_format": "schema",
    "text": "schema",
    "output_config": "schema",
}
OF_THE_ROW = ("messages", "input", "instructions", "system")
SCHEMA = ("response_format", "text.format")  # a refused schema comes with no code
QUOTED = re.compile(r"'([A-Za-z0-9_.\[\]]{1,64})'")
ANTHROPIC_PARAMETER = re.compile(
    r"^`?(?:(temperature|top_p|top_k|stop_sequences|max_tokens|thinking|output_config|service_tier|metadata)\b"
    r"|([a-z_.]{1,64})`?: Extra inputs are not permitted)"
)


class Told(NamedTuple):
    """An error body, read; "" for what it does not say."""

    code: str
    kind: str
    message: str
    parameter: str


def judged(wire: Api, status: int, told: Told) -> Verdict:
    """The verdict of the tables: by code, type, refused setting, message, status."""
    for name in (told.code, told.kind):
        if name in NAMES:
            return NAMES[name]
    if status in (400, 422) and (parameter := refused_parameter(wire, told)):
        return Verdict("run", setting_fix(parameter))
    for one in MESSAGES:
        if wire in one.wires and status in one.statuses and one.pattern.search(told.message):
            return one.verdict
    if 300 <= status < 400:
        return REDIRECT
    return STATUSES.get(status, AGAIN if status >= 500 else ROW)


def refused_parameter(wire: Api, told: Told) -> str:
    """The parameter that no row can pass with, "" where the refusal may be the row's own."""
    if wire == "anthropic":
        found = ANTHROPIC_PARAMETER.match(told.message)
        return (found[1] or found[2]) if found else ""
    parameter = told.parameter
    if not parameter and told.code in PARAMETER_CODES and (quoted := QUOTED.search(told.message)):
        parameter = quoted[1]
    if root(parameter) in OF_THE_ROW or (told.code == "invalid_value" and root(parameter) not in SETTINGS):
        return ""
    return parameter if told.code in PARAMETER_CODES or parameter.startswith(SCHEMA) else ""


def root(parameter: str) -> str:
    """`text` of `text.format.schema`, `messages` of `messages[0].role`."""
    return re.split(r"[.\[]", parameter, maxsplit=1)[0]


def setting_fix(parameter: str) -> str:
    """Advice that names the parameter and the setting behind it."""
    setting = SETTINGS.get(root(parameter), "extra")
    return f"The model refuses `{parameter}`: remove or correct `[teacher] {setting}` in bbkd.toml."
