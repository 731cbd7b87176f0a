"""Which forum is meant; and what a mistake in data/sites.yml is answered with."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import DataFileError, InputError
from crawler.catalogue import Target, load_sites, resolve
from crawler.sites import Site

SAS = Site("sas", "discourse", "https://sellers.example", hosts=("old.example",))
FOLDER = Site("osfe", "discourse", "https://big.example/forums")
KNOWN = [SAS, FOLDER]
GOOD = "sites:\n  - id: sas\n    kind: discourse\n    base_url: https://sellers.example\n"


def test_the_bundled_file_is_sound() -> None:
    assert "sas" in [site.id for site in load_sites()]


MISTAKES = [
    ("", 1, "a list `sites:`|one list `sites:`"),
    ("sites: none\n", 1, "`sites:`"),
    ("- id: sas\n", 1, "`sites:`"),
    ("version: 1\n" + GOOD, 1, "`sites:`"),
    (GOOD + "extra: 1\n", 1, "`sites:`"),
    ("sites:\n  - id: [\n", 3, "not YAML"),
    ("sites:\n\t- id: x\n", 2, "not YAML"),
    (GOOD + "  - just text\n", 5, "an entry"),
    (GOOD + "  - id: b\n    kind: discourse\n", 5, "`base_url` is missing"),
    (GOOD + "  - id: b\n    base_url: https://b.example\n", 5, "`kind` is missing"),
    (GOOD + "  - id: 5\n    kind: discourse\n    base_url: https://b.example\n", 5, "`id` is missing or no text"),
    (GOOD + "  - id: B B\n    kind: discourse\n    base_url: https://b.example\n", 5, "small letters"),
    (GOOD + "  - id: b\n    kind: phpbb\n    base_url: https://b.example\n", 5, "unknown kind 'phpbb'. Known: discourse"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example/\n", 5, "without a slash"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: b.example\n", 5, "base_url"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: 'https://[b'\n", 5, "base_url"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example?x=1\n", 5, "base_url"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://me:pw@b.example\n", 5, "base_url"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    rate: fast\n", 5, "rate: 'fast' is no rate"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    rate: 5\n", 5, "rate: a text"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    hosts: c.example\n", 5, "hosts: a list"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    hosts: 5\n", 5, "hosts: a list"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    title: 5\n", 5, "title: a text"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    colour: red\n", 5, "unknown key 'colour'"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://b.example\n    5: red\n    x: y\n", 5, "unknown key '5'"),
    (GOOD + GOOD.partition("\n")[2], 5, "the id 'sas' is there twice"),
    (GOOD + "  - id: b\n    kind: discourse\n    base_url: https://sellers.example\n", 5, "the forum of 'sas' already"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "what"), MISTAKES)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = tmp_path / "sites.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=what) as caught:
        load_sites(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "sites.yml"
    path.write_bytes(GOOD.encode() + b"    title: caf\xe9\n")
    with pytest.raises(DataFileError, match="not UTF-8") as caught:
        load_sites(path)
    assert str(caught.value).startswith(f"{path}:5: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be read"):
        load_sites(tmp_path / "none.yml")


@given(text=st.text() | st.recursive(st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)).map(lambda data: f"sites: {data}"))  # fmt: skip
def test_any_text_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_sites(path)
    except DataFileError as error:
        assert str(error).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("sas", Target(SAS)),
        ("sellers.example", Target(SAS)),
        ("www.sellers.example", Target(SAS)),
        ("http://sellers.example/latest", Target(SAS)),
        ("https://old.example/t/x/7/3", Target(SAS, thread="7")),
        ("sellers.example/c/fees/4", Target(SAS, category_path="/c/fees/4")),
        ("https://big.example/forums/t/x/7", Target(FOLDER, thread="7")),
        ("new.example", Target(Site("new-example", "discourse", "https://new.example"))),
        ("https://www.new.example/", Target(Site("new-example", "discourse", "https://www.new.example"))),
        ("https://new.example/forums/t/x/7", Target(Site("new-example-forums", "discourse", "https://new.example/forums"), "7")),
        ("new.example/c/fees/4/l/latest", Target(Site("new-example", "discourse", "https://new.example"), None, "/c/fees/4")),
        ("localhost:4200", Target(Site("localhost-4200", "discourse", "http://localhost:4200"))),
        ("127.0.0.1:4200/t/7", Target(Site("127-0-0-1-4200", "discourse", "http://127.0.0.1:4200"), "7")),
        ("http://[::1]:4200", Target(Site("1-4200", "discourse", "http://[::1]:4200"))),
    ],
)  # fmt: skip
def test_a_name_or_an_address_says_which_forum_and_what_of_it(name: str, target: Target) -> None:
    assert resolve(name, KNOWN) == target


@pytest.mark.parametrize(
    "name", ["", "sass", "ftp://new.example", "https://", "https://[::1", "new.example:99999", "a b.example", "https://me:pw@new.example"]
)  # fmt: skip
def test_what_is_no_forum_is_refused_with_what_is_known(name: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(name, KNOWN)
    assert caught.value.exit_code == 2
    assert "pw" not in str(caught.value)


@given(st.text())
def test_any_text_names_a_forum_or_is_refused(name: str) -> None:
    with contextlib.suppress(InputError):
        assert resolve(name, KNOWN).site.base_url.startswith(("http://", "https://"))


@pytest.mark.parametrize("page", ["/u/ann", "/t/a-slug-without-an-id", "/tag/x"])
def test_a_page_that_is_no_thread_category_or_forum_is_refused(page: str) -> None:
    with pytest.raises(
        InputError, match=r"names no thread, no category and no forum. The forum itself is https://f\.example$"
    ):
        resolve(f"https://f.example{page}", [])
