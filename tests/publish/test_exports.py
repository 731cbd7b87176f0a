"""Exports on the web: whole, counted, safe in a spreadsheet, or refused."""

from __future__ import annotations

import asyncio
import copy
import csv
import io
import json
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish.exports import parquet, reading, route
from publish.exports.formats import BOM, Csv, defuse, undefuse
from publish.exports.reading import CHUNK, Reader, TooSlowError
from publish.exports.selection import unlimited
from publish.tables import PLUMBING
from tests.publish.awkward_archive import PROGRAM
from tests.publish.conftest import datasette

Get = Callable[[str], Any]
Rows = Callable[..., list[dict[str, Any]]]
TABLES = ("posts", "mentions", "threads", "titles", "program_months", "captures", "about", "programs")
COUNTING = "with recursive n(x) as (select 1 union all select x + 1 from n where x < {last}) select x from n"


def parsed(text: str) -> list[dict[str, str]]:
    """CSV as a reader gets it who undoes the apostrophes."""
    return [
        {name: undefuse(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def without_plumbing(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in PLUMBING.get(table, ())} for row in rows]


def as_text(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


class TestWhole:
    @pytest.mark.parametrize("table", TABLES)
    def test_the_csv_of_a_table_has_every_row_and_says_how_many(self, get: Get, rows: Rows, table: str) -> None:
        hidden = "rowid, " * (table == "titles")
        expected = as_text(without_plumbing(table, rows(f"select {hidden}* from {table}")))
        for address in (f"/archive/{table}.csv", f"/archive/{table}.csv?_stream=on&_size=1", f"/-/export/{table}.csv"):
            answer = get(address)
            assert sorted(map(str, parsed(answer.text))) == sorted(map(str, expected))
            assert answer.headers["x-total-rows"] == str(len(expected))
            assert answer.headers["content-type"].startswith("text/csv")

    def test_filters_order_and_columns_are_those_of_the_tables_page(self, get: Get) -> None:
        query = f"program_id={PROGRAM}&_sort_desc=month&_col=month&_where=post_id>0"
        shown = get(f"/archive/mentions.json?{query}&_shape=array").json()
        assert parsed(get(f"/archive/mentions.csv?{query}").text) == as_text(shown)
        found = get("/archive/posts.json?_search=switch&_shape=array&_col=id").json()
        assert parsed(get("/archive/posts.csv?_search=switch&_col=id").text) == as_text(found)

    def test_names_stand_beside_ids_where_that_is_asked(self, get: Get) -> None:
        row = parsed(get("/archive/mentions.csv?_labels=on").text)[0]
        assert row["site_id"] == "sas" and row["site_id_label"] == "Sellers & Sellers"

    def test_a_question_is_not_cut_where_its_page_is(self, published: Paths, metadata: dict[str, Any]) -> None:
        changed = copy.deepcopy(metadata)
        changed["databases"]["archive"]["queries"]["two"] = {
            "sql": f"{COUNTING.format(last=1500)} where x > cast(:from as integer) order by x LIMIT 2\n", "params": ["from"],
        }  # fmt: skip
        answer = asked(published, changed, "/archive/two.csv?from=10")
        assert len(parsed(answer.text)) == 1490 and answer.headers["x-total-rows"] == "1490"

    def test_the_page_of_a_question_says_of_how_many_rows_it_shows_some_and_links_them_all(
        self, published: Paths, metadata: dict[str, Any]
    ) -> None:
        changed = copy.deepcopy(metadata)
        changed["databases"]["archive"]["queries"]["two"] = {
            "sql": f"{COUNTING.format(last=1500)} where x > cast(:from as integer) order by x limit 2", "params": ["from"],
        }  # fmt: skip
        for start, said in (("10", "2 of 1,490 rows"), ("1498", "2 rows"), ("1499", "1 row")):
            page = LexborHTMLParser(asked(published, changed, f"/archive/two?from={start}").text)
            assert page.css(".result")[0].text().strip().startswith(f"{said} ·")
            links = {link.text(): link.attributes["href"] or "" for link in page.css(".export-links a")[:3]}
            rows = 1500 - int(start)
            assert len(parsed(asked(published, changed, links["CSV"]).text)) == rows
            assert len(asked(published, changed, links["JSON"]).json()["rows"]) == rows
            assert len(asked(published, changed, links["NDJSON"]).text.splitlines()) == rows

    def test_only_a_limit_at_the_end_is_left_out(self) -> None:
        assert unlimited("select * from (select 1 limit 3) limit 1000") == "select * from (select 1 limit 3)"
        assert unlimited("select * from (select 1 limit 3) order by 1") == "select * from (select 1 limit 3) order by 1"

    def test_readers_sql_has_all_its_rows_however_many_a_page_shows(self, get: Get) -> None:
        for address in ("/archive.csv?", "/-/export/sql.csv?"):
            answer = get(address + urlencode({"sql": COUNTING.format(last=2 * CHUNK + 1)}))
            assert [row["x"] for row in parsed(answer.text)] == [str(n) for n in range(1, 2 * CHUNK + 2)]

    def test_a_search_has_the_posts_of_its_page_in_their_order(self, get: Get) -> None:
        for query in ("q=optimization", "q=optimization&sort=newest", f"program={PROGRAM}", "q=switch&site=sas"):
            page = LexborHTMLParser(get(f"/search?{query}").text)
            shown = [link.attributes["href"] for link in page.css(".hits a.title")]
            assert [row["permalink"] for row in parsed(get(f"/-/export/search.csv?{query}").text)] == shown
        assert parsed(get("/-/export/search.csv").text) == []

    def test_head_says_how_many_without_sending_them(self, published: Paths, metadata: dict[str, Any]) -> None:
        answer = asked(published, metadata, "/-/export/posts.csv", method="HEAD")
        assert answer.headers["x-total-rows"] == "8" and answer.text == ""


class TestFormats:
    def test_json_and_ndjson_keep_numbers_and_nulls(self, get: Get, rows: Rows) -> None:
        expected = without_plumbing("posts", rows("select * from posts order by id"))
        document = get("/-/export/posts.json").json()
        assert document["rows"] == expected and document["total_rows"] == len(expected)
        assert document["columns"] == list(expected[0])
        lines = get("/-/export/posts.ndjson").text.splitlines()
        assert [json.loads(line) for line in lines] == expected

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("select 1 as a, 2 as a, 3 as a_2, 4 as a", {"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}),
            ("select 1 as a, 2.5 as a", {"a": 1, "a_2": 2.5}),
            ("select 9e999 as more, -9e999 as less, 1.5 as some", {"more": None, "less": None, "some": 1.5}),
            ("select cast(x'61ff62' as text) as text", {"text": "a\ufffdb"}),
            ("select 1, 'x', '\"'", {"1": 1, "'x'": "x", "'\"'": '"'}),
        ],
    )
    def test_no_value_is_lost_whatever_readers_sql_makes(self, get: Get, sql: str, expected: dict[str, Any]) -> None:
        query = urlencode({"sql": sql})

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is no JSON")

        document = json.loads(get(f"/-/export/sql.json?{query}").text, parse_constant=refuse)
        assert document["rows"] == [expected] and document["columns"] == list(expected)
        assert json.loads(get(f"/-/export/sql.ndjson?{query}").text, parse_constant=refuse) == expected
        assert parsed(get(f"/-/export/sql.csv?{query}").text)[0].keys() == expected.keys()
        table = pyarrow.parquet.read_table(io.BytesIO(get(f"/-/export/sql.parquet?{query}").content))
        assert table.column_names == list(expected)
        infinite = {"more": float("inf"), "less": float("-inf")}
        assert table.to_pylist() == [expected | {name: infinite[name] for name in expected if name in infinite}]

    def test_parquet_keeps_types(self, get: Get, rows: Rows) -> None:
        table = pyarrow.parquet.read_table(io.BytesIO(get("/-/export/program_tags.parquet").content))
        assert table.to_pylist() == rows("select * from program_tags order by id")
        assert str(table.schema.field("score").type) == "double" and str(table.schema.field("start").type) == "int64"

    def test_a_column_of_several_types_is_text_in_parquet(self, get: Get) -> None:
        sql = urlencode({"sql": "select 1 as a, null as b union all select 'x', null union all select x'ff', null"})
        table = pyarrow.parquet.read_table(io.BytesIO(get(f"/-/export/sql.parquet?{sql}").content))
        assert table.to_pylist() == [{"a": "1", "b": None}, {"a": "x", "b": None}, {"a": "\ufffd", "b": None}]

    def test_an_empty_selection_is_a_whole_file_in_every_format(self, get: Get) -> None:
        query = "posts.{}?id=0"
        assert get("/-/export/" + query.format("csv")).text.count("\r\n") == 1
        assert get("/-/export/" + query.format("json")).json()["rows"] == []
        assert get("/-/export/" + query.format("ndjson")).text == ""
        assert pyarrow.parquet.read_table(io.BytesIO(get("/-/export/" + query.format("parquet")).content)).num_rows == 0

    def test_without_its_package_parquet_says_how_to_get_it(self, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet, "find_spec", lambda name: None)
        answer = get("/-/export/posts.parquet")
        assert answer.status_code == 501 and "pip install 'pyarrow" in answer.text

    def test_excel_gets_its_mark_on_request(self, get: Get) -> None:
        assert get("/-/export/posts.csv?bom=1").content.startswith(BOM + b"id,")
        assert get("/-/export/posts.csv").content.startswith(b"id,")

    def test_no_cell_is_a_formula_unless_raw_text_is_asked_for(self, get: Get) -> None:
        def texts(query: str) -> list[str]:
            found = csv.DictReader(io.StringIO(get(f"/-/export/posts.csv?{query}").text, newline=""))
            return [row["text"] for row in found if "HYPERLINK" in row["text"]]

        assert [text[:11] for text in texts("")] == ["'=HYPERLINK"]
        assert [text[:10] for text in texts("raw=1")] == ["=HYPERLINK"]

    @given(st.text(alphabet="'=+-@\t\r\n＝a \"") | st.text())
    def test_defusing_can_be_undone(self, text: str) -> None:
        assert undefuse(defuse(text)) == text
        assert defuse(text)[:1] not in tuple("=+-@\t\r\n＝＋－＠")

    @given(
        st.lists(
            st.tuples(st.text(alphabet='",\r\n=x') | st.text(), st.none() | st.integers() | st.floats(allow_nan=False)),
            max_size=5,
        )
    )
    def test_any_rows_come_back_from_csv(self, rows: list[tuple[Any, ...]]) -> None:
        form = Csv(raw=True)
        text = (form.head(("a", "b"), len(rows)) + form.rows(rows) + form.tail()).decode("utf-8", "surrogatepass")
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert read == [["a", "b"], *(["" if value is None else str(value) for value in row] for row in rows)]

    @given(st.lists(st.tuples(st.text(max_size=3) | st.none())))
    def test_a_single_column_keeps_its_empty_cells(self, rows: list[tuple[Any]]) -> None:
        read = list(csv.reader(io.StringIO(Csv(raw=True).rows(rows).decode("utf-8", "surrogatepass"), newline="")))
        assert read == [[row[0] or ""] for row in rows]


class TestDictionary:
    def test_every_export_leads_to_the_meaning_of_its_columns(self, get: Get) -> None:
        answer = get(f"/-/export/mentions.csv?program_id={PROGRAM}&_labels=on")
        target, relation, _ = answer.headers["link"].split("; ")
        assert relation == 'rel="describedby"'
        described = get(target.strip("<>")).json()
        assert described["url"] == "mentions.csv" and described["dc:title"] == "Mentions"
        columns = {column["name"]: column.get("dc:description") for column in described["tableSchema"]["columns"]}
        assert list(columns) == answer.text.splitlines()[0].split(",")
        assert columns["voice"] and described["notes"][0] == f"{answer.headers['x-total-rows']} rows"

    def test_it_says_what_the_apostrophes_are_only_where_there_are_any(self, get: Get) -> None:
        assert "apostrophe" in get("/-/export/posts.csv-metadata.json").text
        for address in ("/-/export/posts.csv-metadata.json?raw=1", "/-/export/posts.ndjson-metadata.json"):
            assert "apostrophe" not in get(address).text


class TestRefused:
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("/-/export/nothing.csv", 404), ("/archive/nothing.csv", 404), ("/-/export/posts.xlsx", 404),
            ("/-/export/posts.csv?_sort=nothing", 400), ("/-/export/posts.csv?_where=nothing", 400),
            ("/-/export/sql.csv", 400), ("/-/export/sql.csv?sql=delete+from+posts", 400),
            ("/-/export/sql.csv?sql=select+nothing", 400), ("/-/export/sql.csv?sql=attach+'x'+as+y", 400),
            ("/-/export/sql.csv?" + urlencode({"sql": "select hex(zeroblob(400000000))"}), 400),
        ],
    )  # fmt: skip
    def test_what_cannot_be_had_is_said(self, get: Get, address: str, status: int) -> None:
        answer = get(address)
        assert answer.status_code == status and "x-total-rows" not in answer.headers

    def test_a_selection_that_takes_too_long_is_refused_before_its_first_byte(
        self, get: Get, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(route, "Reader", partial(Reader, patience=0.0))
        answer = get("/-/export/sql.csv?" + urlencode({"sql": COUNTING.format(last=1_000_000)}))
        assert answer.status_code == 422 and "narrow" in answer.text

    def test_where_sql_is_off_tables_can_be_had_and_sql_cannot(
        self, published: Paths, metadata: dict[str, Any]
    ) -> None:
        def status(path: str) -> int:
            found: int = asked(published, metadata, path, default_allow_sql=False).status_code
            return found

        assert status("/archive/posts.csv?thread_id=1") == 200
        assert status("/archive.csv?sql=select+1") == status("/-/export/sql.csv?sql=select+1") == 403
        assert status("/archive/posts.csv?_where=1") == 403

    def test_more_at_once_than_there_are_places_are_told_to_come_back(
        self, get: Get, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(route, "_places", threading.BoundedSemaphore(1))
        with route._places:
            answer = get("/-/export/posts.csv")
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
        assert get("/-/export/posts.csv").status_code == 200


class TestBrokenOff:
    """What reaches the reader when an export does not come to its end."""

    def test_it_stops_when_the_reader_leaves(self, published: Paths, metadata: dict[str, Any]) -> None:
        sent = driven(published, metadata, COUNTING.format(last=500 * CHUNK), leave_after=3)
        assert len(sent) < 20 and sent[-1]["more_body"] is True

    @pytest.mark.parametrize("kind", ["csv", "json", "ndjson", "parquet"])
    def test_a_reader_who_stands_still_is_let_go_and_gives_the_place_back(
        self, published: Paths, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        monkeypatch.setattr(route, "LONGEST_STANDSTILL", 0.05)
        monkeypatch.setattr(route, "_places", threading.BoundedSemaphore(1))
        monkeypatch.setattr(route, "BLOCK", 1000)
        sent = driven(published, metadata, COUNTING.format(last=5 * CHUNK), stand_after=4, kind=kind)
        assert len(sent) == 4 and sent[-1]["more_body"] is True
        assert route._places.acquire(blocking=False)

    def test_blocks_are_small_enough_for_a_slow_line(
        self, published: Paths, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(route, "BLOCK", 1000)
        sent = driven(published, metadata, COUNTING.format(last=2 * CHUNK))
        assert max(len(message["body"]) for message in sent[1:]) == 1000
        assert b"".join(message["body"] for message in sent[1:]).count(b"\r\n") == 2 * CHUNK + 1
        assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]

    def test_a_failure_on_the_way_leaves_the_answer_without_an_end(
        self, published: Paths, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = Reader.chunk
        calls: list[int] = []

        def breaks(reader: Reader) -> list[reading.Row]:
            calls.append(1)
            if len(calls) > 2:
                raise TooSlowError("needs more")
            return whole(reader)

        monkeypatch.setattr(Reader, "chunk", breaks)
        sent = driven(published, metadata, COUNTING.format(last=5 * CHUNK))
        assert sent[0]["status"] == 200 and all(message["more_body"] for message in sent[1:])

    def test_otherwise_the_end_is_sent(self, published: Paths, metadata: dict[str, Any]) -> None:
        sent = driven(published, metadata, COUNTING.format(last=2 * CHUNK))
        assert [message["more_body"] for message in sent[1:]] == [True, True, True, False]


def asked(paths: Paths, metadata: dict[str, Any], path: str, method: str = "GET", **settings: Any) -> Any:
    site = datasette(paths, metadata, **settings)

    async def answer() -> Any:
        await site.invoke_startup()
        return await site.client.request(method, path)

    return asyncio.run(answer())


def driven(
    paths: Paths,
    metadata: dict[str, Any],
    sql: str,
    *,
    leave_after: int = sys.maxsize,
    stand_after: int = sys.maxsize,
    kind: str = "csv",
) -> list[dict[str, Any]]:
    """The messages that the server gets for an export of `sql`; the reader leaves, or takes no more, after so many."""
    site = datasette(paths, metadata)
    sent: list[dict[str, Any]] = []

    async def drive() -> None:
        await site.invoke_startup()
        left = asyncio.Event()
        begun: list[int] = []

        async def receive() -> dict[str, Any]:
            if not begun:
                begun.append(1)
                return {"type": "http.request", "body": b"", "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if len(sent) == leave_after:
                left.set()
                await asyncio.sleep(0)
            if len(sent) == stand_after:
                await asyncio.Event().wait()

        path = f"/-/export/sql.{kind}"
        query = f"sql={quote(sql)}".encode()
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
                 "query_string": query, "headers": [(b"host", b"localhost")], "scheme": "http"}  # fmt: skip
        await asyncio.wait_for(site.app()(scope, receive, send), 30)

    asyncio.run(drive())
    return sent
