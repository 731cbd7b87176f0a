from __future__ import annotations

import asyncio
import csv
import io
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish import serve
from publish.build import build
from publish.query import fts_query
from taxonomy import Taxonomy
from tests.publish.awkward_archive import OTHER_PROGRAM, PROGRAM, THEME, Archive
from tests.publish.conftest import datasette

Get = Callable[[str], Any]
Rows = Callable[..., list[dict[str, Any]]]
METADATA = yaml.safe_load(serve.METADATA.read_text(encoding="utf-8"))["databases"]["archive"]
QUERIES = METADATA["queries"]
PAGES = (
    "/",
    "/search",
    "/search?q=switch",
    f"/search?program={PROGRAM}",
    "/thread/sas/3686",
    "/thread/sas/99",
    "/programs",
    "/programs?marketplace=amazon&mode=mandatory",
    f"/program/{PROGRAM}",
    "/themes",
    f"/theme/{THEME}",
    "/forums",
    "/forum/sas",
    "/matrix",
    "/coverage",
    "/method",
    "/corrections",
    "/thread/sas/3686/cite/1",
)
FULL = {
    "q": "switch",
    "program": PROGRAM,
    "theme": THEME,
    "site": "sas",
    "marketplace": "amazon",
    "year": "2024",
    "voice": "seller",
    "how": "named",
    "state": "live",
    "sort": "newest",
    "role": "staff",
    "since": "2024-01",
}


def page(get: Get, path: str) -> LexborHTMLParser:
    answer = get(path)
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


