from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.database import Paths, open_archive
from archive.errors import InputError, LockedError
from publish import build as building
from publish.build import build, inspect_file, is_stale
from taxonomy import Taxonomy
from tests.publish.awkward_archive import FORUM, PRIVATE_NAMES, PROGRAM, SECRETS, STAFF, THEME, Archive

Rows = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize("private", [*PRIVATE_NAMES, *SECRETS, "Kelp Kitchen", "a_stranger", "/home/tess", "saved.har"])
def test_no_private_name_or_number_is_in_the_bytes_of_the_file(published: Paths, private: str) -> None:
    for file in (published.published, inspect_file(published)):
        assert private.lower().encode() not in file.read_bytes().lower()
        assert private.lower() not in file.read_bytes().decode("utf-8", "replace").lower()


def test_the_archive_does_hold_them(published: Paths) -> None:
    content = published.database.read_bytes()
    assert all(secret.encode() in content for secret in (*PRIVATE_NAMES, *SECRETS))


def test_the_key_is_kept_out_and_for_its_owner_only(published: Paths) -> None:
    assert stat.S_IMODE(published.key.stat().st_mode) == 0o600
    assert published.key.read_text().strip().encode() not in published.published.read_bytes()
    assert bytes.fromhex(published.key.read_text().strip()) not in published.published.read_bytes()


def test_staff_are_shown_by_name(rows: Rows) -> None:
    assert rows("select name from authors where role = 'staff'") == [{"name": STAFF}]


def test_one_person_has_one_pseudonym_in_author_text_markup_quotation_link_and_title(rows: Rows) -> None:
    name = rows("select name from authors a join posts p on p.author_id = a.id where permalink = '/thread/sas/3686#p1'")
    who = name[0]["name"]
    reply = rows("select text, html from posts where permalink = '/thread/sas/3686#p2'")[0]
    assert f"@{who}" in reply["text"] and f"/u/{who}" in reply["html"] and f"From {who}, post 1" in reply["html"]
    assert {row["title"] for row in rows("select title from links where kind in ('mention', 'quote')")} == {who}
    assert who in rows("select title from threads where native_id = '3686'")[0]["title"]
    assert rows("select title from titles")[0]["title"] == f"{who} asks"


def test_posts_are_numbered_by_time_and_those_without_a_date_stand_by_their_neighbours(rows: Rows) -> None:
    permalinks = [row["permalink"] for row in rows("select permalink from posts order by id")]
    assert permalinks[:3] == ["/thread/sas/99#p1", "/thread/sas/99#p2", "/thread/sas/3686#p1"]
    dates = [row["created_at"] for row in rows("select created_at from posts where created_at is not null order by id")]
    assert dates == sorted(dates)


def test_the_words_of_each_tag_are_where_its_span_says(rows: Rows) -> None:
    for table in ("program_tags", "theme_tags"):
        tags = rows(
            f"select t.*, coalesce(r.text, p.text) as text from {table} t join posts p on p.id = t.post_id"
            " left join revisions r on r.id = t.revision_id"
        )
        for tag in tags:
            if tag.get("how") != "inherited":
                assert tag["text"][tag["start"] : tag["end"]] == tag["evidence"]
    assert {row["evidence"] for row in rows("select evidence from program_tags where how = 'named'")} == {
        "Promise Optimization",
        "Shipping Settings Automation",
        "PO",
    }


def test_inherited_tags_carry_the_words_of_the_title_or_the_post_they_come_from(rows: Rows) -> None:
    tags = {row["evidence_in"]: row for row in rows("select * from program_tags where how = 'inherited'")}
    title = rows("select title from threads where id = ?", tags["title"]["thread_id"])[0]["title"]
    assert title[tags["title"]["start"] : tags["title"]["end"]] == tags["title"]["evidence"] == "Promise Optimization"
    source = rows("select text from posts where id = ?", tags["post"]["source_post_id"])[0]["text"]
    assert source[tags["post"]["start"] : tags["post"]["end"]] == tags["post"]["evidence"] == "Promise Optimization"


