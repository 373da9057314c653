"""One simulated provider's state: what was asked, what was answered and billed. No sockets.

Endpoints beside the built-in ones (see `simulate.server.ROUTES`) are functions of an application and this state.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from blackbox_kd.config.simulated import Simulated
from blackbox_kd.simulate.asked import Asked
from blackbox_kd.simulate.books import Books
from blackbox_kd.simulate.faults import injected
from blackbox_kd.simulate.limits import AnthropicLimits, Limits, OpenAILimits
from blackbox_kd.simulate.noise import reply
from blackbox_kd.simulate.script import Play, Script
from blackbox_kd.simulate.shapes import Billed, Fault, Object, tokens
from blackbox_kd.simulate.wires import Wire


def served_model(settings: Simulated) -> str:
    """The name that every reply carries: unless it is set, one that nobody takes for a real teacher."""
    return settings.served_model or _own_name(settings)


def _own_name(settings: Simulated) -> str:
    return f"simulated-{settings.task}" if settings.task else "simulated"


class Server:
    """The settings, the open books, the script, the attempts seen and the limits of one simulated provider."""

    def __init__(self, settings: Simulated, books: Books, script: Script | None = None) -> None:
        self.settings = settings
        self.books = books
        self.script = script
        self.model = served_model(settings)
        self.limits: dict[str, Limits] = {"openai": OpenAILimits(settings), "anthropic": AnthropicLimits(settings)}
        self.attempts: Counter[str] = Counter()
        self.requests = 0
        self.closing = False
        self._names = {self.model, _own_name(settings), settings.task or self.model}
        self._cached: set[str] = set()
        self._room = asyncio.Semaphore(settings.concurrent) if settings.concurrent else None

    def room(self) -> AbstractAsyncContextManager[None]:
        """A place among the requests that are worked on at once; the others wait for one."""
        return self._room or nullcontext()

    def answer(self, wire: Wire, body: bytes) -> tuple[int, Object]:
        """Status and JSON object for one request body, such as a line of a batch; a reply (200) is billed.

        Neither keys nor rate limits nor scripts nor injected faults apply.
        """
        asked = self.known(wire.read(body))
        if isinstance(asked, Asked) and asked.stream:
            asked = Fault(400, "stream is not possible here (simulated).")
        if isinstance(asked, Fault):
            return asked.status, wire.error(asked, "")
        return 200, wire.reply(self.billed(wire, asked))

    def known(self, asked: Asked | Fault) -> Asked | Fault:
        """The request, or a fault 404 where it asks for a model that is not served."""
        if isinstance(asked, Asked) and asked.model not in self._names:
            return Fault(404, f"The model `{asked.model}` does not exist; this server has `{self.model}` (simulated).")
        return asked

    def locked(self, wire: Wire, headers: Mapping[str, str]) -> Fault | None:
        """A fault 401 where the key is not the one that is let in."""
        if self.settings.api_key is not None and wire.key(headers) != self.settings.api_key:
            return Fault(401, "Incorrect API key provided (simulated).")
        return None

    def let_in(self, wire: Wire, headers: Mapping[str, str], body: bytes) -> Asked | Fault:
        """What is asked, or the first fault that a provider finds with it before any work is done."""
        if fault := self.locked(wire, headers):
            return fault
        asked = self.known(wire.read(body))
        now_s = asyncio.get_running_loop().time()
        limits = self.limits[wire.vendor]
        if isinstance(asked, Fault):
            limits.failed(now_s)
            return asked
        return limits.refusal(asked, now_s) or asked

    def play(self, asked: Asked) -> Play | None:
        """What happens to this attempt at a request that was let in; None: it is answered."""
        self.attempts[asked.digest] += 1
        attempt = self.attempts[asked.digest]
        scripted = self.script(asked, attempt) if self.script else None
        return scripted or injected(self.settings, asked.digest, attempt)

    def billed(self, wire: Wire, asked: Asked, billed: bool = True) -> Billed:
        """Answer and write the reply down; it is paid for from here on, even if the client has gone."""
        said = reply(self.settings, asked)
        thought = tokens(said.reasoning) if said.reasoning else 0
        made = tokens(said.text) + thought
        read, written = self._cache(wire, asked) if billed else (0, 0)
        response_id = f"sim-{asked.digest[:12]}-unbilled"
        if billed:
            entry = self.books.bill(asked.digest, wire.path, said.kind, asked.prompt_tokens, made, read, written)
            response_id = entry.response_id
        whole = Billed(
            id=response_id,
            model=self.model,
            text=said.text,
            finish=said.finish,
            prompt_tokens=asked.prompt_tokens,
            completion_tokens=made,
            reasoning=said.reasoning,
            cached_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=thought,
        )
        self.limits[wire.vendor].settle(asked, whole)
        return whole

    def _cache(self, wire: Wire, asked: Asked) -> tuple[int, int]:
        """Tokens of the prompt that are read from the cache, and written to it (which OpenAI does not count)."""
        if not asked.prefixes:
            return 0, 0
        read = max((prefix.tokens for prefix in asked.prefixes if prefix.digest in self._cached), default=0)
        self._cached.update(prefix.digest for prefix in asked.prefixes)
        return read, asked.prefixes[-1].tokens - read if wire.vendor == "anthropic" else 0
