"""How many paragraphs a second are tagged, on one core: `python -m benchmarks.tagging [PARAGRAPHS]`.

Synthetic paragraphs of 400 characters, a third of which have hits: a program's name, a theme by rule, a date, or all of
them. In one run, on the same text: names, theme rules, voice and dates together; the whole tagger with its model; names
and theme rules one after another with plain `re`; and the search for an absent byte, which is as fast as bytes can be
looked through.

`python -m benchmarks.tagging --archive POSTS` makes an archive of so many such posts, tags it, and tags it again with
nothing changed: the time of each, and the peak of memory, which must not grow with the archive. With `--no-encoder` the
model's second stage, which takes nearly all the time and the same memory for each paragraph, answers at once and says
nothing.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from analysis.dates import find_dates
from analysis.encoder import Encoded, Encoder
from analysis.model import model
from analysis.paragraphs import Paragraph
from analysis.programs import ThreadState
from analysis.tag import tag_archive
from analysis.tagger import Tagger
from analysis.voice import voices
from archive.database import open_archive
from taxonomy import load
from taxonomy.model import Taxonomy
from taxonomy.names import Context
from taxonomy.normalise import fold

WORDS = (
    "the parcel went out on a monday and the buyer wrote that it is fine with him so we packed another one while rain fell"
    " on our roof my brother painted the van green last week because blue was sold out in every shop near the harbour"
).split()
NAME = "Promise Optimization moved my delivery dates and the label came with a fee"
THEME = "Nobody even asked me whether I wanted it"
DATE = "It was on 24Jan2022, I still have the letter"
HITS = (NAME, THEME, DATE, f"{NAME}. {THEME}. {DATE}")
REFERENCE = "Promise Optimization was in this March 2022 thread too"
LENGTH = 400
POSTED = date(2024, 4, 10)
NOW = "2024-04-10T00:00:00Z"
THREAD = 25


def paragraph(draw: random.Random, start: str) -> str:
    text = start
    while len(text) < LENGTH:
        text += " " + draw.choice(WORDS) + ("." if draw.random() < 0.07 else "")
    return text[:LENGTH].strip()


def timed(name: str, number: int, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    print(f"{name:<36} {number / seconds:>12,.0f} paragraphs/s  {seconds / number * 1e6:>9.1f} us each")


def paragraphs(number: int) -> None:
    draw = random.Random(1)
    taxonomy = load()
    tagger = Tagger(taxonomy)
    name = taxonomy.programs[0].name
    topic = tagger.opening(tagger.names.find_folded(fold(name), Context.of(name)))
    texts = [paragraph(draw, HITS[place // 3 % len(HITS)] if place % 3 == 0 else "") for place in range(number)]
    context = Context.of("A thread", "")
    post = partial(tagger.post, context=context, sellers=True, marketplace="amazon", thread="", about=lambda _: [])

    def whole() -> None:
        for place, text in enumerate(texts):
            found = tagger.read("", text, author="a", role="member", link_titles=(), title=context.title.text)
            post(found, state=topic if place % 3 == 0 else ThreadState(), first_id=1)
            find_dates(text, POSTED)

    def stages() -> None:
        for text in texts:
            folded = fold(text)
            tagger.names.find_folded(folded, context)
            tagger.themes.find(folded)
            voices([Paragraph("text", 0, len(text))], text, author="a", role="member")
            find_dates(text, POSTED)

    patterns = [re.compile(pattern) for rule in taxonomy.theme_rules for pattern in rule.patterns]
    patterns += [
        re.compile(rf"(?<!\w){re.escape(fold(alias.text).text)}(?!\w)")
        for program in taxonomy.programs
        for alias in program.aliases
    ]
    few = texts[: max(1, number // 20)]

    def plain() -> None:
        for text in few:
            low = text.lower()
            for pattern in patterns:
                pattern.search(low)

    data = [text.encode() for text in texts]
    stages()
    timed("names, theme rules, voice and dates", number, stages)
    timed("the whole tagger with the model", number, whole)
    timed("names and theme rules, plain re loop", len(few), plain)
    timed("search for an absent byte", number, lambda: [part.find(b"\0") for part in data])


def archive(number: int) -> None:
    taxonomy = load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.db"
        _fill(path, number)
        print(f"{path.stat().st_size / 1e6:,.0f} MB of posts; {_peak():,.0f} MB of memory before tagging")
        for name in ("tagged", "tagged again, nothing changed"):
            start = time.process_time()
            posts = _tag(path, taxonomy)
            print(f"{name}: {posts:,} posts in {time.process_time() - start:,.1f} s; peak of memory {_peak():,.0f} MB")


def _fill(path: Path, number: int) -> None:
    draw = random.Random(1)
    db = open_archive(path, create=True)
    execute = db.conn.execute
    with db.atomic():
        execute("insert into sites (id, kind, base_url, title, added_at) values ('s', 'discourse', '', '', ?)", (NOW,))
        execute("insert into authors (id, site_id, name, role) values (1, 's', 'anna', 'member')")
        execute("insert into authors (id, site_id, name, role) values (2, 's', 'ben', 'member')")
        for place in range(number):
            thread, post = divmod(place, THREAD)
            if not post:
                title = "Promise Optimization is on" if thread % 3 == 0 else "Rain again"
                execute(
                    "insert into threads (id, site_id, native_id, url, title, tags, state, first_seen_at, last_seen_at)"
                    " values (?, 's', ?, '', ?, '[]', 'live', ?, ?)",
                    (thread + 1, str(thread), title, NOW, NOW),
                )
            start = REFERENCE if place % 150 == 0 else HITS[place // 3 % len(HITS)] if place % 3 == 0 else ""
            text = paragraph(draw, start)
            written = f"{2018 + place % 7}-{place % 12 + 1:02}-10T00:00:00Z"
            execute(
                "insert into posts (thread_id, native_id, number, author_id, created_at, text, html, digest, state, kind,"
                " first_seen_at, last_seen_at) values (?, ?, ?, ?, ?, ?, ?, ?, 'present', 'post', ?, ?)",
                (
                    thread + 1,
                    str(place),
                    post + 1,
                    place % 2 + 1,
                    written,
                    text,
                    f"<p>{text}</p>",
                    str(place),
                    NOW,
                    NOW,
                ),
            )
    db.close()


def _tag(path: Path, taxonomy: Taxonomy) -> int:
    db = open_archive(path)
    try:
        with db.atomic():
            run_id = db.conn.execute(
                "insert into runs (verb, settings, code_version, state, started_at) values ('tag', '{}', '', 'running', ?)",
                (NOW,),
            ).lastrowid
        assert run_id is not None
        return tag_archive(db, taxonomy, run_id=run_id).posts
    finally:
        db.close()


def _peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def _says_nothing(encoder: Encoder, title: Sequence[int], text: Sequence[int]) -> list[Encoded]:
    labels = model().asked + len(model().programs)
    return [Encoded(*(np.zeros((pieces, 2, labels), np.float32) for pieces in (len(title) + 2, len(text))))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the speed and memory of tagging.")
    parser.add_argument("paragraphs", nargs="?", type=int, default=10_000)
    parser.add_argument("--archive", type=int, metavar="POSTS", help="tag an archive of so many posts instead")
    parser.add_argument("--no-encoder", action="store_true", help="without the work of the model's second stage")
    options = parser.parse_args()
    if options.no_encoder:
        Encoder.read = _says_nothing  # type: ignore[method-assign,assignment]
    if options.archive:
        archive(options.archive)
    else:
        paragraphs(options.paragraphs)


if __name__ == "__main__":
    main()
