"""Only answers that the teacher finished: a truncated or refused reply is data about the teacher, not an example."""

import json
import re

from blackbox_kd.filters.base import Rule
from blackbox_kd.records import Completion, FinishReason, Verdict

# What an unfinished literal, number or escape leaves from the place of the parser's error on.
STUMP = re.compile(r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|\.|[eE][+-]?|u?[0-9a-fA-F]{0,4})?\Z")


class Gate(Rule, frozen=True, kw_only=True, tag="gate"):
    """Keeps completions by `finish_reason`; where it is unknown, looks for an open code fence or an open JSON value."""

    accept: tuple[FinishReason, ...] = ("stop", "unknown")

    def check(self, completion: Completion) -> Verdict:
        """Reject what did not end by itself; the reason is the finish reason, or `cut_off`."""
        reason = completion.finish_reason
        if reason not in self.accept:
            return Verdict(rule=self.name, kept=False, reason=reason, value=reason)
        if reason == "unknown" and cut_off(completion.text):
            end = len(completion.text)
            return Verdict(rule=self.name, kept=False, reason="cut_off", value=reason, span=(max(0, end - 40), end))
        return Verdict(rule=self.name, kept=True, value=reason)


def cut_off(text: str) -> bool:
    """Whether a text ends inside a code fence or inside the JSON value that it begins with."""
    rest = text.strip()
    if rest[:1] in ("{", "["):
        try:
            _, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:]  # a fence inside a whole value is text
        except json.JSONDecodeError as error:
            if STUMP.match(rest, error.pos) or error.msg.startswith("Unterminated string"):
                return True
        except RecursionError:
            return True
    return rest.count("```") % 2 == 1
