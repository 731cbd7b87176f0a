"""What a thread is on, as names and descriptions move it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis.topic import DESCRIBED, Evidence, Topic, load

PLACE = Evidence("", 7, 0, 10)


def name(program: str, paragraph: int | None) -> Evidence:
    return Evidence(program, paragraph, 0, 5)


def likeliest(topic: Topic) -> list[str]:
    return [evidence.program_id for evidence, _ in topic.likeliest()]


def test_a_title_says_what_the_thread_is_on() -> None:
    topic = Topic().named([name("a", None)])
    assert likeliest(topic) == ["a"]


def test_a_later_name_takes_over() -> None:
    topic = Topic().named([name("a", None)]).named([name("b", 3)]).named([name("b", 4)])
    assert likeliest(topic) == ["b"]


def test_two_programs_named_together_are_both_what_it_is_on() -> None:
    assert likeliest(Topic().named([name("a", 1), name("b", 1)])) == ["a", "b"]


def test_descriptions_decide_where_nothing_is_named() -> None:
    topic = Topic()
    assert likeliest(topic) == []
    topic = topic.described({"a": 0.85, "b": 0.1}, PLACE)
    assert likeliest(topic) == ["a"]
    assert topic.evidence[0].how == DESCRIBED and topic.evidence[0].paragraph_id == 7
    assert likeliest(topic.described({"a": 0.1, "b": 0.6}, PLACE).described({"b": 0.6}, PLACE)) == ["b"]


def test_where_nobody_spoke_of_a_program_only_a_sure_description_begins_a_topic() -> None:
    assert Topic().described({"a": 0.4, "b": 0.2}, PLACE) == Topic()


def test_of_two_descriptions_the_first_is_the_evidence_and_a_name_replaces_it() -> None:
    topic = Topic().described({"a": 0.9}, PLACE).described({"a": 0.9}, Evidence("", 9, 0, 10))
    assert topic.evidence[0].paragraph_id == 7
    assert topic.named([name("a", 11)]).evidence == (name("a", 11),)


def test_a_quoted_post_says_more_than_the_title() -> None:
    topic = Topic().named([name("a", None)]).named([name("a", 1)]).named([name("a", 2)])
    assert likeliest(topic.named([name("b", 3)])) == ["a"]
    assert likeliest(topic.looked_up([name("b", 3)])) == ["b"]


def test_after_long_talk_of_other_things_only_the_title_still_counts() -> None:
    opening = Topic().named([name("a", None)])
    titled, untitled = opening.named([name("b", 1)]), Topic().named([name("b", 1)])
    for _ in range(200):
        titled, untitled = titled.faded(opening), untitled.faded(Topic())
    assert likeliest(titled) == ["a"] and likeliest(untitled) == []


def test_one_description_in_passing_does_not_change_a_thread_that_names_its_program() -> None:
    topic = Topic().named([name("a", None)]).named([name("a", 2)])
    assert likeliest(topic.described({"a": 0.2, "b": 0.4}, PLACE)) == ["a"]


def test_a_name_is_better_evidence_than_a_description() -> None:
    topic = Topic().named([name("a", 2)]).described({"a": 0.9}, PLACE)
    assert topic.evidence == (name("a", 2),)


moves = st.lists(
    st.one_of(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1),
    ),
    max_size=30,
)


@given(moves)
def test_beliefs_stay_probabilities_and_what_is_kept_is_what_goes_on(moves: list[list[str] | dict[str, float]]) -> None:
    topic = Topic()
    for number, move in enumerate(moves):
        if isinstance(move, list):
            topic = topic.named([name(program, number) for program in move])
        else:
            topic = topic.described(move, PLACE)
        assert sum(belief for _, belief in topic.beliefs) <= 1.001
        assert load(topic.dump()) == topic
