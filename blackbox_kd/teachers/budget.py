"""Money and tokens: the worst case of a call is reserved before it is sent."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from blackbox_kd.errors import BudgetReached, UsageError
from blackbox_kd.records import Usage
from blackbox_kd.teachers.ledger import Paid
from blackbox_kd.teachers.request import Asked, read
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Malformed


class Amount(NamedTuple):
    """US dollars, and prompt and completion tokens together: what a call may take at most, or what it took."""

    usd: float
    tokens: int


NOTHING = Amount(0.0, 0)


class Account:
    """One quantity: its limit (None: no limit), what was spent, what calls in flight may still take."""

    def __init__(self, limit: float | None, spent: float) -> None:
        self.limit = limit
        self.spent = spent
        self.reserved = 0.0
        self.open = 0

    def fits(self, worst: float) -> bool:
        """Whether a call that may take so much cannot exceed the limit."""
        return self.limit is None or self.spent + self.reserved + worst <= self.limit

    def reserve(self, worst: float) -> None:
        """Set aside what a call may take."""
        self.reserved += worst
        self.open += 1

    def release(self, worst: float) -> None:
        """Give back what was set aside."""
        self.open -= 1
        self.reserved = self.reserved - worst if self.open else 0.0  # no rounding error outlives the calls


class Budget:
    """An account of US dollars for each teacher, by label, and one of tokens for all.

    `limits_usd` names the teachers that have a limit, `spent_usd` what was spent on them before; `tokens_total` limits
    the tokens of all, `spent_tokens` are those bought before. Raises `UsageError` for a limit without a price by token.
    """

    def __init__(
        self,
        limits_usd: Mapping[str, float],
        targets: tuple[Target, ...],
        spent_usd: Mapping[str, float] | None = None,
        tokens_total: int | None = None,
        spent_tokens: int = 0,
    ) -> None:
        for one in targets:
            if one.label in limits_usd and (one.price is None or not one.price.by_token):
                raise UsageError(
                    f"teacher.budget_usd: the price of {one.label} is not known by the token, so no budget can hold",
                    "Give it: [teacher] price = { input_usd = ..., output_usd = ... }, in USD a million tokens, or "
                    "that model's line in prices.toml beside bbkd.toml; or limit the tokens: [query] max_tokens_total.",
                )
        before = spent_usd or {}
        self.accounts = {one.label: Account(limits_usd.get(one.label), before.get(one.label, 0.0)) for one in targets}
        self.tokens = Account(tokens_total, spent_tokens)
        self.bought_usd = 0.0  # by this process
        self._limited = bool(limits_usd) or tokens_total is not None
        self._priced = any(one.price is not None and one.price.by_token for one in targets)
        self._settled = asyncio.Event()

    @property
    def spent_usd(self) -> float:
        """What was spent on all teachers, before and now."""
        return sum(account.spent for account in self.accounts.values())

    @property
    def said(self) -> str:
        """What was spent, for people; of which limit, where there is one."""
        limits = [account.limit for account in self.accounts.values() if account.limit is not None]
        whole = len(limits) == len(self.accounts)
        usd = f"{self.spent_usd:.4f}{f' of {sum(limits):.2f}' if whole else ''} USD" if self._priced else ""
        tokens = f"{self.tokens.spent:,} of {self.tokens.limit:,} tokens" if self.tokens.limit is not None else ""
        return ", ".join(part for part in (usd, tokens) if part) or "cost unknown"

    def reserve_now(self, asked: Asked, batch: bool = False) -> Amount | None:
        """Reserve the worst case if it fits at once, and return it; None if calls in flight hold what is missing.

        Raises `BudgetReached` where it cannot fit.
        """
        most = worst(asked, batch)
        if not self._limited:
            return most
        account, tokens = self.accounts[asked.target.label], self.tokens
        if not account.fits(most.usd):
            if account.open:
                return None
            raise reached(account, most.usd, asked.target.label)
        if not tokens.fits(most.tokens):
            if tokens.open:
                return None
            raise reached(tokens, most.tokens, "")
        account.reserve(most.usd)
        tokens.reserve(most.tokens)
        return most

    async def reserve(self, asked: Asked, batch: bool = False) -> Amount:
        """Reserve the worst case and return it; waits for calls in flight where they hold what is missing.

        Raises `BudgetReached` where it cannot fit.
        """
        while (most := self.reserve_now(asked, batch)) is None:
            self._settled.clear()
            await self._settled.wait()
        return most

    def count(self, asked: Asked, amount: Amount) -> None:
        """Count what another process has paid for a row of this run."""
        self.accounts[asked.target.label].spent += amount.usd
        self.tokens.spent += amount.tokens

    def settle(self, asked: Asked, reserved: Amount, spent: Amount | None) -> None:
        """Release the reservation of a call and count what was spent; None: nothing, for it was not sent."""
        usd, tokens = spent or NOTHING
        account = self.accounts[asked.target.label]
        account.spent += usd
        self.tokens.spent += tokens
        self.bought_usd += usd
        if self._limited:
            account.release(reserved.usd)
            self.tokens.release(reserved.tokens)
            self._settled.set()


def reached(account: Account, worst: float, label: str) -> BudgetReached:
    """The error that tells which limit the next call could exceed: of a teacher's money, or of all tokens."""
    if label:
        return BudgetReached(
            f"budget reached: {account.spent:.4f} of {account.limit:g} USD spent on {label}, and the next call may "
            f"cost {worst:.4f}",
            "Raise [teacher] budget_usd (--budget), then run the same command: what was paid is kept.",
        )
    return BudgetReached(
        f"budget reached: {account.spent:,.0f} of {account.limit:,} tokens bought or perhaps bought, and the next call "
        f"may take {worst:,.0f}",
        "Raise [query] max_tokens_total (--max-tokens-total), then run the same command: what was paid is kept.",
    )


def worst(asked: Asked, batch: bool = False) -> Amount:
    """The most that a call can take: a token a byte of the prompt, and the token limit. 0 USD for an unknown price.

    No tokenizer spends less than a byte on a token, and short of running it nothing tighter holds for every text.
    """
    price = asked.target.price
    usd = 0.0 if price is None else price.worst_usd(asked.size, asked.max_tokens, batch)
    return Amount(usd, asked.size + asked.max_tokens)


def billed(asked: Asked, usage: Usage, batch: bool = False) -> Amount:
    """What a reply took, by the provider's count; the worst case where the provider has not counted."""
    if usage.source != "provider":
        return worst(asked, batch)
    price = asked.target.price
    usd = 0.0 if price is None else price.cost_usd(usage, batch)
    return Amount(usd, usage.prompt_tokens + usage.completion_tokens)


def paid(asked: Asked, raw: bytes | None, batch: bool = False) -> Amount:
    """What one attempt took, by its stored reply; the worst case where that was never seen (None) or says nothing."""
    if raw is not None:
        with contextlib.suppress(Malformed):
            return billed(asked, read(raw, asked).usage, batch)
    return worst(asked, batch)


def taken(asked: Asked, attempt: Paid) -> Amount:
    """What an attempt in the ledger took; where that was never seen, at most what its own token limit allowed."""
    if attempt.max_tokens != asked.max_tokens:
        asked = asked._replace(max_tokens=attempt.max_tokens)
    return paid(asked, attempt.raw, attempt.batch)