def test_paragraph_spans_fit_the_masked_text(rows: Rows) -> None:
    paragraphs = rows(
        'select g.start, g."end", text from paragraphs g join posts p on p.id = post_id where revision_id is null'
    )
    assert all(0 <= row["start"] < row["end"] <= len(row["text"]) for row in paragraphs)
    assert any(row["end"] == len(row["text"]) for row in paragraphs)


def test_a_mention_is_a_paragraph_with_a_program_and_a_theme(rows: Rows) -> None:
    mention = rows("select * from mentions where how = 'named' and theme_id = ?", THEME)[0]
    assert (mention["program_id"], mention["theme_id"]) == (PROGRAM, THEME)
    assert (mention["program_evidence"], mention["theme_evidence"]) == ("Promise Optimization", "no switch anywhere")
    assert mention["permalink"] == "/thread/sas/3686#p1"
    assert mention["url"] == f"{FORUM}/t/3686/1"
    assert mention["capture_id"] is not None


def test_tags_of_earlier_versions_are_no_mentions(rows: Rows) -> None:
    assert rows("select evidence from program_tags where revision_id is not null") == [{"evidence": "PO"}]
    assert rows("select 1 from mentions where program_evidence = 'PO'") == []


def test_summaries_agree_with_the_rows(rows: Rows) -> None:
    program = rows("select * from programs where id = ?", PROGRAM)[0]
    assert (program["posts"], program["threads"], program["authors"]) == (3, 2, 3)
    assert (program["first_month"], program["last_month"]) == ("2020-06", "2024-03")
    months = rows("select month, posts from program_months where program_id = ? order by month", PROGRAM)
    assert months == [{"month": "2020-06", "posts": 1}, {"month": "2024-03", "posts": 2}]
    assert rows("select posts, threads from sites") == [{"posts": 8, "threads": 2}]
    assert rows("select staff_posts, edited_posts from threads where native_id = '3686'") == [
        {"staff_posts": 1, "edited_posts": 1}
    ]


def test_foreign_keys_hold_and_the_file_is_whole(published: Paths) -> None:
    with sqlite3.connect(published.published) as connection:
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        connection.execute("insert into posts_fts (posts_fts, rank) values ('integrity-check', 1)")
        connection.rollback()


def test_search_finds_inflected_words_phrases_and_titles(rows: Rows) -> None:
    def found(query: str) -> set[str]:
        sql = "select permalink from posts where id in (select rowid from posts_fts where posts_fts match ?)"
        return {row["permalink"] for row in rows(sql, query)}

    assert found("optimizing") == {"/thread/sas/3686#p1", "/thread/sas/99#p1"}
    assert found('"no switch anywhere"') == {"/thread/sas/3686#p1", "/thread/sas/3686#p2"}
    assert found("forgotten") == {"/thread/sas/99#p1"}


def test_datasette_can_tell_that_posts_are_searchable(rows: Rows) -> None:
    declared = rows("select sql from sqlite_master where name = 'posts_fts'")[0]["sql"]
    assert 'content="posts"' in declared and "detail=full" in declared and "porter unicode61" in declared


def test_the_counts_file_counts_what_is_there(published: Paths, rows: Rows) -> None:
    counts = json.loads(inspect_file(published).read_text())["archive"]["tables"]
    for table in ("posts", "mentions", "programs", "posts_fts"):
        assert counts[table]["count"] == rows(f"select count(*) as n from {table}")[0]["n"]


def test_the_copy_says_what_is_missing(rows: Rows) -> None:
    about = {row["key"]: row["value"] for row in rows("select * from about")}
    assert (about["posts"], about["posts_missing"], about["posts_undated"], about["threads_gone"]) == (
        "8",
        "1",
        "1",
        "1",
    )


def test_a_tag_of_a_program_that_left_the_taxonomy_is_still_published(archived: Paths, taxonomy: Taxonomy) -> None:
    with open_archive(archived.database).conn as connection:
        connection.execute("update program_tags set program_id = 'old.program' where program_id != ?", [PROGRAM])
    build(archived, taxonomy)
    with sqlite3.connect(archived.published) as connection:
        found = connection.execute("select name, status, posts from programs where id = 'old.program'").fetchall()
    assert found == [("old.program", "no longer in the taxonomy", 1)]


