"""Whose words a paragraph holds."""

import pytest

from analysis.paragraphs import paragraphs
from analysis.voice import voices
from archive.markup import render


def spoken(html: str, author: str = "anna", role: str = "member") -> list[str]:
    text = render(html).text
    return [voice for voice, *_ in voices(paragraphs(html, text), text, author=author, role=role)]


def test_a_member_speaks_for_himself() -> None:
    assert spoken("<p>They switched my shop to two days.</p>") == ["seller"]


@pytest.mark.parametrize(("author", "role"), [("jo", "staff"), ("News_Amazon", "member"), ("kim@ebay", "member")])
def test_staff_is_known_by_role_or_name(author: str, role: str) -> None:
    assert spoken("<p>We have passed it on.</p>", author, role) == ["staff"]


@pytest.mark.parametrize(
    "author", ["sick_of_amazon", "boycott_amazon", "news_junkie", "sellersupport_victim", "Amazon_Fan"]
)
def test_a_seller_may_have_the_platform_in_his_name(author: str) -> None:
    assert spoken("<p>Nobody asked me.</p>", author) == ["seller"]


@pytest.mark.parametrize(
    "words",
    [
        "Hi sellers, the support team told us nothing about the new return label, and nobody knows how to leave it.",
        "Hello sellers, nothing helps with regards to exemptions.",
        "Great news! They switched it on again. The seller support team has no clue.",
    ],
)
def test_a_word_of_a_letter_s_close_inside_a_sentence_makes_no_letter(words: str) -> None:
    assert spoken(f"<p>{words}</p>") == ["seller"]


def test_an_article_in_which_nobody_says_i_is_a_reporters() -> None:
    html = '<p>Sellers were never asked.</p><p>"I found it switched on," one of them told us.</p><p>More on Monday.</p>'
    assert spoken(html, role="press") == ["press"] * 3
    assert spoken(html + "<p>I found it switched on in my own shop.</p>", role="press") == ["seller"] * 4
    assert spoken(html) == ["seller"] * 3


@pytest.mark.parametrize("marks", ['""', "“”", "''", "‘’"])
def test_a_paragraph_between_quotation_marks_is_a_quotation(marks: str) -> None:
    said = f"{marks[0]}The offer helps sellers to pick a label that keeps the promise to buyers.{marks[1]}"
    assert spoken(f"<p>{said}</p>") == ["quotation"]


def test_quotations_and_previews_are_others_words() -> None:
    html = '<blockquote><p>So it said</p></blockquote><aside class="onebox"><article><p>News</p></article></aside><p>Ha</p>'
    assert spoken(html) == ["quotation", "press", "seller"]


def test_a_pasted_letter_is_an_email_up_to_its_close_and_what_follows_is_not() -> None:
    html = (
        "<p>This came today:</p><p>Dear Seller, your account will be included in the program.</p>"
        "<p>Participation is mandatory.</p><p>Sincerely, the Marketplace Team</p><p>I am not amused.</p>"
    )
    assert spoken(html) == ["seller", "email", "email", "email", "seller"]


def test_irony_is_no_letter() -> None:
    assert spoken("<p>Dear sellers, I need a drink.</p>") == ["seller"]


def test_pasted_announcements_take_in_their_headings_and_lists() -> None:
    html = (
        "<h2>Changes to exemptions</h2><p>Starting February 8, items will no longer be exempt. We will provide labels.</p>"
        "<ul><li>Handmade</li><li>Watches</li></ul><p>I sell both.</p>"
    )
    assert spoken(html) == ["announcement", "announcement", "announcement", "seller"]


@pytest.mark.parametrize(
    "words",
    [
        "Effective today sellers will be charged for every label. You can opt out only by a form that looks like phishing.",
        "Sellers like us will be charged twice. As of today we will automatically provide a refund first, which is madness.",
        "Starting June 1, accounts will be enrolled. You can opt out in a survey, what a joke.",
        "Starting June 1, accounts will be enrolled. You can opt out in a survey?!",
    ],
)
def test_a_seller_who_mocks_an_announcement_does_not_make_one(words: str) -> None:
    assert spoken(f"<p>{words}</p>") == ["seller"]


