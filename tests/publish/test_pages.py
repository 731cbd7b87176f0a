from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from archive.database import Paths, open_archive
from publish import labels, spelling
from publish.build import build
from publish.changes import changes
from publish.citing import as_bibtex, tex
from publish.notes import title
from publish.site import Settings
from publish.words import Words
from taxonomy import Taxonomy
from tests.publish.awkward_archive import OTHER_PROGRAM, PROGRAM, THEME, Archive
from tests.publish.conftest import datasette

Get = Callable[[str], Any]
ATOM = "{http://www.w3.org/2005/Atom}"


def page(get: Get, path: str) -> LexborHTMLParser:
    answer = get(path)
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


def text(html: LexborHTMLParser, selector: str = "main") -> str:
    return " ".join(html.css_first(selector).text().split())


def ask(site: Any, path: str) -> Any:
    async def answer() -> Any:
        await site.invoke_startup()
        return await site.client.get(path)

    return asyncio.run(answer())


class TestProgram:
    def test_it_says_what_it_is_how_to_get_out_and_what_that_rests_on(self, get: Get) -> None:
        html = page(get, f"/program/{PROGRAM}")
        assert html.css_first("h1").text() == "Promise Optimization"
        assert "A survey form" in text(html, ".facts") and "Last checked" in text(html, ".facts")
        assert "2024-03-21" in text(html, ".history")
        assert html.css_first(".sources a").attributes["href"].startswith("https://")

    def test_what_nobody_can_switch_off_may_still_have_ways_around_it(self, get: Get) -> None:
        shown = text(page(get, "/program/amz.automated_handling_time"))
        assert "Mandatory It applies without a choice" in shown and "None once in it: avoid by" in shown
        assert "There is no way out" not in shown

    def test_sources_that_all_dates_share_are_said_once_and_not_to_be_of_each(self, get: Get) -> None:
        html = page(get, "/program/amz.automated_handling_time")
        assert html.css(".history a") == []
        assert (
            "No date has sources of its own: all of them rest on [1] [2] [3] [4] [5] (at best press or blog)."
            in text(html)
        )
        assert "[1] (a forum)" in text(page(get, f"/program/{PROGRAM}"), ".history")

    def test_its_counts_are_those_of_the_rows_and_their_uncertainty_is_said(self, get: Get) -> None:
        shown = text(page(get, f"/program/{PROGRAM}"))
        assert "3 posts by 3 authors in 2 threads" in shown
        assert "2 of 3 posts name the program" in shown and "read them rather than the chart" in shown

    def test_it_leads_to_the_first_complaint_the_vanished_threads_and_the_other_programs(self, get: Get) -> None:
        html = page(get, f"/program/{PROGRAM}")
        links = [a.attributes["href"] for a in html.css("main a")]
        assert "/thread/sas/99#p1" in links and f"/program/{OTHER_PROGRAM}" in links and "/forum/sas" in links
        assert "vanished" in text(html)

    def test_one_that_nobody_wrote_about_has_a_page_too(self, get: Get) -> None:
        assert "Way out" in text(page(get, "/program/amz.fba_donations"))

    @pytest.mark.parametrize("path", ["/program/no.such", "/theme/no_such", "/forum/none", "/program/no.such.atom"])
    def test_an_unknown_one_is_not_found(self, get: Get, path: str) -> None:
        assert get(path).status_code == 404


class TestOverviews:
    def test_the_matrix_has_the_posts_of_each_pair_and_leads_to_them(self, get: Get) -> None:
        links = {a.attributes["href"]: a.text() for a in page(get, "/matrix").css("td.cell a")}
        assert links[f"/search?program={PROGRAM}&theme={THEME}"] == "2"

    def test_programs_narrow_by_platform_and_way_in(self, get: Get) -> None:
        rows = page(get, "/programs?marketplace=ebay").css("tbody tr")
        assert rows and all("eBay" in row.text() for row in rows)
        assert "No program is both" in text(page(get, "/programs?marketplace=ebay&mode=no_such"))

    def test_coverage_tells_what_is_missing_and_why(self, get: Get) -> None:
        shown = text(page(get, "/coverage"))
        assert "1 post: the source withholds it" in shown and "2020" in shown

    def test_small_actions_and_empty_posts_are_not_counted_as_untagged(
        self, archived: Paths, taxonomy: Taxonomy
    ) -> None:
        connection = open_archive(archived.database).conn
        posts = connection.execute("select count(*) from posts where kind = 'post'").fetchone()[0]
        connection.close()
        build(archived, taxonomy)
        import sqlite3

        with sqlite3.connect(archived.published) as published:
            untagged = published.execute("select value from about where key = 'posts_untagged'").fetchone()[0]
        published.close()
        assert int(untagged) == posts


