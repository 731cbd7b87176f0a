"""How many paragraphs a second are tagged, on one core: `python -m benchmarks.tagging [PARAGRAPHS]`.

Synthetic paragraphs of 400 characters, a third of them in threads about a program, one in ten with a theme by rule. In
one run, on the same text: the whole tagger, the same without its model, the rules one after another with plain `re`, and
the search for an absent byte, which is as fast as bytes can be looked through.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Callable

from analysis.programs import Evidence, ThreadState
from analysis.tagger import Tagger
from taxonomy import load
from taxonomy.names import Context
from taxonomy.normalise import fold

WORDS = (
    "the parcel went out on a monday and the buyer wrote that it is fine with him so we packed another one while rain fell"
    " on our roof my brother painted the van green last week because blue was sold out in every shop near the harbour"
).split()
TOPICAL = "They set it for my listings and the label came with a fee"
THEMED = "Nobody even asked me whether I wanted it"
LENGTH = 400


def paragraph(draw: random.Random, start: str) -> str:
    text = start
    while len(text) < LENGTH:
        text += " " + draw.choice(WORDS) + ("." if draw.random() < 0.07 else "")
    return text[:LENGTH]


def timed(name: str, number: int, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    print(f"{name:<28} {number / seconds:>12,.0f} paragraphs/s  {seconds / number * 1e6:>9.1f} us each")


def main(number: int) -> None:
    draw = random.Random(1)
    taxonomy = load()
    tagger = Tagger(taxonomy)
    topic = (Evidence(taxonomy.programs[0].id, None, 0, 5),)
    posts = []
    for place in range(number):
        on_topic = place % 3 == 0
        start = THEMED if place % 10 == 0 else TOPICAL if on_topic else ""
        posts.append((paragraph(draw, start), ThreadState(title=topic) if on_topic else ThreadState()))
    context = Context.of("A thread", "")

    def tag() -> None:
        for text, state in posts:
            tagger.post(
                "",
                text,
                author="a",
                role="member",
                link_titles=(),
                context=context,
                state=state,
                first_id=1,
                about=lambda _: [],
            )

    def stages() -> None:
        for text, _ in posts:
            folded = fold(text)
            tagger.names.find_folded(folded, context)
            tagger.themes.find(folded)

    patterns = [re.compile(pattern) for rule in taxonomy.theme_rules for pattern in rule.patterns]
    few = posts[: max(1, number // 20)]

    def plain() -> None:
        for text, _ in few:
            low = text.lower()
            for pattern in patterns:
                pattern.search(low)

    data = [text.encode() for text, _ in posts]
    tag()
    timed("the whole tagger", number, tag)
    timed("names and theme rules only", number, stages)
    timed("theme rules, plain re loop", len(few), plain)
    timed("search for an absent byte", number, lambda: [part.find(b"\0") for part in data])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
