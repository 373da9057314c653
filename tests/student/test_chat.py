from blackbox_kd.records import Message
from blackbox_kd.student.chat import reply
from blackbox_kd.student.generate import Sampling, generate
from blackbox_kd.student.load import Student


def test_a_reply_is_the_greedy_answer(student: Student) -> None:
    turns = [Message(role="user", content="hello")]
    assert reply(student, turns, 5) == generate(student, [turns], Sampling(max_new_tokens=5))[0].text
