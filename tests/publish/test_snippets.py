"""What the search page shows of a post: never two people's words in one breath. All sentences are invented."""

from __future__ import annotations

import pytest

from publish.snippets import snippet

QUOTED = "the \x02merchant\x03 \x02token\x03 opens it"
LONG = " ".join(f"w{n}" for n in range(200))


def row(voice: str, start: int, end: int) -> dict[str, object]:
    return {"voice": voice, "start": start, "end": end}


def of(*paragraphs: tuple[str, str], role: str = "member") -> str:
    """The snippet of a post of these paragraphs: (voice, marked text), shown with * for marks."""
    rows, at, texts = [], 0, []
    for voice, marked in paragraphs:
        length = len(marked.replace("\x02", "").replace("\x03", ""))
        rows.append(row(voice, at, at + length))
        texts.append(marked)
        at += length + 2
    shown = str(snippet("\n\n".join(texts), role, rows))
    return (
        shown.replace("<mark>", "*").replace("</mark>", "*").replace('<span class="quiet">', "").replace("</span>", "")
    )


@pytest.mark.parametrize(
    ("paragraphs", "role", "shown"),
    [
        # The author's own words come first, and the quotation only where it has a word that they lack.
        ([("quotation", QUOTED), ("seller", "My \x02token\x03 is safe.")], "member",
         "My *token* is safe. Quotation: “the *merchant* *token* opens it”"),
        ([("quotation", QUOTED), ("seller", "A \x02merchant\x03 \x02token\x03 is not.")], "member",
         "A *merchant* *token* is not."),
        # What only others say is theirs, and says whose.
        ([("quotation", QUOTED), ("seller", "So they say.")], "member", "Quotation: “the *merchant* *token* opens it”"),
        ([("email", QUOTED), ("seller", "So they say.")], "member", "Pasted e-mail: “the *merchant* *token* opens it”"),
        ([("staff", QUOTED), ("seller", "So they say.")], "member", "Staff: “the *merchant* *token* opens it”"),
        # Staff's own words are staff's.
        ([("staff", QUOTED)], "staff", "the *merchant* *token* opens it"),
        ([("announcement", QUOTED)], "staff", "the *merchant* *token* opens it"),
        # Nothing of the text matches (the title does): its author's beginning; there may be nothing but others' words.
        ([("quotation", "Theirs."), ("seller", "Mine.")], "member", "Mine."),
        ([("quotation", "Theirs.")], "member", "Quotation: “Theirs.”"),
        # No paragraph is known of a post that is not tagged yet.
        ([], "member", ""),
        ([("seller", "<b> & \x02token\x03")], "member", "&lt;b&gt; &amp; *token*"),
    ],
)  # fmt: skip
def test_whose_words_they_are_is_seen(paragraphs: list[tuple[str, str]], role: str, shown: str) -> None:
    assert of(*paragraphs, role=role) == shown


def test_an_untagged_post_is_its_authors() -> None:
    assert str(snippet("a \x02b\x03 c", "member", [])) == "a <mark>b</mark> c"


def test_the_passage_with_the_most_different_matches_is_cut_out_and_says_that_it_is_cut() -> None:
    shown = of(("seller", f"\x02token\x03 {LONG} \x02merchant\x03 \x02token\x03 {LONG}"))
    assert shown.startswith("…") and shown.endswith("…") and "*merchant* *token*" in shown
    assert len(shown.split()) == 40


def test_paragraphs_in_one_voice_are_one_passage_and_others_end_it() -> None:
    assert of(("seller", "One \x02a\x03."), ("seller", "Two."), ("quotation", "Not mine."), ("seller", "Three.")) == (
        "One *a*.\n\nTwo."
    )
