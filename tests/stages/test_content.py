from blackbox_kd.records import Message
from blackbox_kd.stages.content import asked_text, content_key, folded
from blackbox_kd.strategies.base import asked


def test_a_key_names_what_is_asked_whatever_its_case_and_spacing() -> None:
    assert content_key(asked("What is  it?\n")) == content_key(asked("what is it?"))
    assert content_key(asked("What is it?")) != content_key(asked("What was it?"))
    talk = (Message(role="user", content="Hi."), Message(role="assistant", content="Yes?"), *asked("What is it?"))
    assert asked_text(talk) == "Hi.\nYes?\nWhat is it?"
    assert folded(talk) == "hi. yes? what is it?"
    assert content_key(talk) != content_key(asked("What is it?"))