def test_an_empty_archive_can_be_published(tmp_path: Path, taxonomy: Taxonomy) -> None:
    paths = Paths(tmp_path / "archive.db")
    open_archive(paths.database, create=True).conn.close()
    assert build(paths, taxonomy).posts == 0


def test_with_a_public_address_permalinks_are_full_addresses(archived: Paths, taxonomy: Taxonomy) -> None:
    build(archived, taxonomy, public_url="https://a.example/")
    with sqlite3.connect(archived.published) as connection:
        links = connection.execute("select permalink from mentions union select permalink from coverage").fetchall()
    assert all(link.startswith("https://a.example/thread/sas/") for (link,) in links)
    assert not is_stale(archived, taxonomy)


def test_an_impossible_public_address_is_refused(archived: Paths, taxonomy: Taxonomy) -> None:
    with pytest.raises(InputError, match="must begin with http"):
        build(archived, taxonomy, public_url="archive.example")


def test_publishing_again_gives_the_same_pseudonyms(archived: Paths, taxonomy: Taxonomy) -> None:
    def authors() -> list[Any]:
        build(archived, taxonomy)
        with sqlite3.connect(archived.published) as connection:
            return connection.execute("select * from authors").fetchall()

    assert authors() == authors()


def test_progress_is_told(archived: Paths, taxonomy: Taxonomy) -> None:
    told: list[tuple[str, int, int]] = []
    build(archived, taxonomy, progress=lambda stage, done, total: told.append((stage, done, total)))
    assert ("posts", 8, 8) in told


def test_a_copy_that_fails_half_way_leaves_the_old_one(
    archived: Paths, taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(archived, taxonomy)
    before = archived.published.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr(building, "copy_posts", fail)
    with pytest.raises(RuntimeError, match="out of paper"):
        build(archived, taxonomy)
    assert archived.published.read_bytes() == before
    assert not archived.published.with_suffix(".building").exists()


def test_two_copies_are_not_made_at_once(archived: Paths, taxonomy: Taxonomy) -> None:
    def again(stage: str, done: int, total: int) -> None:
        with pytest.raises(LockedError):
            build(archived, taxonomy)

    build(archived, taxonomy, progress=again)


def test_publishing_without_an_archive_says_how_to_make_one(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(InputError, match="optout crawl"):
        build(Paths(tmp_path / "none.db"), taxonomy)


class TestStaleness:
    def test_nothing_published_is_stale_and_a_fresh_copy_is_not(self, archived: Paths, taxonomy: Taxonomy) -> None:
        assert is_stale(archived, taxonomy)
        build(archived, taxonomy)
        assert not is_stale(archived, taxonomy)
        assert not is_stale(archived)

    @pytest.mark.parametrize("change", [
        "insert into runs (verb, settings, code_version, state, started_at) values ('tag', '{}', '1', 'finished', 'x')",
        "update runs set state = 'failed'",
        "delete from links; delete from theme_tags; delete from program_tags; delete from paragraphs;"
        " delete from revisions; delete from posts where number = 6",
    ])  # fmt: skip
    def test_a_change_of_the_archive_makes_it_stale(self, archived: Paths, taxonomy: Taxonomy, change: str) -> None:
        build(archived, taxonomy)
        connection = open_archive(archived.database).conn
        connection.executescript(change)
        connection.commit()
        connection.close()
        assert is_stale(archived, taxonomy)

    def test_another_key_or_a_damaged_copy_makes_it_stale(self, archived: Paths, taxonomy: Taxonomy) -> None:
        build(archived, taxonomy)
        archived.key.write_text("0" * 64)
        assert is_stale(archived, taxonomy)
        build(archived, taxonomy)
        archived.published.write_bytes(b"no database")
        assert is_stale(archived, taxonomy)


def test_ids_of_other_forums_are_quoted_in_addresses(tmp_path: Path, taxonomy: Taxonomy) -> None:
    archive = Archive(tmp_path / "archive.db")
    archive.post(archive.thread("a/b?c#d", "odd"), 201, "Joe", "<p>x</p>")
    archive.close()
    build(archive.paths, taxonomy)
    with sqlite3.connect(archive.paths.published) as connection:
        permalink = connection.execute("select permalink from posts").fetchone()[0]
    assert permalink == "/thread/sas/a~2Fb~3Fc~23d?page=2#p201"
