"""Cutting posts into paragraphs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.paragraphs import paragraphs
from archive.markup import render


def cut(html: str, link_titles: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    text = render(html).text
    return [(p.kind, text[p.start : p.end]) for p in paragraphs(html, text, link_titles)]


def test_the_markup_decides_what_is_what() -> None:
    html = (
        '<aside class="quote" data-username="jo" data-topic="1" data-post="2"><blockquote><p>Old words</p></blockquote>'
        "</aside><p>My words</p><ul><li>one</li><li>two</li></ul><pre><code>a\n\nb</code></pre><h2>More</h2>"
    )
    assert cut(html) == [
        ("quote", "Old words"),
        ("text", "My words"),
        ("list", "one\ntwo"),
        ("code", "a\n\nb"),
        ("heading", "More"),
    ]


def test_a_quotation_keeps_its_source() -> None:
    html = '<aside class="quote" data-username="jo" data-topic="1" data-post="2"><blockquote><p>Hm</p></blockquote></aside>'
    (paragraph,) = paragraphs(html, render(html).text)
    assert paragraph.source["post"] == "2"


def test_empty_lines_part_paragraphs_inside_a_block() -> None:
    assert cut("<p>One<br><br>Two<br>still two</p>") == [("text", "One"), ("text", "Two\nstill two")]


def test_a_letter_pasted_after_a_word_of_the_author_s_is_a_paragraph_of_its_own() -> None:
    letter = "Dear Seller,<br>No action is required.<br>Sincerely,<br>The Amazon Team"
    assert cut(f"<p>Got this today:<br>{letter}<br>I never signed up.</p>") == [
        ("text", "Got this today:"),
        ("text", letter.replace("<br>", "\n")),
        ("text", "I never signed up."),
    ]


def test_forum_code_and_answered_mail_are_quotations() -> None:
    mine = ("text", "Neither did I.")
    code = '[quote="bob, post:1, topic:12"]\n[quote]Why?[/quote]\nI never signed up.\n[/quote]'
    assert cut(f"<p>{code}<br>Neither did I.</p>".replace("\n", "<br>")) == [("quote", code), mine]
    assert cut("<p>[quote] is a word</p>") == [("text", "[quote] is a word")]
    wrote = "On Mon, Jan 3, 2024 at 9:00 AM Bob wrote:"
    assert cut(f"<p>Neither did I.</p><p>{wrote}</p><p>I never signed up.</p>") == [
        mine,
        ("quote", wrote),
        ("quote", "I never signed up."),
    ]
    assert cut(f"<p>{wrote}<br>&gt; I never signed up.<br>Neither did I.</p>") == [
        ("quote", wrote),
        ("text", "> I never signed up."),
        mine,
    ]


def test_without_markup_or_with_another_text_empty_lines_decide() -> None:
    text = "One\n\nTwo\n \nThree"
    for html in ("", "<p>Something else</p>"):
        assert [text[p.start : p.end] for p in paragraphs(html, text)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    "below",
    [
        "-----</p><p>EDIT: they opted me back in yesterday, nobody asked me.",
        "-- They did it again after I opted out. And charged me.",
        "__<br>[mod edit: removed a name]",
    ],
)
def test_what_is_added_below_a_line_is_no_signature(below: str) -> None:
    assert "signature" not in [kind for kind, _ in cut(f"<p>I was enrolled.</p><p>{below}</p>")]


def test_a_signature_is_told_apart() -> None:
    assert cut("<p>The point.</p><p>-- <br>Ann, Harbour Soap</p>")[-1] == ("signature", "--\nAnn, Harbour Soap")
    assert cut("<p>The point.</p><p>Best regards,<br>Ann</p>")[-1][0] == "signature"
    assert cut("<p>Thanks</p>") == [("text", "Thanks")]
    assert cut("<p>A</p><p>-5 degrees here</p>")[-1][0] == "text"


@pytest.mark.parametrize(
    "farewell",
    ["Thanks", "Cheers, bob", "Thanks, Ann of Harbour Soap", "Best regards<br>Ann Lee", "Sincerely,<br>J. Doe"],
)
def test_a_farewell_with_a_name_is_a_signature(farewell: str) -> None:
    assert cut(f"<p>The point.</p><p>{farewell}</p>")[-1][0] == "signature"


@pytest.mark.parametrize(
    "words",
    [
        "Thanks but I never agreed to this",
        "Cheers for enrolling me without asking",
        "Thanksgiving returns are killing me",
        "Sincerely annoyed - no toggle anywhere",
        "Thanks, PRL cost me dear this month.",
        "Thanks,<br>nobody asked me",
        "THANKS, NOBODY EVER ASKED",
    ],
)
def test_a_last_paragraph_that_begins_like_a_farewell_is_its_author_s(words: str) -> None:
    assert cut(f"<p>The point.</p><p>{words}</p>")[-1][0] == "text"


def test_interface_words_are_navigation() -> None:
    residues = ("3 Likes", "Reply", "Message 1 of 16", "Seller Forums", "https://forum.example/t/old-thread/12")
    for residue in (*residues, "Re: Return labels again", "tags: fba, return labels"):
        assert cut(f"<p>My words stand here</p><p>{residue}</p>")[-1][0] == "navigation", residue
    own = ("Re: PO, I never signed up for this", "Re: PO I never signed up for this and they switched it on")
    for words in ("I like 3 Likes", *own, "tags: none. PO: I never signed up for this"):
        assert cut(f"<p>{words}</p>")[0][0] == "text", words


def test_a_pointer_to_a_thread_is_navigation_and_an_argument_is_not() -> None:
    assert cut("<p>It was https://forum.example/t/old/12 but it is gone.</p>")[0][0] == "navigation"
    long = "I wrote at length about why this default is wrong and what it cost my shop in March, see"
    for argument in (long, "They enrolled me without asking, see", "Also, the opt out is nowhere, nobody told us:"):
        assert cut(f"<p>{argument} https://forum.example/t/old/12</p>")[0][0] == "text", argument


def test_a_list_of_nothing_but_links_is_navigation() -> None:
    html = "<ul><li>Prepaid labels</li><li>Donations</li></ul>"
    assert cut(html, ("Prepaid labels", "Donations"))[0][0] == "navigation"
    assert cut(html, ("Prepaid labels",))[0][0] == "list"
    apart = "<p>Prepaid labels</p><p>Donations</p><p>Both are bad.</p>"
    assert [kind for kind, _ in cut(apart, ("Prepaid labels", "Donations"))] == ["navigation", "navigation", "text"]
    assert cut("<p>Prepaid labels</p>", ("Prepaid labels",))[0][0] == "navigation"


def test_one_linked_sentence_among_others_is_its_author_s() -> None:
    assert [kind for kind, _ in cut("<p>Read this.</p><p>It says no.</p>", ("It says no.",))] == ["text", "text"]


def test_the_second_copy_of_a_doubled_opening_is_navigation() -> None:
    one = "<p>They switched it on for every single thing I sell, without a word.</p><p>What now?</p>"
    assert [kind for kind, _ in cut(one + one + "<p>Reply one</p>")] == [
        "text",
        "text",
        "navigation",
        "navigation",
        "text",
    ]
    assert [kind for kind, _ in cut("<p>No.</p><p>No.</p>")] == ["text", "text"]


LINES = st.lists(
    st.sampled_from(
        ["[quote]", "[/quote]", "Dear Seller,", "Sincerely,", "> a", "On 3 May Bob wrote:", "b", "<br>", "\n"]
    )
).map("".join)


@given(st.text(max_size=200) | LINES, st.text(max_size=200) | LINES, st.booleans())
def test_paragraphs_are_in_order_and_hold_every_visible_character(html: str, other: str, same: bool) -> None:
    text = render(html).text if same else other
    place = 0
    for paragraph in paragraphs(html, text):
        assert place <= paragraph.start < paragraph.end <= len(text)
        assert not text[place : paragraph.start].strip()
        place = paragraph.end
    assert not text[place:].strip()