def query_rows(get: Get, name: str, **values: str) -> list[dict[str, Any]]:
    answer = get(f"/archive/{name}.json?{urlencode(values | {'_shape': 'array'})}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


class TestMetadata:
    def test_every_published_column_is_described_and_nothing_else(self, rows: Rows) -> None:
        tables = rows(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
            " and name not like 'posts_fts%'"
        )
        columns = {
            table["name"]: {column["name"] for column in rows(f"select name from pragma_table_info('{table['name']}')")}
            for table in tables
        }
        described = {name: set(table["columns"]) for name, table in METADATA["tables"].items()}
        assert described == columns

    @pytest.mark.parametrize("table", METADATA["tables"])
    def test_every_table_has_a_title_a_description_and_a_page(self, get: Get, table: str) -> None:
        entry = METADATA["tables"][table]
        assert entry["title"] and (entry.get("description") or entry.get("description_html"))
        assert entry["title"] in page(get, f"/archive/{table}").css_first("h1").text()

    def test_facets_and_sorts_name_columns_that_exist_and_no_sort_descends(self) -> None:
        for table in METADATA["tables"].values():
            assert set(table.get("facets", [])) <= set(table["columns"])
            assert {table.get("sort"), table.get("label_column")} <= {*table["columns"], None}
            assert "sort_desc" not in table

    def test_the_plumbing_of_the_search_index_is_hidden(self, get: Get) -> None:
        tables = get("/archive.json").json()["tables"]
        shown = {name for name, table in METADATA["tables"].items() if not table.get("hidden")}
        assert {table["name"] for table in tables if not table["hidden"]} == shown

    @pytest.mark.parametrize("name", QUERIES)
    def test_every_question_runs_with_and_without_parameters(self, get: Get, name: str) -> None:
        query = QUERIES[name]
        assert query["title"] and query["description_html"]
        assert set(query["params"]) == set(re.findall(r":([a-z]+)", query["sql"]))
        query_rows(get, name)
        query_rows(get, name, **{key: FULL[key] for key in query["params"]})
        query_rows(get, name, **dict.fromkeys(query["params"], "'\"*(--"))
        assert page(get, f"/archive/{name}").css_first("h1").text(strip=True) == query["title"]

    def test_every_question_but_the_search_answers_when_nothing_is_filled_in(self, get: Get) -> None:
        empty = [name for name in QUERIES if not query_rows(get, name)]
        assert empty == ["search", "opt_outs_reversed"]

    def test_the_program_narrows_every_question_that_asks_for_one(self, get: Get) -> None:
        for name, query in QUERIES.items():
            if "program" in query["params"] and name != "search":
                assert query_rows(get, name, program="no.such") == [], name

    def test_the_first_complaint_is_the_earliest_of_a_seller_since_the_program_is_known(self, get: Get) -> None:
        found = query_rows(get, "first_complaints", program=PROGRAM)
        assert [(row["permalink"], row["older_posts_left_out"]) for row in found] == [("/thread/sas/3686#p1", 1)]

    def test_the_timeline_of_a_program_is_in_order_and_months_that_are_not_covered_have_no_numbers(
        self, get: Get
    ) -> None:
        found = query_rows(get, "program_timeline", program=PROGRAM)
        assert [(row["month"], row["posts"], row["posts_of_1000"]) for row in found if row["posts"]] == [
            ("2020-06", 1, 1000.0), ("2024-03", 2, 400.0)]  # fmt: skip
        assert found[1] | {"month": ""} == {"month": "", "program": "Promise Optimization", "forum": "Sellers & Sellers"} | dict.fromkeys(
            ("posts", "complaints", "threads", "authors", "posts_of_1000", "posts_held"))  # fmt: skip

    def test_staff_answers_are_those_in_threads_about_the_program(self, get: Get) -> None:
        assert [row["permalink"] for row in query_rows(get, "staff_answers", program=PROGRAM)] == [
            "/thread/sas/3686#p3"
        ]

    def test_edits_show_both_texts(self, get: Get) -> None:
        edit = query_rows(get, "edited_posts")[0]
        assert edit["earlier_text"].startswith("Ask seller-") and "Promise Optimization" in edit["present_text"]

    def test_search_as_a_question_and_as_a_page_agree(self, get: Get) -> None:
        listed = [row["permalink"] for row in query_rows(get, "search", q="switch OR anywhere settings")]
        shown = [a.attributes["href"] for a in page(get, "/search?q=switch+OR+anywhere+settings").css(".hits a.title")]
        assert listed == shown
        listed = [row["permalink"] for row in query_rows(get, "search", q="switch")]
        assert listed == [a.attributes["href"] for a in page(get, "/search?q=switch").css(".hits a.title")] != []


class TestCsv:
    def test_a_streamed_table_is_whole(self, get: Get, rows: Rows) -> None:
        for table in ("posts", "mentions", "threads", "titles", "program_months"):
            answer = get(f"/archive/{table}.csv?_stream=on&_size=1")
            assert (
                len(list(csv.DictReader(io.StringIO(answer.text))))
                == rows(f"select count(*) as n from {table}")[0]["n"]
            )

    def test_every_table_with_posts_has_the_way_to_the_thread_the_source_and_the_capture(self, get: Get) -> None:
        for table in ("posts", "mentions", "program_tags", "theme_tags"):
            row = next(csv.DictReader(io.StringIO(get(f"/archive/{table}.csv").text)))
            assert row["permalink"].startswith("/thread/sas/") and row["url"].startswith("https://forum.example/t/")
        assert row["post_id"]

    def test_names_stand_for_ids_in_tables(self, get: Get) -> None:
        html = get("/archive/mentions").text
        assert "Promise Optimization" in html and "Sellers &amp; Sellers" in html
        assert '<a href="/thread/sas/3686#p1">/thread/sas/3686#p1</a>' in html


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    def test_pages_run_no_script_and_load_nothing_from_elsewhere(self, get: Get, path: str) -> None:
        html = page(get, path)
        assert html.css("script, iframe, object, embed, img, [onclick], [onerror], [style]") == []
        assert html.css_first("link[rel=stylesheet]").attributes["href"].startswith("/-/optout.css?")
        policy = get(path).headers["content-security-policy"]
        assert "script-src 'none'" in policy and "default-src 'none'" in policy

    def test_datasettes_own_pages_have_a_policy_too(self, get: Get) -> None:
        for path in ("/archive", "/archive/posts", "/archive/posts/1", "/archive/ways_out", "/-/exports", "/nowhere"):
            policy = get(path).headers["content-security-policy"]
            assert "default-src 'none'" in policy and "script-src 'none'" in policy, path
        for path in ("/archive?sql=select+1", "/-/versions"):
            policy = get(path).headers["content-security-policy"]
            assert "default-src 'none'" in policy and "script-src 'self'" in policy, path
        assert get("/archive/posts").headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("path", PAGES)
    def test_links_of_a_page_lead_somewhere(self, get: Get, path: str) -> None:
        html = page(get, path)
        for href in {a.attributes.get("href") or "" for a in html.css("a")}:
            if href.startswith("#"):
                assert html.css_first(f'[id="{href[1:]}"]') is not None, href
            elif href.startswith("/"):
                assert get(href).status_code == 200, href

    def test_the_style_sheet_comes_without_a_static_folder(self, get: Get) -> None:
        answer = get("/-/optout.css")
        assert answer.headers["content-type"].startswith("text/css") and "prefers-color-scheme" in answer.text

    def test_the_home_page_says_what_is_held_and_missing(self, get: Get) -> None:
        html = page(get, "/")
        text = html.css_first("main").text()
        assert "Promise Optimization" in text and "1 post that the forums listed" in " ".join(text.split())
        assert html.css_first("form[action='/search'] input[name=q]") is not None
        assert {a.attributes["href"] for a in html.css(".questions a")} == {
            f"/archive/{name}" for name in QUERIES if name != "search"
        }


class TestThread:
    def test_posts_stand_in_order_with_what_is_missing_between_them(self, get: Get) -> None:
        html = page(get, "/thread/sas/3686")
        assert [node.id for node in html.css("article, .action")] == ["p1", "p2", "p3", "p5", "p6", "p7"]
        assert "Post 4 is not held: the source withholds it" in html.css_first(".gap").text(strip=True)

    def test_each_post_shows_source_capture_route_and_digest(self, get: Get) -> None:
        footer = page(get, "/thread/sas/3686").css_first("#p1 > footer")
        links = [a.attributes["href"] for a in footer.css("a")]
        assert links[:2] == ["https://forum.example/t/3686/1", "/archive/captures/1"]
        assert "from the forum" in footer.text() and "sha256:" in footer.text()

    def test_tags_stand_in_the_margin_and_their_words_are_marked(self, get: Get) -> None:
        html = page(get, "/thread/sas/3686")
        note = " ".join(html.css_first("#p1 .body .notes .why").text().split())
        assert (
            "The program is named: “Promise Optimization”." in note
            and "Rule alias, confidence 1.00, words of the seller." in note
        )
        assert "Rule words, found by model too, confidence 0.90" in " ".join(html.css_first("#p1 .body").text().split())
        assert [mark.text() for mark in html.css("#p1 > .body mark.program")] == ["Promise ", "Optimi", "zation"]
        assert "".join(mark.text() for mark in html.css("#p1 > .body mark.theme")) == "no switch anywhere"

    def test_edits_deletions_and_hidden_posts_are_marked(self, get: Get) -> None:
        html = page(get, "/thread/sas/3686")
        assert "Ask seller-" in html.css_first("#p1 details.earlier").text()
        assert "Deleted at the source" in html.css_first("#p5").text()
        assert "Hidden by the forum" in html.css_first("#p6").text()

    def test_a_vanished_thread_says_so(self, get: Get) -> None:
        notice = page(get, "/thread/sas/99").css_first(".notice.gone").text()
        assert "no longer has this thread" in notice and "404" in notice

    def test_markup_in_titles_and_posts_is_shown_and_not_obeyed(self, get: Get) -> None:
        assert '<b>Gone</b> & "forgotten"' in page(get, "/thread/sas/99").css_first("h1").text()
        assert "<script>alert(5)</script>" in page(get, "/thread/sas/3686").css_first("#p6").text()

    @pytest.mark.parametrize(
        "path", ["/thread/sas/4040", "/thread/none/3686", "/thread/sas/~27--", "/thread/sas/~00", "/thread/sas/~"]
    )
    def test_a_thread_that_is_not_held_is_not_found(self, get: Get, path: str) -> None:
        answer = get(path)
        assert answer.status_code == 404 and "holds no thread" in answer.text

    @pytest.mark.parametrize("number", ["0", "-1", "99999999", "x", "9" * 400])
    def test_an_odd_page_number_shows_the_thread_all_the_same(self, get: Get, number: str) -> None:
        assert page(get, f"/thread/sas/3686?page={number}").css_first("h1") is not None

    def test_a_long_thread_has_pages_and_permalinks_find_theirs(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: dict[str, Any]
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        thread = archive.thread("a/b", "long")
        for number in (1, 100, 101, 250):
            archive.post(thread, number, "Joe", "<p><a href='https://forum.example/t/x'>x</a></p>")
        archive.close()
        build(archive.paths, taxonomy)
        site = datasette(archive.paths, metadata, base_url="/under/")

        async def pages() -> list[LexborHTMLParser]:
            await site.invoke_startup()
            return [LexborHTMLParser((await site.client.get(f"/thread/sas/a~2Fb?page={n}")).text) for n in (1, 2, 3)]

        shown = asyncio.run(pages())
        assert [[node.id for node in html.css("article")] for html in shown] == [["p1", "p100"], ["p101"], ["p250"]]
        assert [a.attributes["href"] for a in shown[0].css_first("nav.pages").css("a")] == [
            "/under/thread/sas/a~2Fb?page=2",
            "/under/thread/sas/a~2Fb?page=3",
        ]


@pytest.mark.parametrize("path", ["/a/b/c/d/e/f", "/nowhere", "/archive/nowhere", "/archive/posts/999", "/threads"])
def test_an_address_that_leads_nowhere_offers_the_search(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert LexborHTMLParser(answer.text).css_first("form[action='/search']") is not None
    assert get(path + ".json").json()["ok"] is False


class TestSearch:
    def test_the_best_match_comes_first_with_its_words_marked(self, get: Get) -> None:
        html = page(get, "/search?q=shipping+settings")
        assert html.css_first(".hits a.title").attributes["href"] == "/thread/sas/3686#p3"
        assert [mark.text() for mark in html.css(".snippet mark")] == ["Shipping", "Settings"]

    def test_it_narrows_by_program_theme_and_forum(self, get: Get) -> None:
        def found(query: str) -> list[str | None]:
            return [a.attributes["href"] for a in page(get, "/search?" + query).css(".hits a.title")]

        assert found(f"program={OTHER_PROGRAM}") == ["/thread/sas/3686#p3"]
        assert found(f"q=anywhere&program={PROGRAM}&theme={THEME}") == ["/thread/sas/3686#p1", "/thread/sas/3686#p2"]
        assert found("q=switch&site=sas") != [] and found("q=switch&site=other") == []
        assert found("q=%22&theme=" + THEME) == ["/thread/sas/3686#p2", "/thread/sas/3686#p1"]

    def test_newest_first_is_by_time(self, get: Get) -> None:
        links = [a.attributes["href"] for a in page(get, "/search?q=optimization&sort=newest").css(".hits a.title")]
        assert links == ["/thread/sas/3686#p1", "/thread/sas/99#p1"]

    def test_its_csv_holds_what_it_shows(self, get: Get) -> None:
        html = page(get, "/search?q=switch")
        link = next(a.attributes["href"] for a in html.css(".result a") if "CSV" in a.text())
        found = list(csv.DictReader(io.StringIO(get(link).text)))
        assert [row["permalink"] for row in found] == [a.attributes["href"] for a in html.css(".hits a.title")]

    def test_markup_that_matches_stays_text(self, get: Get) -> None:
        html = page(get, "/search?q=" + quote('"<script>alert(5)</script>"'))
        assert "<script>alert(5)</script>" in html.css_first(".snippet").text()
        assert html.css_first("input[name=q]").attributes["value"] == '"<script>alert(5)</script>"'

    @pytest.mark.parametrize("q", ['"', "*", "NEAR(", "a AND", "---", "-", "-a", "^x", "text:x", "{a b}:c", "😀", "\0", "(", "OR",
                                   "a*", '"a', "x" * 9000, "\u202e", "'; drop table posts; --"])  # fmt: skip
    def test_no_query_is_an_error(self, get: Get, q: str) -> None:
        assert get("/search?" + urlencode({"q": q, "page": q, "program": q})).status_code == 200
        assert get("/archive/search.json?" + urlencode({"q": q})).status_code == 200

    def test_minus_phrases_and_endings_mean_what_the_page_says(self) -> None:
        assert fts_query('no "opt out" -amazon promis*') == '"no" AND "opt out" AND "promis*"* NOT "amazon"'

    @settings(deadline=None)
    @given(st.text())
    def test_every_text_makes_a_valid_query(self, text: str) -> None:
        connection = sqlite3.connect(":memory:")
        connection.execute("create virtual table f using fts5(t, tokenize='porter unicode61')")
        connection.execute("select 1 from f where f match ?", [fts_query(text)]).fetchall()
        connection.close()


def test_no_sql_function_can_fill_the_memory(get: Get) -> None:
    answer = get("/archive.json?" + urlencode({"sql": "select length(hex(zeroblob(400000000)))"}))
    assert answer.status_code == 400 and "too big" in answer.text


def test_readers_sql_can_be_switched_off_and_questions_stay(published: Paths, metadata: dict[str, Any]) -> None:
    site = datasette(published, metadata, default_allow_sql=False)

    async def statuses() -> list[int]:
        await site.invoke_startup()
        paths = ("/archive?sql=select+1", "/archive/search?q=switch", "/search?q=switch", "/thread/sas/3686", "/")
        return [(await site.client.get(path)).status_code for path in paths]

    assert asyncio.run(statuses()) == [403, 200, 200, 200, 200]
