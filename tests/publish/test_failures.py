from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from datasette.database import Database, QueryInterrupted

from archive.database import Paths
from publish import connections
from publish.search import Question
from tests.publish.conftest import datasette

Get = Callable[[str], Any]
Rows = Callable[..., list[dict[str, Any]]]


def found(get: Get, **asked: str) -> list[int]:
    """The posts of a table's page, which must be those of its CSV."""
    query = urlencode(asked | {"_col": "id"})
    page = get(f"/archive/posts.json?{query}&_shape=array&_size=max")
    export = get(f"/archive/posts.csv?{query}")
    assert get(f"/archive/posts?{query}").status_code == page.status_code == export.status_code == 200
    ids = [row["id"] for row in page.json()]
    assert [int(row["id"]) for row in csv.DictReader(io.StringIO(export.text))] == ids
    return ids


class TestSearchesOfTables:
    @pytest.mark.parametrize("words", [
        '"', '""', '" OR', "promise", "promise -switch", "prom*", '"promise optimization', "promise AND", "NOT", "(", "*",
        "title:promise", "promise\0", "nothingofthekind", "-promise", "^promise + NEAR(",
    ])  # fmt: skip
    def test_they_find_what_the_search_page_would(self, get: Get, rows: Rows, words: str) -> None:
        match = Question.read({"q": words}).match
        expected = rows("select rowid as id from posts_fts where posts_fts match ? order by rowid", match)
        assert found(get, _search=words) == [row["id"] for row in expected]

    def test_so_do_those_of_one_column(self, get: Get) -> None:
        assert found(get, _search_text='"') == []
        assert found(get, _search_title="promise") == found(get, _search="title:promise", _searchmode="raw") != []

    @pytest.mark.parametrize("words", ['"', "promise AND", "(", "nothing:promise"])
    @pytest.mark.parametrize("address", ["/archive/posts", "/archive/posts.json", "/archive/posts.csv"])
    def test_a_raw_search_that_is_wrong_is_told_in_words(self, get: Get, address: str, words: str) -> None:
        answer = get(f"{address}?{urlencode({'_search': words, '_searchmode': 'raw'})}")
        assert answer.status_code == 400 and "without it, words are looked for as they are typed" in answer.text

    def test_a_raw_search_that_is_right_is_answered(self, get: Get) -> None:
        either = set(found(get, _search="promise OR switch", _searchmode="raw"))
        assert either == set(found(get, _search="promise")) | set(found(get, _search="switch"))


class TestSlowQueries:
    @pytest.mark.parametrize("path", ["/", "/search?q=the", "/programs", "/thread/sas/3686", "/feed.atom", "/coverage"])
    def test_a_page_that_takes_too_long_says_when_to_come_back(
        self, get: Get, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        async def interrupted(_: Database, sql: str, *arguments: Any, **named: Any) -> Any:
            raise QueryInterrupted(RuntimeError("interrupted"), sql, arguments)

        get(path)
        monkeypatch.setattr(Database, "execute", interrupted)
        answer = get(path)
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
        assert "longer than a page may take" in answer.text and "select" not in answer.text


class TestTheMachine:
    @pytest.mark.parametrize("name", ["databases", "threads"])
    @pytest.mark.parametrize("ending", ["", ".json"])
    def test_where_its_files_lie_and_what_it_does_is_told_to_nobody(
        self, get: Get, published: Paths, name: str, ending: str
    ) -> None:
        answer = get(f"/-/{name}{ending}")
        assert answer.status_code == 403 and str(published.published.parent) not in answer.text

    @pytest.mark.parametrize("name", ["versions", "plugins", "settings", "metadata", "actor"])
    def test_what_it_runs_is_told_without_a_path(self, get: Get, published: Paths, name: str) -> None:
        answer = get(f"/-/{name}.json")
        assert answer.status_code == 200 and answer.json() is not None
        for folder in (published.published.parent, Path(connections.__file__).parent):
            assert str(folder) not in answer.text and json.dumps(str(folder)) not in answer.text

    def test_a_site_below_a_path_tells_no_more(self, published: Paths, metadata: dict[str, Any]) -> None:
        site = datasette(published, metadata, base_url="/optout/")

        async def status(path: str) -> int:
            await site.invoke_startup()
            return int((await site.client.get(path)).status_code)

        assert asyncio.run(status("/-/databases.json")) == 403
