"""Datasette's own pages in the clothes of this site: the list of tables and questions, a table, a row, and misses."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish import tables
from publish.build import build
from publish.exports import dictionary, files
from publish.exports.selection import Filters, names, of_table
from taxonomy import Taxonomy
from tests.publish.awkward_archive import PROGRAM, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, page, text

Get = Callable[[str], Any]
METADATA = dictionary.published()
SHOWN = [name for name, table in METADATA["tables"].items() if not table.get("hidden")]


class TestList:
    def test_every_question_and_every_table_is_there_once_with_what_it_is(self, get: Get) -> None:
        html = page(get, "/archive")
        questions = [a.attributes["href"] for a in html.css("#questions dt a")]
        assert sorted(questions) == sorted(f"/archive/{name}" for name in METADATA["queries"])
        listed = [a.attributes["href"] for a in html.css("#tables tbody th a")]
        assert sorted(listed) == sorted({f"/archive/{name}" for name in SHOWN})
        assert all(cells.css("td")[0].text(strip=True) for cells in html.css("#tables tbody tr"))
        assert all(dd.text(strip=True).endswith(".") for dd in html.css("#questions dd"))
        assert "`" not in text(html)

    def test_groups_name_tables_and_questions_that_exist_each_once(self) -> None:
        listed = [name for _, _, group in tables.TABLES for name in group]
        assert len(listed) == len(set(listed)) and set(listed) <= set(METADATA["tables"])
        asked = [name for _, group in tables.QUESTIONS for name in group]
        assert len(asked) == len(set(asked)) and set(asked) <= set(METADATA["queries"])

    def test_what_no_group_names_is_listed_all_the_same(self) -> None:
        groups = tables.grouped_tables([{"name": "posts"}, {"name": "new_counts"}])
        assert [(title, [table["name"] for table in group]) for title, _, group in groups] == [
            ("What was said", ["posts"]), ("Counted beforehand", ["new_counts"])]  # fmt: skip
        assert tables.grouped_questions([{"name": "x"}]) == [("Further questions", [{"name": "x"}])]

    def test_plumbing_is_hidden_until_asked_for(self, get: Get) -> None:
        assert "posts_fts" not in text(page(get, "/archive"))
        assert "posts_fts" in text(page(get, "/archive?_show_hidden=1"))

    def test_readers_sql_is_offered_only_where_it_is_allowed(self, get: Get, published: Paths, metadata: Any) -> None:
        assert page(get, "/archive").css_first("#sql textarea") is not None
        closed = LexborHTMLParser(ask(datasette(published, metadata, default_allow_sql=False), "/archive").text)
        assert closed.css_first("#sql") is None and closed.css_first("#questions") is not None
        asked = page(get, "/archive").css_first("#sql textarea").text()
        assert get("/archive.json?" + urlencode({"sql": asked})).json()["rows"]


class TestTable:
    @pytest.mark.parametrize("table", SHOWN)
    def test_columns_are_named_described_and_without_plumbing(self, get: Get, table: str) -> None:
        html = page(get, f"/archive/{table}")
        shown = {th.text(strip=True).rstrip("▼▲") for th in html.css(".rows thead th")} - {"Link", "rowid"}
        left_out = tables.unshown(table, page="table")
        if shown:
            assert {
                tables.label(name) for name in METADATA["tables"][table]["columns"] if name not in left_out
            } >= shown
        assert all(
            th.attributes.get("title")
            for th in html.css(".rows thead th")
            if th.text(strip=True).rstrip("▼") not in ("Link", "rowid")
        )
        assert {code.text() for code in html.css("details.columns dt code")} == set(
            METADATA["tables"][table]["columns"]
        )
        assert html.css("main script, main [style]") == []

    def test_what_one_looks_for_comes_first(self, get: Get) -> None:
        heads = [th.text(strip=True).rstrip("▼") for th in page(get, "/archive/posts").css(".rows thead th")]
        assert heads[:5] == ["id", "created at", "author id", "role", "text"] and "labels" not in heads
        assert len(heads) == len(set(heads)) > 15

    def test_cells_stand_under_their_heading(self, get: Get, rows: Callable[..., Any]) -> None:
        html = page(get, "/archive/posts")
        at = [th.text(strip=True).rstrip("▼") for th in html.css(".rows thead th")].index("number")
        shown = [row.css("td")[at].text(strip=True) for row in html.css(".rows tbody tr")]
        assert shown == [str(row["number"]) for row in rows("select number from posts order by id")]

    def test_a_long_column_is_shown_when_asked_for(self, get: Get) -> None:
        assert page(get, "/archive/posts").css_first("td.col-html") is None
        assert page(get, "/archive/posts?_col=html").css_first("td.col-html") is not None
        assert page(get, "/archive/posts?_col=labels").css_first("td.col-labels") is not None

    def test_filters_keep_what_was_chosen_and_every_field_has_a_name(self, get: Get) -> None:
        html = page(get, f"/archive/mentions?program_id={PROGRAM}&_sort_desc=month")
        form = html.css_first("form.filter")
        assert form.css_first("select[name=_filter_column_1] option[selected]").attributes["value"] == "program_id"
        assert form.css_first("input[name=_filter_value_1]").attributes["value"] == PROGRAM
        assert form.css_first("input[name=_sort_desc]").attributes["value"] == "month"
        for field in form.css("select, input:not([type=hidden])"):
            label = field.attributes.get("aria-label") or form.css_first(f"label[for={field.attributes.get('id')}]")
            assert label, field.html

    def test_a_filter_on_a_column_that_there_is_not_is_said(self, get: Get) -> None:
        assert "This table has no column nope" in text(page(get, "/archive/posts?nope=1"))
        assert "No row is like that" in text(page(get, "/archive/posts?number=999"))

    def test_a_page_that_begins_nowhere_is_said_to_be_none(self, get: Get) -> None:
        html = page(get, "/archive/posts?_next=zzz")
        assert "No row of this table comes after _next=zzz." in text(html)
        assert "/archive/posts" in [a.attributes["href"] for a in html.css("main > p a")]

    def test_the_rows_that_the_filters_leave_can_be_had_whole(self, get: Get) -> None:
        asked = f"program_id={PROGRAM}&_sort_desc=month"
        links = {
            a.text(): a.attributes["href"]
            for a in page(get, f"/archive/mentions?{asked}&_facet=how").css(".export-links a")
        }
        assert {links["CSV"], links["NDJSON"]} == {
            f"/archive/mentions.csv?{asked}",
            f"/-/export/mentions.ndjson?{asked}",
        }
        assert len(get(links["CSV"]).text.splitlines()) == 1 + len(get(links["NDJSON"]).text.splitlines()) == 5
        assert "program_id_label" in get(links["CSV with names beside ids"]).text.splitlines()[0]
        assert get(links["as SQL"]).status_code == 200

    def test_plumbing_is_exported_only_when_asked_for(self, get: Get, published: Paths) -> None:
        for address in ("/archive/posts.csv?", "/archive/posts.csv?_labels=on", "/-/export/posts.csv?state=present"):
            columns = next(csv.reader(io.StringIO(get(address).text)))
            assert "labels" not in columns and {"id", "text", "html", "permalink"} <= set(columns)
        assert "labels" in next(csv.reader(io.StringIO(get("/archive/posts.csv?_col=labels").text)))
        with files.opened(published) as copy:
            for table in names(copy):
                told = {each[0] for each in copy.execute(of_table(copy, table, Filters()).sql).description}
                assert told.isdisjoint(tables.PLUMBING.get(table, ()))

    def test_a_sort_by_a_column_that_there_is_not_is_the_readers_mistake(self, get: Get) -> None:
        answer = get("/archive/posts?_sort=nope")
        assert answer.status_code == 400 and "Cannot sort table by nope" in answer.text
        assert get("/archive/posts.json?_sort=nope").status_code == 400

    def test_markup_in_cells_and_filters_stays_text(self, get: Get) -> None:
        html = page(get, "/archive/posts?" + urlencode({"text__contains": "<script>", "b": "<i>"}))
        assert html.css("main script, main i") == [] and "<i>" in text(html)
        answer = get("/archive/posts?" + urlencode({"<b>": "<i>"}))
        assert answer.status_code == 400 and "<b>" not in answer.text
        assert "<script>alert(5)</script>" in text(page(get, "/archive/posts"), ".rows")


class TestRow:
    def test_a_row_is_read_column_by_column_with_names_for_keys(self, get: Get) -> None:
        html = page(get, "/archive/mentions/1")
        values = {
            div.css_first("dt").text(strip=True): div.css_first("dd .value") for div in html.css(".facts.row > div")
        }
        assert set(values) == set(METADATA["tables"]["mentions"]["columns"])
        program = values["program_id"].css_first("a")
        assert (program.text(), program.attributes["href"]) == (
            "Promise Optimization",
            f"/archive/programs/{PROGRAM.replace('.', '~2E')}",
        )
        assert values["site_id"].css_first("a").text() == "Sellers & Sellers"
        assert values["permalink"].css_first("a").attributes["href"].startswith("/thread/sas/")
        for link in html.css(".facts.row a"):
            href = link.attributes["href"] or ""
            assert not href.startswith("/") or get(href).status_code == 200, href

    def test_rows_that_point_to_it_are_counted_under_the_name_of_their_table(self, get: Get) -> None:
        html = page(get, f"/archive/programs/{PROGRAM.replace('.', '~2E')}")
        assert "rows of Mentions by program_id" in text(html)
        assert "labels" not in {dt.text(strip=True) for dt in page(get, "/archive/posts/1").css("dt")}


class TestMisses:
    @pytest.mark.parametrize(
        ("path", "said", "near"),
        [
            ("/archive/mention", "no table and no ready-made question “mention”", "/archive/mentions"),
            ("/archive/way_out", "no table and no ready-made question “way_out”", "/archive/ways_out"),
            ("/archive/posts/99999", "There is no row 99999 in “Posts”.", "/archive/posts"),
            ("/archiv/posts", "Nothing is at /archiv/posts.", None),
            ("/program/promise-optimization", "There is no program “promise-optimization”", f"/program/{PROGRAM}"),
            ("/program/aht", "There is no program “aht”", "/program/amz.automated_handling_time"),
            ("/theme/optout_obscur", "There is no theme", "/theme/optout_obscure"),
            ("/forum/SAS2", "There is no forum “SAS2”", "/forum/sas"),
            ("/programm", "Nothing is at /programm.", "/programs"),
            ("/posts", "Nothing is at /posts.", "/archive/posts"),
            ("/thread/sass/3686", "The archive holds no thread 3686 of sass.", "/forum/sas"),
        ],
    )
    def test_an_address_that_leads_nowhere_says_what_was_meant(
        self, get: Get, path: str, said: str, near: str | None
    ) -> None:
        answer = get(path)
        html = LexborHTMLParser(answer.text)
        assert answer.status_code == 404 and said in text(html)
        links = [a.attributes["href"] for a in html.css("main p a")]
        assert near is None or near in links
        for href in links:
            assert get(href).status_code == 200, href
        assert "Database not found" not in answer.text and "Table not found" not in answer.text

    def test_links_of_a_miss_stay_below_the_path_of_the_site(self, published: Paths, metadata: Any) -> None:
        site = datasette(published, metadata, base_url="/under/")
        html = LexborHTMLParser(ask(site, "/archive/mention").text)
        links = [a.attributes["href"] or "" for a in html.css("main a")]
        assert "/under/archive/mentions" in links and all(href.startswith("/under/") for href in links)

    def test_a_thread_that_is_not_held_says_what_is_known_of_it(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: dict[str, Any]
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        post = archive.post(archive.thread("1", "Links <b>there</b>"), 1, "Joe", "<p>see <a href='/t/5'>this</a></p>")
        for target in ("5", "6"):
            archive.insert(
                "links", post_id=post, url=f"https://forum.example/t/{target}", kind="link", title="this", target_site_id="sas",
                target_native_id=target, state="unknown",
            )  # fmt: skip
        archive.insert(
            "lookups", run_id=archive.run, archive="wayback", url="https://forum.example/t/5", site_id="sas", native_id="5",
            reason="link in POST", state="none", detail="", captures_listed=0, captures_fetched=0, new_posts=0,
            looked_at="2024-06-01T00:00:00Z",
        )  # fmt: skip
        archive.close()
        build(archive.paths, taxonomy)
        site = datasette(archive.paths, metadata)
        html = LexborHTMLParser(ask(site, "/thread/sas/5").text)
        assert "nothing was found in web archives, looked up on 2024-06-01" in text(html)
        hrefs = [a.attributes["href"] for a in html.css("main a")]
        assert "https://forum.example/t/5" in hrefs and "/thread/sas/1#p1" in hrefs
        assert "not been looked for in web archives yet" in text(LexborHTMLParser(ask(site, "/thread/sas/6").text))
        plain = text(LexborHTMLParser(ask(site, "/thread/sas/7").text))
        assert "holds no thread 7" in plain and "web archives" not in plain.split("Coverage")[0]
        assert html.css("main b") == []

    @pytest.mark.parametrize("path", ["/%00", "/thread/%00/%27", "/archive/%22%3Cscript%3E", "/program/" + "x" * 3000,
                                      "/%e2%80%ae", "/archive/posts/~00", "/theme/~", "/archive/mentions/x,y"])  # fmt: skip
    def test_no_miss_is_an_error(self, get: Get, path: str) -> None:
        answer = get(path)
        while answer.status_code == 302:
            answer = get(answer.headers["location"])
        assert answer.status_code == 404
        assert LexborHTMLParser(answer.text).css("main script") == []


def test_questions_that_are_linked_with_parameters_give_what_they_say(get: Get) -> None:
    for link in page(get, "/archive/evidence_for_program").css("form.ask select"):
        assert len(link.css("option")) > 1, link.attributes["name"]
    asked = dict(parse_qsl(urlsplit(f"/archive/evidence_for_program?program={PROGRAM}").query))
    assert asked and len(page(get, f"/archive/evidence_for_program?program={PROGRAM}").css(".rows tbody tr")) >= 3


def test_answers_lead_to_programs_and_sources_and_say_codes_in_words(get: Get) -> None:
    row = next(
        row
        for row in page(get, "/archive/ways_out").css(".rows tbody tr")
        if "Promise Optimization" in row.css("td")[0].text()
    )
    assert row.css_first("td.col-program a").attributes["href"] == f"/program/{PROGRAM}"
    assert (
        row.css_first("td.col-mode").text() == "Switched on for sellers"
        and row.css_first("td.col-exit_method").text() == "A survey form"
    )
    sources = row.css("td.col-sources a")
    assert sources and all(a.attributes["href"].startswith("https://") for a in sources)
    # In a table the code is what one filters by.
    assert page(get, f"/archive/programs?id={PROGRAM}").css_first("td.col-mode").text() == "auto_enrol"
