"""The HTML of posts, in the markup of real ones."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from demo import Forum
from demo.cook import excerpt, internal_topic


@pytest.fixture
def first(client: httpx.Client) -> dict[str, Any]:
    """The post that holds a paragraph of every kind."""
    return dict(client.get("/t/10.json").json()["post_stream"]["posts"][0])


@pytest.fixture
def second(client: httpx.Client) -> dict[str, Any]:
    """The post after the gap, by one of the staff."""
    return dict(client.get("/t/10.json").json()["post_stream"]["posts"][1])


def test_text_gets_typographic_marks_but_urls_do_not(first: dict[str, Any]) -> None:
    assert "They said “one box”… and sent" in first["cooked"]
    assert (
        '<a href="https://elsewhere.example/a--b" rel="noopener nofollow ugc">https://elsewhere.example/a--b</a>.'
        in first["cooked"]
    )


def test_an_emoji_is_a_picture_with_its_name(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert 'title=":package:" class="emoji" alt=":package:"' in first["cooked"]
    assert 'title=":tada:" class="emoji only-emoji"' in second["cooked"]
    assert second["cooked"].count('class="emoji"') == 1


def test_a_mention_links_to_a_user_who_exists(first: dict[str, Any]) -> None:
    assert '<a class="mention" href="/u/bert_b">@bert_b</a>' in first["cooked"]
    assert '<span class="mention">@nobody</span>' in first["cooked"]


def test_a_quotation_names_its_source(second: dict[str, Any]) -> None:
    aside = LexborHTMLParser(second["cooked"]).css_first("aside.quote")
    assert aside is not None
    assert aside.attributes == {
        "class": "quote no-group quote-modified",
        "data-username": "ann",
        "data-post": "1",
        "data-topic": "10",
    }
    assert aside.css_first("div.title img.avatar") is not None
    assert aside.css_first("div.title a") is None
    assert aside.css_first("div.title").text().strip() == "ann:"
    assert aside.css_first("blockquote").text().strip() == "words that nobody wrote"


def test_a_quotation_from_another_topic_links_to_it(first: dict[str, Any]) -> None:
    assert '<aside class="quote no-group" data-username="cleo" data-post="2" data-topic="11">' in first["cooked"]
    assert '<a href="https://quay.example/t/a-long-thread/11/2">A long thread</a></div>' in first["cooked"]


def test_a_quotation_without_a_source_has_no_title(first: dict[str, Any]) -> None:
    assert '<aside class="quote no-group">\n<blockquote>\n<p>Without a source.</p>\n</blockquote>' in first["cooked"]


def test_the_preview_of_a_topic_is_an_aside_without_a_username(first: dict[str, Any]) -> None:
    assert '<aside class="quote" data-post="1" data-topic="11">' in first["cooked"]
    assert "<blockquote>\n    Post 1.\n  </blockquote>" in first["cooked"]


def test_the_preview_of_a_page_elsewhere_has_its_source(first: dict[str, Any]) -> None:
    aside = LexborHTMLParser(first["cooked"]).css_first("aside.onebox")
    assert aside is not None
    assert aside.attributes["class"] == "onebox allowlistedgeneric"
    assert aside.attributes["data-onebox-src"] == "https://news.example/story"
    assert aside.css_first("header.source a").text() == "news.example"
    assert aside.css_first("article.onebox-body h3 a").text() == "A story"
    assert aside.css_first("article.onebox-body p").text() == "What it says."


def test_a_bare_address_of_the_forum_shows_the_title(first: dict[str, Any]) -> None:
    assert (
        '<a href="https://quay.example/t/a-long-thread/11/3" class="inline-onebox">A long thread - #3 by ann</a>'
        in first["cooked"]
    )


def test_lists_code_headings_details_and_tables_have_their_markup(first: dict[str, Any]) -> None:
    for markup in (
        "<ul>\n<li>one</li>\n<li><strong>two</strong></li>\n</ul>",
        '<pre><code class="lang-auto">a &lt; b\n</code></pre>',
        f'<h2><a name="p-{first["id"]}-a-heading-1" class="anchor" href="#p-{first["id"]}-a-heading-1"',
        "<details>\n<summary>\nMore</summary>\n<p>Hidden <em>text</em></p>\n</details>",
        '<div class="md-table">\n<table>\n<thead>\n<tr>\n<th>Head</th>\n<th>Tail</th>\n</tr>\n</thead>',
        "<td>2 &amp; 3</td>",
    ):
        assert markup in first["cooked"]


def test_a_big_picture_is_in_a_lightbox(first: dict[str, Any]) -> None:
    box = LexborHTMLParser(first["cooked"]).css_first("div.lightbox-wrapper > a.lightbox")
    assert box is not None
    assert str(box.attributes["href"]).startswith("/uploads/default/original/1X/")
    assert str(box.attributes["data-download-href"]).startswith("/uploads/short-url/")
    assert box.css_first("img").attributes["width"] == "690"
    assert box.css_first("div.meta span.filename").text() == "a box"


def test_links_are_counted_and_links_back_are_reflections(client: httpx.Client, first: dict[str, Any]) -> None:
    links = {link["url"]: link for link in first["link_counts"]}
    assert set(links) == {
        "https://elsewhere.example/a--b",
        "https://quay.example/t/a-long-thread/11/2",
        "https://quay.example/t/a-long-thread/11",
        "https://quay.example/t/a-long-thread/11/3",
        "https://news.example/story",
    }
    assert links["https://news.example/story"]["title"] == "A story"
    assert links["https://quay.example/t/a-long-thread/11"]["internal"] is True
    back = client.get("/t/11.json").json()["post_stream"]["posts"][1]["link_counts"]
    assert [(link["url"], link["reflection"]) for link in back] == [
        ("https://quay.example/t/every-kind-of-paragraph/10", True)
    ]


def test_who_is_quoted_is_not_named_again_as_the_one_answered(client: httpx.Client, second: dict[str, Any]) -> None:
    assert second["reply_to_post_number"] == 1
    assert "reply_to_user" not in second
    answer = client.get("/t/12.json").json()["post_stream"]["posts"][2]
    assert answer["reply_to_user"]["username"] == "ann"


def test_the_staff_of_the_marketplace_can_be_told_apart(second: dict[str, Any]) -> None:
    assert (second["staff"], second["moderator"], second["admin"]) == (True, True, False)
    assert (second["user_title"], second["primary_group_name"]) == ("Community Team", "marketplace_staff")


def test_no_label_reaches_a_reader(client: httpx.Client) -> None:
    assert "x.boxes" not in client.get("/t/10.json").text
    assert "made-up label" not in client.get("/t/10.json").text


def test_an_excerpt_leaves_quotations_out() -> None:
    cooked = "<aside class='quote'><p>no</p></aside><p>Some <b>words</b> of my own</p>"
    assert excerpt(cooked, 100) == "Some words of my own"
    assert excerpt(cooked, 10) == "Some words&hellip;"


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://quay.example/t/a-long-thread/11", (11, None)),
        ("/t/a-long-thread/11/3?u=ann", (11, 3)),
        ("/t/11/3", (11, 3)),
        ("https://other.example/t/a-long-thread/11", None),
        ("/t/a-long-thread", None),
        ("/c/fees/4", None),
    ],
)
def test_an_address_of_a_topic_is_recognised(written: Forum, url: str, names: tuple[int, int | None] | None) -> None:
    assert internal_topic(url, written) == names
