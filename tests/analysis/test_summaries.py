"""The summary tables: counts, zeros and unknowns, copies, rates, pairs. All text is synthetic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.model import model
from analysis.summaries import TABLES, summarise
from analysis.tag import tag_archive
from archive.errors import DataFileError
from taxonomy import load
from tests.analysis.small_archive import NOW, SmallArchive

TAXONOMY = load()
PO = "amz.promise_optimization"
PRL = "amz.prepaid_return_label"
COPY = "Promise Optimization moved every date I gave, and nobody asked me about any of it."


@pytest.fixture
def archive(tmp_path: Path) -> SmallArchive:
    """January to May 2024 on the forum `s`; its lists cover February to April."""
    archive = SmallArchive(tmp_path / "archive.db")
    archive.run(
        "insert into sites (id, kind, base_url, title, added_at) values ('z', 'discourse_html', 'https://old.example', 'Old', ?)",
        NOW,
    )
    live, gone, old = archive.thread("One"), archive.thread("Two"), archive.thread("Three")
    archive.run("update threads set state = 'gone' where id = ?", gone)
    archive.run("update threads set state = 'recovered', site_id = 'z' where id = ?", old)
    archive.post(live, 1, "Promise Optimization again.", at="2024-01-03T00:00:00Z")
    archive.post(live, 2, "I like rain.", at="2024-01-04T00:00:00Z", author="ben")
    archive.post(live, 3, "Nobody asked me, and Promise Optimization is on.", at="2024-03-01T00:00:00Z", author="ben")
    archive.post(gone, 1, COPY, at="2024-03-02T00:00:00Z", author="cleo")
    archive.post(live, 4, f"<blockquote><p>So it was</p></blockquote><p>{COPY}</p>", at="2024-03-05T00:00:00Z")
    archive.post(live, 5, "The Prepaid Return Label, too.", at="2024-05-05T00:00:00Z")
    archive.post(old, 1, COPY, at="2023-05-05T00:00:00Z")
    capture = archive.run(
        "insert into captures (site_id, url, captured_at, status, digest, size, route, warc_filename, warc_record_offset,"
        " warc_record_length) values ('s', 'https://forum.example/latest', ?, 200, '', 1, 'live', 'w', 0, 1)",
        NOW,
    )
    archive.run(
        "insert into listed_threads (site_id, native_id, title, tags, fingerprint, created_at, first_listed_at,"
        " last_listed_at, capture_id) values ('s', '1', 'One', '[]', '', '2024-02-01', '2024-04-02', '2024-04-02', ?)",
        capture,
    )
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    return archive


def rows(archive: SmallArchive, sql: str, *values: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in archive.db.execute(sql, values)]


def test_months_are_zero_where_covered_and_unknown_where_not(archive: SmallArchive) -> None:
    found = rows(
        archive, "select month, posts from summary_months where kind = 'program' and subject_id = ? and site_id = 's' and voice = '' order by month",
        PO,
    )  # fmt: skip
    assert found == [("2024-01", 1), ("2024-02", 0), ("2024-03", 2), ("2024-04", 0), ("2024-05", 0)]
    forum = rows(archive, "select month, posts, authors from forum_months where site_id = 's' order by month")
    assert forum == [("2024-01", 2, 2), ("2024-02", 0, 0), ("2024-03", 2, 2), ("2024-04", 0, 0), ("2024-05", 1, 1)]
    archive.run("delete from listed_threads")
    with archive.db.conn:
        summarise(archive.db.conn, TAXONOMY)
    found = rows(
        archive, "select month, posts, rate from summary_months where kind = 'program' and subject_id = ? and site_id = 's' and voice = ''"
        " order by month", PO,
    )  # fmt: skip
    assert found[1] == ("2024-02", None, None)


def test_rates_are_of_a_thousand_posts_of_the_month_on_the_forum(archive: SmallArchive) -> None:
    found = rows(
        archive, "select rate from summary_months where kind = 'program' and subject_id = ? and month = '2024-01' and voice = ''"
        " and site_id = 's'", PO,
    )  # fmt: skip
    assert found == [(500.0,)]


def test_copies_count_once_in_a_forum_and_once_in_all(archive: SmallArchive) -> None:
    found = rows(
        archive, "select site_id, posts, threads, authors, copies, named_posts from summary_totals where kind = 'program'"
        " and subject_id = ? order by site_id", PO,
    )  # fmt: skip
    assert found == [("", 3, 2, 2, 2, 3), ("s", 3, 2, 3, 1, 3), ("z", 1, 1, 1, 0, 1)]


def test_what_is_gone_and_recovered_is_counted_with_first_and_last(archive: SmallArchive) -> None:
    found = rows(
        archive, "select gone_posts, recovered_posts, share_recovered, first_at, last_at from summary_totals"
        " where kind = 'program' and subject_id = ? and site_id = ''", PO,
    )  # fmt: skip
    assert found == [(1, 1, pytest.approx(1 / 3), "2023-05-05T00:00:00Z", "2024-03-05T00:00:00Z")]


def test_marketplaces_sum_their_programs(archive: SmallArchive) -> None:
    found = rows(archive, "select subject_id, posts from summary_totals where kind = 'marketplace' and site_id = 's'")
    assert found == [("amazon", 4)]


def test_voices_are_told_apart(archive: SmallArchive) -> None:
    found = rows(
        archive, "select distinct voice from summary_months where kind = 'program' and subject_id = ? order by 1", PO
    )
    assert found == [("",), ("seller",)]


def test_pairs_have_their_lift(archive: SmallArchive) -> None:
    found = rows(
        archive, "select kind, other_kind, paragraphs, posts, threads, authors, expected, lift from summary_pairs"
        " where subject_id = ? and other_id = 'consent_absent'", PO,
    )  # fmt: skip
    number, programs, themes, both = (
        rows(archive, sql)[0][0]
        for sql in (
            "select sum(posts) from summary_totals where kind = 'program' and site_id = ''",
            f"select posts from summary_totals where kind = 'program' and subject_id = '{PO}' and site_id = ''",
            "select posts from summary_totals where subject_id = 'consent_absent' and site_id = ''",
            f"select paragraphs from summary_pairs where subject_id = '{PO}' and other_id = 'consent_absent'",
        )
    )
    assert isinstance(number, int) and isinstance(programs, int) and isinstance(themes, int) and isinstance(both, int)
    lift = both * number / programs / themes
    assert found == [("program", "theme", both, both, 2, 2, programs * themes / number, lift)]


def test_a_complaint_of_a_program_is_a_sellers_paragraph_that_carries_both(archive: SmallArchive) -> None:
    sql = "select subject_id, posts from summary_totals where kind = 'complaint' and site_id = ''"
    both = "select posts from summary_pairs where subject_id = ? and other_id = 'consent_absent'"
    assert rows(archive, sql) == [(PO, *rows(archive, both, PO)[0])]
    months = "select month, posts from summary_months where kind = 'complaint' and site_id = 's' and voice = '' order by month"
    assert rows(archive, months) == [("2024-01", 0), ("2024-02", 0), ("2024-03", 2), ("2024-04", 0), ("2024-05", 0)]
    archive.run("update paragraphs set voice = 'staff'")
    with archive.db.conn:
        summarise(archive.db.conn, TAXONOMY)
    assert rows(archive, sql) == []


def test_summaries_do_not_depend_on_how_often_they_are_made(archive: SmallArchive) -> None:
    before = {table: rows(archive, f"select * from {table}") for table in TABLES}
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run, all_posts=True)
    assert {table: rows(archive, f"select * from {table}") for table in TABLES} == before


def test_superseded_versions_are_not_counted(archive: SmallArchive) -> None:
    archive.edit(1, "I take it back.")
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    assert rows(
        archive, "select posts from summary_totals where kind = 'program' and subject_id = ? and site_id = 's'", PO
    ) == [(2,)]


def test_the_measured_quality_stands_beside_the_counts(archive: SmallArchive, tmp_path: Path) -> None:
    estimate = {"value": 0.8, "low": 0.7, "high": 0.9}
    block = {"precision": estimate, "recall": estimate, "f1": estimate, "correct": 8, "incorrect": 2, "missed": 3}
    figures = {
        "taxonomy": "1+x",
        "tagger": "1",
        "themes": {"all": block | {"labels": {"consent_absent": block, "gone": block}}, "by_forum": {"sas": block}},
        "voice": {"paragraphs": 12, "accuracy": estimate},
        "agreement": {"paragraphs": 4, "themes": {"consent_absent": 0.6}, "programs": {}},
    }
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"figures": figures, "predictions": []}), encoding="utf-8")
    summarise(archive.db.conn, TAXONOMY, path)
    measured = "taxonomy 1+x, tagger 1"
    threshold = model().thresholds["consent_absent"]
    assert rows(archive, "select * from theme_quality") == [
        ("consent_absent", 0.8, 0.7, 0.9, 0.8, 0.7, 0.9, 11, measured, threshold, 10)
    ]
    assert rows(archive, "select * from tag_quality") == [
        ("theme", "agreement", "consent_absent", "kappa", 0.6, None, None, 4, measured),
        ("theme", "all", "", "precision", 0.8, 0.7, 0.9, 10, measured),
        ("theme", "all", "", "recall", 0.8, 0.7, 0.9, 11, measured),
        ("theme", "forum", "sas", "precision", 0.8, 0.7, 0.9, 10, measured),
        ("theme", "forum", "sas", "recall", 0.8, 0.7, 0.9, 11, measured),
        ("voice", "all", "", "accuracy", 0.8, 0.7, 0.9, 12, measured),
    ]
    summarise(archive.db.conn, TAXONOMY, tmp_path / "none.json")
    assert rows(archive, "select (select count(*) from theme_quality), (select count(*) from tag_quality)") == [(0, 0)]
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(DataFileError, match="optout evaluate"):
        summarise(archive.db.conn, TAXONOMY, path)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_copies_one_with_tags_counts_however_they_are_stored(tmp_path: Path, order: tuple[int, ...]) -> None:
    archive = SmallArchive(tmp_path / "copies.db")
    words = "Nobody asked me about any of it, and now I pay for every single one of them."
    # Off topic and first; then twice where the title says what it is about, once without a date.
    threads = [archive.thread(title) for title in ("Rain", "Promise Optimization is on", "Promise Optimization again")]
    days = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", None)
    for place in order:
        archive.post(threads[place], 1, words, at=days[place], author="abc"[place])
    tag_archive(archive.db, TAXONOMY, run_id=archive.tag_run)
    found = rows(
        archive,
        "select posts, threads, authors, first_at from summary_totals where site_id = '' and kind = 'program'",
    )
    assert found == [(1, 1, 1, days[1])]
