import weakref

from blackbox_kd.config.whole import Config
from blackbox_kd.records import Message
from blackbox_kd.run import RunDir
from blackbox_kd.stages.evaluating.modelling import Models

ASKED = {name: (Message(role="user", content=name),) for name in ("a", "b")}


def test_one_model_is_in_memory_at_a_time(run: RunDir) -> None:
    models = Models(run, Config(), 4)
    first = weakref.ref(models.load("tiny:1").model)
    assert models.load("tiny:1").model is first()
    models.load("tiny:2")
    assert first() is None


def test_none_is_in_memory_once_it_was_dropped(run: RunDir) -> None:
    models = Models(run, Config(), 4)
    held = weakref.ref(models.load("tiny:1").model)
    models.drop()
    assert held() is None


def test_single_requests_are_timed_where_it_is_asked_for_alone(run: RunDir) -> None:
    models = Models(run, Config(), 4)
    assert models.answers("student", "tiny:1", ASKED, {}).timing.latency_s is None
    timed = models.answers("student", "tiny:1", ASKED, {}, timed=True)
    assert timed.timing.latency_s is not None
    assert timed.timing.latency_s > 0
    assert models.answers("base", "tiny:1", ASKED, {}, timed=True).timing == timed.timing  # kept, whatever the arm
