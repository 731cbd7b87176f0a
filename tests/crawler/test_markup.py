"""The text of a post and its blocks, from any HTML at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.markup import flattened, render, too_deep

TAGS = "p div b a li ul ol tr td table h2 blockquote pre code aside details summary img br hr script svg template object".split()
CLASSES = "quote onebox title meta emoji lightbox avatar source mention excerpt".split()
WORDS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [" ", "\n", "\xa0", "&amp;", "&#0;", "&#xD800;"]
)


def tag(name: str, class_: str, extra: str) -> str:
    return f'<{name} class="{class_}" {extra}>'


ATTRIBUTES = st.sampled_from(
    ["", 'data-topic="7"', 'data-username="ann" data-topic="7"', 'href="/t/7"', 'href="http://[x"', 'title=":x:"', 'alt="a b" src="/x_1_2x3.png"', "data-onebox-src=x", 'href="/t/' + "9" * 5000 + '"']
)  # fmt: skip
PIECES = st.one_of(
    WORDS,
    st.builds(tag, st.sampled_from(TAGS), st.sampled_from(CLASSES), ATTRIBUTES),
    st.sampled_from(TAGS).map(lambda name: f"</{name}>"),
    st.sampled_from(["<!--", "-->", "<!doctype html>", "<![CDATA[", "<", ">", '"', "</html>", "</body>"]),
)
FRAGMENTS = st.lists(PIECES, max_size=25).map("".join)


@given(FRAGMENTS)
@example("<pre><code>\n\n</code></pre><p>\xa0</p>")
@example('<img alt=" " src=x>')
@example("</body></html>after")
def test_blocks_stand_in_order_without_overlap_inside_the_text(html: str) -> None:
    rendered = render(html)
    end = 0
    for block in rendered.blocks:
        assert rendered.text[end : block.start].strip("\n") == ""
        assert end <= block.start < block.end <= len(rendered.text)
        assert rendered.text[block.start : block.end].strip()
        end = block.end
    assert end == len(rendered.text)
    rendered.text.encode()


@given(FRAGMENTS)
def test_the_same_markup_always_gives_the_same_text(html: str) -> None:
    assert render(html) == render(html)


def blocks(html: str) -> list[tuple[str, str]]:
    rendered = render(html)
    return [(block.kind, rendered.text[block.start : block.end]) for block in rendered.blocks]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", []),
        ("<p>One</p>\n<p>Two<br>\nlines</p>", [("text", "One"), ("text", "Two\nlines")]),
        ("<p>a  b\n c</p>", [("text", "a b c")]),
        ("<p>a\xa0\xa0b</p>", [("text", "a\xa0\xa0b")]),
        ("<h2>Head</h2><p>Body</p>", [("heading", "Head"), ("text", "Body")]),
        ("<ul>\n<li>One</li>\n<li><p>Two</p></li></ul>", [("list", "One"), ("list", "Two")]),
        ("<ol><li>A<ul><li>B</li></ul>C</li></ol>", [("list", "A"), ("list", "B"), ("list", "C")]),
        (
            "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
            [("table", "A | B"), ("table", "1 | 2")],
        ),
        ("<pre><code>x = 1\n  y  = 2\n</code></pre>", [("code", "x = 1\n  y  = 2")]),
        ("<blockquote><p>Said</p></blockquote><p>Mine</p>", [("quote", "Said"), ("text", "Mine")]),
        ('<p>So <img class="emoji" title=":sob:" alt=":sob:" src="x"> sad</p>', [("text", "So :sob: sad")]),
        ('<p><img src="/a.png" alt="A chart"></p>', [("image", "A chart")]),
        (
            '<div class="lightbox-wrapper"><a class="lightbox" href="/a.png"><img src="/a.png" alt="shot">'
            '<div class="meta"><span class="filename">shot.png</span> 900×80</div></a></div>',
            [("image", "shot")],
        ),
        ("<details><summary>More</summary><p>Hidden</p></details>", [("text", "More"), ("text", "Hidden")]),
        ("<script>alert(1)</script><style>p{}</style><p>x</p>", [("text", "x")]),
        ("just text", [("text", "just text")]),
    ],
)
def test_what_discourse_makes_of_posts_is_told_apart(html: str, expected: list[tuple[str, str]]) -> None:
    assert blocks(html) == expected


def test_a_quotation_says_whom_and_loses_its_title_bar() -> None:
    html = (
        '<aside class="quote no-group" data-username="ann" data-post="3" data-topic="7"><div class="title">'
        '<div class="quote-controls"></div><img class="avatar" src="a.png"> ann:</div><blockquote><p>Their words</p>'
        "<ul><li>and list</li></ul></blockquote></aside><p>Mine</p>"
    )
    assert blocks(html) == [("quote", "Their words"), ("quote", "and list"), ("text", "Mine")]
    assert render(html).blocks[0].source == {"username": "ann", "topic": "7", "post": "3"}


def test_a_preview_says_of_what() -> None:
    html = (
        '<aside class="onebox" data-onebox-src="https://b.example/x"><header class="source"><a href="#">b</a></header>'
        "<article><h3><a>Title</a></h3><p>Teaser</p></article></aside>"
    )
    assert blocks(html) == [("preview", "Title"), ("preview", "Teaser")]
    assert render(html).blocks[0].source == {"url": "https://b.example/x"}


def test_a_preview_of_an_own_topic_is_no_quotation() -> None:
    html = (
        '<aside class="quote" data-post="1" data-topic="7"><div class="title"><div class="quote-title__text-content">'
        '<a href="https://forum.example/t/x/7">T</a></div></div><blockquote>Teaser</blockquote></aside>'
    )
    assert blocks(html) == [("preview", "T"), ("preview", "Teaser")]


@pytest.mark.parametrize("piece", ["<div>", "<table><tr><td>", "<blockquote>", "<b>", "<ul><li>"])
def test_markup_nested_without_end_is_read_in_time(piece: str) -> None:
    assert [block.kind for block in render(piece * 5_000 + "x").blocks] != []


@pytest.mark.parametrize("tag", ["div", "article", "b", "blockquote"])
def test_markup_made_to_stop_a_parser_becomes_plain_text(tag: str) -> None:
    deep = f"<{tag} class=x>" * 100_000 + "they switched it on" + f"</{tag}>" * 100_000
    assert too_deep(deep)
    assert render(flattened(deep)).text == "they switched it on"


def test_long_markup_that_is_not_deep_stays_as_it_is() -> None:
    long = "<p>one<br>two<img src=x><li>three" * 5000 + "<div>x</div>" * 5000 + "<svg><path d='M0'/></svg>" * 5000
    assert flattened(long) == long
