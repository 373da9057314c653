"""Money: the worst case of a call is reserved before it is sent."""

import asyncio
import contextlib

from blackbox_kd.errors import BudgetReached, UsageError
from blackbox_kd.teachers.request import Asked, cost_usd, read
from blackbox_kd.teachers.target import Target
from blackbox_kd.teachers.wire import Malformed


class Budget:
    """US dollars spent and reserved; the worst case of a call is reserved before it is sent."""

    def __init__(self, limit_usd: float | None, targets: tuple[Target, ...], spent_usd: float = 0.0) -> None:
        unpriced = [target.label for target in targets if target.price is None]
        if limit_usd is not None and unpriced:
            raise UsageError(
                f"teacher.budget_usd: the price of {unpriced[0]} is not known, so no budget can hold",
                "Give it: [teacher] price = { input_usd = ..., output_usd = ... }, in USD a million tokens.",
            )
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._reserved_usd = 0.0
        self._open = 0
        self._settled = asyncio.Event()

    async def reserve(self, asked: Asked) -> float:
        """Reserve the worst case and return it, in USD; waits for calls in flight where they hold what is missing.

        Raises `BudgetReached` where it cannot fit.
        """
        worst = worst_usd(asked)
        while self.limit_usd is not None and self.spent_usd + self._reserved_usd + worst > self.limit_usd:
            if not self._open:
                raise BudgetReached(
                    f"budget reached: {self.spent_usd:.4f} of {self.limit_usd:.2f} USD spent, and the next call may "
                    f"cost {worst:.4f}",
                    "Raise [teacher] budget_usd, then run the same command: what was paid is kept.",
                )
            self._settled.clear()
            await self._settled.wait()
        self._reserved_usd += worst
        self._open += 1
        return worst

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Release a reservation and count what was spent."""
        self._open -= 1
        self._reserved_usd = self._reserved_usd - reserved_usd if self._open else 0.0
        self.spent_usd += spent_usd
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
