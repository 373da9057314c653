"""Who does the work on the shards: this process, several of it, or a Ray cluster that is there already.

Tasks are pure but for files that each writes under its own name, so who does what, and in which order, plays no part.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from typing import Any, TypeVar

from blackbox_kd.errors import UsageError
from blackbox_kd.filters.base import Each, in_turn

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2  # tasks a worker that are handed out before the oldest result is taken


@contextmanager
def engine(name: str, workers: int | None, tasks: int) -> Iterator[Each]:
    """The way to apply a function to many tasks; `workers` None: as many as this process may use cores.

    Raises `UsageError` where there is no Ray cluster, or where a worker is killed.
    """
    wanted = min(workers or len(os.sched_getaffinity(0)), tasks)
    if name == "ray":
        with on_ray() as each:
            yield each
    elif wanted <= 1:
        yield in_turn
    else:
        with pool(wanted) as each:
            yield each


@contextmanager
def pool(workers: int) -> Iterator[Each]:
    """Several processes of this machine, gone when the block ends, or when this process dies."""
    context: SpawnContext = multiprocessing.get_context("spawn")  # fork would copy the threads' locks
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent)

    def each(function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        pending = deque(executor.submit(function, task) for task in tasks[: workers * AHEAD])
        for task in tasks[workers * AHEAD :]:
            yield pending.popleft().result()
            pending.append(executor.submit(function, task))
        while pending:
            yield pending.popleft().result()

    try:
        yield each
    except BrokenProcessPool as error:
        raise UsageError(
            "filter: one of the worker processes was killed, perhaps for memory",
            "Run it again with fewer: --workers 1. What was done is kept.",
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def follow_parent() -> None:
    """Let the parent answer Ctrl-C, and end when it ends, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Held:
    """A result on its way: Ray Data would make lists of tuples and arrays of numbers of what it can look into."""

    def __init__(self, value: object) -> None:
        self.value = value


@contextmanager
def on_ray() -> Iterator[Each]:
    """A Ray cluster that runs already, with this run's folder at the same path on every node.

    Raises `UsageError` where Ray is not installed or no cluster is found.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("filter: --engine ray needs Ray", "pip install 'blackbox-kd[ray]'") from error
    started = not ray.is_initialized()
    if started:
        try:
            ray.init(address="auto", log_to_driver=False)
        except ConnectionError as error:
            raise UsageError("filter: no Ray cluster is running", "ray start --head, or set RAY_ADDRESS.") from error

    def each(function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        held = ray.put(list(tasks))

        def apply(row: dict[str, Any]) -> dict[str, Any]:
            return {"number": row["number"], "result": Held(function(ray.get(held)[row["number"]]))}

        numbers = [{"number": number} for number in range(len(tasks))]
        found = ray.data.from_items(numbers, override_num_blocks=max(1, len(tasks))).map(apply)
        results = {row["number"]: row["result"].value for row in found.iter_rows()}
        return (results[number] for number in range(len(tasks)))

    try:
        yield each
    finally:
        if started:
            ray.shutdown()
