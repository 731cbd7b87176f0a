"""What the page of a search says to people who mistype, who ask in a sentence, and who follow an old address."""

from __future__ import annotations

import asyncio
import csv
import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from datasette.app import Datasette
from selectolax.lexbor import LexborHTMLParser

from publish import feeds, search
from publish.build import build
from publish.query import search_query
from publish.schema import DATABASE
from publish.spelling import distance, folded
from publish.suggestions import meant, spellings
from taxonomy import Taxonomy
from tests.publish.awkward_archive import PROGRAM, THEME, Archive
from tests.publish.conftest import datasette
from tests.publish.test_pages import ATOM, ask, page, text

Get = Callable[[str], Any]
# What somebody wrote, once each, for the words that a search may be put right to.
SENTENCES = (
    "Promise optimization came without a word.", "Fulfilment fees rose for prepaid labels, and fulfilment got worse.",
    "Automated handling time was switched on.", "They authorise returns by themselves.", "The listing was rewritten.",
)  # fmt: skip


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy, metadata: dict[str, Any]) -> Datasette:
    archive = Archive(tmp_path_factory.mktemp("spoken") / "archive.db")
    thread = archive.thread("1", "x")
    for number, sentence in enumerate(SENTENCES * 5, 1):
        archive.post(thread, number, "Joe", f"<p>{sentence}</p>")
    archive.close()
    build(archive.paths, taxonomy)
    return datasette(archive.paths, metadata)


def answered(site: Datasette, q: str) -> tuple[list[str], list[str]]:
    """(names of the programs and themes that are meant, other ways to write it)."""

    async def answer() -> tuple[list[str], list[str]]:
        await site.invoke_startup()
        database = site.databases[DATABASE]
        named = [entry["name"] for entry in await meant(database, q)]
        return named, [way for way, _ in await spellings(database, q, 0)]

    return asyncio.run(answer())


class TestMeant:
    @pytest.mark.parametrize(
        ("typed", "program"),
        [
            ("Promise Optimisaton", "Promise Optimization"),
            ("Optimisaton", "Promise Optimization"),
            ("promise optimisation", "Promise Optimization"),
            ("Fullfilment", "Remote Fulfillment with FBA"),
            ("remote fulfilment", "Remote Fulfillment with FBA"),
            ("prepayed lable", "Amazon Prepaid Return Label program"),
            ("automated handeling time", "Automated Handling Time"),
            ("how do I get out of Automated Handling Time?", "Automated Handling Time"),
            ("how do I get out of AHT", "Automated Handling Time"),
            ("refund first scan", "Refund at First Scan"),
            ("automatic authorization", "Automatic authorisation of in-policy returns"),
            ("comingling", "Stickerless, commingled inventory (manufacturer barcode default)"),
            ("PO", "Promise Optimization"),
        ],
    )
    def test_the_program_is_offered_whatever_the_slip_the_english_or_the_sentence(
        self, spoken: Datasette, typed: str, program: str
    ) -> None:
        assert program in answered(spoken, typed)[0]

    @pytest.mark.parametrize(
        "typed", ["the", "lable", "po box", "zyzzyva", "listing was", '"', "", "what is it", "😀", "x" * 500]
    )
    def test_what_names_none_is_given_none(self, spoken: Datasette, typed: str) -> None:
        assert answered(spoken, typed)[0] == []

    def test_a_word_that_posts_do_have_is_no_slip(self, spoken: Datasette) -> None:
        # `listing` is in five posts; `lasting`, in none, may be one of the programs about listings.
        assert answered(spoken, "rewritten listing")[0] == []
        assert answered(spoken, "switced")[0] == []

    def test_a_theme_is_offered_too(self, spoken: Datasette) -> None:
        assert "Opt-out does not stick" in answered(spoken, "does not stick")[0]

    @pytest.mark.parametrize(
        ("british", "american"),
        [("optimisation", "optimization"), ("fulfilment", "fulfillment"), ("labelled", "labeled"), ("favour", "favor"),
         ("centre", "center"), ("licence", "license"), ("catalogue", "catalog"), ("analyse", "analyze")],
    )  # fmt: skip
    def test_both_kinds_of_english_are_one_word(self, british: str, american: str) -> None:
        assert folded(british) == folded(american.upper())

    @pytest.mark.parametrize(("word", "other"), [("his", "hiz"), ("wise", "wize"), ("sour", "sor"), ("fence", "fense")])
    def test_short_words_stay_as_they_are(self, word: str, other: str) -> None:
        assert folded(word) != other

    def test_neighbours_that_were_exchanged_are_one_slip(self) -> None:
        assert [distance("label", other) for other in ("lable", "alble", "labels", "laebls")] == [1, 2, 1, 2]
        assert distance("label", "elephants") == 3


