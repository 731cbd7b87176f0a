"""Finding programs by name."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy import load
from taxonomy.names import Names, longest_first, names
from taxonomy.normalise import fold
from taxonomy.spelling import spellings

TAXONOMY = load()
TITLE = "Promise Optimization (PO) on by default?"


@pytest.fixture(scope="module")
def matcher() -> Names:
    return names(TAXONOMY)


def found(matcher: Names, text: str, **context: object) -> list[tuple[str, str]]:
    return [(m.program_id, text[m.start : m.end]) for m in matcher.find(text, **context)]  # type: ignore[arg-type]


def ids(matcher: Names, text: str, **context: object) -> list[str]:
    return [program for program, _ in found(matcher, text, **context)]


@pytest.mark.parametrize(
    "name",
    [
        "Promise Optimization",
        "promise optimisation",
        "PROMISE-OPTIMIZATION",
        "Promise\u00a0Optimization",
        "Promise\nOptimization",
        "Promise  Optimization",
        "Pro\u00admise Optim\u200bization",
        "Ｐromise Ｏptimization",
    ],
)
def test_a_name_is_found_however_it_is_typed(matcher: Names, name: str) -> None:
    text = f"İ have “{name}” on, it seems"
    assert found(matcher, text) == [("amz.promise_optimization", name)]


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("NARF’s page is gone", "amz.remote_fulfillment"),
        ("remote fulfilment, they call it", "amz.remote_fulfillment"),
        ("the Global Shipping Programme", "ebay.gsp"),
        ("auto authorised returns", "amz.auto_authorized_returns"),
        ("off-site ads", "etsy.offsite_ads"),
        ("offsite ads👎", "etsy.offsite_ads"),
        ("Subscribe and Save", "amz.subscribe_save"),
        ("refunds at first scan", "amz.refund_at_first_scan"),
    ],
)
def test_spellings_plurals_and_possessives_are_known(matcher: Names, text: str, program: str) -> None:
    assert ids(matcher, text) == [program]


@pytest.mark.parametrize(
    ("typed", "program"),
    [
        ("Promise Optimzation", "amz.promise_optimization"),
        ("promise optimziation", "amz.promise_optimization"),
        ("Promsie Optimization", "amz.promise_optimization"),
        ("Promise Optimizattion", "amz.promise_optimization"),
        ("PromiseOptimization", "amz.promise_optimization"),
        ("Prepaid Retrun Label", "amz.prepaid_return_label"),
        ("automated handling tiem", "amz.automated_handling_time"),
        ("refund at frist scan", "amz.refund_at_first_scan"),
        ("Automated Handlng Time", "amz.automated_handling_time"),
    ],
)
def test_a_long_name_is_known_with_one_letter_wrong(matcher: Names, typed: str, program: str) -> None:
    (mention,) = matcher.find(f"The “{typed}” again")
    assert (mention.program_id, mention.rule) == (program, "name with a typo")
    assert f"The “{typed}” again"[mention.start : mention.end] == typed


@pytest.mark.parametrize(
    "text",
    [
        "Promis Optimzation",  # two letters
        "Xromise Optimization",  # another first letter
        "Promise Optimization2",
        "my Promise Optimizationxy",
        "subscribe and safe",  # a short word with another letter is another word
        "Subscribe & Wave",
        "FBI Liquidations",
        "autohandling",  # short names mean other things with another letter
        "BUI",
    ],
)
def test_what_is_further_off_is_another_name(matcher: Names, text: str) -> None:
    assert ids(matcher, text) == []


def test_where_the_name_stands_as_listed_no_typo_of_it_is_looked_for(matcher: Names) -> None:
    assert [m.rule for m in matcher.find("Promise Optimization, the Promise Optimizations")] == ["name", "name"]


@pytest.mark.parametrize(
    "text",
    [
        "Write to PO Box 1432.",
        "the P.O. box is full",
        "A PO number goes on the invoice.",
        "Our PO, a purchase order.",
        "my éPO",
        "在PO中",
        "PO_2 and xPO",
        "tempo",
        "the post office lost it",
        "po\u0301",
    ],
)
def test_a_purchase_order_or_a_post_office_is_no_program(matcher: Names, text: str) -> None:
    assert ids(matcher, text, title="Shipping news") == []


@pytest.mark.parametrize("text", ["Write to PO Box 1432.", "A PO number goes on the invoice.", "See PO-box rates"])
def test_not_even_in_a_thread_about_the_program(matcher: Names, text: str) -> None:
    assert ids(matcher, text, title=TITLE) == []


def test_an_ambiguous_name_counts_in_its_context(matcher: Names) -> None:
    text = "Got the PO mail too"
    assert ids(matcher, text) == []
    (mention,) = matcher.find(text, title=TITLE)
    assert (mention.program_id, mention.rule, mention.alias) == ("amz.promise_optimization", "name in title", "PO")
    (mention,) = matcher.find(text, thread_text="They call it promise optimization.")
    assert mention.rule == "name in thread"
    (mention,) = matcher.find(text, known={"amz.promise_optimization"})
    assert mention.rule == "name in thread"
    (mention,) = matcher.find("PO wants my merchant token")
    assert mention.rule == "name in paragraph"


def test_small_letters_need_more_context_than_capitals(matcher: Names) -> None:
    assert ids(matcher, "po wants my merchant token") == []
    assert ids(matcher, "po wants my merchant token", title=TITLE) == ["amz.promise_optimization"]


ACRONYMS = [
    (program.id, alias.text)
    for program in TAXONOMY.programs
    for alias in program.aliases
    if len(alias.text) >= 3 and alias.text.isalpha() and alias.text.isupper() and not alias.ambiguous
]


@pytest.mark.parametrize(("program", "acronym"), ACRONYMS, ids=[acronym for _, acronym in ACRONYMS])
def test_the_plural_of_an_acronym_is_known_in_capitals_with_a_small_s(
    matcher: Names, program: str, acronym: str
) -> None:
    assert found(matcher, f"More {acronym}s, please") == [(program, f"{acronym}s")]
    assert ids(matcher, f"More {acronym.lower()}s, please") == ids(matcher, f"More {acronym}S, please") == []


def test_the_plural_of_an_ambiguous_acronym_needs_the_context_of_its_singular(matcher: Names) -> None:
    assert found(matcher, "The PRLs are bad", title="Prepaid Return Label program") == [
        ("amz.prepaid_return_label", "PRLs")
    ]
    assert ids(matcher, "The PRLs are bad", title="Rain") == []
    assert ids(matcher, "The POs are late", title="Promise Optimization (PO)") == []


def test_names_side_by_side_are_all_found(matcher: Names) -> None:
    title = "Promise optimization, shipping templates, handling time"
    assert found(matcher, "PO/SSA/AHT", title=title) == [
        ("amz.promise_optimization", "PO"),
        ("amz.shipping_settings_automation", "SSA"),
        ("amz.automated_handling_time", "AHT"),
    ]


def test_the_pension_office_is_no_shipping_automation(matcher: Names) -> None:
    assert ids(matcher, "SSA lost my pension papers, transit or no transit") == []
    assert ids(matcher, "SSA shipping my card to the wrong state") == []


def test_the_longest_name_stands(matcher: Names) -> None:
    text = "the Amazon Business Solutions Agreement"
    assert found(matcher, text) == [("amz.bsa_changes", "Business Solutions Agreement")]


@pytest.mark.parametrize("words", ["their global shopping programme", "eBay International Shopping"])
def test_shopping_is_not_shipping_with_a_letter_wrong(matcher: Names, words: str) -> None:
    assert ids(matcher, words) == []


@pytest.mark.parametrize("asked", ["Would you", "Could you", "Can you"])
def test_to_be_asked_for_a_gift_is_no_program(matcher: Names, asked: str) -> None:
    assert ids(matcher, f"{asked} buy for me a gift while in town?") == []


def test_a_false_friend_is_refused(matcher: Names) -> None:
    assert ids(matcher, "He sent it with an unpaid return label.", title="Prepaid Return Label") == []


def test_sheepdogs_and_feeds_are_no_programs(matcher: Names) -> None:
    assert ids(matcher, "My GSP, a German shorthaired pointer, sells nothing on eBay.") == []
    assert ids(matcher, "The RSS feed of the Walmart blog") == []
    assert ids(matcher, "Walmart's RSS labels", title="Walmart returns") == ["walmart.rss"]


@given(st.text(st.one_of(st.characters(), st.sampled_from("PO SAHTpromise\u200b\u00a0İＰ-.'"))), st.integers(0, 3))
def test_spans_index_any_text_exactly(text: str, copies: int) -> None:
    matcher = names(TAXONOMY)
    whole = f"{text} Promise Optimization {text}PO" * copies
    for mention in matcher.find(whole, title=text + TITLE, thread_text=text):
        assert 0 <= mention.start < mention.end <= len(whole)
        assert fold(whole[mention.start : mention.end]).text in spellings(mention.alias)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9))))
def test_standing_spans_never_overlap_and_cover_every_longest_one(pairs: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in pairs]
    kept = longest_first(spans, 40)
    assert all(one[1] <= other[0] for one, other in pairwise(kept))
    if spans:
        assert max(end - start for start, end in spans) == max(end - start for start, end in kept)
