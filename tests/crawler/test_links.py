"""What a post points to, and by what an edit is told from a page that was built anew."""

from __future__ import annotations

import pytest
from hypothesis import given

from archive.markup import render
from crawler.links import PostLink, content_digest, post_links
from crawler.sites import ADAPTERS, Site
from tests.crawler.test_markup import FRAGMENTS

SITE = Site("forum", "discourse", "https://forum.example")


def links(html: str) -> list[PostLink]:
    return post_links(html, ADAPTERS["discourse"], SITE)


def test_links_come_in_order_and_once() -> None:
    html = '<p><a href="/t/x/1">One</a> <a href="https://b.example/">B</a> <a href="/t/x/1">again</a></p>'
    assert links(html) == [
        PostLink("https://forum.example/t/x/1", "link", "One"),
        PostLink("https://b.example/", "link", "B"),
    ]


def test_a_quotation_points_to_its_post_and_what_is_quoted_keeps_its_links() -> None:
    html = (
        '<aside class="quote" data-username="ann" data-topic="7" data-post="3"><div class="title"><img class="avatar"'
        ' src="/a.png"><a href="https://forum.example/t/x/7/3">A title</a></div><blockquote><p>See'
        ' <a href="https://b.example/">B</a></p></blockquote></aside><p><a href="https://c.example/">C</a></p>'
    )
    assert [(link.url, link.kind) for link in links(html)] == [
        ("https://forum.example/t/7/3", "quote"),
        ("https://b.example/", "link"),
        ("https://c.example/", "link"),
    ]


def onebox(text: str = "Words", picture: str = "1.png", source: str = "https://b.example/page") -> str:
    return (
        f'<p>Look:</p><aside class="onebox allowlistedgeneric" data-onebox-src="{source}"><header class="source"><img'
        f' src="/i/{picture}" class="site-icon"><a href="https://b.example/page?x={picture}">b.example</a></header>'
        f'<article><h3><a href="https://b.example/page?utm={picture}">The title</a></h3><p>{text}</p></article></aside>'
    )


def test_a_preview_points_to_its_page_with_its_title() -> None:
    assert links(onebox()) == [PostLink("https://b.example/page", "preview", "The title")]


def test_mentions_and_inline_previews_are_told_apart_and_parts_of_the_page_are_left_out() -> None:
    html = (
        '<a class="mention" href="/u/ann">@ann</a> <a class="inline-onebox" href="/t/x/1">T</a>'
        ' <a class="lightbox" href="/big.png"><img src="/small.png"></a> <a class="anchor" href="#h">#</a>'
        ' <a class="hashtag-cooked" href="/c/fees/4">fees</a> <a href="#top">top</a> <a>none</a>'
    )
    assert [(link.url, link.kind) for link in links(html)] == [
        ("https://forum.example/u/ann", "mention"),
        ("https://forum.example/t/x/1", "preview"),
    ]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "mailto:a@b.example", "http://[::1", "data:,x"])
def test_what_is_no_web_address_is_no_link(href: str) -> None:
    assert links(f'<a href="{href}">x</a>') == []


@given(FRAGMENTS)
def test_any_markup_gives_absolute_links_and_a_digest(html: str) -> None:
    for link in links(html):
        assert link.url.startswith(("http://", "https://"))
        link.url.encode()
        ADAPTERS["discourse"].reference(SITE, link.url)
    assert len(content_digest(html, render(html))) == 32


def digest(html: str) -> str:
    return content_digest(html, render(html))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<p class="a">x</p>', '<p dir="ltr">x</p>\n'),
        ('<img src="/u/a_2_690x300.png">', '<img src="//cdn.example/u/a_2_345x150.png" width="345">'),
        ('<p>Hi <img class="emoji" src="/a/v1.png" title=":x:"></p>', '<p>Hi <img class="emoji" src="/b/v2.png" title=":x:"></p>'),
        (onebox("Words"), onebox("Other words", "2.png")),
        (
            '<aside class="quote" data-username="a" data-topic="7"><div class="title"><a href="/t/old/7">Old</a></div><blockquote>q</blockquote></aside>',
            '<aside class="quote" data-username="a" data-topic="7"><div class="title"><a href="/t/new/7">New</a></div><blockquote>q</blockquote></aside>',
        ),
    ],
)  # fmt: skip
def test_what_servers_change_by_themselves_is_no_edit(before: str, after: str) -> None:
    assert digest(before) == digest(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>x</p>", "<p>y</p>"),
        ('<a href="/t/1">x</a>', '<a href="/t/2">x</a>'),
        ('<img src="/u/a.png">', '<img src="/u/b.png">'),
        ("<blockquote>x</blockquote>", "<blockquote>y</blockquote>"),
        (onebox(source="https://b.example/page"), onebox(source="https://b.example/other")),
        ("<p>x</p><p>y</p>", "<p>x y</p>"),
    ],
)
def test_what_an_author_changes_is_an_edit(before: str, after: str) -> None:
    assert digest(before) != digest(after)


def test_markup_nested_without_end_is_read_in_time() -> None:
    # Each of these took minutes when every mark was looked up from its own place in the tree.
    assert links("<aside class=onebox><a href=/t/1>" * 5_000) == []
    assert len(links("<div><a href=/t/1>x</a>" * 5_000)) == 1
