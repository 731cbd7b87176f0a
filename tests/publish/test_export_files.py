"""Exports as files: from the command line, and made ready for download with the published copy."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from archive.database import Paths
from archive.errors import InputError
from cli import optout
from publish.build import build
from publish.exports import bulk, files, parquet
from publish.exports.formats import Csv, undefuse
from publish.exports.selection import Filters, names, of_table
from taxonomy import Taxonomy
from tests.publish.awkward_archive import OTHER_PROGRAM, OTHER_THEME, PROGRAM, THEME
from tests.publish.conftest import datasette

Rows = Callable[..., list[dict[str, Any]]]


def exported(paths: Paths, table: str, **filters: str) -> list[dict[str, str]]:
    with files.opened(paths) as copy:
        selection = of_table(copy, table, Filters(**filters))
    stream = io.BytesIO()
    files.write(paths.published, selection, "csv", stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode(), newline="")))


class TestFilters:
    def test_posts_are_narrowed_by_what_they_mention(self, published: Paths) -> None:
        def places(**filters: str) -> list[str]:
            return [row["permalink"] for row in exported(published, "posts", **filters)]

        assert places(program=OTHER_PROGRAM) == ["/thread/sas/3686#p3"]
        assert places(program=PROGRAM, theme=THEME) == ["/thread/sas/3686#p1", "/thread/sas/3686#p2"]
        assert places(theme=OTHER_THEME) == ["/thread/sas/99#p1"]
        assert len(places(site="sas")) == 8

    def test_both_days_are_included(self, published: Paths) -> None:
        def days(**filters: str) -> list[str]:
            return [row["created_at"][:10] for row in exported(published, "posts", **filters)]

        assert days(until="2020-06-15") == ["2020-06-15"]
        assert days(since="2020-06-15", until="2020-06-15") == ["2020-06-15"]
        assert set(days(since="2020-06-16")) == {"2024-03-21"}

    @pytest.mark.parametrize(
        ("table", "filters", "count"),
        [
            ("mentions", {"program": OTHER_PROGRAM}, 1), ("threads", {"program": OTHER_PROGRAM}, 1),
            ("programs", {"program": PROGRAM}, 1), ("themes", {"theme": THEME}, 1), ("sites", {"site": "sas"}, 1),
            ("theme_tags", {"program": PROGRAM}, 3), ("links", {"program": OTHER_PROGRAM}, 0),
            ("coverage", {"program": PROGRAM, "site": "sas"}, 2), ("revisions", {"since": "2024-03-01"}, 1),
            ("program_months", {"since": "2024-03-21"}, 2), ("program_months", {"until": "2020-06-30"}, 2),
            ("paragraphs", {"until": "2020-12-31", "site": "sas"}, 1), ("titles", {"site": "sas"}, 1),
            ("captures", {"since": "2030-01-01"}, 0), ("missing_posts", {"until": "2030-01-01"}, 1),
        ],
    )  # fmt: skip
    def test_they_mean_the_same_in_every_table(
        self, published: Paths, table: str, filters: dict[str, str], count: int
    ) -> None:
        assert len(exported(published, table, **filters)) == count

    @pytest.mark.parametrize(
        ("table", "filters"),
        [
            ("nothing", {}), ("posts_fts_data", {}), ("posts", {"program": "x"}), ("posts", {"theme": "x"}),
            ("posts", {"site": "x"}), ("posts", {"since": "yesterday"}), ("posts", {"until": "9999-12-31"}),
            ("runs", {"program": PROGRAM}), ("about", {"since": "2024-01-01"}), ("programs", {"theme": THEME}),
            ("programs", {"site": "sas"}),
        ],
    )  # fmt: skip
    def test_what_a_table_cannot_be_asked_is_said(self, published: Paths, table: str, filters: dict[str, str]) -> None:
        with pytest.raises(InputError):
            exported(published, table, **filters)


class TestCommand:
    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(optout, ["export", *arguments], catch_exceptions=True)

    def test_a_file_has_its_dictionary_beside_it(self, published: Paths, rows: Rows, tmp_path: Path) -> None:
        target = tmp_path / "mentions.csv"
        self.run("csv", "--table", "mentions", "-o", str(target), "--db", str(published.database), "--bom")
        read = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"), newline="")))
        assert [undefuse(row["passage"]) for row in read] == [
            row["passage"] for row in rows("select passage from mentions order by id")
        ]
        described = json.loads((tmp_path / "mentions.csv-metadata.json").read_text())
        assert [column["name"] for column in described["tableSchema"]["columns"]] == list(read[0])
        assert all("dc:description" in column for column in described["tableSchema"]["columns"])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["mentions.csv", "mentions.csv-metadata.json"]

    def test_without_a_file_the_rows_go_to_standard_output(self, published: Paths) -> None:
        result = self.run("ndjson", "--program", OTHER_PROGRAM, "--db", str(published.database), "-q")
        assert [json.loads(line)["permalink"] for line in result.stdout.splitlines()] == ["/thread/sas/3686#p3"]

    def test_without_a_table_rows_about_something_are_mentions_and_all_others_are_posts(
        self, published: Paths, rows: Rows
    ) -> None:
        def export(*options: str) -> tuple[list[Any], str]:
            result = self.run("ndjson", *options, "--db", str(published.database))
            return [json.loads(line) for line in result.stdout.splitlines()], result.stderr

        about, said = export("--program", PROGRAM)
        assert (
            about == rows("select * from mentions where program_id = ? order by id", PROGRAM)
            and "rows of mentions" in said
        )
        assert all("theme_id" in row and row["passage"] and row["permalink"] for row in about)
        posts, said = export("--site", "sas")
        assert len(posts) == 8 and "rows of posts" in said and "labels" not in posts[0]
        chosen, said = export("--program", PROGRAM, "--table", "posts")
        assert {"text"} <= set(chosen[0]) and "rows of posts" in said

    def test_help_says_which_table_is_taken(self) -> None:
        said = " ".join(self.run("csv", "--help").output.split())
        assert "mentions with --program or --theme, else posts" in said

    def test_a_name_that_ends_in_gz_is_compressed(self, published: Paths, tmp_path: Path) -> None:
        target = tmp_path / "posts.json.gz"
        self.run("json", "-o", str(target), "--db", str(published.database))
        assert json.loads(gzip.decompress(target.read_bytes()))["total_rows"] == 8

    def test_parquet_wants_a_file_and_its_package(
        self, published: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "posts.parquet"
        assert isinstance(self.run("parquet", "--db", str(published.database)).exception, InputError)
        self.run("parquet", "-o", str(target), "--db", str(published.database))
        assert pyarrow.parquet.read_table(target).num_rows == 8
        monkeypatch.setattr(parquet, "find_spec", lambda name: None)
        result = self.run("parquet", "-o", str(target), "--db", str(published.database))
        assert "pip install 'pyarrow" in str(result.exception)

    def test_a_failure_leaves_no_half_file(
        self, published: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(form: Csv) -> bytes:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Csv, "tail", full)
        result = self.run("csv", "-o", str(tmp_path / "posts.csv"), "--db", str(published.database))
        assert isinstance(result.exception, InputError) and "No space left" in str(result.exception)
        assert list(tmp_path.iterdir()) == []

    def test_a_place_that_cannot_be_written_is_said(self, published: Paths, tmp_path: Path) -> None:
        result = self.run("csv", "-o", str(tmp_path / "none" / "posts.csv"), "--db", str(published.database))
        assert isinstance(result.exception, InputError)

    def test_without_a_copy_it_says_how_to_make_one(self, tmp_path: Path) -> None:
        result = self.run("csv", "--db", str(tmp_path / "archive.db"))
        assert isinstance(result.exception, InputError) and "optout publish" in str(result.exception)


class TestDownloads:
    @pytest.fixture
    def made(self, archived: Paths, taxonomy: Taxonomy) -> Paths:
        build(archived, taxonomy)
        bulk.make(archived)
        return archived

    @pytest.fixture
    def get(self, made: Paths, metadata: dict[str, Any]) -> Callable[..., Any]:
        site = datasette(made, metadata)

        def ask(path: str, **headers: str) -> Any:
            async def answer() -> Any:
                await site.invoke_startup()
                return await site.client.get(path, headers=headers)

            return asyncio.run(answer())

        return ask

    def test_every_table_is_there_whole_with_its_count_and_digest(self, made: Paths) -> None:
        folder = bulk.folder(made.published)
        manifest = json.loads((folder / "manifest.json").read_text())
        with files.opened(made) as copy:
            counts = {table: copy.execute(f"select count(*) from {table}").fetchone()[0] for table in names(copy)}
        assert {(entry["table"], entry["rows"]) for entry in manifest["files"]} == set(counts.items())
        assert {"posts", "mentions", "about"} <= set(counts) and not any("fts" in table for table in counts)
        for entry in manifest["files"]:
            data = (folder / entry["file"]).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["bytes"])
            assert (folder / f"{entry['file']}-metadata.json").exists()
        read = csv.DictReader(io.StringIO(gzip.decompress((folder / "posts.csv.gz").read_bytes()).decode(), newline=""))
        with files.opened(made) as copy:
            texts = [row[0] for row in copy.execute("select text from posts order by id")]
        assert [undefuse(row["text"]) for row in read] == texts

    def test_the_list_of_digests_suits_sha256sum(self, made: Paths) -> None:
        subprocess.run(
            ["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=bulk.folder(made.published), check=True
        )

    def test_the_same_archive_gives_the_same_bytes(self, made: Paths) -> None:
        before = (bulk.folder(made.published) / "posts.csv.gz").read_bytes()
        bulk.make(made)
        assert (bulk.folder(made.published) / "posts.csv.gz").read_bytes() == before

    def test_the_site_lists_and_delivers_them(self, made: Paths, get: Callable[..., Any]) -> None:
        listed = get("/-/exports").text
        data = (bulk.folder(made.published) / "posts.csv.gz").read_bytes()
        assert "/-/exports/posts.csv.gz" in listed and hashlib.sha256(data).hexdigest() in listed
        answer = get("/-/exports/posts.csv.gz")
        assert answer.content == data and answer.headers["content-type"] == "application/gzip"

    def test_a_download_goes_on_where_it_broke_off(self, made: Paths, get: Callable[..., Any]) -> None:
        data = (bulk.folder(made.published) / "posts.csv.gz").read_bytes()
        answer = get("/-/exports/posts.csv.gz", range="bytes=100-")
        assert answer.status_code == 206 and answer.content == data[100:]
        assert answer.headers["content-range"] == f"bytes 100-{len(data) - 1}/{len(data)}"

    @pytest.mark.parametrize(
        "name", ["nothing.csv.gz", "..%2Farchive.db", "../archive.db", ".hidden", "%2e%2e/archive.db"]
    )
    def test_nothing_else_can_be_had_there(self, get: Callable[..., Any], name: str) -> None:
        answer = get(f"/-/exports/{name}")
        # Datasette leads an address with %-signs to its own spelling first.
        if answer.status_code == 302:
            answer = get(answer.headers["location"])
        assert answer.status_code == 404

    def test_a_later_copy_brings_its_own(self, made: Paths) -> None:
        CliRunner().invoke(optout, ["publish", "--db", str(made.database)], catch_exceptions=False)
        with files.opened(made) as copy:
            built = dict(copy.execute("select key, value from about"))["built_at"]
        listed = bulk.listed(made.published)
        assert listed is not None and listed["built_at"] == built

    def test_a_site_without_them_says_where_else_rows_can_be_had(
        self, published: Paths, metadata: dict[str, Any]
    ) -> None:
        site = datasette(published, metadata)

        async def answer() -> Any:
            await site.invoke_startup()
            return await site.client.get("/-/exports")

        assert "<code>optout publish</code>" in asyncio.run(answer()).text


def test_several_processes_make_the_copy_that_one_makes(archived: Paths, taxonomy: Taxonomy) -> None:
    def content() -> dict[str, list[tuple[Any, ...]]]:
        with files.opened(archived) as copy:
            return {
                table: copy.execute(f"select * from {table}").fetchall() for table in names(copy) if table != "about"
            }

    build(archived, taxonomy, workers=1)
    alone = content()
    build(archived, taxonomy, workers=2)
    assert content() == alone and alone["posts"]
