"""The labelled parts stay apart: no text of the test part is, in its own or nearly the same words, one to learn from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import pytest

from analysis.labelled import FOLDER, TEST, LabelledThread, read, train
from archive.markup import render
from taxonomy.datafile import DataFile

WORD = re.compile(r"[a-z']+")
# Shorter paragraphs are the small change of any forum ("Same here.").
WORDS_AT_LEAST = 12
# Shares of runs of three words: above this two texts are versions of one another.
ALIKE = 0.4
# So many first words in common are a template, not chance.
OPENING = 6


@pytest.fixture(scope="module")
def parts() -> dict[str, list[list[str]]]:
    sayings = DataFile(FOLDER / "labelled" / "sayings.yml").data
    texts = [text for group in sayings["themes"].values() for text in group] + sayings["none"]
    return {
        "test": words(read(TEST)),
        "train": words(train()),
        "sayings": [found for text in texts if len(found := WORD.findall(text.lower())) >= WORDS_AT_LEAST],
    }


def words(threads: Iterable[LabelledThread]) -> list[list[str]]:
    """The words of all paragraphs but quotations, which repeat a post of their thread on purpose."""
    found = (
        WORD.findall(render(paragraph.html).text.lower())
        for thread in threads
        for paragraph in thread.paragraphs
        if paragraph.labels.voice != "quotation"
    )
    return [text for text in found if len(text) >= WORDS_AT_LEAST]


def runs(text: list[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(text, text[1:], text[2:], strict=False))


def alike(one: list[list[str]], other: list[list[str]], *, same: bool) -> list[tuple[str, str, float]]:
    """Pairs of texts that share more than `ALIKE` of the smaller one's runs of three words."""
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sets = [runs(text) for text in other]
    for number, found in enumerate(sets):
        for run in found:
            index[run].append(number)
    pairs = []
    for number, text in enumerate(one):
        mine = runs(text)
        shared: dict[int, int] = defaultdict(int)
        for run in mine:
            for place in index.get(run, ()):
                if not same or place > number:
                    shared[place] += 1
        for place, common in shared.items():
            part = common / max(1, min(len(mine), len(sets[place])))
            if part > ALIKE:
                pairs.append((" ".join(text)[:80], " ".join(other[place])[:80], round(part, 2)))
    return pairs


@pytest.mark.parametrize("part", ["train", "sayings"])
def test_no_test_paragraph_is_nearly_one_that_is_learned_from(parts: dict[str, list[list[str]]], part: str) -> None:
    # Only a number: whoever tunes must not read the test part in a failure.
    pairs = len(alike(parts["test"], parts[part], same=False))
    assert pairs == 0


@pytest.mark.parametrize("part", ["test", "sayings"])
def test_no_paragraph_is_written_twice_within_a_part(parts: dict[str, list[list[str]]], part: str) -> None:
    pairs = len(alike(parts[part], parts[part], same=True))
    assert pairs == 0


def test_the_parts_share_no_openings(parts: dict[str, list[list[str]]]) -> None:
    learned = {tuple(text[:OPENING]) for part in ("train", "sayings") for text in parts[part]}
    assert sum(tuple(text[:OPENING]) in learned for text in parts["test"]) == 0


def test_the_parts_share_no_writers() -> None:
    assert not {thread.writer for thread in read(TEST)} & {thread.writer for thread in train()}
