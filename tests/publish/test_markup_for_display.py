from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from archive.markup import render
from publish import layout
from publish.display import ELEMENTS, HEADINGS, VOID, Display, Evidence, Target, stands_in
from publish.masking import Masker
from publish.names import Author, Names

DISPLAY = Display(Masker(Names(b"k" * 32, [Author(1, "sas", "kelpkitchen", "member")])), "sas", "https://f.example")
SAFE = {*ELEMENTS.values(), *HEADINGS[2:], *VOID, "a", "span", "mark", "blockquote"}
SAFE_ATTRIBUTES = {"href", "rel", "class", "title", "open", "data-par"}


def show(html: str, *words: str) -> str:
    text = render(html).text
    evidence = tuple(Evidence(text.index(w), text.index(w) + len(w), "program", "a label") for w in words)
    return DISPLAY.show(text, html, evidence).html


def assert_safe(html: str) -> None:
    tree = LexborHTMLParser(html, is_fragment=True)
    for node in tree.root.traverse() if tree.root else []:
        assert node.tag in SAFE
        assert set(node.attributes) <= SAFE_ATTRIBUTES
        assert (node.attributes.get("href") or "https://").startswith(("https://", "http://"))


@pytest.mark.parametrize("html", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>", "<a href='data:text/html,x'>x</a>", "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<iframe srcdoc='<script>1</script>'></iframe>",
    "<p onclick=alert(1) style='background:url(//evil.example)'>x</p>", "<form action=//evil.example><input></form>",
    "<base href=//evil.example>", "<noscript><p title='</noscript><img src=x onerror=1>'>", "<details ontoggle=1 open>x",
    "<a href='https://u:p@evil.example'>x</a>", "<template><script>1</script></template>", "<!--<img src=x onerror=1>-->",
    "<p id=top name=x>clobber</p>", "<plaintext><b>x", "<a href='http://[::1'>x</a>", "<blockquote>" * 500 + "deep",
])  # fmt: skip
def test_nothing_that_acts_or_loads_comes_through(html: str) -> None:
    assert_safe(show(html))


@given(st.lists(st.one_of(st.text(), st.sampled_from(
    ["<", ">", "&lt;", "<script>", "</script>", "<p ", "onclick=", "'", '"', "<a href=", "javascript:", "<svg>", "<math>",
     "<style>", "<aside class=quote data-username=x>", "<pre>", "</p>", "<!--", "<img alt='a' src=", "kelpkitchen"]
))).map("".join))  # fmt: skip
def test_no_markup_at_all_makes_an_unsafe_page(html: str) -> None:
    shown = show(html)
    assert_safe(shown)
    assert "kelpkitchen" not in shown


def test_paragraphs_lists_links_and_code_stay() -> None:
    shown = show('<p>A <strong>b</strong></p><ul><li>c</li></ul><pre><code>&lt;d&gt;</code></pre><a href="/t/1">e</a>')
    assert "<p>A <strong>b</strong></p><ul><li>c</li></ul><pre><code>&lt;d&gt;</code></pre>" in shown
    assert 'href="https://f.example/t/1" rel="nofollow noreferrer ugc"' in shown


def test_pictures_become_words_with_a_link() -> None:
    shown = show('<p><img src="/up/map.png" alt="a map"><img class="emoji" title=":smile:" src="/e.png"></p>')
    assert '<a href="https://f.example/up/map.png" rel="nofollow noreferrer ugc">[picture: a map]</a>' in shown
    assert "<img" not in shown


@pytest.mark.parametrize(
    ("label", "said"),
    [(":eyes:", "👀"), (":raised_hand:t3:", "✋🏼"), (":our_own:", "<small>:our_own:</small>"), ("🙂", "🙂"), ("", "")],
)
def test_an_emoji_is_its_character_and_an_unknown_one_its_code(label: str, said: str) -> None:
    assert show(f'<p>So <img class="emoji" title="{label}" src="/e.png"></p>') == f"<p>So {said}</p>"


def test_a_quotation_says_who_under_a_pseudonym_and_drops_the_display_name() -> None:
    shown = show(
        '<aside class="quote" data-username="kelpkitchen" data-post="3"><div class="title">'
        '<img class="avatar" src="/user_avatar/f.example/kelpkitchen/1.png">Tess Tidewrack:</div>'
        "<blockquote><p>no</p></blockquote></aside>"
    )
    assert f"<summary>From {DISPLAY.person('kelpkitchen')}, post 3</summary>" in shown
    assert "Tess" not in shown and "avatar" not in shown


def test_names_that_run_over_several_elements_are_masked() -> None:
    shown = show("<p>kelp<b>kit</b>chen said</p>")
    assert DISPLAY.person("kelpkitchen") in shown
    assert "kelp<" not in shown and ">kit<" not in shown


def test_evidence_is_marked_across_elements_and_folded_white_space() -> None:
    assert show("<p>the Promise\n  <i>Optimi</i>zation 😀 program</p>", "Promise Optimization") == (
        '<p>the <mark class="program" title="a label">Promise\n  </mark><i><mark class="program" title="a label">Optimi'
        '</mark></i><mark class="program" title="a label">zation</mark> 😀 program</p>'
    )


def test_evidence_beside_a_masked_name_is_marked_right() -> None:
    shown = show("<p>kelpkitchen: Promise Optimization, kelpkitchen</p>", "Promise Optimization")
    assert '<mark class="program" title="a label">Promise Optimization</mark>' in shown


