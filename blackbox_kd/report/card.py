"""The model card that lies beside the student's weights as README.md."""

import json
import re

from markupsafe import Markup

from blackbox_kd.report.data import ReportData
from blackbox_kd.report.render import card_text
from blackbox_kd.text import safe

HUB_ID = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)(@.*)?", re.ASCII)
TAGS = ("knowledge-distillation", "sft", "bbkd")


def card(data: ReportData) -> str:
    """The card, its front matter after the model hub's card specification.

    The licence is the one that the user states, `other` until then, and `base_model` is there only for a hub id, and
    not for a student that the run did not train.
    """
    tags = (*TAGS, "simulated-teacher") if data.simulated else TAGS
    unstated = 'other  # not stated yet: see "Licence" below'
    lines = [f"license: {_yaml(data.licence) if data.licence else unstated}", "library_name: transformers"]
    lines.append("pipeline_tag: text-generation")
    if (hub := HUB_ID.fullmatch(data.student)) and not data.foreign:
        lines.append(f"base_model: {_yaml(hub[1])}")
    lines += ["tags:", *(f"  - {_yaml(tag)}" for tag in tags)]
    return card_text(data, front_matter=[Markup(line) for line in lines])


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar, which a JSON string in ASCII is (YAML 1.2, 1.3)."""
    return json.dumps(safe(text))
