"""Why a listed thread is taken."""

import pytest

from taxonomy import Taxonomy, load
from taxonomy.interest import hints, interest


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load()


@pytest.mark.parametrize(
    ("title", "tags", "excerpt", "words"),
    [
        ("Promise Optimization (PO) again", [], None, "Promise Optimization, PO"),
        ("How do I leave?", ["opt-out"], None, "opt-out"),
        ("Strange mail", [], "I was automatically enrolled in something", "automatically enrolled"),
        ("Auto-Enrolment strikes", [], "", "Auto-Enrolment"),
        ("NARF\u00a0question", ["fba"], None, "NARF"),
    ],
)
def test_the_words_that_matched_are_given(
    taxonomy: Taxonomy, title: str, tags: list[str], excerpt: str | None, words: str
) -> None:
    assert interest(taxonomy, title, tags, excerpt) == words


@pytest.mark.parametrize("title", ["Tape guns", "PO Box in Ohio", "Purchase orders and the PO", "", "RSS feed readers"])
def test_other_threads_are_passed_over(taxonomy: Taxonomy, title: str) -> None:
    assert interest(taxonomy, title, ["shipping"], "Which tape do you use?") is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("handling time surprise", ("handling time",)),
        ("unpaid return label", ("return label",)),
        ("donations question", ("donations",)),
        ("another questionnaire arrived", ("questionnaire",)),
        ("auto authorised even when exempt", ("auto authorised", "exempt")),
        ("gsp switched off", ("gsp", "switched off")),
        ("welcome to the harbour", ()),
        ("whatever for me", ()),
        ("", ()),
    ],
)
def test_words_that_may_speak_of_a_program_are_worth_a_look(
    taxonomy: Taxonomy, words: str, found: tuple[str, ...]
) -> None:
    assert hints(taxonomy, words) == found
