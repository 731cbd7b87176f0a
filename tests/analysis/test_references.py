"""Which threads a paragraph refers to. All text is synthetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.tag import tag_archive
from taxonomy import load
from tests.analysis.small_archive import NOW, SmallArchive

TAXONOMY = load()


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    archive = SmallArchive(tmp_path / "archive.db")
    archive.run(
        "insert into sites (id, kind, base_url, title, added_at) values ('oldquay', 'discourse_html', 'https://old.example', 'Old Quay', ?)",
        NOW,
    )
    return archive


def old_thread(archive: SmallArchive, title: str, at: str, state: str = "recovered") -> int:
    thread = archive.thread(title)
    archive.run("update threads set site_id = 'oldquay', created_at = ?, state = ? where id = ?", at, state, thread)
    archive.post(thread, 1, "Nobody asked me.", at=at)
    return thread


def found(archive: SmallArchive, post: int) -> list[tuple[object, ...]]:
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    return [
        tuple(row)
        for row in archive.db.execute(
            """select r.kind, substr(p.text, r.start + 1, r."end" - r.start), r.site_id, r.target_thread_id, r.state
            from thread_references r join paragraphs g on g.id = r.paragraph_id join posts p on p.id = g.post_id
            where p.id = ? and g.revision_id is null order by g.position, r.start""",
            (post,),
        )
    ]


def write(archive: SmallArchive, html: str) -> int:
    return archive.post(archive.thread("What now?"), 1, html, at="2024-04-10T09:00:00Z")


@pytest.mark.parametrize(
    ("words", "span"),
    [
        ("As in this 24Jan2022 Old Quay thread.", "24Jan2022 Old Quay thread"),
        ("There was a post over at Old Quay on January 24, 2022.", "post over at Old Quay on January 24, 2022"),
        ("An Old Quay discussion dated 2022-01-24 says so.", "Old Quay discussion dated 2022-01-24"),
    ],
)
def test_a_thread_named_by_forum_and_day_is_found(archive: SmallArchive, words: str, span: str) -> None:
    target = old_thread(archive, "Surveys", "2022-01-24T10:00:00Z")
    old_thread(archive, "Others", "2022-03-24T10:00:00Z")
    assert found(archive, write(archive, words)) == [("named", span, "oldquay", target, "recovered")]


@pytest.mark.parametrize(("site", "name"), [("osfe-uk", "OSFE"), ("nsfe-uk", "NSFE"), ("nsfe-in", "new seller forums")])
def test_a_thread_of_another_countrys_forum_is_found_by_the_forums_name(
    archive: SmallArchive, site: str, name: str
) -> None:
    archive.run(
        "insert into sites (id, kind, base_url, title, added_at) values (?, 'discourse_html', 'https://other.example', 'O', ?)",
        site,
        NOW,
    )
    target = old_thread(archive, "Surveys", "2022-01-24T10:00:00Z")
    archive.run("update threads set site_id = ? where id = ?", site, target)
    assert found(archive, write(archive, f"As in this 24Jan2022 {name} thread."))[0][3:] == (target, "recovered")


@pytest.mark.parametrize(
    ("site", "day"), [("nsfe-us", "2022-05-09"), ("osfe-uk", "2022-09-05"), ("nsfe-in", "2022-09-05")]
)
def test_which_of_day_and_month_comes_first_is_a_matter_of_the_site(archive: SmallArchive, site: str, day: str) -> None:
    archive.run(
        "insert into sites (id, kind, base_url, title, added_at) values (?, 'discourse_html', 'https://other.example', 'O', ?)",
        site,
        NOW,
    )
    thread = archive.thread("What now?")
    archive.run("update threads set site_id = ? where id = ?", site, thread)
    archive.post(thread, 1, "They enrolled me on 05/09/2022.", at="2022-10-10T00:00:00Z")
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    assert [row[0] for row in archive.db.execute("select date_from from dates")] == [day]


def test_two_that_fit_are_ambiguous_and_none_is_unknown(archive: SmallArchive) -> None:
    for title in ("One", "Two"):
        old_thread(archive, title, "2022-01-24T10:00:00Z")
    post = write(archive, "this 24Jan2022 Old Quay thread, and that 25Jan2022 OSFE post")
    assert [row[2:] for row in found(archive, post)] == [("oldquay", None, "ambiguous"), ("osfe-us", None, "unknown")]


def test_a_month_is_enough_only_together_with_a_program(archive: SmallArchive) -> None:
    about = old_thread(archive, "Prepaid Return Label", "2024-03-05T10:00:00Z")
    post = write(archive, "The Prepaid Return Label: see that old Quay post of last March.")
    assert found(archive, post) == [("named", "old Quay post of last March", "oldquay", about, "recovered")]
    other = write(archive, "See that old Quay post of last March.")
    assert found(archive, other)[0][3:] == (None, "unknown")


def test_the_link_beside_it_says_which_thread_is_meant(archive: SmallArchive) -> None:
    target = old_thread(archive, "Surveys", "2021-01-24T10:00:00Z", state="gone")
    post = write(archive, '<p>That Old Quay post: <a href="https://old.example/t/1">read it</a>.</p>')
    archive.run(
        "insert into links (post_id, url, kind, title, target_site_id, target_native_id, target_thread_id, state)"
        " values (?, 'https://old.example/t/1', 'link', 'read it', 'oldquay', '1', ?, 'gone')",
        post,
        target,
    )
    assert found(archive, post) == [
        ("named", "Old Quay post", "oldquay", target, "gone"), ("link", "read it", "oldquay", target, "gone"),
    ]  # fmt: skip


def test_a_link_follows_what_is_held(archive: SmallArchive) -> None:
    post = write(archive, '<p>Here: <a href="https://old.example/t/7">https://old.example/t/7</a></p>')
    archive.run(
        "insert into links (post_id, url, kind, title, target_site_id, target_native_id, state)"
        " values (?, 'https://old.example/t/7', 'link', 'https://old.example/t/7', 'oldquay', '7', 'unknown')",
        post,
    )
    assert found(archive, post) == [("link", "https://old.example/t/7", "oldquay", None, "unknown")]
    target = old_thread(archive, "Surveys", "2021-01-24T10:00:00Z")
    archive.run("update links set target_thread_id = ?, state = 'recovered'", target)
    assert found(archive, post) == [("link", "https://old.example/t/7", "oldquay", target, "recovered")]


def test_a_quotation_of_another_thread_refers_to_it(archive: SmallArchive) -> None:
    quote = '<aside class="quote" data-username="a" data-topic="77" data-post="1"><blockquote><p>so it was</p></blockquote></aside><p>Yes.</p>'
    post = write(archive, quote)
    archive.run(
        "insert into links (post_id, url, kind, target_site_id, target_native_id, state)"
        " values (?, 'https://forum.example/t/77/1', 'quote', 's', '77', 'gone')",
        post,
    )
    assert found(archive, post) == [("quote", "so it was", "s", None, "gone")]


def test_without_a_forum_a_date_right_beside_the_thing_refers_to_the_same_forum(archive: SmallArchive) -> None:
    target = archive.thread("Surveys")
    archive.run("update threads set created_at = '2022-01-24T10:00:00Z' where id = ?", target)
    post = write(archive, "The 24Jan2022 thread said so. I post parcels. On Monday I had tea and wrote a long post.")
    assert found(archive, post) == [("named", "24Jan2022 thread", None, target, "live")]


def test_a_thing_alone_refers_to_nothing(archive: SmallArchive) -> None:
    assert found(archive, write(archive, "This thread is long. Old Quay is gone. On Monday it rained.")) == []
