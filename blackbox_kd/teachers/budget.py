"""Money: the worst case of a call is reserved before it is sent."""

import asyncio
import contextlib
from collections.abc import Mapping

from blackbox_kd.errors import BudgetReached, UsageError
from blackbox_kd.teachers.request import Asked, cost_usd, read
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Malformed


class Account:
    """One teacher's US dollars: its limit (None: no limit), what was spent, what calls in flight may still cost."""

    def __init__(self, limit_usd: float | None, spent_usd: float) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0
        self.open = 0

    def fits(self, worst_usd: float) -> bool:
        """Whether a call that may cost so much cannot exceed the limit."""
        return self.limit_usd is None or self.spent_usd + self.reserved_usd + worst_usd <= self.limit_usd


class Budget:
    """An account for each teacher, by label; the worst case of a call is reserved before it is sent.

    `limits_usd` names the teachers that have a limit, `spent_usd` what was spent on them before. Raises `UsageError`
    for a limit without a price.
    """

    def __init__(
        self, limits_usd: Mapping[str, float], targets: tuple[Target, ...], spent_usd: Mapping[str, float] | None = None
    ) -> None:
        unpriced = [target.label for target in targets if target.price is None and target.label in limits_usd]
        if unpriced:
            raise UsageError(
                f"teacher.budget_usd: the price of {unpriced[0]} is not known, so no budget can hold",
                "Give it: [teacher] price = { input_usd = ..., output_usd = ... }, in USD a million tokens.",
            )
        before = spent_usd or {}
        self.accounts = {one.label: Account(limits_usd.get(one.label), before.get(one.label, 0.0)) for one in targets}
        self.bought_usd = 0.0  # by this process
        self._settled = asyncio.Event()

    @property
    def spent_usd(self) -> float:
        """What was spent on all teachers, before and now."""
        return sum(account.spent_usd for account in self.accounts.values())

    async def reserve(self, asked: Asked) -> float:
        """Reserve the worst case and return it, in USD; waits for calls in flight where they hold what is missing.

        Raises `BudgetReached` where it cannot fit.
        """
        worst, account = worst_usd(asked), self.accounts[asked.target.label]
        while not account.fits(worst):
            if not account.open:
                raise BudgetReached(
                    f"budget reached: {account.spent_usd:.4f} of {account.limit_usd:.2f} USD spent on "
                    f"{asked.target.label}, and the next call may cost {worst:.4f}",
                    "Raise [teacher] budget_usd, then run the same command: what was paid is kept.",
                )
            self._settled.clear()
            await self._settled.wait()
        account.reserved_usd += worst
        account.open += 1
        return worst

    def settle(self, asked: Asked, reserved_usd: float, spent_usd: float) -> None:
        """Release the reservation of a call and count what was spent."""
        account = self.accounts[asked.target.label]
        account.open -= 1
        account.reserved_usd = account.reserved_usd - reserved_usd if account.open else 0.0
        account.spent_usd += spent_usd
        self.bought_usd += spent_usd
        self._settled.set()


def worst_usd(asked: Asked) -> float:
    """The most that a call may cost: a token a byte of body, and the token limit. 0 where the price is unknown."""
    price = asked.target.price
    return 0.0 if price is None else price.cost_usd(len(asked.body), asked.max_tokens)


def paid_usd(asked: Asked, raw: bytes | None) -> float:
    """What one attempt cost, by its stored reply; the worst case where that was never seen (None) or says nothing."""
    price = asked.target.price
    if raw is not None and price is not None:
        with contextlib.suppress(Malformed):
            return cost_usd(read(raw, asked), price)
    return worst_usd(asked)
