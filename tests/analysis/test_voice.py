"""Whose words a paragraph holds."""

import pytest

from analysis.paragraphs import paragraphs
from analysis.voice import voices
from archive.markup import render


def spoken(html: str, author: str = "anna", role: str = "member") -> list[str]:
    text = render(html).text
    return [voice for voice, _ in voices(paragraphs(html, text), text, author=author, role=role)]


def test_a_member_speaks_for_himself() -> None:
    assert spoken("<p>They switched my shop to two days.</p>") == ["seller"]


@pytest.mark.parametrize(("author", "role"), [("jo", "staff"), ("News_Amazon", "member"), ("kim@ebay", "member")])
def test_staff_is_known_by_role_or_name(author: str, role: str) -> None:
    assert spoken("<p>We have passed it on.</p>", author, role) == ["staff"]


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


def test_official_words_in_quotation_marks_are_an_announcement() -> None:
    html = '<p>"Beginning September 1, sellers will be enrolled in the program by default, as announced."</p>'
    assert spoken(html) == ["announcement"]


def test_a_moderators_note_is_staff() -> None:
    assert spoken("<p>I said so.</p><p>[mod edit: removed a name]</p>") == ["seller", "staff"]
