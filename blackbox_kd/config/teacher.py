"""`[teacher]`: whom to ask, how, and what it may cost."""

from typing import Annotated, Literal

import msgspec

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.records import Json
from blackbox_kd.teachers.target import NonNegative, Positive, Price, Sampling
from blackbox_kd.teachers.terms import Terms


class Shots(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Examples that only the teacher sees: the first `k` rows (`prompt`, `completion`) of a JSONL file."""

    file: str
    k: Positive = 4


class Teacher(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One teacher. `model` is `provider/name`: openai/..., anthropic/... or simulated/TASK."""

    model: Annotated[str, msgspec.Meta(pattern=r"^(openai|anthropic|simulated)/\S+$")]
    base_url: str | None = None  # a compatible server; None: the provider's own
    api_key_env: str | None = None  # name of the environment variable that holds the key
    identity: str | None = None  # names an own server, so that a new host is the same teacher
    allow_http: bool = False  # plain http to a host that is not this machine
    weight: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # share of the prompts, where there are several teachers
    system: str = ""
    shots: Shots | None = None
    schema: str | None = None  # JSON schema file, asked for on the wire
    sampling: Sampling = Sampling()
    extra: dict[str, Json] = {}
    api: Literal["chat", "responses"] = "chat"  # of OpenAI's two; anthropic/ has one
    endpoints: str | None = None  # file of base URLs of own equal servers, one a line, read again while running
    stream: bool = False  # for long answers: limits on the first token and on silence in place of one on the whole
    batch: bool = False  # the provider's batch API: half the price, within a day
    prompt_cache: bool = True
    on_model_mismatch: Literal["fail", "warn"] = "fail"  # the reply names another model than was asked for
    drop_unsupported: bool = False  # leave out sampling settings that the model is known to refuse
    api_key_file: str | None = None  # holds the key, in place of an environment variable
    price: Price | None = None
    budget_usd: NonNegative | None = None
    terms: Terms | None = None
    simulated: Simulated = Simulated()

    @property
    def provider(self) -> str:
        """openai, anthropic or simulated: the part before the slash."""
        return self.model.partition("/")[0]

    @property
    def name(self) -> str:
        """The model's name on the wire: the part after the first slash."""
        return self.model.partition("/")[2]