def test_evidence_is_left_unmarked_when_the_text_is_not_of_this_markup() -> None:
    assert (
        DISPLAY.show("other words", "<p>these words</p>", (Evidence(0, 5, "theme", "x"),)).html == "<p>these words</p>"
    )


def test_a_link_to_a_thread_that_is_held_leads_there_too() -> None:
    html = '<a href="/t/99/2">there</a>'
    shown = DISPLAY.show("there", html, (), {"https://f.example/t/99/2": Target("gone", "/thread/sas/99#p2")}).html
    assert '<a class="held gone" href="/thread/sas/99#p2">[vanished, held here]</a>' in shown


@pytest.mark.parametrize(("target", "words"), [
    (Target("live", "/thread/sas/99#p2"), "[held here]"), (Target("recovered", "/thread/sas/99#p2"), "[vanished, recovered here]"),
    (Target("gone", None), "[vanished]"), (Target("unknown", None), "[not held]"),
])  # fmt: skip
def test_a_link_says_what_became_of_its_thread(target: Target, words: str) -> None:
    shown = DISPLAY.show("there", '<a href="/t/99/2">there</a>', (), {"https://f.example/t/99/2": target}).html
    assert words in shown


def test_a_long_quotation_is_folded_a_short_one_is_not_and_both_lead_to_their_source() -> None:
    quoted = '<aside class="quote" data-username="x" data-post="2" data-topic="99"><blockquote><p>{}</p></blockquote></aside>'
    held = {"https://f.example/t/99/2": Target("live", "/thread/sas/99#p2")}
    short, long = (DISPLAY.show("", quoted.format(words), (), held).html for words in ("no", "no " * 200))
    assert '<details class="quote" open>' in short and '<details class="quote">' in long
    assert all('<a class="held" href="/thread/sas/99#p2">to the source</a>' in shown for shown in (short, long))


def test_a_tagged_paragraph_has_a_place_for_its_notes_where_it_begins_but_not_within_a_link() -> None:
    html = '<p>One <b>two</b></p><p><a href="https://f.example/x">three</a> four</p>'
    text = render(html).text
    shown = DISPLAY.show(text, html, (), {}, ((0, 0, 7), (1, text.index("three"), len(text)))).html
    assert '<p><span data-par="0"></span>One <b>two</b></p>' in shown
    assert 'three</a><span data-par="1"></span> four' in shown


def test_a_link_without_words_is_left_out() -> None:
    shown = DISPLAY.show("Title", '<h2><a name="t" href="#t"> </a>Title</h2>').html
    assert shown == "<h3> Title</h3>"


@pytest.mark.parametrize(
    ("words", "text", "stands"),
    [
        ("marlin", "the marlin swims", True), ("marlin", "marlin", True), ("marlin", "marlinspike", False),
        ("marlin", "a bluemarlin", False), ("marlin", "@marlin", False), ("marlin", "marlin's", False), ("x", "", False),
        ("two\nlines", "two lines", False),
    ],
)  # fmt: skip
def test_words_stand_in_a_masked_text_only_by_themselves(words: str, text: str, stands: bool) -> None:
    assert stands_in(words, text) is stands


def test_a_name_that_the_text_has_inside_a_longer_word_is_masked_where_it_stands_alone() -> None:
    display = Display(Masker(Names(b"k" * 32, [Author(1, "sas", "marlin", "member")])), "sas", "https://f.example")
    html = "<p>marlinspike</p><details><summary>marlin</summary></details>"
    assert "marlin<" not in display.show("marlinspike", html).html


@given(st.text(st.sampled_from("ab \n\t\u00a0é😀")))
def test_visible_characters_are_counted_as_they_stand(text: str) -> None:
    places = [at for at, sign in enumerate(text) if sign not in layout.SIGNS_OF_SPACE]
    assert [layout._place(text, number) for number in range(len(places))] == places
    for offset in range(len(text) + 2):
        assert layout._before(text, offset) == sum(place < offset for place in places)


@pytest.mark.parametrize(
    ("levels", "shown"),
    [("1", "3"), ("3", "3"), ("123", "345"), ("246", "345"), ("3121", "3343"), ("6543", "3333"), ("123456", "345666")],
)
def test_headings_stand_below_the_author_and_skip_no_level(levels: str, shown: str) -> None:
    html = show("".join(f"<h{level}>x</h{level}><p>y</p>" for level in levels))
    assert re.findall(r"<h(\d)>", html) == list(shown)
    steps = [int(level) for level in "2" + shown]
    assert all(b - a <= 1 for a, b in pairwise(steps))


def test_a_preview_of_another_thread_names_the_thread_and_leads_to_it() -> None:
    html = (
        '<aside class="quote" data-topic="5" data-post="1"><div class="title"><img class="avatar" src="/a.png">'
        '<div><a href="https://f.example/t/x/5">Ask kelpkitchen <b>again</b></a> <a href="/c/1">Shipping</a></div></div>'
        "<blockquote>Some words</blockquote></aside>"
    )
    held = DISPLAY.show(
        render(html).text, html, targets={"https://f.example/t/x/5": Target("live", "/thread/sas/5#p1")}
    ).html
    assert "<summary>The thread “Ask seller-" in held and "again”</summary>" in held and "somebody" not in held
    assert '<a class="held" href="/thread/sas/5#p1">to the source</a>' in held
    lost = DISPLAY.show(
        render(html).text, html, targets={"https://f.example/t/x/5": Target("unknown", None, "to-sas-5")}
    ).html
    assert '<a class="fate unknown" href="#to-sas-5">[not held]</a>' in lost
