from __future__ import annotations

import stat
from pathlib import Path

import pytest

from archive.errors import DamagedError
from publish.names import Author, Names, load_key, ordinary_words

KEY = b"k" * 32


def names(*members: str, key: bytes = KEY) -> Names:
    return Names(key, [Author(i, "sas", name, "member") for i, name in enumerate(members)])


def test_a_pseudonym_is_short_readable_and_the_same_every_time() -> None:
    first, again = names("kelpkitchen").person("sas", "kelpkitchen"), names("kelpkitchen").person("sas", "KelpKitchen")
    assert first == again
    assert first.startswith("seller-") and len(first) == len("seller-7f3a9c")


def test_another_key_gives_other_pseudonyms() -> None:
    assert names("joe", key=b"a" * 32).person("sas", "joe") != names("joe", key=b"b" * 32).person("sas", "joe")


def test_the_same_name_on_two_forums_is_two_people() -> None:
    both = Names(KEY, [Author(1, "sas", "joe", "member"), Author(2, "other", "joe", "member")])
    assert both.by_id[1] != both.by_id[2]
    assert both.person("other", "joe") == both.by_id[2]


def test_staff_stay_readable_but_only_where_they_are_staff() -> None:
    both = Names(KEY, [Author(1, "sas", "Rowan", "staff"), Author(2, "other", "Rowan", "member")])
    assert both.person("sas", "rowan") == "rowan"
    assert both.by_id[1] == "Rowan"
    assert both.person("other", "Rowan").startswith("seller-")


def test_people_who_never_wrote_get_a_pseudonym_too() -> None:
    assert names().person("sas", "a_stranger").startswith("seller-")


def test_ten_thousand_authors_have_ten_thousand_pseudonyms() -> None:
    many = names(*(f"member{i}" for i in range(10_000)))
    assert len(set(many.by_id.values())) == 10_000
    assert any(len(name) > len("seller-7f3a9c") for name in many.by_id.values()), "no collision: the test shows nothing"


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.key"
    key = load_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == key


@pytest.mark.parametrize("content", ["", "not hex", "abcd"])
def test_a_damaged_key_is_reported_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "archive.key"
    path.write_text(content)
    with pytest.raises(DamagedError, match="key of the pseudonyms"):
        load_key(path)
    assert path.read_text() == content


def test_a_word_that_many_threads_use_without_its_namesake_is_ordinary() -> None:
    texts = [(thread, "the stamp on my parcel, says kelpkitchen") for thread in range(3)]
    assert ordinary_words({"stamp", "kelpkitchen"}, {i: {"kelpkitchen"} for i in range(3)}, texts) == {"stamp"}


def test_capitals_speak_of_a_person_not_of_a_thing() -> None:
    assert ordinary_words({"marvin"}, {}, [(thread, "Marvin said so") for thread in range(9)]) == set()
