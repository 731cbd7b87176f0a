"""Single sentences to learn from, in `data/labelled/sayings/`: written one by one, in no thread, and never measured on.

A file is one writer's:

    writer: w88
    under:
      - title: Prepaid return labels - high value items
        program: amz.prepaid_return_label
        names:                # the words themselves name the program, or plainly describe it
          unclear_rules: ["Does the prepaid label apply to rings?"]
        inherits:             # they speak of it without naming it
          cost_shift fraud_exposure: ["It comes back used and I pay the postage."]
          none: ["I opted out last week."]
        aside: ["Forty orders a day here."]

A key has the themes, with spaces between. Without a `program` it stays open what the words are about.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.labelled import FOLDER
from taxonomy.datafile import DataFile
from taxonomy.model import Taxonomy

SAYINGS = FOLDER / "labelled" / "sayings"
NONE = "none"


@dataclass(frozen=True)
class Saying:
    """`program`: what the words name, or what they are about; empty for an aside."""

    text: str
    title: str
    writer: str
    themes: tuple[str, ...] = ()
    program: str = ""
    names: bool = False


def sayings(taxonomy: Taxonomy, folder: Path = SAYINGS) -> list[list[Saying]]:
    """Those under each title, in an order that puts no two of a kind together on purpose. DataFileError, with file and
    line, where a theme or a program is not known."""
    return [block for path in sorted(folder.glob("*.yml")) for block in _blocks(path, taxonomy)]


def _blocks(path: Path, taxonomy: Taxonomy) -> Iterator[list[Saying]]:
    themes = {theme.id for theme in taxonomy.codebook.themes}
    programs = {program.id for program in taxonomy.programs} | {""}
    file = DataFile(path)
    for place, block in enumerate(file.data["under"]):
        title, program = block["title"], block.get("program", "")
        if program not in programs:
            file.fail(("under", place, "program"), f"no program {program!r}", "Give one of the taxonomy.")
        found = [Saying(text, title, file.data["writer"]) for text in block.get("aside", ())]
        for kind in ("names", "inherits"):
            for key, texts in block.get(kind, {}).items():
                held = tuple(sorted(set(key.split()) - {NONE}))
                if not themes.issuperset(held):
                    file.fail(("under", place, kind, key), f"no themes {key!r}", "Give those of the codebook.")
                found += [Saying(text, title, file.data["writer"], held, program, kind == "names") for text in texts]
        random.Random(title).shuffle(found)
        yield found
