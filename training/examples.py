"""What the model learns from: labelled threads, the sayings, the codebook's and the rules' examples, the programs' texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.labelled import FOLDER, train
from archive.markup import render
from taxonomy.datafile import DataFile
from taxonomy.model import Taxonomy

SAYINGS = FOLDER / "labelled" / "sayings.yml"
# Whose prose carries no theme, whatever it says. Quotations are left out: they are other sellers' talk.
OFFICIAL = ("staff", "announcement", "email", "press")


@dataclass(frozen=True)
class Example:
    """A text with its labels; `official`: a platform speaks, or a reporter, and no seller. The weights say how much it
    teaches about themes, the questions after them, and programs.

    `thread` is empty for what stands in no thread: that is learned from in every fold and measured in none.
    """

    text: str
    title: str = ""
    themes: tuple[str, ...] = ()
    about: bool = True
    describes: bool = True
    official: bool = False
    programs: tuple[str, ...] = ()
    for_themes: float = 0.0
    for_about: float = 0.0
    for_programs: float = 0.0
    thread: str = ""
    writer: str = ""


def examples(taxonomy: Taxonomy) -> list[Example]:
    """All of them, always in the same order."""
    return [*_threads(taxonomy), *_sayings(), *_taxonomy(taxonomy)]


def _threads(taxonomy: Taxonomy) -> Iterator[Example]:
    known = {program.id for program in taxonomy.programs}
    for thread in train():
        for paragraph in thread.paragraphs:
            labels, text = paragraph.labels, render(paragraph.html).text
            official = labels.voice in OFFICIAL
            if not text or not (official or labels.voice == "seller"):
                continue
            programs = tuple(sorted((labels.programs or labels.inherited) & known))
            yield Example(
                text,
                thread.title,
                tuple(sorted(labels.themes)),
                bool(labels.programs or labels.inherited),
                bool(labels.programs),
                official,
                programs,
                for_themes=1.0,
                for_about=1.0,
                for_programs=(1.0 if labels.programs else 0.5) * bool(programs),
                thread=thread.id,
                writer=thread.writer,
            )


def _sayings() -> Iterator[Example]:
    data = DataFile(SAYINGS).data
    for theme, texts in data["themes"].items():
        yield from (Example(text, themes=(theme,), for_themes=1.0) for text in texts)
    yield from (Example(text, about=False, describes=False, for_themes=1.0) for text in data["none"])


def _taxonomy(taxonomy: Taxonomy) -> Iterator[Example]:
    for rule in taxonomy.theme_rules:
        yield from (Example(text, themes=(rule.theme,), for_themes=0.5) for text in rule.matches)
    for theme in taxonomy.codebook.themes:
        yield from (Example(text, themes=(theme.id,), for_themes=0.5) for text in (*theme.paraphrases, *theme.include))
    for program in taxonomy.programs:
        texts = [f"{program.name}. {program.description}", program.description, program.note]
        texts += [program.exit.detail if program.exit else "", *(mode.note for mode in program.history)]
        texts += [alias.text for alias in program.aliases]
        yield from (Example(text, programs=(program.id,), for_programs=1.0) for text in texts if text)
