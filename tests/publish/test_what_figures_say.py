"""What stands beside a figure is true of it: invented posts in which a near-sighted count or filter would go wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from datasette.app import Datasette
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish.build import build
from publish.questions import is_day
from taxonomy import Taxonomy
from tests.publish.awkward_archive import MEASURED, OTHER_PROGRAM, PROGRAM, THEME, Archive, _measured
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, page, text

Get = Callable[[str], Any]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy, metadata: dict[str, Any]) -> Datasette:
    """Five posts on two programs, in a thread that is there, one that vanished and one that was recovered."""
    archive = Archive(tmp_path_factory.mktemp("mixed") / "archive.db")
    threads = [
        archive.thread("1", "x", posts_listed=6),
        archive.thread("2", "y", state="gone", gone_at="2024-05-01T00:05:00Z"),
        archive.thread("3", "z", state="recovered", gone_at="2024-05-01T00:05:00Z"),
    ]

    def post(thread: int, number: int, *tags: tuple[str, str], **values: Any) -> None:
        added = archive.post(threads[thread], number, "Joe", f"<p>Number {number}.</p><p>On.</p>", **values)
        for paragraph, (program, how) in zip(archive.paragraphs(added), tags, strict=False):
            archive.program(paragraph, "Number" if how == "named" else None, program=program, how=how)
            archive.theme(paragraph, archive.text(paragraph).split()[0][:2])

    post(0, 1, (PROGRAM, "named"), (OTHER_PROGRAM, "inherited"))
    post(0, 2, (OTHER_PROGRAM, "named"), (PROGRAM, "inherited"))
    post(0, 3, (PROGRAM, "named"), (PROGRAM, "inherited"))
    post(1, 4, (PROGRAM, "inherited"))
    post(2, 5, (PROGRAM, "inherited"))
    archive.close()
    build(archive.paths, taxonomy)
    return datasette(archive.paths, metadata)


def shown(site: Datasette, path: str) -> LexborHTMLParser:
    answer = ask(site, path)
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


class TestHowAProgramIsMentioned:
    @pytest.mark.parametrize(
        ("asked", "numbers"),
        [
            (f"program={PROGRAM}&how=named", [1, 3]),
            (f"program={PROGRAM}&how=inherited", [2, 3, 4, 5]),
            (f"program={OTHER_PROGRAM}&how=named", [2]),
            (f"program={OTHER_PROGRAM.upper()}&how=inherited", [1]),
            ("how=named", [1, 2, 3]),
            (f"q=number&program={PROGRAM}&how=named&year=2024", [1, 3]),
        ],
    )
    def test_a_search_finds_the_posts_that_are_so_about_this_program(
        self, mixed: Datasette, asked: str, numbers: list[int]
    ) -> None:
        hits = [a.attributes["href"] or "" for a in shown(mixed, f"/search?{asked}&sort=oldest").css(".hits a.title")]
        assert [int(href.rpartition("#p")[2]) for href in hits] == numbers
        exported = ask(mixed, f"/-/export/search.json?{asked}&sort=oldest").json()["rows"]
        assert [row["number"] for row in exported] == numbers

    @pytest.mark.parametrize(
        ("asked", "kind", "counts"),
        [
            (f"program={PROGRAM}", "how", {"named": 2, "inherited": 4}),
            (f"program={PROGRAM}&how=named", "how", {"named": 2, "inherited": 4}),
            ("how=named", "program", {PROGRAM: 2, OTHER_PROGRAM: 1}),
            (f"program={OTHER_PROGRAM}&how=inherited", "program", {PROGRAM: 4, OTHER_PROGRAM: 1}),
            ("q=number", "how", {"named": 3, "inherited": 5}),
        ],
    )
    def test_the_counts_beside_the_filter_are_those_that_it_will_find(
        self, mixed: Datasette, asked: str, kind: str, counts: dict[str, int]
    ) -> None:
        options = shown(mixed, f"/search?{asked}").css(f"select[name={kind}] option")
        found = {option.attributes["value"]: option.text() for option in options if option.attributes["value"]}
        assert {key: int(said.rpartition("(")[2].rstrip(")")) for key, said in found.items()} == counts

    def test_the_program_page_counts_the_same_posts(self, mixed: Datasette) -> None:
        assert "2 of 5 posts name the program" in text(shown(mixed, f"/program/{PROGRAM}"))


class TestVanishedAndRecovered:
    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("/forum/sas", "2 threads have vanished there; 1 of them was recovered."),
            (f"/program/{PROGRAM}", "2 (40 %) stand in threads that vanished at the source, 1 of them in threads that were recovered."),
            (f"/theme/{THEME}", "2 (40 %) stand in threads that vanished at the source, 1 of them in threads that were recovered."),
            ("/forums", "Vanished of them recovered"),
            ("/forums", "2 1 3"),
            ("/coverage", "3 threads opened, 3 missing, 2 vanished, 1 of them recovered"),
        ],
    )  # fmt: skip
    def test_what_was_recovered_is_a_part_of_what_vanished(self, mixed: Datasette, path: str, said: str) -> None:
        html = shown(mixed, path)
        assert said in " ".join(html.css_first("main").text(separator=" ").split()).replace(" ,", ",")

    def test_the_first_page_counts_them_once(self, mixed: Datasette) -> None:
        rows = {row.css_first("dt").text(): row.css_first("dd").text() for row in shown(mixed, "/").css(".figures div")}
        assert rows["threads vanished at the source"] == "2"
        questions = ask(mixed, "/archive/coverage_by_year.json?_shape=array").json()
        assert [(row["threads_gone"], row["threads_recovered"]) for row in questions] == [(2, 1)]


class TestEarlierThanTheProgram:
    """The first date that is known of the program is 2024-03-21; the post of 2020 is probably about something else."""

    def test_the_page_says_so_and_takes_a_later_post_for_the_first(self, get: Get) -> None:
        html = page(get, f"/program/{PROGRAM}")
        said = text(html)
        assert "The first that is held is of 2024-03-21" in said
        assert "1 post from before 2024-02-20 is probably about something else" in said
        first, *latest = html.css(".passage")
        assert first.css_first("a").attributes["href"] == "/thread/sas/3686#p1"
        assert ["probably about something else" in each.text() for each in latest] == [False, False, True]

    def test_rows_are_marked(self, get: Get) -> None:
        rows = get(f"/archive/evidence_for_program.json?program={PROGRAM}&theme=&_shape=array").json()
        assert {row["permalink"]: row["early"] for row in rows} == {
            "/thread/sas/3686#p1": 0, "/thread/sas/3686#p2": 0, "/thread/sas/99#p1": 1}  # fmt: skip

    @pytest.mark.parametrize(("rule", "early"), [("alias", 1), ("review", 0)])
    def test_what_a_person_confirmed_is_not_doubted(
        self, tmp_path: Path, taxonomy: Taxonomy, rule: str, early: int
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        post = archive.post(archive.thread("1", "x"), 1, "Joe", "<p>PO</p>", created_at="2019-01-01T00:00:00Z")
        archive.program(archive.paragraphs(post)[0], "PO", rule=rule)
        archive.close()
        build(archive.paths, taxonomy)
        assert column(archive.paths, "select early from mentions") == [early]


class TestMeasured:
    def test_a_range_without_width_is_no_range(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        perfect = _measured(0.5, 0.35) | {
            "precision": {"value": 1.0, "low": 1.0, "high": 1.0},
            "correct": 7,
            "incorrect": 0,
        }
        monkeypatch.setitem(MEASURED["themes"]["all"]["labels"], THEME, perfect)
        monkeypatch.setitem(MEASURED["programs"]["by_voice"], "email", perfect)
        archive = Archive(tmp_path / "archive.db")
        archive.thread("1", "x")
        archive.close()
        build(archive.paths, taxonomy)
        site = datasette(archive.paths, metadata)
        rows = {row["theme"]: row for row in ask(site, "/archive/prevalence.json?_shape=array").json()}
        row = next(row for row in rows.values() if row["share_of_tags_right"] == 1.0)
        assert (row["right_low"], row["right_high"], row["tagged"], row["labelled"]) == (None, None, 7, 27)
        assert (row["found_low"], row["found_high"]) == (0.25, 0.45)
        low = "select low from tag_quality where kind = 'program' and value = 'email' and figure = 'precision'"
        assert column(archive.paths, low) == [None]

    @pytest.mark.parametrize("path", ["/method", f"/program/{PROGRAM}"])
    def test_no_kind_of_tag_is_called_surer_than_another(self, get: Get, path: str) -> None:
        said = text(page(get, path))
        assert "less often" not in said and "That a program is named" not in said

    def test_the_method_says_what_the_rows_by_kind_of_tag_hold(self, get: Get) -> None:
        said = text(page(get, "/method"))
        assert "it counts as right only if it was also found in that way" in said
        assert "all tags together do: 90 of 100 (80–100)" in said
        assert "Of 100 tags of programs in the test 90 were right (80–100)." in text(page(get, f"/program/{PROGRAM}"))


class TestMissing:
    def test_coverage_tells_posts_that_were_listed_from_those_that_were_only_counted(
        self, mixed: Datasette, get: Get
    ) -> None:
        said = text(shown(mixed, "/coverage"))
        assert "Of 3 missing posts the sources listed 0 one by one" in said
        assert "3 are known only by the number of posts" in said
        assert "one by one" not in text(page(get, "/coverage"))


class TestQuestions:
    @pytest.mark.parametrize(
        ("asked", "said", "instead"),
        [
            ("evidence_for_program?program=nosuch", "There is no program “nosuch” here.", []),
            ("evidence_for_program?program=promise_optimisation", "There is no program", [PROGRAM]),
            ("ways_out?program=Promise+Optimization", "There is no program", [PROGRAM]),
            ("theme_timeline?theme=nosuch", "There is no theme “nosuch” here.", []),
            ("coverage_gaps?site=x", "There is no forum “x” here.", []),
            ("platform_timeline?marketplace=amazn", "There is no platform “amazn” here.", ["amazon"]),
            ("changed_since?since=yesterday", "“yesterday” is no day (YYYY-MM-DD), no month (YYYY-MM) and no year.", []),
            ("changed_since?since=06/2026", "“06/2026” is no day", []),
            ("changed_since?since=2025-02-30", "“2025-02-30” is no day", []),
            ("search?state=zombie", "There is no state “zombie” here.", []),
        ],
    )  # fmt: skip
    def test_a_value_that_means_nothing_is_named_and_not_answered(
        self, get: Get, asked: str, said: str, instead: list[str]
    ) -> None:
        html = page(get, f"/archive/{asked}")
        notice = html.css_first(".notice.gone")
        assert said in " ".join(notice.text().split()) and html.css_first("table") is None
        assert "Nothing is held that answers this" not in text(html)
        offered = [a.attributes["href"] or "" for a in notice.css("a")][:-1]
        assert [dict(parse_qsl(urlsplit(href).query)).popitem()[1] for href in offered[:1]] == instead

    @pytest.mark.parametrize(
        "asked",
        ["changed_since?since=2024-03", "changed_since?since=", "ways_out?program=amz.fba_donations", "modes_by_year?x=y",
         f"search?program={PROGRAM.upper()}", "theme_timeline?theme=mandatory_no_exit", "search?sort=best"],
    )  # fmt: skip
    def test_what_can_be_asked_is(self, get: Get, asked: str) -> None:
        assert page(get, f"/archive/{asked}").css_first(".notice.gone") is None

    @pytest.mark.parametrize(
        ("since", "any_rows"), [("2024", True), ("2024-03-21", True), ("06/2026", False), ("", True)]
    )
    def test_rows_too_are_none_since_a_day_that_is_none(self, get: Get, since: str, any_rows: bool) -> None:
        rows = get(f"/archive/changed_since.json?since={since}&_shape=array").json()
        assert bool(rows) == any_rows

    @pytest.mark.parametrize(
        ("written", "day"),
        [("2025", True), ("2025-06", True), ("2025-06-30", True), ("2025-06-31", False), ("2025-13", False),
         ("25-06", False), ("2025-06-01T00:00", False), ("0000", False), ("", False), ("٢٠٢٥", False)],
    )  # fmt: skip
    def test_a_day_is_written_as_in_iso_8601(self, written: str, day: bool) -> None:
        assert is_day(written) == day

    def test_the_example_of_sql_counts_posts_and_not_rows(self, mixed: Datasette) -> None:
        sql = shown(mixed, "/archive").css_first("#sql-editor").text()
        rows = ask(mixed, "/archive.json?" + urlencode({"sql": sql, "_shape": "array"})).json()
        assert [row["posts"] for row in rows] == [5, 2]


def column(paths: Paths, sql: str) -> list[Any]:
    connection = sqlite3.connect(paths.published)
    try:
        return [row[0] for row in connection.execute(sql)]
    finally:
        connection.close()
