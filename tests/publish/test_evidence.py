"""Evidence packages: valid bags whose proof is the archive's own bytes, and masked ones without a name in them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import httpx
import pytest
from click.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator

from archive.database import Paths, open_archive
from archive.errors import DamagedError, InputError
from archive.markup import render
from archive.warc import WarcStore
from cli import optout
from demo import DemoForum
from publish.build import build
from publish.evidence import choosing, citing, package, records
from publish.evidence.gathering import Gathered, attached, gather
from publish.exports import files
from taxonomy import Taxonomy
from tests.crawling import crawl
from tests.forums import small_forum
from tests.publish.awkward_archive import PRIVATE_NAMES, PROGRAM, SECRETS
from tests.warc.test_replay import serving

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    """A small forum, crawled; each post of one thread is about a program. Not to be changed."""
    folder = tmp_path_factory.mktemp("crawled")
    with DemoForum(small_forum({7: 25, 8: 30})) as forum:
        crawl(forum.url, folder, everything=True)
    paths = Paths(folder / "archive.db")
    db = open_archive(paths.database)
    posts = "select p.id, html from posts p join threads t on t.id = p.thread_id where t.native_id = '7' order by p.id"
    for post in db.conn.execute(posts).fetchall():
        for position, block in enumerate(render(post["html"]).blocks):
            paragraph = db.conn.execute(
                "insert into paragraphs (post_id, position, kind, voice, voice_rule, start, \"end\")"
                " values (?, ?, ?, 'seller', 'test', ?, ?)", [post["id"], position, block.kind, block.start, block.end],
            ).lastrowid  # fmt: skip
            db.conn.execute("insert into program_tags (paragraph_id, program_id, how, start, \"end\", rule, score, run_id)"
                                " values (?, ?, 'named', ?, ?, 'alias', 1.0, 1)",
                            [paragraph, PROGRAM, block.start, block.start + 4])  # fmt: skip
    db.conn.commit()
    db.close()
    build(paths, taxonomy)
    return paths


@pytest.fixture(scope="module")
def bag(crawled: Paths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package on a program, with names."""
    folder = tmp_path_factory.mktemp("evidence") / "bag"
    package.make(crawled, folder, program=PROGRAM)
    return folder


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "data" / name).read_text("utf-8"), newline="")))


class TestBag:
    def test_a_bagit_tool_accepts_it(self, bag: Path) -> None:
        subprocess.run([str(BIN / "bagit.py"), "--validate", "--quiet", str(bag)], check=True)

    def test_a_changed_byte_is_found(self, crawled: Paths, tmp_path: Path) -> None:
        with files.opened(crawled) as copy:
            address = copy.execute("select url from threads where native_id = '8'").fetchone()[0]
        package.make(crawled, tmp_path / "bag", thread=address)
        posts = tmp_path / "bag" / "data" / "posts.csv"
        posts.write_text(posts.read_text("utf-8").replace("a", "b", 1), encoding="utf-8")
        with pytest.raises(bagit.BagValidationError):
            bagit.Bag(str(tmp_path / "bag")).validate()

    def test_it_says_that_it_is_private(self, bag: Path) -> None:
        for name in ("data/README.txt", "data/index.html", "bag-info.txt"):
            assert "PRIVATE" in (bag / name).read_text("utf-8")

    def test_it_has_every_post_of_the_program_with_its_tags_and_proof(self, crawled: Paths, bag: Path) -> None:
        with open_archive(crawled.database).conn as archive:
            posts = {tuple(row) for row in archive.execute(
                "select t.native_id, p.native_id, p.text from program_tags g join paragraphs h on h.id = g.paragraph_id"
                " join posts p on p.id = h.post_id join threads t on t.id = p.thread_id"
                " where g.program_id = ? and h.revision_id is null", [PROGRAM])}  # fmt: skip
            tags = archive.execute("select count(*) from program_tags g join paragraphs h on h.id = g.paragraph_id"
                                   " where h.revision_id is null and h.post_id in (select post_id from paragraphs h join"
                                   " program_tags g on g.paragraph_id = h.id where program_id = ? and revision_id is null)",
                                   [PROGRAM]).fetchone()[0]  # fmt: skip
        found = table(bag, "posts.csv")
        assert {(row["thread"], row["post"]) for row in found} == {row[:2] for row in posts}
        assert sum(row["kind"] == "program" for row in table(bag, "tags.csv")) == tags
        captures = {row["capture"] for row in table(bag, "captures.csv")}
        assert all(row["capture_id"] in captures and row["capture_digest"].startswith("sha256:") for row in found)

    def test_evidence_is_the_words_themselves(self, bag: Path) -> None:
        texts = {row["post_id"]: row["text"] for row in table(bag, "posts.csv")}
        here = [row for row in table(bag, "tags.csv") if row["evidence_in"] == "paragraph"]
        assert here
        for row in here:
            assert row["evidence"] == texts[row["post_id"]][int(row["start"]) : int(row["end"])] != ""

    def test_its_page_needs_nothing_from_elsewhere_and_obeys_no_post(self, bag: Path) -> None:
        page = (bag / "data" / "index.html").read_text("utf-8")
        assert re.findall(r"<(?:script|img|link|iframe|object)\b", page) == []
        assert "default-src 'none'" in page and '<mark class="program">' in page

    def test_it_can_be_cited(self, bag: Path) -> None:
        citation = (bag / "data" / "citation.txt").read_text("utf-8")
        assert "Promise Optimization" in citation and "taxonomy" in citation and "sha256:" in citation
        assert (bag / "data" / "citation.bib").read_text("utf-8").startswith("@misc{optout-")
        versions = json.loads((bag / "data" / "versions.json").read_text("utf-8"))
        assert versions["taxonomy"] and versions["tag_runs"] and versions["masked"] is False


