from collections.abc import Callable

import pytest

from blackbox_kd.records import Example, Message
from blackbox_kd.student.load import Student, load


@pytest.fixture(scope="session")
def student() -> Student:
    """The tiny random student; no test changes it."""
    return load("tiny:0")


@pytest.fixture(scope="session")
def example() -> Callable[..., Example]:
    """Makes a row: `example("2+2", "4")`."""

    def make(
        prompt: str = "2+2", completion: str = "4", *, system: str = "", name: str = "a", weight: float = 1.0
    ) -> Example:
        first = (Message(role="system", content=system),) if system else ()
        return Example(
            id=name,
            prompt=(*first, Message(role="user", content=prompt)),
            completion=(Message(role="assistant", content=completion),),
            weight=weight,
        )

    return make
