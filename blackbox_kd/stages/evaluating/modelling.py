"""Answers of models on this machine: generated once, and kept beside the ledger for every run of the project."""

import gc
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import InputError
from blackbox_kd.jsonl import read_json, text_digest, write_json
from blackbox_kd.records import Message, Prediction, Record
from blackbox_kd.run import RunDir
from blackbox_kd.stages.buying import ledger_path

if TYPE_CHECKING:
    from blackbox_kd.student.load import Student

CACHE = "predictions"
SINGLE = 5  # requests that are timed one by one
Conversations = Mapping[str, Sequence[Message]]  # by prompt id


class Timing(Record, frozen=True, kw_only=True):
    """How fast a model answered here: seconds of a single request (median), and rates of all of them in batches."""

    latency_s: float | None = None
    prompts_per_second: float | None = None
    tokens_per_second: float | None = None


class Answers(Record, frozen=True, kw_only=True):
    """A model's predictions in the order of the prompts, and how fast they came."""

    predictions: tuple[Prediction, ...]
    timing: Timing = Timing()
    parameters: int | None = None


class Models:
    """Models by their spec, loaded when first needed, one at a time in memory."""

    def __init__(self, run: RunDir, config: Config, limit: int) -> None:
        self.run, self.config, self.limit = run, config, limit
        self.args = config.train.template_args
        self._held: tuple[str, Student] | None = None

    def answers(
        self, arm: str, spec: str, asked: Conversations, texts: Mapping[str, str] | None, timed: bool = False
    ) -> Answers:
        """An arm's greedy answers, and how likely it finds `texts`, the answers that it should have given, or its own.

        `timed` takes the latency of single requests too. Raises `UsageError` for a spec that names no model, or a
        prompt beyond its context.
        """
        from blackbox_kd.student.load import surroundings
        from blackbox_kd.student.source import resolve

        source = resolve(spec)
        identity = [source.name, source.revision, str(self.limit), plain(self.args), plain(list(asked.items()))]
        identity += [plain(sorted((texts or {}).items())), str(texts is None)]
        identity += [str(timed), *surroundings()]
        home = ledger_path(self.run.root).parent / CACHE
        cache = home / f"{text_digest(*identity)}.json"
        kept = stored(cache)
        if kept is not None:
            named = tuple(msgspec.structs.replace(one, model=arm) for one in kept.predictions)
            return msgspec.structs.replace(kept, predictions=named)
        if source.note:
            self.run.progress.note(f"evaluate: {source.note}")
        made = self._answered(arm, spec, asked, texts, timed)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(cache, made)
        return made

    def drop(self) -> None:
        """Let go of the model in memory, before another is loaded or trained."""
        self._held = None
        gc.collect()  # modules refer to themselves

    def load(self, spec: str) -> "Student":
        """The model, the one before it gone before it is loaded; raises `UsageError`."""
        from blackbox_kd.student.load import load

        if self._held is None or self._held[0] != spec:
            self.drop()
            self._held = spec, load(spec)
        return self._held[1]

    def _answered(
        self, arm: str, spec: str, asked: Conversations, texts: Mapping[str, str] | None, timed: bool
    ) -> Answers:
        from blackbox_kd.student.generate import Sampling, generate
        from blackbox_kd.student.likelihood import likelihoods

        student, progress = self.load(spec), self.run.progress
        progress.start(f"evaluate {arm}", len(asked))
        done = 0

        def advanced(count: int) -> None:
            nonlocal done
            progress.advance(steps=count - done)
            done = count

        started_s, sampling = time.monotonic(), Sampling(max_new_tokens=self.limit)
        conversations = list(asked.values())
        size = self.config.evaluate.batch_size
        found = generate(student, conversations, sampling, self.args, size, advanced)
        took_s = time.monotonic() - started_s
        progress.finish()
        if texts is None:
            texts = {name: one.text for name, one in zip(asked, found, strict=True) if one.text}
        known = [name for name in asked if name in texts]
        chances = likelihoods(student, [asked[name] for name in known], [texts[name] for name in known], self.args)
        by_id = dict(zip(known, chances, strict=True))
        predictions = tuple(
            Prediction(
                prompt_id=name,
                model=arm,
                text=one.text,
                finish_reason=one.finish_reason,
                completion_tokens=one.completion_tokens,
                logprob=one.logprob,
                nll=chance.nll if chance else None,
                nll_tokens=chance.tokens if chance else 0,
                nll_bytes=chance.bytes if chance else 0,
            )
            for name, one in zip(asked, found, strict=True)
            for chance in (by_id.get(name),)
        )
        tokens = sum(one.completion_tokens for one in found)
        timing = Timing(
            latency_s=self._latency_s(student, conversations) if timed else None,
            prompts_per_second=len(found) / took_s,
            tokens_per_second=tokens / took_s,
        )
        return Answers(predictions=predictions, timing=timing, parameters=student.parameters)

    def _latency_s(self, student: "Student", conversations: Sequence[Sequence[Message]]) -> float:
        from blackbox_kd.student.generate import Sampling, generate

        times = []
        for conversation in conversations[:SINGLE]:
            started_s = time.monotonic()
            generate(student, [conversation], Sampling(max_new_tokens=self.limit), self.args)
            times.append(time.monotonic() - started_s)
        return statistics.median(times)


def stored(path: Path) -> Answers | None:
    """The answers on file; None where there are none, or none that can be read: they cost time alone."""
    try:
        return read_json(path, Answers) if path.exists() else None
    except InputError:
        return None


def plain(value: object) -> str:
    """A value as JSON, to make an identity of."""
    return msgspec.json.encode(value).decode()
