"""What a paragraph takes from its thread, and what it says itself."""

from __future__ import annotations

from functools import partial

from analysis.programs import Description, ProgramTag, inheritance
from analysis.topic import DESCRIBED, Evidence, Topic
from taxonomy import load
from taxonomy.normalise import fold

LABEL, AHT, CLAIMS = "amz.prepaid_return_label", "amz.automated_handling_time", "amz.safe_t"
HERE, FIRST_OF_POST = 9, 8
TOPIC = Topic().named([Evidence(LABEL, 3, 0, 5)])
inherited = partial(inheritance(load()).inherited, first_id=FIRST_OF_POST, here=HERE)


def said(describes: float, **chances: float) -> Description:
    names = {"label": LABEL, "aht": AHT, "claims": CLAIMS}
    return Description(
        {names[name]: chance for name, chance in chances.items()},
        describes,
        lambda program: Evidence(program, HERE, 20, 40, DESCRIBED),
    )


def test_a_paragraph_that_describes_nothing_takes_what_the_thread_is_on() -> None:
    (tag,) = inherited([], TOPIC, said(0.1, label=0.2, aht=0.8))
    assert (tag.program_id, tag.how, tag.source_paragraph_id) == (LABEL, "inherited", 3)


def test_a_paragraph_that_describes_what_the_thread_is_on_says_so_itself() -> None:
    (tag,) = inherited([], TOPIC, said(0.9, label=0.4, aht=0.3))
    assert (tag.program_id, tag.how, tag.source_paragraph_id) == (LABEL, "described", None)
    assert (tag.start, tag.end) == (20, 40)


def test_a_paragraph_that_surely_describes_another_program_is_about_that() -> None:
    (tag,) = inherited([], TOPIC, said(0.9, label=0.1, aht=0.8))
    assert (tag.program_id, tag.how, tag.score) == (AHT, "described", 0.8)


def test_claims_and_metrics_are_described_but_never_what_a_thread_is_on() -> None:
    (tag,) = inherited([], TOPIC, said(0.9, claims=0.8))
    assert (tag.program_id, tag.how) == (CLAIMS, "described")
    assert CLAIMS not in inheritance(load()).passed_on


def test_a_paragraph_that_names_a_program_takes_no_other() -> None:
    own = [ProgramTag(AHT, "named", 0, 3, None, "name", 1.0)]
    assert inherited(own, TOPIC, said(0.9, label=0.9)) == []


def test_what_is_named_already_is_not_described_once_more() -> None:
    own = [ProgramTag(CLAIMS, "named", 0, 3, None, "name", 1.0)]
    assert inherited(own, TOPIC, said(0.9, claims=0.8)) == []


def test_without_a_model_that_read_it_a_paragraph_can_still_inherit() -> None:
    assert [tag.how for tag in inherited([], TOPIC, None)] == ["inherited"]


def test_a_description_rather_means_a_program_of_a_marketplace_that_is_spoken_of() -> None:
    chances = {LABEL: 0.3, "ebay.gsp": 0.6}
    found = inheritance(load()).of_marketplaces(chances, {"amazon"})
    assert found[LABEL] > 0.8 > 0.1 > found["ebay.gsp"] > 0
    assert abs(sum(found.values()) - 0.9) < 1e-9
    assert inheritance(load()).of_marketplaces(chances, set()) == chances


def test_plain_words_mean_a_program_of_any_marketplace() -> None:
    assert inheritance(load()).of_marketplaces({LABEL: 0.01, "ebay.gsp": 0.99}, {"amazon"})["ebay.gsp"] > 0.8


def test_words_speak_of_marketplaces_by_whole_names() -> None:
    found = inheritance(load()).marketplaces
    assert set(found(fold("Left Seller Central for Tik Tok; my ASINs are on ebay too."))) == {
        "amazon",
        "tiktok_shop",
        "ebay",
    }
    assert set(found(fold("the amazonian petsy"))) == set()
