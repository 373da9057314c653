"""The batches of a simulated provider: what was submitted, what became of it, and what can go wrong. No sockets.

A row is answered, and billed, once: when its batch is first looked at after its delay.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from blackbox_kd.records import Json
from blackbox_kd.simulate.shapes import Fault, Object
from blackbox_kd.simulate.state import Server
from blackbox_kd.simulate.wires import ANTHROPIC, WIRES, Wire

MOST_ROWS = {"openai": 50_000, "anthropic": 100_000}


class Trouble(msgspec.Struct, kw_only=True):
    """What goes wrong; the counters are used up as it does. Nothing does by default."""

    delay_s: float = 0.0  # from creation to the end
    lose_uploads: int = 0  # so many uploads are dropped before they are stored
    lose_creates: int = 0  # so many batches are created, and the client never told
    fail_creates: int = 0  # so many creations are refused with status 500, nothing created
    invalid_line: int | None = None  # OpenAI: validation fails at this line
    queue_full: int = 0  # OpenAI: so many batches fail with token_limit_exceeded
    refuse_rows: int = 0  # the first rows of each batch fail
    refuse_status: int = 400  # with this status
    disguised: bool = False  # told as 200
    partial: str = ""  # expired or cancelled: half the rows are answered, the others not
    shuffled: bool = False
    missing: int = 0  # rows without a result line
    duplicated: int = 0
    unknown: int = 0  # lines of nobody's
    torn: bool = False  # the last line ends in the middle
    gone: bool = False  # the results are 404
    lost: tuple[str, ...] = ()  # OpenAI: files whose ids begin so, as output and error, are refused
    lost_status: int = 404  # with this status
    poll_faults: tuple[int, ...] = ()  # statuses of the first polls
    strange: int = 0  # so many polls tell an unknown status
    list_faults: int = 0  # so many listings fail
    list_status: int = 0  # with this status; 0: with 500. Every listing fails if it is set
    unlisted: int = 0  # so many listings do not show the newest batch yet
    cut: int = 0  # so many downloads lose their connection at 80 %
    ranges: bool = True
    forgets: bool = False  # OpenAI: metadata is not kept
    reached: Callable[[str], None] = lambda step: None  # told of uploading, uploaded, created, polled, downloading


class Row(NamedTuple):
    """A row as it was asked."""

    custom_id: str
    wire: Wire
    body: bytes


class Job(msgspec.Struct, kw_only=True):
    """One batch."""

    id: str
    vendor: str
    rows: list[Row]
    created_s: float
    due_s: float  # on the loop's clock
    input_file: str = ""
    endpoint: str = ""
    metadata: dict[str, Json] = {}
    failed: list[Object] = []
    cancelled: bool = False
    partial: str = ""
    results: list[Object] | None = None  # None: not ended
    output: bytes = b""
    errors: bytes = b""
    counts: Counter[str] = msgspec.field(default_factory=Counter)


class Jobs:
    """The files and batches of one simulated provider."""

    def __init__(self, server: Server, trouble: Trouble | None = None) -> None:
        self.server = server
        self.trouble = trouble or Trouble()
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, Job] = {}
        self.submitted: Counter[bytes] = Counter()  # how often each row's body was part of a batch that was created
        self.uploads = 0

    def take(self, name: str) -> bool:
        """Use one of a counter of troubles up, if any is left."""
        left = getattr(self.trouble, name)
        if left:
            setattr(self.trouble, name, left - 1)
        return bool(left)

    def new(self, vendor: str, rows: list[Row], **fields: object) -> Job:
        """Create a batch."""
        prefix = "msgbatch_sim" if vendor == "anthropic" else "batch_sim"
        now_s = datetime.now(UTC).timestamp()
        due_s = asyncio.get_running_loop().time() + self.trouble.delay_s
        job = msgspec.structs.replace(
            Job(id=f"{prefix}_{len(self.jobs) + 1}", vendor=vendor, rows=rows, created_s=now_s, due_s=due_s),
            partial=self.trouble.partial,
            **fields,
        )
        self.jobs[job.id] = job
        if not job.failed:
            self.submitted.update(row.body for row in rows)
        return job

    def listed(self, vendor: str) -> list[Job]:
        """All batches of a vendor, newest first."""
        found = [job for job in reversed(self.jobs.values()) if job.vendor == vendor]
        return found[1:] if self.take("unlisted") else found

    def settle(self, job: Job) -> bool:
        """Answer the rows of a batch that is due; whether it has ended."""
        if job.failed or job.results is not None:
            return True
        if not job.cancelled and asyncio.get_running_loop().time() < job.due_s:
            return False
        half = len(job.rows) // 2
        worked = job.rows[: 0 if job.cancelled else half] if job.cancelled or job.partial else job.rows
        how = "cancelled" if job.cancelled else job.partial
        refused = min(self.trouble.refuse_rows, len(worked))
        done = [self.told(job, row, *self.refused(row)) for row in worked[:refused]]
        done += [self.told(job, row, *self.server.answer(row.wire, row.body)) for row in worked[refused:]]
        job.results = done + [self.left(job, row, how) for row in job.rows[len(worked) :]]
        job.results = [one for one in job.results if one]
        self.spoil(job)
        return True

    def refused(self, row: Row) -> tuple[int, Object]:
        """Status and error of a row that is not answered."""
        fault = Fault(self.trouble.refuse_status, "This row is refused (simulated).")
        return 200 if self.trouble.disguised else fault.status, row.wire.error(fault, "")

    def told(self, job: Job, row: Row, status: int, body: Object) -> Object:
        """The result line of a row that was worked on."""
        job.counts["succeeded" if status == 200 else "errored"] += 1
        if job.vendor == "anthropic":
            good: Object = {"type": "succeeded", "message": body}
            return {"custom_id": row.custom_id, "result": good if status == 200 else {"type": "errored", "error": body}}
        response: Object = {"status_code": status, "request_id": "req_sim", "body": body}
        return {"id": f"batch_req_{row.custom_id}", "custom_id": row.custom_id, "response": response, "error": None}

    def left(self, job: Job, row: Row, how: str) -> Object:
        """The result line of a row that was not worked on; OpenAI has none of a cancelled batch."""
        job.counts["expired" if how == "expired" else "canceled"] += 1
        if job.vendor == "anthropic":
            return {"custom_id": row.custom_id, "result": {"type": "expired" if how == "expired" else "canceled"}}
        if how == "cancelled":
            return {}
        error: Object = {"code": "batch_expired", "message": "This request could not be executed in time (simulated)."}
        return {"id": f"batch_req_{row.custom_id}", "custom_id": row.custom_id, "response": None, "error": error}

    def spoil(self, job: Job) -> None:
        """Write the result files, as the troubles have it."""
        trouble, lines = self.trouble, list(job.results or [])
        lines = lines[trouble.missing :] + lines[: trouble.duplicated]
        lines += [{**lines[0], "custom_id": f"nobody-{number}"} for number in range(trouble.unknown)]
        if trouble.shuffled:
            random.Random(1).shuffle(lines)
        good = [one for one in lines if job.vendor == "anthropic" or _succeeded(one)]
        bad = [one for one in lines if job.vendor != "anthropic" and not _succeeded(one)]
        job.output, job.errors = _jsonl(good), _jsonl(bad)
        if trouble.torn:
            job.output = job.output[:-20]


def _succeeded(line: Object) -> bool:
    response = line.get("response")
    return isinstance(response, dict) and response.get("status_code") == 200


def _jsonl(lines: list[Object]) -> bytes:
    """Text as it is: U+2028 inside a line stays."""
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def openai_rows(data: bytes, endpoint: str) -> tuple[list[Row], list[Object]]:
    """The rows of a request file, and what is wrong with them."""
    rows: list[Row] = []
    failed: list[Object] = []
    wires = {wire.path: wire for wire in WIRES}
    seen: set[str] = set()
    models: set[object] = set()
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1):
        try:
            asked = json.loads(line)
            body, name = asked["body"], str(asked["custom_id"])
            right = asked["method"] == "POST" and asked["url"] == endpoint and name not in seen
            models.add(body["model"])
        except (ValueError, KeyError, TypeError):
            right = False
        if not right or len(models) > 1 or number > MOST_ROWS["openai"]:
            failed.append({"code": "invalid_json_line", "line": number, "message": "Not a row.", "param": None})
            continue
        seen.add(name)
        rows.append(Row(name, wires[endpoint], json.dumps(body, ensure_ascii=False).encode()))
    return rows, failed


class _Params(msgspec.Struct):
    custom_id: str
    params: msgspec.Raw


class _Requests(msgspec.Struct):
    requests: list[_Params]


def anthropic_rows(data: bytes) -> list[Row]:
    """The rows of a request's body; raises `ValueError` saying what is wrong with them."""
    asked = msgspec.json.decode(data, type=_Requests).requests
    names = {one.custom_id for one in asked}
    if not asked or len(names) < len(asked) or len(asked) > MOST_ROWS["anthropic"] or not all(map(_named, names)):
        raise ValueError("requests: custom_id must be unique and match ^[a-zA-Z0-9_-]{1,64}$")
    return [Row(one.custom_id, ANTHROPIC, bytes(one.params)) for one in asked]


def _named(name: str) -> bool:
    return 1 <= len(name) <= 64 and name.isascii() and name.replace("_", "").replace("-", "").isalnum()