class TestOtherWays:
    def test_words_are_put_right_together(self, spoken: Datasette) -> None:
        assert answered(spoken, "prepayed lables")[1][0] == "prepaid labels"

    def test_the_other_english_is_offered_where_posts_have_it(self, spoken: Datasette) -> None:
        assert "fulfilment fees" in answered(spoken, "fulfillment fees")[1]
        assert "authorise returns" in answered(spoken, "authorize returns")[1]

    def test_a_question_is_reduced_to_what_it_asks_about(self, spoken: Datasette) -> None:
        assert answered(spoken, "how do I get out of automated handling time?")[1] == ['"Automated Handling Time"']
        assert answered(spoken, "why was it switched on?")[1] == ["switched"]


class TestWhatIsSaid:
    @pytest.mark.parametrize("q", ['"', "*", "()", "-", "???", '""', "- -", "\N{EM DASH}"])
    def test_a_search_without_a_word_is_told_so(self, get: Get, q: str) -> None:
        shown = text(page(get, "/search?" + urlencode({"q": q})))
        assert f"There is no word in {q.strip()}, so there is nothing to look for" in shown
        assert "Nothing was found" not in shown and "post, best match first" not in shown

    def test_words_to_leave_out_alone_are_no_search_either(self, get: Get) -> None:
        assert "only says what must not occur" in text(page(get, "/search?q=-amazon"))

    def test_words_to_leave_out_narrow_filters(self, get: Get) -> None:
        def found(q: str) -> list[str | None]:
            return [a.attributes["href"] for a in page(get, f"/search?theme={THEME}&q={q}").css(".hits a.title")]

        assert found("") == ["/thread/sas/3686#p2", "/thread/sas/3686#p1"]
        assert found("-settings") == ["/thread/sas/3686#p2"]
        shown = text(page(get, f"/search?theme={THEME}&q=-settings"))
        assert "Posts of these filters without -settings" in shown
        assert search_query("-a", theme="t").endswith('NOT {title text} : "a"')

    def test_filters_decide_where_there_is_no_word(self, get: Get) -> None:
        html = page(get, f"/search?q=%22&theme={THEME}")
        assert "the filters alone decide" in text(html) and len(html.css(".hits a.title")) == 2

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ("program=nosuch", "There is no program “nosuch” here."),
            ("theme=nosuch", "There is no theme “nosuch” here."),
            ("site=x", "There is no forum “x” here."),
            ("year=abc", "“abc” is no year."),
            ("year=1999", "Nothing is held of the year 1999."),
            ("voice=loud", "There is no voice “loud” here."),
            ("state=zombie", "There is no state “zombie” here."),
            ("program=amz.fba_donations", "No post here is about “FBA Donations”."),
            ("program=<b>", "There is no program “<b>” here."),
        ],
    )
    def test_an_unknown_value_of_a_filter_is_named_with_the_way_out(self, get: Get, asked: str, said: str) -> None:
        html = page(get, f"/search?q=switch&{asked}")
        notice = html.css_first(".notice.gone")
        assert said in " ".join(notice.text().split())
        assert notice.css_first("a").attributes["href"] == "/search?q=switch"
        # The form shows what is asked, so that one sees it and can change it.
        kind, _, value = asked.partition("=")
        assert html.css_first(f"select[name={kind}] option[selected]").attributes["value"] == value

    def test_a_filter_is_the_same_in_capitals(self, get: Get) -> None:
        html = page(get, f"/search?program={PROGRAM.upper()}")
        assert html.css_first(".notice.gone") is None and html.css(".hits a.title")

    @pytest.mark.parametrize("asked", ["forum=x", "sort=random", "page=last", "page=0", "page=-1", "page=9999999999"])
    def test_a_parameter_that_says_nothing_is_named(self, get: Get, asked: str) -> None:
        html = page(get, f"/search?q=switch&{asked}")
        assert f"Not understood, and left out: {asked}." in text(html) and html.css(".hits a.title")

    def test_a_page_behind_the_last_says_how_many_there_are(self, get: Get) -> None:
        html = page(get, "/search?q=switch&page=99")
        shown = text(html)
        assert "There is no page 99." in shown and "found, on 1 page" in shown
        assert "There is no page 999,999,999." in text(page(get, "/search?q=switch&page=999999999"), ".nothing")
        assert html.css_first(".nothing a").attributes["href"] == "/search?q=switch"
        assert "Nothing was found" not in shown

    def test_pages_are_counted(
        self, tmp_path: Path, taxonomy: Taxonomy, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = Archive(tmp_path / "archive.db")
        thread = archive.thread("1", "x")
        for number in range(1, 2 * search.PAGE + 2):
            archive.post(thread, number, "Joe", "<p>labels</p>")
        archive.close()
        build(archive.paths, taxonomy)
        site = datasette(archive.paths, metadata)
        second = LexborHTMLParser(ask(site, "/search?q=label&page=2").text)
        assert "41 posts, best match first; page 2 of 3" in text(second, ".result")
        last = LexborHTMLParser(ask(site, "/search?q=label&page=4").text).css(".nothing a")[-1]
        assert last.attributes["href"] == "/search?q=label&page=3"
        # Beyond the newest matches that are ranked nothing is served, in whatever order.
        monkeypatch.setattr(search, "MOST_PAGES", 1)
        assert "There is no page 2." in text(LexborHTMLParser(ask(site, "/search?site=sas&page=2").text), ".nothing")

    def test_rows_and_feed_are_those_of_the_page(self, get: Get) -> None:
        for asked in ("q=optimization&sort=oldest", f"q=-settings&theme={THEME}", "q=switch&program=nosuch", "q=%22"):
            shown = [a.attributes["href"] for a in page(get, f"/search?{asked}").css(".hits a.title")]
            rows = list(csv.DictReader(io.StringIO(get(f"/-/export/search.csv?{asked}").text)))
            assert [row["permalink"] for row in rows] == shown, asked
            assert [row["permalink"] for row in get(f"/-/export/search.json?{asked}").json()["rows"]] == shown
            feed = ElementTree.fromstring(get(f"/search.atom?{asked}").text)
            links = {link.attrib["href"] for link in feed.iter(f"{ATOM}link") if "/thread/" in link.attrib["href"]}
            assert {link.removeprefix("http://localhost") for link in links} == set(shown), asked

    def test_a_feed_has_the_newest_whatever_the_order_of_the_page_and_says_so(self, get: Get) -> None:
        for order in ("", "&sort=newest", "&sort=oldest"):
            html = page(get, f"/search?q=optimization{order}")
            linked = [a for a in html.css(".result a, head link") if "/search.atom" in (a.attributes["href"] or "")]
            assert {link.attributes["href"] for link in linked} == {"/search.atom?q=optimization"} and len(linked) == 2
            assert f"newest {feeds.ENTRIES}" in linked[-1].text()
            feed = ElementTree.fromstring(get(f"/search.atom?q=optimization{order}").text)
            assert feed.findtext(f"{ATOM}title") == f"Search: optimization (newest {feeds.ENTRIES})"
            assert not [link for link in feed.findall(f"{ATOM}link") if "sort" in link.attrib["href"]]

    def test_a_program_that_is_meant_says_how_one_gets_out_of_it(self, get: Get) -> None:
        said = text(page(get, "/search?q=how+do+I+get+out+of+promise+optimization"), ".meant")
        assert "Program: Promise Optimization" in said and "way out: a survey form, last checked 20" in said

    def test_markup_in_what_is_said_stays_text(self, get: Get) -> None:
        typed = quote("<script>alert(1)</script>")
        html = page(get, f"/search?q={quote('<>')}&program={typed}&site={typed}&x={typed}")
        assert html.css("main script") == [] and "<script>alert(1)</script>" in text(html)
