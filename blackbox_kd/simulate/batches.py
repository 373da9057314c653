"""OpenAI's `/v1/files` and `/v1/batches`, Anthropic's `/v1/messages/batches`; `jobs.Trouble` says what goes wrong."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
from aiohttp import BodyPartReader, web

from blackbox_kd.records import Json
from blackbox_kd.simulate.jobs import Job, Jobs, anthropic_rows, openai_rows
from blackbox_kd.simulate.playing import Nothing, plain
from blackbox_kd.simulate.shapes import Fault, Object
from blackbox_kd.simulate.state import Server
from blackbox_kd.simulate.wires import ANTHROPIC, OPENAI, Wire

DAY_S = 86_400
SIMULATED = {"x-simulated": "true"}
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_to(app: web.Application, server: Server) -> None:
    """Register the batch endpoints of both vendors, in which nothing goes wrong."""
    add_jobs(app, Jobs(server))


def add_jobs(app: web.Application, jobs: Jobs) -> None:
    """Register the batch endpoints of both vendors."""
    openai, anthropic = _OpenAI(jobs), _Anthropic(jobs)
    router = app.router
    router.add_post("/v1/files", openai.handle(openai.upload))
    router.add_get("/v1/files/{id}/content", openai.handle(openai.content))
    router.add_post("/v1/batches", openai.handle(openai.create))
    router.add_get("/v1/batches", openai.handle(openai.list))
    router.add_get("/v1/batches/{id}", openai.handle(openai.retrieve))
    router.add_post("/v1/batches/{id}/cancel", openai.handle(openai.cancel))
    router.add_post("/v1/messages/batches", anthropic.handle(anthropic.create))
    router.add_get("/v1/messages/batches", anthropic.handle(anthropic.list))
    router.add_get("/v1/messages/batches/{id}", anthropic.handle(anthropic.retrieve))
    router.add_get("/v1/messages/batches/{id}/results", anthropic.handle(anthropic.results))
    router.add_post("/v1/messages/batches/{id}/cancel", anthropic.handle(anthropic.cancel))


@asynccontextmanager
async def serving_batches(jobs: Jobs) -> AsyncIterator[str]:
    """Serve these batches, and nothing else, on a free port of this machine; yields the root address."""
    app = web.Application()
    add_jobs(app, jobs)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(status, f"{message} (simulated)")


class _Vendor(ABC):
    """What both vendors' endpoints share."""

    wire: Wire
    cursor: str

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def handle(self, do: Handle) -> Handle:
        """The handler of an endpoint: behind the lock, faults as the vendor tells them."""

        async def handler(request: web.Request) -> web.StreamResponse:
            self.jobs.server.requests += 1
            headers = {**SIMULATED, self.wire.id_header: f"req_sim_{self.jobs.server.requests}"}
            try:
                if fault := self.jobs.server.locked(self.wire, request.headers):
                    return plain(fault.status, self.wire.error(fault, ""), headers)
                return await do(request)
            except _Refused as refused:
                return plain(refused.fault.status, self.wire.error(refused.fault, ""), headers)

        return handler

    @abstractmethod
    def told(self, job: Job, origin: str) -> Object:
        """A batch as the vendor tells it."""

    def job(self, request: web.Request) -> Job:
        """The batch that is asked for."""
        found = self.jobs.jobs.get(request.match_info["id"])
        if found is None or found.vendor != self.wire.vendor:
            raise _Refused(404, "No such batch")
        return found

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        """Tell how a batch is doing."""
        trouble, job = self.jobs.trouble, self.job(request)
        self.jobs.trouble.reached("polled")
        if trouble.poll_faults:
            status, *rest = trouble.poll_faults
            trouble.poll_faults = tuple(rest)
            raise _Refused(status, "The batch cannot be told of now")
        return plain(200, self.told(job, str(request.url.origin())), SIMULATED)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Cancel a batch: what was not worked on never will be."""
        job = self.job(request)
        job.cancelled = job.results is None
        return plain(200, self.told(job, str(request.url.origin())), SIMULATED)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Tell of all batches, newest first, in pages."""
        if self.jobs.take("list_faults") or self.jobs.trouble.list_status:
            raise _Refused(self.jobs.trouble.list_status or 500, "The batches cannot be listed now")
        all_jobs, limit = self.jobs.listed(self.wire.vendor), int(request.query.get("limit", "20"))
        after = request.query.get(self.cursor)
        start = next((place + 1 for place, job in enumerate(all_jobs) if job.id == after), 0)
        page = all_jobs[start : start + limit]
        told: Object = {
            "data": [self.told(job, str(request.url.origin())) for job in page],
            "has_more": start + limit < len(all_jobs),
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
        return plain(200, told, SIMULATED)

    def created(self, job: Job, request: web.Request) -> web.StreamResponse:
        """The answer to a creation, if it is not lost."""
        lost = self.jobs.take("lose_creates")
        self.jobs.trouble.reached("created")
        return Nothing() if lost else plain(200, self.told(job, str(request.url.origin())), SIMULATED)

    async def send(self, request: web.Request, data: bytes) -> web.StreamResponse:
        """A result file, or the part that is asked for, or what of it comes before the connection is lost."""
        trouble = self.jobs.trouble
        trouble.reached("downloading")
        if trouble.gone:
            raise _Refused(404, "No such file: results are kept for 29 days")
        start, status, headers = 0, 200, dict(SIMULATED)
        asked = request.headers.get("Range", "")
        if asked and trouble.ranges:
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        part = data[start:]
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(part)
        await response.prepare(request)
        cut = self.jobs.take("cut")
        await response.write(part[: len(part) * 4 // 5] if cut else part)
        if cut and request.transport is not None:
            request.transport.close()
            return response
        await response.write_eof()
        return response


class _OpenAI(_Vendor):
    wire = OPENAI
    cursor = "after"

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Store a request file."""
        self.jobs.trouble.reached("uploading")
        if self.jobs.take("lose_uploads"):
            return Nothing()
        fields: dict[str, bytes] = {}
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                fields[str(part.name)] = bytes(await part.read())
        if fields.get("purpose") != b"batch":
            raise _Refused(400, "purpose must be batch")
        self.jobs.uploads += 1
        file_id = f"file-sim-{self.jobs.uploads}"
        self.jobs.files[file_id] = fields["file"]
        self.jobs.trouble.reached("uploaded")
        told: Object = {
            "id": file_id,
            "object": "file",
            "bytes": len(fields["file"]),
            "created_at": int(datetime.now(UTC).timestamp()),
            "filename": "batch.jsonl",
            "purpose": "batch",
            "status": "processed",
        }
        return plain(200, told, SIMULATED)

    async def content(self, request: web.Request) -> web.StreamResponse:
        """Send a file."""
        name, trouble = request.match_info["id"], self.jobs.trouble
        if name not in self.jobs.files or name.startswith(trouble.lost):
            raise _Refused(trouble.lost_status, "No such file")
        return await self.send(request, self.jobs.files[name])

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Create a batch from a file; what is wrong with its lines is told later, by its status."""
        if self.jobs.take("fail_creates"):
            raise _Refused(500, "The batch was not created")
        asked = msgspec.json.decode(await request.read(), type=dict[str, Json])
        file_id, endpoint = str(asked.get("input_file_id")), str(asked.get("endpoint"))
        if file_id not in self.jobs.files or asked.get("completion_window") != "24h":
            raise _Refused(400, "No such file, or no such window")
        rows, failed = openai_rows(self.jobs.files[file_id], endpoint)
        line = self.jobs.trouble.invalid_line
        if line is not None:
            failed = [{"code": "invalid_request", "line": line, "message": "Invalid body (simulated).", "param": None}]
        if self.jobs.take("queue_full"):
            text = "Enqueued token limit reached for this model (simulated)."
            failed = [{"code": "token_limit_exceeded", "line": None, "message": text, "param": None}]
        metadata = {} if self.jobs.trouble.forgets else asked.get("metadata") or {}
        job = self.jobs.new("openai", rows, input_file=file_id, endpoint=endpoint, metadata=metadata, failed=failed)
        return self.created(job, request)

    def told(self, job: Job, origin: str) -> Object:
        """A `batch` object."""
        ended = self.jobs.settle(job)
        status = "in_progress" if not ended else "failed" if job.failed else job.partial or "completed"
        if job.cancelled and ended:
            status = "cancelled"
        if self.jobs.take("strange"):
            status = "reticulating"
        told: Object = {
            "id": job.id,
            "object": "batch",
            "endpoint": job.endpoint,
            "input_file_id": job.input_file,
            "completion_window": "24h",
            "status": status,
            "errors": {"object": "list", "data": [*job.failed]} if job.failed else None,
            "created_at": int(job.created_s),
            "expires_at": int(job.created_s) + DAY_S,
            "metadata": job.metadata or None,
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {
                "total": 0 if job.failed else len(job.rows),
                "completed": job.counts["succeeded"],
                "failed": job.counts["errored"] + job.counts["expired"],
            },
        }
        for name, data in (("output_file_id", job.output), ("error_file_id", job.errors)):
            if ended and data:
                told[name] = f"{name}-{job.id}"
                self.jobs.files[f"{name}-{job.id}"] = data
        return told


class _Anthropic(_Vendor):
    wire = ANTHROPIC
    cursor = "after_id"

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Create a batch; the rows are looked at later."""
        self.jobs.trouble.reached("uploading")
        if self.jobs.take("lose_uploads"):
            return Nothing()
        data = b"".join([chunk async for chunk in request.content.iter_any()])
        self.jobs.trouble.reached("uploaded")
        if self.jobs.take("fail_creates"):
            raise _Refused(500, "The batch was not created")
        try:
            rows = anthropic_rows(data)
        except ValueError as error:
            raise _Refused(400, str(error)) from error
        return self.created(self.jobs.new("anthropic", rows), request)

    async def results(self, request: web.Request) -> web.StreamResponse:
        """Send the results."""
        job = self.job(request)
        if not self.jobs.settle(job):
            raise _Refused(404, "The batch has not ended")
        return await self.send(request, job.output)

    def told(self, job: Job, origin: str) -> Object:
        """A `message_batch` object."""
        ended = self.jobs.settle(job)
        names = ("succeeded", "errored", "canceled", "expired")
        counts: Object = {name: job.counts[name] if ended else 0 for name in names}
        created = datetime.fromtimestamp(job.created_s, UTC)
        status = "ended" if ended else "canceling" if job.cancelled else "in_progress"
        if self.jobs.take("strange"):
            status = "reticulating"
        return {
            "id": job.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": {"processing": 0 if ended else len(job.rows), **counts},
            "created_at": created.isoformat(),
            "expires_at": datetime.fromtimestamp(job.created_s + DAY_S, UTC).isoformat(),
            "ended_at": created.isoformat() if ended else None,
            "cancel_initiated_at": created.isoformat() if job.cancelled else None,
            "archived_at": None,
            "results_url": f"{origin}/v1/messages/batches/{job.id}/results" if ended else None,
        }
