from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.database import Paths, open_archive, write_lock
from cli.serve import publish_if_stale
from publish.build import public_url_of
from publish.exports import bulk
from tests.cli.conftest import Optout
from tests.publish import awkward_archive
from tests.publish.awkward_archive import PROGRAM


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return awkward_archive.make(tmp_path / "archive.db")


def permalinks(paths: Paths) -> set[str]:
    with closing(sqlite3.connect(paths.published)) as copy:
        return {row[0].split("/thread/")[0] for row in copy.execute("select permalink from posts")}


def posts_about_the_program(paths: Paths) -> int:
    with closing(sqlite3.connect(paths.published)) as copy:
        found: int = copy.execute("select posts from programs where id = ?", [PROGRAM]).fetchone()[0]
        return found


def run(paths: Paths, sql: str) -> None:
    with closing(open_archive(paths.database).conn) as connection, connection:
        connection.execute(sql)


def test_a_stale_copy_is_made_again_for_the_address_that_it_had(optout: Optout, paths: Paths) -> None:
    optout("publish", "--public-url", "https://a.example/", "--db", str(paths.database))
    run(paths, "update runs set state = 'failed'")
    publish_if_stale(paths, exports=True, quiet=True)
    assert public_url_of(paths) == "https://a.example" and permalinks(paths) == {"https://a.example"}


def test_every_table_comes_as_a_file_with_its_rows_and_digest(optout: Optout, paths: Paths) -> None:
    said = optout("publish", "--db", str(paths.database)).out
    made = bulk.listed(paths.published)
    assert made is not None and "posts.csv.gz" in {entry["file"] for entry in made["files"]}
    assert all(len(entry["sha256"]) == 64 and entry["rows"] >= 0 for entry in made["files"])
    size = sum(entry["bytes"] for entry in made["files"]) / 1e6
    assert re.search(rf"made {len(made['files'])} files for download \({size:.1f} MB, [0-9.]+ s\)", said)


@pytest.mark.parametrize(
    ("before", "then", "left"),
    [
        ("the copy is new, and without files", "serve", True),
        ("the copy is new, and without files", "serve without", False),
        ("the files are of another copy", "serve", True),
        ("the copy is old", "serve", True),
        ("the copy is old", "serve without", False),
        ("the copy is new", "serve without", True),
        ("the copy is new", "publish without", False),
    ],
)
def test_files_for_download_are_those_of_the_copy_or_none(
    optout: Optout, paths: Paths, before: str, then: str, left: bool
) -> None:
    optout("publish", "--db", str(paths.database), *(["--no-exports"] if "without files" in before else []))
    if before == "the copy is old":
        run(paths, "update runs set state = 'failed'")
    if before == "the files are of another copy":
        (bulk.folder(paths.published) / bulk.MANIFEST).write_text('{"fingerprint": "another"}')
    if then == "publish without":
        optout("publish", "--no-exports", "--db", str(paths.database))
    else:
        publish_if_stale(paths, exports=then == "serve", quiet=True)
    assert bulk.there(paths) == bulk.are_current(paths) == left


def test_publishing_again_keeps_the_address_until_another_is_named(optout: Optout, paths: Paths) -> None:
    assert public_url_of(paths) == ""
    optout("publish", "--public-url", "https://a.example", "--db", str(paths.database))
    optout("publish", "--db", str(paths.database))
    assert permalinks(paths) == {"https://a.example"}
    optout("publish", "--public-url", "", "--db", str(paths.database))
    assert permalinks(paths) == {""} and public_url_of(paths) == ""


def test_a_copy_that_cannot_be_read_has_no_address(optout: Optout, paths: Paths) -> None:
    paths.published.parent.mkdir()
    paths.published.write_bytes(b"no database")
    assert public_url_of(paths) == ""
    assert optout("publish", "--db", str(paths.database)).code == 0


def test_tags_that_nobody_counted_are_counted_before_they_are_published(optout: Optout, paths: Paths) -> None:
    run(paths, "delete from summary_totals")
    assert optout("publish", "--db", str(paths.database)).code == 0
    assert posts_about_the_program(paths) == 3


def test_they_are_published_without_counts_while_somebody_writes(optout: Optout, paths: Paths) -> None:
    run(paths, "delete from summary_totals")
    with write_lock(paths, "crawl"):
        told = optout("publish", "--db", str(paths.database))
    assert told.code == 0 and "the counts of programs and complaints are not made yet" in told.err
    assert posts_about_the_program(paths) == 0
