"""Length ratio: how long an answer is beside its reference."""


def length_ratio(text: str, reference: str) -> float | None:
    """Characters of the text over those of the reference, without white space around; None for an empty reference."""
    wanted = len(reference.strip())
    return len(text.strip()) / wanted if wanted else None