class TestRecords:
    def test_they_are_the_archives_own_bytes_of_exactly_the_captures_needed(self, crawled: Paths, bag: Path) -> None:
        copied = (bag / "data" / "warc" / "evidence.warc.gz").read_bytes()
        captures = table(bag, "captures.csv")
        for row in captures:
            source = (crawled.warcs / row["archive_file"]).read_bytes()
            begin, length = int(row["archive_offset"]), int(row["archive_length"])
            there = int(row["warc_offset"])
            assert copied[there : there + length] == source[begin : begin + length]
        records = [record.rec_type for record in ArchiveIterator(io.BytesIO(copied))]
        assert records == ["warcinfo", *["response", "request", "metadata"] * len(captures)]

    def test_warcio_checks_every_digest(self, bag: Path) -> None:
        checked = subprocess.run(
            [str(BIN / "warcio"), "check", "-v", str(bag / "data" / "warc" / "evidence.warc.gz")],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert "digest pass" in checked and "fail" not in checked

    def test_pywb_replays_them(self, bag: Path, replay: str) -> None:
        for row in table(bag, "captures.csv"):
            stamp = row["captured_at"].translate(str.maketrans("", "", "-:TZ"))
            body = httpx.get(f"{replay}/{stamp}id_/{row['url']}").content
            assert f"sha256:{hashlib.sha256(body).hexdigest()}" == row["digest"]

    @pytest.fixture
    def replay(self, bag: Path, tmp_path: Path) -> Iterator[str]:
        with serving(tmp_path, [bag / "data" / "warc" / "evidence.warc.gz"]) as address:
            yield address

    def test_a_record_that_is_not_what_was_captured_stops_it(self, crawled: Paths, tmp_path: Path) -> None:
        with open_archive(crawled.database).conn as archive:
            captures = [dict(row) for row in archive.execute(
                "select id as capture, digest, warc_filename as archive_file, warc_record_offset as archive_offset"
                " from captures limit 1")]  # fmt: skip
        for change in ({"digest": "sha256:0"}, {"archive_offset": 1}, {"archive_file": "none.warc.gz"}):
            with pytest.raises(DamagedError):
                records.copy(WarcStore(crawled.warcs, software="test"), [captures[0] | change], tmp_path / "x.warc.gz")


class TestMasked:
    @pytest.fixture
    def masked(self, published: Paths, tmp_path: Path) -> Path:
        package.make(published, tmp_path / "bag", program=PROGRAM, public=True)
        return tmp_path / "bag"

    def test_no_byte_of_it_names_anybody(self, masked: Path) -> None:
        for path in masked.rglob("*"):
            data = path.read_bytes().decode("utf-8").casefold() if path.is_file() else ""
            for secret in (*PRIVATE_NAMES, *SECRETS):
                assert secret.casefold() not in data, (path, secret)

    def test_it_has_digests_and_places_instead_of_pages(self, masked: Path) -> None:
        assert bagit.Bag(str(masked)).is_valid()
        assert not (masked / "data" / "warc").exists()
        row = table(masked, "captures.csv")[0]
        assert row["digest"].startswith("sha256:") and row["archive_file"] and row["archive_offset"]
        assert "MASKED" in (masked / "data" / "README.txt").read_text("utf-8")

    def test_markup_in_posts_and_titles_is_shown_and_not_obeyed(self, masked: Path) -> None:
        page = (masked / "data" / "index.html").read_text("utf-8")
        assert "&lt;b&gt;Gone&lt;/b&gt;" in page and "<b>Gone" not in page

    def test_with_names_the_same_posts_have_them(self, published: Paths, masked: Path) -> None:
        with attached(published) as archive:
            gathered = gather(archive, choosing.Choice("", (1, 2, 3, 4)), masked=False)
        assert {"MfnMarvin", "kelpkitchen"} <= {post["author"] for post in gathered.posts}
        assert {row["author"] for row in table(masked, "posts.csv")}.isdisjoint(PRIVATE_NAMES)


class TestChoice:
    @pytest.mark.parametrize(
        "address",
        ["/thread/sas/3686", "https://mine.example/thread/sas/3686?page=2#p1", "https://forum.example/t/3686",
         "https://forum.example/t/some-title/3686/99?u=x#reply", "https://forum.example/t/3686/99"],
    )  # fmt: skip
    def test_a_thread_is_known_by_any_of_its_addresses(self, published: Paths, address: str) -> None:
        assert len(self.chosen(published, thread=address).posts) == 6

    def test_a_search_finds_what_the_site_finds(self, published: Paths) -> None:
        assert len(self.chosen(published, query="switch").posts) == 2

    @pytest.mark.parametrize(
        "asked", [{"program": "none"}, {"thread": "https://forum.example/t/4"}, {"thread": "https://other.example/t/3686"},
                  {"thread": "x"}, {"query": "nowhere"}, {"query": '"'}]
    )  # fmt: skip
    def test_what_is_not_there_is_said(self, published: Paths, tmp_path: Path, asked: dict[str, Any]) -> None:
        with pytest.raises(InputError):
            package.make(published, tmp_path / "bag", **asked)
        assert list(tmp_path.iterdir()) == []

    def test_too_many_posts_are_an_export(self, published: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(choosing, "MOST_POSTS", 1)
        with pytest.raises(InputError, match="export csv"):
            self.chosen(published, query="switch")

    def test_a_folder_that_is_there_is_left_alone(self, published: Paths, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="new folder"):
            package.make(published, tmp_path, program=PROGRAM)

    @pytest.mark.parametrize("arguments", [[], ["--program", "a", "--query", "b"]])
    def test_the_command_wants_one_subject(self, tmp_path: Path, arguments: list[str]) -> None:
        result = CliRunner().invoke(optout, ["export", "evidence", *arguments, "-o", str(tmp_path / "bag")])
        assert isinstance(result.exception, InputError)

    def chosen(self, paths: Paths, **asked: str) -> choosing.Choice:
        with files.opened(paths) as copy:
            return choosing.choose(copy, **asked)


def test_a_citation_for_bibtex_keeps_every_sign_of_its_subject() -> None:
    gathered = Gathered(r"Search: 50% of {a} \b_c & $d", True, [], [], [], [], [], [], {}, None)
    entry = citing.bibtex(gathered, "2024-05-01T00:00:00Z")
    assert r"title = {Search: 50\% of \{a\} \textbackslash{}b\_c \& \$d}" in entry
    assert entry.replace(r"\{", "").replace(r"\}", "").count("{") == entry.replace(r"\{", "").replace(r"\}", "").count(
        "}"
    )
