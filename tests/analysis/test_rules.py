"""The theme rules of data/taxonomy/theme_rules.yml, and the machinery that runs them."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.literals import required
from analysis.themes import Themes, themes
from taxonomy import ThemeRule, load
from taxonomy.normalise import fold

TAXONOMY = load()
PATTERNS = [pattern for rule in TAXONOMY.theme_rules for pattern in rule.patterns]
SENTENCES = [text for rule in TAXONOMY.theme_rules for text in (*rule.matches, *rule.misses)]


def rule_ids(text: str, rule: ThemeRule) -> list[str]:
    return [hit.rule for hit in Themes(replace(TAXONOMY, theme_rules=(rule,))).find(fold(text))]


@pytest.mark.parametrize("rule", TAXONOMY.theme_rules, ids=lambda rule: rule.id)
def test_a_rule_finds_its_examples_and_leaves_the_others(rule: ThemeRule) -> None:
    for text in rule.matches:
        assert rule_ids(text, rule) == [rule.id], text
    for text in rule.misses:
        assert rule_ids(text, rule) == [], text


def test_every_pattern_names_a_word_that_must_occur() -> None:
    assert themes(TAXONOMY).ungated == []
    for pattern in PATTERNS:
        assert max(min(map(len, literals)) for literals in required(pattern)) >= 2, pattern


def test_no_match_is_without_a_required_literal() -> None:
    for pattern in PATTERNS:
        for text in SENTENCES:
            for match in re.finditer(pattern, fold(text).text):
                for literals in required(pattern):
                    assert any(literal in match[0] for literal in literals), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("abc", [{"abc"}]),
        ("a(?:bc|d)e", [{"abce", "ade"}]),
        ("x?yy", [{"yy"}]),
        (r"\w+ing\b", [{"ing"}]),
        ("(?:ab|.)c{2,}", [{"c"}]),
        ("a|.", []),
        (".*", []),
        ("(?=abc).", []),
        ("(?i:abc)d", [{"d"}]),
        ("opt out.{0,9}(?:survey|form)", [{"opt out"}, {"survey", "form"}]),
    ],
)
def test_required_literals(pattern: str, literals: list[set[str]]) -> None:
    assert list(required(pattern)) == literals


@given(
    st.recursive(
        st.sampled_from(["a", "b", "ab", ".", r"\w", "[ab]", "[^a]", "(?!a)", r"\b"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
            inner.map(lambda text: f"(?:{text})?"),
            inner.map(lambda text: f"(?i:{text})"),
            inner.map(lambda text: f"({text}){{1,2}}"),
        ),
        max_leaves=6,
    ),
    st.text("abAB c", max_size=8),
)
def test_the_gate_never_hides_a_match(pattern: str, text: str) -> None:
    for match in re.finditer(pattern, text):
        for literals in required(pattern):
            assert any(literal in match[0] for literal in literals)


def test_evidence_is_the_words_themselves() -> None:
    text = "Well. I’ve read it twice, but I NEVER\u00a0signed-up for this."
    (hit,) = [hit for hit in themes(TAXONOMY).find(fold(text)) if hit.theme_id == "consent_absent"]
    assert text[hit.start : hit.end] == "I NEVER\u00a0signed-up"


def test_a_theme_is_tagged_once_a_paragraph() -> None:
    hits = themes(TAXONOMY).find(fold("I never signed up. Nobody asked me. I never agreed to it."))
    assert [hit.theme_id for hit in hits] == ["consent_absent"]


def test_a_refusing_word_counts_in_its_own_sentence_only() -> None:
    rule = next(rule for rule in TAXONOMY.theme_rules if rule.id == "support.useless")
    assert rule_ids("Support could not help, thank you.", rule) == []
    assert rule_ids("Thank you all. Support could not help.", rule) == [rule.id]


@pytest.mark.parametrize(
    "text",
    [
        "It is not true that I was enrolled without asking.",
        "I never said they enrolled me without asking.",
        'Bob wrote "I never signed up for this" but he did.',
    ],
)
def test_what_is_denied_or_said_by_another_is_no_complaint(text: str) -> None:
    assert themes(TAXONOMY).find(fold(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is not true that we were informed, they enrolled us without asking.",
        "It is not true that we were informed and nobody asked me.",
        "I never said they could enrol me without asking.",
        "They should not switch it on without asking.",
        "I was not there. They enrolled me without asking.",
        "I did not see when it was enabled.",
        'I wrote: "I never signed up for this."',
        'Bob said "well". I never signed up for this.',
        'I am in their "program" and I never signed up for "it".',
    ],
)
def test_a_denial_reaches_no_further_than_its_clause_and_one_s_own_words_stay_own(text: str) -> None:
    assert [hit.theme_id for hit in themes(TAXONOMY).find(fold(text))] == ["consent_absent"]


def test_a_quoted_answer_of_the_platform_is_the_author_s_evidence() -> None:
    (hit,) = themes(TAXONOMY).find(fold('Support replied: "there is no way to opt out".'))
    assert hit.theme_id == "mandatory_no_exit"


def test_chat_carries_no_theme() -> None:
    for text in ("Good grief, what a morning!", "Off to walk the dog.", "Nice weather.", "Happy birthday to the forum"):
        assert themes(TAXONOMY).find(fold(text)) == []


def test_hostile_text_ends_in_good_time() -> None:
    words = ["never", "asked", "me", "opt", "out", "survey", "token", "the", "fee", "was", "$9", "label", "no", "not"]
    text = " ".join(random.Random(1).choices(words, k=20_000))
    assert themes(TAXONOMY).find(fold(text))