class TestThreadPage:
    def test_notes_stand_at_their_paragraph_and_open_without_a_script(self, get: Get) -> None:
        html = page(get, "/thread/sas/3686")
        paragraph = html.css_first("#p1 .body p")
        assert paragraph.css_first(".notes button[popovertarget='p1-0-0']") is not None
        assert paragraph.css_first("#p1-0-0[popover]") is not None

    def test_an_inherited_tag_leads_to_where_the_program_is_named(self, get: Get) -> None:
        why = page(get, "/thread/sas/3686").css("#p2 .why")
        assert any("named in the title: “Promise Optimization”" in " ".join(node.text().split()) for node in why)
        assert any(a.attributes["href"] == "/thread/sas/3686#p1" for node in why for a in node.css("a"))

    def test_programs_that_the_title_names_are_marked_in_it(self, get: Get) -> None:
        mark = page(get, "/thread/sas/3686").css_first("h1 a.mark")
        assert (mark.text(), mark.attributes["href"]) == ("Promise Optimization", f"/program/{PROGRAM}")

    def test_what_it_links_to_and_what_links_to_it_is_listed_with_its_fate(self, get: Get) -> None:
        out = text(page(get, "/thread/sas/3686"), "#links")
        assert "vanished" in out and "linked in post 1" in out
        assert any(a.attributes["href"] == "/thread/sas/3686#p1" for a in page(get, "/thread/sas/99").css("#links a"))

    def test_a_dead_link_says_when_it_was_looked_up_in_vain(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: Any
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        post = archive.post(archive.thread("1", "x"), 1, "Joe", "<p>see <a href='/t/5'>this</a></p>")
        archive.insert(
            "links",
            post_id=post,
            url="https://forum.example/t/5",
            kind="link",
            title="this",
            target_site_id="sas",
            target_native_id="5",
            state="unknown",
        )
        archive.insert(
            "lookups",
            run_id=archive.run,
            archive="wayback",
            url="https://forum.example/t/5",
            site_id="sas",
            native_id="5",
            reason="link in POST",
            state="none",
            detail="",
            captures_listed=0,
            captures_fetched=0,
            new_posts=0,
            looked_at="2024-06-01T00:00:00Z",
        )
        archive.close()
        build(archive.paths, taxonomy)
        answer = ask(datasette(archive.paths, metadata), "/thread/sas/1")
        assert "nothing was found in web archives, looked up on 2024-06-01" in " ".join(answer.text.split())
        assert "[not held]" in answer.text

    def test_an_edit_is_shown_as_what_went_and_what_came(self, get: Get) -> None:
        earlier = page(get, "/thread/sas/3686").css_first("#p1 .changes")
        assert "PO is on" in earlier.css_first("del").text() and "switch anywhere" in earlier.css_first("ins").text()

    def test_title_marks_that_overlap_or_hold_markup_are_safe(self) -> None:
        shown = title("<b>PO</b> PO", '[[3, 5, "p"], [4, 6, "q"], [10, 12, "p"]]', {"p": "<P>"}, "")
        assert str(shown).count("<a ") == 2 and "&lt;b&gt;" in shown and "<b>" not in shown


class TestChanges:
    def test_equal_texts_have_none(self) -> None:
        assert changes("a b", "a b") == ""

    def test_words_are_compared_and_markup_stays_text(self) -> None:
        assert (
            changes("I like <b> it so much", "I like <i> it so much")
            == "I like &lt;<del>b</del><ins>i</ins>&gt; it so much"
        )

    def test_a_rewritten_text_is_shown_whole_before_and_after(self) -> None:
        assert changes("one two", "three four five") == "<del>one two</del><ins>three four five</ins>"

    def test_long_unchanged_stretches_are_cut(self) -> None:
        assert len(changes("word " * 1000 + "a", "word " * 1000 + "b")) < 300


class TestCitation:
    def test_it_has_author_title_day_source_capture_and_digest(self, get: Get) -> None:
        said = get("/thread/sas/3686/cite/1.txt").text
        assert re.match(r"seller-[0-9a-f]{6}, post 1 in “Promise Optimization: on by default", said)
        assert "2024-03-21" in said and "https://forum.example/t/3686/1" in said
        assert "Captured 2024-05-01 00:05 UTC from the forum, sha256:" in said and "/thread/sas/3686#p1" in said

    def test_bibtex_has_balanced_braces_and_no_command_of_the_title(self, get: Get) -> None:
        entry = get("/thread/sas/99/cite/1.bib").text
        assert entry.startswith("@misc{sas-99-1,") and r"\& " in entry
        assert tex("50 % of {x}_\\y & $z #1 ~^") == (
            r"50 \% of \{x\}\_\textbackslash{}y \& \$z \#1 \textasciitilde{}\textasciicircum{}"
        )

    def test_a_post_without_a_capture_or_a_date_can_be_cited(self) -> None:
        post = {"site_id": "s", "thread_native_id": "1", "number": 2, "author": None, "title": "t", "site": "S", "created_at": None,
                "url": "u", "captured_at": None, "route": None, "digest": None, "state": "present", "thread_state": "live"}  # fmt: skip
        assert "Anonymous" in as_bibtex(post, "https://a.example/x") and "urldate" not in as_bibtex(
            post, "https://a.example/x"
        )

    @pytest.mark.parametrize(
        "path", ["/thread/sas/3686/cite/4", "/thread/sas/3686/cite/999999999", "/thread/no/1/cite/1"]
    )
    def test_a_post_that_is_not_held_cannot_be_cited(self, get: Get, path: str) -> None:
        assert get(path).status_code == 404


class TestFeeds:
    @pytest.mark.parametrize(
        "path",
        [
            "/feed.atom",
            f"/program/{PROGRAM}.atom",
            f"/theme/{THEME}.atom",
            "/forum/sas.atom",
            "/search.atom?q=switch",
            "/search.atom?q=%22",
        ],
    )
    def test_a_feed_is_well_formed_and_says_what_atom_asks_for(self, get: Get, path: str) -> None:
        answer = get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/atom+xml")
        root = ElementTree.fromstring(answer.text)
        for node in (root, *root.iter(f"{ATOM}entry")):
            assert all(node.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated"))
        ids = [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")]
        assert len(ids) == len(set(ids)) and (ids or path.endswith("%22"))

    def test_entries_are_named_by_the_sources_own_numbers(self, get: Get) -> None:
        root = ElementTree.fromstring(get(f"/theme/{THEME}.atom").text)
        assert [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")] == [
            "tag:localhost,2018:post/sas/3686/2",
            "tag:localhost,2018:post/sas/3686/1",
        ]

    def test_small_actions_are_no_entries(self, get: Get) -> None:
        assert "post/sas/3686/7" not in get("/feed.atom").text


class TestSearchEngines:
    def test_they_are_kept_out_unless_the_operator_decides_otherwise(self, get: Get) -> None:
        assert get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
        assert get("/sitemap.xml").status_code == 404
        assert get("/programs").headers["x-robots-tag"] == "noindex" and 'content="noindex"' in get("/").text

    @pytest.mark.parametrize(("index", "programs", "threads"), [("pages", True, False), ("all", True, True)])
    def test_the_setting_decides_what_may_be_indexed(
        self, published: Paths, metadata: dict[str, Any], index: str, programs: bool, threads: bool
    ) -> None:
        site = datasette(published, metadata | {"plugins": {"optout": {"index": index, "contact": "me@a.example"}}})
        for path, allowed in (("/programs", programs), ("/thread/sas/3686", threads), ("/nowhere", False)):
            answer = ask(site, path)
            assert ("x-robots-tag" not in answer.headers) is allowed and (
                'content="noindex"' not in answer.text
            ) is allowed
        assert ("Disallow: /thread/" not in ask(site, "/robots.txt").text) is threads
        assert "sitemap-pages.xml" in ask(site, "/sitemap.xml").text
        assert f"/program/{PROGRAM}</loc>" in ask(site, "/sitemap-pages.xml").text
        assert (ask(site, "/sitemap-1.xml").status_code == 200) is threads
        assert 'href="mailto:me@a.example"' in ask(site, "/corrections").text

    @pytest.mark.parametrize("values", [None, [], {"index": "yes"}, {"index": 3, "contact": None}])
    def test_a_setting_that_makes_no_sense_is_the_strictest(self, values: object) -> None:
        assert Settings.read(values) == Settings("none", "")


class TestSuggestions:
    def test_a_slip_is_put_right_and_a_name_leads_to_its_page(self, get: Get) -> None:
        html = page(get, "/search?q=anywere")
        assert text(html, ".suggest") == "Did you mean anywhere?"
        assert "Nothing was found" in text(html, ".nothing")
        assert (
            page(get, "/search?q=promise+optimization").css_first(".meant a").attributes["href"]
            == f"/program/{PROGRAM}"
        )

    def test_words_run_together_are_taken_apart(self, get: Get) -> None:
        assert "switch anywhere" in text(page(get, "/search?q=switchanywhere"), ".suggest")

    def test_nothing_is_suggested_for_a_word_that_stands_in_posts(self, get: Get) -> None:
        assert page(get, "/search?q=anywhere").css_first(".suggest") is None

    def test_distances_are_counted_to_two_edits(self) -> None:
        assert [spelling.distance("label", other) for other in ("label", "labels", "lable", "cabal", "elephant")] == [
            0,
            1,
            1,
            2,
            3,
        ]
        assert "label" in spelling.one_edit("labl") and "label" in spelling.one_edit("lbael")

    def test_words_are_counted_once_a_post(self) -> None:
        words = Words()
        for post in ("Label label 2024 xy", "label"):
            words.add(post)
        assert words.most_common() == [("label", 2)]


class TestFilters:
    def test_they_combine_stay_in_the_address_and_can_be_taken_away(self, get: Get) -> None:
        html = page(get, f"/search?q=switch&program={PROGRAM}&year=2024&voice=seller&how=named&state=live&sort=oldest")
        assert [a.attributes["href"] for a in html.css(".hits a.title")] == ["/thread/sas/3686#p1"]
        chips = [a.attributes["href"] or "" for a in html.css(".chips a")]
        assert len(chips) == 5 and all("q=switch" in chip and "sort=oldest" in chip for chip in chips)

    def test_counts_follow_the_search_and_a_set_filter_still_counts_the_others(self, get: Get) -> None:
        html = page(get, "/search?q=optimization&year=2024")
        options = {option.text(strip=True) for option in html.css("select[name=year] option")}
        assert options == {"any year", "2024 (1)", "2020 (1)"}

    def test_deleted_and_hidden_posts_can_be_looked_for(self, get: Get) -> None:
        found = [a.attributes["href"] for a in page(get, "/search?state=deleted").css(".hits a.title")]
        assert found == ["/thread/sas/3686#p5"]

    def test_a_label_cannot_be_found_as_a_word(self, get: Get) -> None:
        assert "Nothing was found" in text(page(get, "/search?q=" + labels.token("site", "sas")))

    def test_labels_of_different_values_differ(self) -> None:
        values = ("a.b", "a-b", "a_b", "ab", "a0b", "a02e0b", "a2eb")
        assert len({labels.token("program", value) for value in values}) == len(values)


def test_every_page_has_a_title_of_its_own_one_main_heading_and_a_language(get: Get) -> None:
    paths = ("/", "/search", "/programs", f"/program/{PROGRAM}", "/themes", f"/theme/{THEME}", "/forums", "/forum/sas", "/matrix",
             "/coverage", "/method", "/corrections", "/thread/sas/3686", "/thread/sas/3686/cite/1", "/archive", "/archive/posts",
             "/archive/ways_out")  # fmt: skip
    titles = []
    for path in paths:
        html = page(get, path)
        titles.append(html.css_first("title").text(strip=True))
        assert len(html.css("h1")) == 1 and html.css_first("html").attributes["lang"] == "en"
        assert html.css_first("a.skip[href='#main']") is not None and html.css_first("#main") is not None
        ids = [node.id for node in html.css("[id]")]
        assert len(ids) == len(set(ids)), path
    assert len(set(titles)) == len(titles)


def test_parameters_of_a_question_are_picked_from_lists(get: Get) -> None:
    html = page(get, f"/archive/evidence_for_program?program={PROGRAM}&theme=")
    chosen = html.css_first("select[name=program] option[selected]")
    assert chosen.attributes["value"] == PROGRAM and chosen.text() == "Promise Optimization"
    assert html.css("script") == [] and html.css_first("select[name=theme]") is not None
