from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.summaries import summarise
from archive.database import Paths, open_archive
from archive.errors import InputError, LockedError
from publish import build as building
from publish.build import build, inspect_file, is_stale
from publish.names import Names, load_key
from taxonomy import Taxonomy, load
from tests.publish.awkward_archive import FORUM, PRIVATE_NAMES, PROGRAM, SECRETS, STAFF, THEME, Archive

Rows = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize("private", [*PRIVATE_NAMES, *SECRETS, "Kelp Kitchen", "a_stranger", "/home/tess", "saved.har"])
def test_no_private_name_or_number_is_in_the_bytes_of_the_file(published: Paths, private: str) -> None:
    for file in (published.published, inspect_file(published.published)):
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
    months = (
        "select month, posts, complaints from program_months where program_id = ? and posts is not null order by month"
    )
    assert rows(months, PROGRAM) == [
        {"month": "2020-06", "posts": 1, "complaints": 1}, {"month": "2024-03", "posts": 2, "complaints": 2}]  # fmt: skip
    assert program["complaint_posts"] == 3 and program["gone_posts"] == 1
    assert rows("select posts, complaint_posts from program_sites where program_id = ?", PROGRAM) == [
        {"posts": 3, "complaint_posts": 3}]  # fmt: skip
    assert rows("select posts, paragraphs, authors from program_themes where program_id = ? and theme_id = ?", PROGRAM, THEME) == [
        {"posts": 2, "paragraphs": 2, "authors": 2}]  # fmt: skip
    # One of the eight is a note of the forum's.
    assert rows("select posts, small_actions, posts_deleted, posts_hidden, posts_undated, threads from sites") == [
        {"posts": 7, "small_actions": 1, "posts_deleted": 1, "posts_hidden": 1, "posts_undated": 1, "threads": 2}]  # fmt: skip
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
    counts = json.loads(inspect_file(published.published).read_text())["archive"]["tables"]
    for table in ("posts", "mentions", "programs", "posts_fts"):
        assert counts[table]["count"] == rows(f"select count(*) as n from {table}")[0]["n"]


def test_the_copy_says_what_is_missing(rows: Rows) -> None:
    about = {row["key"]: row["value"] for row in rows("select * from about")}
    names = ("posts", "small_actions", "posts_missing", "posts_undated", "threads_gone", "counted")
    assert [about[name] for name in names] == ["7", "1", "1", "1", "1", "1"]


def test_a_month_between_is_unknown_and_not_zero_where_no_list_covers_it(rows: Rows) -> None:
    found = rows("select posts, rate from program_months where program_id = ? and month = '2022-01'", PROGRAM)
    assert found == [{"posts": None, "rate": None}]
    assert rows("select posts, counted_posts from site_months where month in ('2020-06', '2022-01') order by month") == [
        {"posts": 1, "counted_posts": 1}, {"posts": None, "counted_posts": None}]  # fmt: skip


def test_the_measured_quality_stands_beside_each_theme_and_in_a_table(rows: Rows) -> None:
    theme = rows("select precision, recall, labelled, threshold from themes where id = ?", THEME)[0]
    assert (theme["precision"], theme["recall"], theme["labelled"]) == (0.85, 0.35, 50) and theme["threshold"] > 0
    found = rows("select estimate, out_of from tag_quality where kind = 'theme' and part = 'all' and figure = 'recall'")
    assert found == [{"estimate": 0.25, "out_of": 50}]


