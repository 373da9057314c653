import json

import pytest

from blackbox_kd.teachers.status import STATUS_OF, disguised, error_fields, meaning


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"error": {"code": 502, "message": "upstream"}}', 502),
        (b'{"error": {"code": "429"}, "choices": []}', 429),
        (b'{"error": {"code": "rate_limit_exceeded"}, "choices": null}', 429),
        (b'{"type": "error", "error": {"type": "invalid_request_error"}}', 400),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 529),
        (b'{"type": "error", "code": "server_error", "message": "m"}', 500),
        (b'{"status": "failed", "error": {"code": "server_error"}, "output": [{}]}', 500),
        (b'{"error": {"code": 302}}', 502),
        (b'{"error": {"code": "strange"}}', 502),
        (b'{"error": "upstream"}', 502),
        (b'{"error": null}', None),
        (b'{"error":null,"status":"completed","output":[{}]}', None),
        (b'{"error": {"code": 502}, "choices": [{}]}', None),
        (b'{"error": {"code": 502}, "content": [{}]}', None),
        (b'{"error": {"code": 502}, "output": [{}]}', None),
        (b'{"choices": [{"message": {"content": "{\\"error\\": {}}"}}]}', None),
        (b'"error"', None),
        (b'{"error": {"co', None),
        (b"{}", None),
    ],
)
def test_row_39_an_error_in_disguise_has_a_status(raw: bytes, status: int | None) -> None:
    assert disguised(raw) == status


@pytest.mark.parametrize("name", sorted(STATUS_OF))
def test_row_39_an_error_in_disguise_means_what_its_status_does(name: str) -> None:
    raw = json.dumps({"error": {"code": name, "message": "why"}}).encode()
    assert disguised(raw) == STATUS_OF[name]
    assert meaning("openai", STATUS_OF[name], {}, raw, 0.0).code == name


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"error": {"code": "c", "type": "t", "message": "m"}}', ("c", "t", "m")),
        (b'{"type": "error", "error": {"type": "t", "message": "m"}}', ("", "t", "m")),
        (b'{"error": {"details": {"error_code": "d"}, "type": "t"}}', ("d", "t", "")),
        (b'[{"error": {"code": 429, "message": "m"}}]\n', ("429", "", "m")),
        (b'{"message": "m", "code": 404}', ("404", "", "m")),
        (b'{"error": "text"}', ("", "", "text")),
        (b'{"error": {"code": true, "type": [1], "message": {"a": 1}}}', ("", "", "")),
        (b"<html>\x1b[2JBad", ("", "", "<html>[2JBad")),
        (b"", ("", "", "")),
    ],
)
def test_the_fields_of_an_error(raw: bytes, expected: tuple[str, str, str]) -> None:
    assert error_fields(raw) == expected
