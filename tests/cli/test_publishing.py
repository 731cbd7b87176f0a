from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.database import Paths, open_archive, write_lock
from cli.serve import publish_if_stale
from publish.build import public_url_of
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
    publish_if_stale(paths, quiet=True)
    assert public_url_of(paths) == "https://a.example" and permalinks(paths) == {"https://a.example"}


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
