import pytest

from blackbox_kd.shipped import shipped


@pytest.mark.parametrize("name", ["everyday.jsonl", "judge/pairwise.md"])
def test_our_texts_are_where_the_package_finds_them(name: str) -> None:
    assert shipped(name).is_file()
