"""The labelled parts stay apart, and each is written, not stamped out: no text of the test part is, in its own or nearly
the same words, one to learn from, and within a part no text, opening or frame of a sentence comes again and again."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

from analysis.labelled import FOLDER, TEST, LabelledThread, read, train
from archive.markup import render
from taxonomy.datafile import DataFile

WORD = re.compile(r"[a-z']+")
ADDRESS = re.compile(r"https?://\S+")
# Shorter paragraphs are the small change of any forum ("Same here.").
WORDS_AT_LEAST = 12
# Shares of runs of three words: above this two texts are versions of one another.
ALIKE = 0.4
# So many first words in common between two parts are a template, not chance.
OPENING = 6
# Within a part: so many first words stand at no more paragraphs than this ("for what it's worth the").
OPENING_WITHIN, OPENINGS_AT_MOST = 5, 3
# Within a part: a run of so many words stands in no more paragraphs than this (settings pages have long names).
FRAME, FRAMES_AT_MOST = 9, 3


class Part(dict[str, list[str]]):
    """The words of a part's paragraphs by their ids. A failure's message shows none: whoever tunes must not read the
    test part there."""

    def __repr__(self) -> str:
        return f"{len(self)} paragraphs"


@pytest.fixture(scope="module")
def parts() -> dict[str, Part]:
    """All voices but quotations, which repeat a post of their thread on purpose."""
    return {"test": words(read(TEST)), "train": words(train()), "sayings": sayings()}


@pytest.fixture(scope="module")
def own() -> dict[str, Part]:
    """Sellers' own words: what the platform said is pasted in many threads alike."""
    return {"test": words(read(TEST), seller=True), "train": words(train(), seller=True), "sayings": sayings()}


def sayings() -> Part:
    data = DataFile(FOLDER / "labelled" / "sayings.yml").data
    texts = [text for group in data["themes"].values() for text in group] + data["none"]
    return Part({f"saying {number}": WORD.findall(text.lower()) for number, text in enumerate(texts)})


def words(threads: Iterable[LabelledThread], *, seller: bool = False) -> Part:
    return Part(
        {
            paragraph.id: WORD.findall(ADDRESS.sub(" ", render(paragraph.html).text).lower())
            for thread in threads
            for paragraph in thread.paragraphs
            if (paragraph.labels.voice == "seller" if seller else paragraph.labels.voice != "quotation")
        }
    )


def runs(text: list[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(text, text[1:], text[2:], strict=False))


def shared(one: Part, other: Part) -> set[frozenset[str]]:
    """Ids of paragraphs that share more than `ALIKE` of the shorter one's runs of three words."""
    index: dict[tuple[str, ...], list[str]] = defaultdict(list)
    sets = {name: runs(text) for name, text in other.items() if len(text) >= WORDS_AT_LEAST}
    for name, found in sets.items():
        for run in found:
            index[run].append(name)
    pairs = set()
    for name, text in one.items():
        mine = runs(text) if len(text) >= WORDS_AT_LEAST else frozenset()
        counts = Counter(place for run in mine for place in index.get(run, ()))
        for place, common in counts.items():
            if place != name and common > ALIKE * min(len(mine), len(sets[place])):
                pairs.add(frozenset((name, place)))
    return pairs


def told(found: Iterable[Iterable[str]], part: str) -> list[list[str]]:
    """The ids for a failure's message, but those of the test part."""
    return [[] if part == "test" else sorted(names) for names in found]


@pytest.mark.parametrize("part", ["train", "sayings"])
def test_no_test_paragraph_is_nearly_one_that_is_learned_from(parts: dict[str, Part], part: str) -> None:
    assert told(shared(parts["test"], parts[part]), "test") == []


def test_the_parts_share_no_openings(parts: dict[str, Part]) -> None:
    tested = {tuple(text[:OPENING]) for text in parts["test"].values() if len(text) >= WORDS_AT_LEAST}
    learned = parts["train"] | parts["sayings"]
    assert [name for name, text in learned.items() if tuple(text[:OPENING]) in tested] == []


def test_the_parts_share_no_writers() -> None:
    assert not {thread.writer for thread in read(TEST)} & {thread.writer for thread in train()}


def test_every_thread_has_an_id_of_its_own() -> None:
    counts = Counter(thread.id for thread in [*read(TEST), *train()])
    assert [thread for thread, count in counts.items() if count > 1] == []


WITHIN = pytest.mark.parametrize("part", ["test", "train", "sayings"])


@WITHIN
def test_no_paragraph_is_written_twice_within_a_part(own: dict[str, Part], part: str) -> None:
    assert told(shared(own[part], own[part]), part) == []


@WITHIN
def test_no_opening_is_used_again_and_again_within_a_part(own: dict[str, Part], part: str) -> None:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, text in own[part].items():
        if len(text) > OPENING_WITHIN:
            found[tuple(text[:OPENING_WITHIN])].append(name)
    assert told((names for names in found.values() if len(names) > OPENINGS_AT_MOST), part) == []


@WITHIN
def test_no_frame_is_filled_again_and_again_within_a_part(own: dict[str, Part], part: str) -> None:
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name, text in own[part].items():
        for frame in zip(*(text[place:] for place in range(FRAME)), strict=False):
            found[frame].add(name)
    assert told((names for names in found.values() if len(names) > FRAMES_AT_MOST), part) == []
