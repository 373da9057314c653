from pathlib import Path

import pytest

from blackbox_kd.errors import InputError
from blackbox_kd.simulate.books import Books, read_books


def test_what_is_billed_can_be_read_back(tmp_path: Path) -> None:
    books = Books(tmp_path / "deep" / "books.jsonl")
    entries = [books.bill("a" * 64, "/v1/messages", "ok", 5, 7), books.bill("b" * 64, "/v1/messages", "wrong", 1, 2)]
    assert list(read_books(tmp_path / "deep" / "books.jsonl")) == entries
    books.close()


def test_response_ids_count_the_replies_to_one_request() -> None:
    books = Books(None)
    ids = [books.bill(request, "/", "ok", 1, 1).response_id for request in ("a" * 64, "a" * 64, "b" * 64)]
    assert ids == ["sim-aaaaaaaaaaaa-1", "sim-aaaaaaaaaaaa-2", "sim-bbbbbbbbbbbb-1"]


def test_a_later_server_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(2):
        books = Books(tmp_path / "books.jsonl")
        books.bill("a" * 64, "/", "ok", 1, 1)
        books.close()
    assert [entry.count for entry in read_books(tmp_path / "books.jsonl")] == [1, 2]


def test_damaged_books_are_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "books.jsonl").write_text('{"request":"a"}\n')
    with pytest.raises(InputError, match=r"books\.jsonl:1"):
        Books(tmp_path / "books.jsonl")