class TestCopies:
    """One text in three posts: twice on a forum, once on another."""

    @pytest.fixture
    def copied(self, tmp_path: Path, taxonomy: Taxonomy) -> sqlite3.Connection:
        archive = Archive(tmp_path / "archive.db")
        archive.insert(
            "sites", id="z", kind="discourse", base_url="https://z.example", title="Z", added_at="2024-01-01T00:00:00Z"
        )
        here, there = archive.thread("1", "One"), archive.thread("2", "Two", site_id="z")
        for thread, number, day in ((here, 1, 2), (here, 2, 3), (there, 1, 1), (there, 2, 4)):
            post = archive.post(
                thread, number, "Joe", "<p>Promise Optimization has no switch anywhere, says everybody.</p>",
                created_at=f"2024-04-0{day}T00:00:00Z",
            )  # fmt: skip
            paragraph = archive.paragraphs(post)[0]
            archive.program(paragraph, "Promise Optimization")
            archive.theme(paragraph, "no switch anywhere")
            archive.insert(
                "tagged_posts", post_id=post, digest="d", context_digest="", taxonomy_version="1", code_version="1",
                run_id=archive.run, words_digest="same" if (thread, number) != (there, 2) else "other",
            )  # fmt: skip
        archive.close()
        build(archive.paths, taxonomy)
        connection = sqlite3.connect(archive.paths.published)
        connection.row_factory = sqlite3.Row
        return connection

    def ask(self, copied: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in copied.execute(sql)]

    def test_they_point_to_the_first(self, copied: sqlite3.Connection) -> None:
        found = self.ask(
            copied, "select p.permalink, c.permalink from posts p left join posts c on c.id = p.copy_of order by p.id"
        )
        assert found == [
            ("/thread/z/2#p1", None), ("/thread/sas/1#p1", "/thread/z/2#p1"), ("/thread/sas/1#p2", "/thread/z/2#p1"),
            ("/thread/z/2#p2", None)]  # fmt: skip

    def test_they_count_once_on_a_forum_and_once_in_all(self, copied: sqlite3.Connection) -> None:
        assert self.ask(copied, f"select posts, copies, complaint_posts from programs where id = '{PROGRAM}'") == [
            (2, 2, 2)
        ]
        assert self.ask(copied, "select site_id, posts, copies from program_sites order by 1") == [
            ("sas", 1, 1),
            ("z", 2, 0),
        ]
        assert self.ask(copied, "select id, posts, copies from sites order by 1") == [("sas", 2, 1), ("z", 2, 0)]
        assert self.ask(copied, "select value from about where key = 'copies'") == [("2",)]

    def test_they_count_once_among_what_is_recent(self, copied: sqlite3.Connection) -> None:
        found = self.ask(copied, f"select recent_posts, recent_rate from programs where id = '{PROGRAM}'")
        assert found == [(2, 1000.0)]
        assert self.ask(copied, "select recent_posts from program_themes") == [(2,)]

    def test_what_is_counted_adds_up_to_the_rows(self, copied: sqlite3.Connection) -> None:
        counted = "select count(distinct post_id) from mentions m join posts p on p.id = post_id where copy_of is null"
        assert self.ask(copied, counted) == self.ask(copied, f"select posts from programs where id = '{PROGRAM}'")


def test_a_tag_of_a_program_that_left_the_taxonomy_is_still_published(archived: Paths, taxonomy: Taxonomy) -> None:
    with open_archive(archived.database).conn as connection:
        connection.execute("update program_tags set program_id = 'old.program' where program_id != ?", [PROGRAM])
        summarise(connection, taxonomy)
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
    archive.post(archive.thread("a/b?c#d", "odd"), 101, "Joe", "<p>x</p>")
    archive.close()
    build(archive.paths, taxonomy)
    with sqlite3.connect(archive.paths.published) as connection:
        permalink = connection.execute("select permalink from posts").fetchone()[0]
    assert permalink == "/thread/sas/a~2Fb~3Fc~23d?page=2#p101"


