"""Exact match: the same answer, up to whitespace and, for JSON, up to layout."""

from blackbox_kd.metrics.base import Base
from blackbox_kd.metrics.normalising import Normaliser, normalised, normalised_json
from blackbox_kd.reading import read_json, spelled, unfenced


class ExactMatch(Base, frozen=True, kw_only=True, tag="exact_match"):
    """1.0 where prediction and reference are the same answer, else 0.0.

    Text is compared in NFC with runs of whitespace as one space and none around it. Where both are JSON objects or
    arrays they are compared as JSON: key order and spacing are free, types, strings and array order are not, and an
    object that names a key twice is no JSON (RFC 8259 leaves its meaning open). `normalise` takes further differences
    away, in JSON string by string; `fences` takes off a Markdown fence that is around the whole answer.
    """

    normalise: tuple[Normaliser, ...] = ()

    def score(self, prediction: str, reference: str) -> float:
        """Score one answer, 0.0 or 1.0."""
        if "fences" in self.normalise:
            prediction, reference = unfenced(prediction), unfenced(reference)
        one, other = self._json(prediction), self._json(reference)
        if one is not None and other is not None:
            return float(one == other)
        return float(normalised(prediction, self.normalise) == normalised(reference, self.normalise))

    def _json(self, text: str) -> str | None:
        if not text.lstrip().startswith(("{", "[")):
            return None
        try:
            value = read_json(text)
            return spelled(normalised_json(value, self.normalise) if self.normalise else value)
        except (ValueError, RecursionError):  # not JSON, or nested deeper than Python reads
            return None
