"""Folding text for matching, and finding the way back."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from taxonomy.normalise import fold, whole

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("\u00a0\u200b\u00ad\ufeffİſK-\u2011 \n\t'’“”ＰＯ\u0301")))


@given(ANY_TEXT)
@example("İ\u200bPO")
@example("\ud800 PO")
def test_every_span_of_the_folded_text_maps_into_the_original(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.cased)
    last = 0
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert last <= start < end <= len(text)
        last = end


@given(ANY_TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once or "-" in once or "\u0307" in once


def test_no_character_changes_its_length_in_lower_case() -> None:
    for code in range(0x110000):
        text = f"x{chr(code)}x"
        folded = fold(text)
        assert len(folded.text) == len(folded.cased), hex(code)


def test_kinds_of_blanks_quotes_and_letters_become_alike() -> None:
    assert fold("Promise\u00a0\n Optimization").text == "promise optimization"
    assert fold("ＰＯ").text == "po"
    assert fold("NARF’s “opt‑out”").text == 'narf\'s "opt out"'
    assert fold("Pro\u00admise\u200b").text == "promise"


def test_hyphens_are_blanks_between_words_only() -> None:
    assert fold("opt-out").text == "opt out"
    assert fold("opt – out -5").text == "opt – out -5"


def test_a_span_over_dropped_characters_covers_them() -> None:
    text = "İ Pro\u200bmise  Optimization"
    folded = fold(text)
    start = folded.text.index("promise optimization")
    first, last = folded.span(start, start + len("promise optimization"))
    assert text[first:last] == "Pro\u200bmise  Optimization"


def test_word_ends_are_those_of_any_script() -> None:
    for text in ("épo", "在po中", "po\u0301x", "po_1"):
        place = text.index("po")
        assert not whole(text, place, place + 2), text
    for text in ("po/ssa", "po👎", "(po)", "po's", "po"):
        place = text.index("po")
        assert whole(text, place, place + 2), text
    assert unicodedata.category("\u0301") == "Mn"
