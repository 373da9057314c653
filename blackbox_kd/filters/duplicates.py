"""The same answer to the same prompt, more than once."""

from collections.abc import Iterable, Iterator

from blackbox_kd.filters.base import Rule
from blackbox_kd.jsonl import text_digest
from blackbox_kd.records import Completion, Verdict
from blackbox_kd.text import fold


class Duplicates(Rule, frozen=True, kw_only=True, tag="duplicates"):
    """Keeps the first of equal (prompt, completion) pairs, folded. Equal answers to different prompts all stay."""

    def run(self, completions: Iterable[Completion]) -> Iterator[Verdict]:
        """One verdict a completion, in order; `duplicate_of` names the one that was kept."""
        seen: dict[str, str] = {}
        for completion in completions:
            turns = [f"{message.role}:{fold(message.content)}" for message in completion.messages]
            first = seen.setdefault(text_digest(*turns, fold(completion.text), length=32), completion.id)
            if first == completion.id:
                yield Verdict(rule=self.name, kept=True)
            else:
                yield Verdict(rule=self.name, kept=False, reason="exact", duplicate_of=first)