def test_short_names_leave_the_threads_of_their_owners_and_no_word_goes_with_them(
    tmp_path: Path, taxonomy: Taxonomy
) -> None:
    archive = Archive(tmp_path / "archive.db")
    archive.authors["Tzu"] = archive.insert("authors", site_id="sas", name="Tzu", role="member")
    archive.authors["Q7z"] = archive.insert("authors", site_id="sas", name="Q7z", role="member")
    thread = archive.thread("1", "Promise Optimization, asks Tzu")
    archive.insert("titles", thread_id=thread, observed_at="2024-04-01T00:00:00Z", title="Tzu asks", capture_id=1)
    first = archive.post(thread, 1, "Tzu", "<p>T<b>zu</b> here: Promise Optimization, tzus and tzu's way.</p>")
    archive.program(archive.paragraphs(first)[0], "Promise Optimization")
    reply = archive.post(thread, 2, "Joe", "<p>It is on, tzu, says <a href='/t/tzu-says/2'>Tzu</a>. A joey, a Q7z.</p>")
    archive.program(archive.paragraphs(reply)[0], how="inherited", start=0, end=len("Promise Optimization"))
    archive.insert("links", post_id=reply, url=f"{FORUM}/t/x/2", kind="link", title="Tzu", state="outside")
    archive.insert("revisions", post_id=reply, observed_at="2024-04-01T00:00:00Z", superseded_at="2024-05-01T00:00:00Z",
                   text="Ask Tzu.", html="<p>Ask Tzu.</p>", digest="old", capture_id=1)  # fmt: skip
    elsewhere = archive.thread("2", "Another")
    archive.post(elsewhere, 1, "Joe", "<p>Lao-Tzu sold no joey, q7z.</p>")
    archive.close()
    build(archive.paths, taxonomy)
    with sqlite3.connect(archive.paths.published) as published:
        texts = [row[0] for row in published.execute("select text from posts order by permalink")]
        told = " ".join(str(cell) for table in ("posts", "threads", "titles", "links", "revisions", "program_tags", "mentions")
                        for row in published.execute(f"select * from {table}") for cell in row)  # fmt: skip
        evidence = published.execute("select evidence from program_tags where how = 'inherited'").fetchone()[0]
    published.close()
    assert b"q7z" not in archive.paths.published.read_bytes().lower()
    assert "joey" in texts[1] and texts[2].startswith("Lao-Tzu") and evidence == "Promise Optimization"
    assert told.lower().count("tzu") == told.lower().count("lao-tzu") > 0


@pytest.mark.parametrize(
    ("rule", "evidence", "shown"),
    [
        ("author", None, None),
        ("role", "staff", "staff"),
        ("handle", "kelpkitchen", "{kelpkitchen}"),
        ("kind text", "text", "text"),
        ("official sentences", "As of today\nwe will provide", "As of today\nwe will provide"),
        ("pasted letter", "From: tess@", "From: [e-mail]"),
        ("pasted letter", "Dear kelpkitchen seller", "Dear {kelpkitchen} seller"),
        ("pasted letter", "Sincerely, the mfn", "Sincerely, the {MfnMarvin}"),
        ("pasted letter", "not in the post, tess@tidewrack.example", None),
    ],
)
def test_what_a_voice_rests_on_is_shown_and_names_nobody(
    tmp_path: Path, rule: str, evidence: str | None, shown: str | None
) -> None:
    archive = Archive(tmp_path / "archive.db")
    post = archive.post(
        archive.thread("1", "Labels"), 1, STAFF if rule == "role" else "brass_lantern",
        "<p>From: tess@tidewrack.example. Dear kelpkitchen seller, As of today we will provide labels."
        " Sincerely, the mfnmarvin team</p>",
    )  # fmt: skip
    paragraph = archive.paragraphs(post)[0]
    archive.conn.execute(
        "update paragraphs set voice_rule = ?, voice_evidence = ?, source = ? where id = ?",
        [
            rule,
            evidence,
            json.dumps({"username": "a_stranger", "post": "3", "topic": "tess@tidewrack.example"}),
            paragraph,
        ],
    )
    archive.close()
    build(archive.paths, load())
    content = archive.paths.published.read_bytes().lower()
    assert not any(private.lower().encode() in content for private in (*PRIVATE_NAMES, *SECRETS, "a_stranger", "tess@"))
    names = Names(load_key(archive.paths.key), [])
    people = {name: names.person("sas", name) for name in (*PRIVATE_NAMES, "a_stranger")}
    with sqlite3.connect(archive.paths.published) as conn:
        found = conn.execute("select voice_rule, voice_evidence, source from paragraphs").fetchall()
    source = {"username": people["a_stranger"], "post": "3", "topic": "[e-mail]"}
    assert found == [(rule, shown and shown.format(**people), json.dumps(source))]
