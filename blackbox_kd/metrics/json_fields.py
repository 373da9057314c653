"""JSON fields: how many of an object's values are right."""

from collections.abc import Iterator, Sequence

from blackbox_kd.metrics.base import Base
from blackbox_kd.reading import read_json, spelled, unfenced
from blackbox_kd.records import Json

Path = tuple[str | int, ...]
ANY = "*"


class JsonFields(Base, frozen=True, kw_only=True, tag="json_fields"):
    """F1 over the leaves of two JSON objects: a leaf counts where path and value are equal, type included.

    Items of an array are told apart by their index; an empty object or array is a leaf. What is not one JSON object
    scores 0. `ignore` leaves paths out, with all below them: `meta.id`, or `items.*.price` for whatever name or index.
    `fences` takes off a Markdown fence around the whole answer. The F1 of one item is SQuAD's (Rajpurkar et al. 2016).
    """

    ignore: tuple[str, ...] = ()
    fences: bool = False

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, from 0 to 1."""
        found, wanted = self._leaves(prediction), self._leaves(reference)
        if found is None or wanted is None:
            return 0.0
        if not found and not wanted:  # all is ignored
            return 1.0
        return 2 * len(found & wanted) / (len(found) + len(wanted))

    def _leaves(self, text: str) -> set[tuple[Path, str]] | None:
        try:
            value = read_json(unfenced(text) if self.fences else text)
            found = {(path, spelled(leaf)) for path, leaf in leaves(value)}
        except (ValueError, RecursionError):  # not JSON, or nested deeper than Python reads
            return None
        ignored = [path.split(".") for path in self.ignore]
        kept = {(path, leaf) for path, leaf in found if not any(_under(path, top) for top in ignored)}
        return kept if isinstance(value, dict) else None


def leaves(value: Json) -> Iterator[tuple[Path, Json]]:
    """(path, value) of everything in a JSON value that holds nothing itself."""
    left: list[tuple[Path, Json]] = [((), value)]
    while left:
        path, one = left.pop()
        if isinstance(one, dict) and one:
            left += [((*path, key), item) for key, item in one.items()]
        elif isinstance(one, list) and one:
            left += [((*path, index), item) for index, item in enumerate(one)]
        else:
            yield path, one


def _under(path: Path, top: Sequence[str]) -> bool:
    return len(path) >= len(top) and all(wanted in (ANY, str(step)) for step, wanted in zip(path, top, strict=False))
