"""What pages, citations and packages say of where a post comes from, what became of it, and how sure its tags are.

All people, sentences and addresses are invented.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths
from publish import notes, wording
from publish.build import build
from publish.evidence import package
from publish.evidence.choosing import choose
from publish.evidence.gathering import attached, gather
from publish.exports import files
from taxonomy import Taxonomy
from tests.publish.awkward_archive import FORUM, PROGRAM, THEME, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ask, text

MEMENTO = f"https://web.example/web/20240102030405id_/{FORUM}/t/2"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy) -> Paths:
    archive = Archive(tmp_path_factory.mktemp("provenance") / "archive.db")
    live = archive.thread("1", "On it", posts_listed=3, posts_held=3)
    described = archive.post(live, 1, "Joe", "<p>They put me into the date thing by themselves.</p>")
    archive.program(archive.paragraphs(described)[0], "the date thing", how="described", rule="model", score=0.6)
    source = archive.conn.execute("select max(id) from paragraphs").fetchone()[0]
    meant = archive.post(live, 2, "stamp", "<p>Nobody told me about it.</p>")
    paragraph = archive.paragraphs(meant)[0]
    archive.program(paragraph, how="inherited", source_paragraph_id=source, start=5, end=8, rule="inherited", score=0.5)
    archive.theme(paragraph, "Nobody told me")
    named = archive.post(live, 3, "Joe", "<p>Promise Optimization, then: <a href='/t/2/2'>x</a>.</p>")
    archive.program(archive.paragraphs(named)[0], "Promise Optimization")
    removed = {"state": "deleted", "state_since": "2024-04-30T00:00:00Z"}
    archive.post(live, 4, "Joe", "<p>I take that back.</p>", **removed)

    memento = archive.capture(f"{FORUM}/t/2")
    archive.conn.execute("update captures set route = 'memento', via = ? where id = ?", [MEMENTO, memento])
    file = archive.capture(f"{FORUM}/t/3")
    archive.conn.execute("update captures set route = 'import', via = 'https://file.example' where id = ?", [file])
    gone = {"state": "recovered", "gone_at": "2024-05-01T00:00:00Z", "posts_listed": 5, "posts_held": 1}
    back = archive.thread("2", "Came back", capture_id=memento, **gone)
    archive.post(back, 4, "Joe", "<p>Still here.</p>", capture_id=memento)
    archive.insert(
        "missing_posts", thread_id=back, native_id="x", number=5, asked=1, reason="withheld", explained=1,
        first_missed_at="2024-05-01T00:05:00Z", last_missed_at="2024-05-01T00:05:00Z",
    )  # fmt: skip
    archive.insert(
        "links", post_id=named, url=f"{FORUM}/t/2/2", kind="link", title="x", target_site_id="sas",
        target_native_id="2", target_number=2, target_thread_id=back, state="recovered",
    )  # fmt: skip
    saved = archive.thread("3", "Saved", posts_listed=1, posts_held=1)
    archive.post(saved, 1, "Joe", "<p>From a file.</p>", capture_id=file)
    archive.close()
    build(archive.paths, taxonomy)
    return archive.paths


@pytest.fixture(scope="module")
def site(paths: Paths, metadata: dict[str, Any]) -> Datasette:
    return datasette(paths, metadata)


@pytest.fixture(scope="module")
def bag(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "bag"
    package.make(paths, folder, program=PROGRAM, public=True)
    return folder / "data"


def html(site: Datasette, path: str) -> LexborHTMLParser:
    return LexborHTMLParser(ask(site, path).text)


class TestCaptures:
    def test_only_the_address_of_a_memento_is_published(self, paths: Paths) -> None:
        with sqlite3.connect(paths.published) as copy:
            found = copy.execute("select distinct route, via from captures order by 1").fetchall()
        copy.close()
        assert found == [("import", None), ("live", None), ("memento", MEMENTO)]

    def test_an_address_in_a_web_archive_names_nobody(self, tmp_path: Path, taxonomy: Taxonomy) -> None:
        archive = Archive(tmp_path / "archive.db")
        capture = archive.capture(f"{FORUM}/u/kelpkitchen")
        via = f"https://web.example/web/20240102030405id_/{FORUM}/u/kelpkitchen"
        archive.conn.execute("update captures set route = 'memento', via = ? where id = ?", [via, capture])
        archive.close()
        build(archive.paths, taxonomy)
        with sqlite3.connect(archive.paths.published) as copy:
            (published,) = copy.execute("select via from captures").fetchone()
        copy.close()
        assert published.startswith("https://web.example/web/20240102030405id_/") and "kelpkitchen" not in published

    def test_a_reader_gets_from_a_recovered_post_to_the_web_archive(self, site: Datasette) -> None:
        for page in ("/thread/sas/2", "/thread/sas/2/cite/4"):
            assert MEMENTO in [a.attributes["href"] for a in html(site, page).css("main a")], page


class TestCitation:
    @pytest.mark.parametrize(
        ("post", "said", "unsaid"),
        [
            ("1/cite/1", ["from the forum, sha256:"], ["no longer", "Deleted"]),
            ("1/cite/4", ["Deleted at the source, found so on 2024-04-30; this is its last captured text."], ["no longer"]),
            ("2/cite/4", ["The forum no longer has the thread (found gone on 2024-05-01).", "from a web archive (", MEMENTO],
             ["Deleted"]),
            ("3/cite/1", ["from a saved file, sha256:"], ["no longer", "file.example"]),
        ],
    )  # fmt: skip
    def test_it_says_what_became_of_the_post_and_where_it_can_be_checked(
        self, site: Datasette, post: str, said: list[str], unsaid: list[str]
    ) -> None:
        for form in (".txt", ".bib", ""):
            found = ask(site, f"/thread/sas/{post}{form}").text.replace("\\_", "_")
            found = found if form else text(LexborHTMLParser(found))
            assert all(words in found for words in said), form
            assert not any(words in found for words in unsaid), form

    @pytest.mark.parametrize("post", ["9", "abc", "9.txt"])
    def test_a_post_that_is_not_held_is_told_from_a_thread_that_is_not(self, site: Datasette, post: str) -> None:
        found = html(site, f"/thread/sas/1/cite/{post}")
        assert text(found, ".lead") == f"Thread 1 of Sellers & Sellers has no post {post.partition('.')[0]}."
        assert "/thread/sas/1" in [a.attributes["href"] for a in found.css("main a")]
        assert (
            text(html(site, "/thread/sas/77/cite/1"), ".lead") == "The archive holds no thread 77 of Sellers & Sellers."
        )
        assert (
            text(html(site, "/thread/sas/1/nonsense"), ".lead")
            == "Thread 1 of Sellers & Sellers has no page “nonsense”."
        )


class TestThread:
    def test_its_head_counts_every_post_below_it(self, site: Datasette) -> None:
        page = html(site, "/thread/sas/1")
        assert "3 posts held of 3 that the forum listed, and 1 deleted" in text(page, ".facts-line")
        assert len(page.css("article.post")) == 4

    def test_a_link_to_a_post_that_is_not_held_leads_to_the_line_that_says_so(self, site: Datasette) -> None:
        assert "/thread/sas/2#p2" in [a.attributes["href"] for a in html(site, "/thread/sas/1").css("a")]
        page = html(site, "/thread/sas/2")
        gap = page.css_first("#p2").parent
        assert gap.attributes["class"] == "gap" and gap.text().startswith("Posts 1 to 3 are not held")
        # What is missing after the last post is said too.
        assert "Post 5 is not held: withheld" in page.css_first("#p5").parent.text()

    def test_every_voice_has_a_name_in_a_note(self) -> None:
        assert set(notes.VOICES) == set(wording.VOICES)

    def test_its_notes_tell_named_described_and_meant_apart(self, site: Datasette) -> None:
        shown = [" ".join(note.text().split()) for note in html(site, "/thread/sas/1").css(".why")]
        for words in ("Described, without its name: “the date thing”", "Meant; described, without its name, in post 1: “",
                      "The program is named: “Promise Optimization”"):  # fmt: skip
            assert any(words in note for note in shown), words


class TestPackage:
    def test_its_page_and_readme_say_how_sure_the_tags_are(self, bag: Path) -> None:
        page = text(LexborHTMLParser((bag / "index.html").read_text("utf-8")))
        readme = " ".join((bag / "README.txt").read_text("utf-8").split())
        for said in (page, readme):
            assert "by rules and a model, and not by people: tags err" in said
            assert "of 100 tags of programs 90 (80 to 100) were right" in said
            assert "of 100 themes that are there 25 (15 to 35) were found" in said
            assert "85 (75 to 95) right, on 40 in the test" in said
        assert "Rule model, confidence 0.60" in page

    def test_its_tags_tell_named_described_and_meant_apart(self, bag: Path) -> None:
        page = text(LexborHTMLParser((bag / "index.html").read_text("utf-8")))
        for said in ("Described, without its name: “the date thing”", "Meant; described, without its name, in post 1",
                     "The program is named: “Promise Optimization”"):  # fmt: skip
            assert said in page
        rows = list(csv.DictReader(io.StringIO((bag / "tags.csv").read_text("utf-8"), newline="")))
        found = {(row["how"], row["evidence_how"], row["source_number"]) for row in rows if row["kind"] == "program"}
        assert found == {("described", "described", ""), ("inherited", "described", "1"), ("named", "named", "")}
        assert {row["tag"] for row in rows} == {PROGRAM, THEME}

    def test_with_names_its_tags_are_the_same(self, paths: Paths, bag: Path, tmp_path: Path) -> None:
        with files.opened(paths) as copy:
            choice = choose(copy, program=PROGRAM)
        kept = (
            "post_id",
            "kind",
            "tag",
            "how",
            "evidence",
            "evidence_in",
            "evidence_how",
            "source_number",
            "paragraph_id",
        )
        found = []
        for masked in (True, False):
            with attached(paths) as archive:
                tags = gather(archive, choice, masked=masked).tags
            found.append(json.dumps([[tag[name] for name in kept] for tag in tags]))
        assert found[0] == found[1]

    def test_it_is_cited_by_the_names_of_forums_and_leads_to_web_archives(self, paths: Paths, tmp_path: Path) -> None:
        package.make(paths, tmp_path / "bag", thread="/thread/sas/2", public=True)
        data = tmp_path / "bag" / "data"
        assert "1 posts of Sellers & Sellers, written" in (data / "citation.txt").read_text("utf-8")
        for name in ("captures.csv", "posts.csv", "index.html"):
            assert MEMENTO in (data / name).read_text("utf-8"), name