@pytest.mark.parametrize(
    "words",
    [
        "Starting June 1, we will automatically enrol your eligible products. You can opt out in Settings.",
        "We are pleased to tell our sellers that, as of today, accounts will be included. To learn more, see Help.",
    ],
)
def test_an_announcement_stays_one(words: str) -> None:
    assert spoken(f"<p>{words}</p>") == ["announcement"]


def test_official_words_in_quotation_marks_are_an_announcement() -> None:
    html = '<p>"Beginning September 1, sellers will be enrolled in the program by default, as announced."</p>'
    assert spoken(html) == ["announcement"]


def test_a_help_page_in_questions_and_answers_is_the_platform_s() -> None:
    headed = (
        "<p>Frequently asked questions: Refund at First Scan</p><p>What is Refund at First Scan? It refunds the buyer.</p>"
        "<p>Can I opt out of Refund at First Scan? No. It is mandatory and there is no way to opt out.</p>"
    )
    bare = (
        "<p>What is the label program?</p><p>If you enroll, the label is bought and your account billed.</p>"
        "<p>How do I opt out of the program?</p><p>Go to Settings, then Return settings.</p>"
    )
    for page, length in ((headed, 3), (bare, 4)):
        assert spoken(f"{page}<p>My own question: who pays?</p>") == ["announcement"] * length + ["seller"]


@pytest.mark.parametrize(
    "html",
    [
        "<p>How do I opt out?</p><p>Where is the switch for this?</p>",
        "<p>Who pays for all this?</p><p>The seller.</p><p>Who decides about it?</p><p>Amazon.</p>",
        "<p>How do I opt out? You can not.</p>",
        "<p>FAQ? I have read it.</p><p>Can I opt out of this? My answer: no.</p>",
    ],
)
def test_a_seller_s_own_questions_are_no_help_page(html: str) -> None:
    assert set(spoken(html)) == {"seller"}


def test_a_letter_ends_where_the_author_goes_on_in_the_same_paragraph() -> None:
    html = (
        "<p>Got this:<br>Dear Seller,<br>No action is required.<br>Sincerely,<br>The Amazon Team<br>I never agreed.</p>"
    )
    assert spoken(html) == ["seller", "email", "seller"]


def test_a_moderators_note_is_staff() -> None:
    assert spoken("<p>I said so.</p><p>[mod edit: removed a name]</p>") == ["seller", "staff"]


@pytest.mark.parametrize(
    ("html", "author", "role", "evidence"),
    [
        ("<p>They switched my shop.</p>", "anna", "member", [None]),
        ("<p>We have passed it on.</p>", "jo", "staff", ["staff"]),
        ("<p>We have passed it on.</p>", "News_Amazon", "member", ["News_Amazon"]),
        ("<blockquote><p>So it said</p></blockquote><p>Ha</p>", "anna", "member", ["quote", None]),
        ("<p>&gt; So it said</p>", "anna", "member", [">"]),
        ("<p>I said so.</p><p>[Mod edit: removed a name]</p>", "anna", "member", [None, "[Mod edit"]),
        (
            "<p>“The whole warehouse was moved to another town last week.”</p>",
            "anna",
            "member",
            ["“"],
        ),
        (
            '<p>"Beginning September 1, sellers will be enrolled in the program by default."</p>',
            "anna",
            "member",
            ["Beginning September\nsellers will be"],
        ),
        (
            "<h2>Changes</h2><p>Starting February 8, items will no longer be exempt. We will provide labels.</p>",
            "anna",
            "member",
            ["Starting February\nitems will no longer be\nWe will provide"] * 2,
        ),
        (
            "<p>Dear Seller, we moved.</p><p>Sincerely, the Marketplace Team</p><p>I laughed.</p>",
            "anna",
            "member",
            ["Dear Seller\nSincerely", "Dear Seller\nSincerely", None],
        ),
    ],
)
def test_each_voice_says_what_it_rests_on(html: str, author: str, role: str, evidence: list[str | None]) -> None:
    text = render(html).text
    found = [evidence for _, _, evidence in voices(paragraphs(html, text), text, author=author, role=role)]
    assert found == evidence
