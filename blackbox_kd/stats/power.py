"""What so many items can show, said before anything is measured."""

import math
from statistics import NormalDist

FEWEST = 6  # items: five that all differ have p = 0.0625


def minimum_detectable(n: int, rate: float, power: float = 0.8, level: float = 0.95, correlation: float = 0.3) -> float:
    """The smallest difference to `rate`, as a share, that n paired items show with this power (Connor 1987).

    Two models on the same items, their outcomes correlated by `correlation`; 1.0 where no difference could be shown.
    """
    low, high = 0.0, 1 - min(rate, 1 - rate)
    if n < FEWEST or _items(high, rate, power, level, correlation) > n:
        return 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _items(middle, rate, power, level, correlation) <= n else (middle, high)
    return high


def power_statement(n: int, rate: float, families: int | None = None) -> str:
    """What n items can show of a difference to `rate`, in words; `families` is how many prompt families they are from.

    Items of a family that are answered alike count as one, so the truth lies between n and the number of families.
    """
    said = f"{_prompts(n)} can show {_shown(n, rate)}"
    if families is None or families >= n:
        return f"{said}."
    least = "one family" if families == 1 else f"{families:,} families"
    less = "where prompts of a family are answered alike it is less"
    return f"{said}; they come from {least}, and {less}: {_shown(families, rate)}."


def _items(difference: float, rate: float, power: float, level: float, correlation: float) -> float:
    """Paired items that show the difference, not rounded."""
    normal, low_rate = NormalDist(), min(rate, 1 - rate)
    other = min(1.0, low_rate + difference)
    variances = low_rate * (1 - low_rate), other * (1 - other)
    covariance = correlation * math.sqrt(variances[0] * variances[1])
    discordant = max(difference, sum(variances) - 2 * covariance + difference**2)
    spread = normal.inv_cdf(0.5 + level / 2) * math.sqrt(discordant)
    spread += normal.inv_cdf(power) * math.sqrt(max(0.0, discordant - difference**2))
    return (spread / difference) ** 2 if difference > 0 else math.inf


def _shown(n: int, rate: float) -> str:
    """The difference that n items show, rounded up, and half of it, rounded down, which they do not: in points."""
    smallest = 100 * minimum_detectable(n, rate)
    if smallest >= 100:
        return "no difference"
    digits = 0 if smallest > 3 else 1
    scale = 10**digits
    can = math.ceil(smallest * scale) / scale
    return f"a difference of {can:g} points, not of {math.floor(can / 2 * scale) / scale:g}"


def _prompts(n: int) -> str:
    return "1 prompt" if n == 1 else f"{n:,} prompts"
