"""After a change of the taxonomy: which posts it can touch, so that only these are tagged again.

Each taxonomy that tags an archive leaves its signature there: for every program, theme rule and forum a digest of what
decides tags, and the literals or patterns without which it finds nothing. From two signatures follows what changed; a
post in which no changed literal or pattern occurs, in either version, cannot get other tags by its own words. It could
only by what it inherits, and that comes from the title or from earlier posts: a thread is tagged again from its first
touched post on, all of it if the title is touched. A change of which this cannot be said touches every post.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from sqlite3 import Connection
from typing import Any

from ahocorasick_rs import AhoCorasick

from analysis.model import model
from analysis.paragraphs import without_addresses
from analysis.programs import inheritance
from analysis.review_queue import first_dates
from archive import clock
from taxonomy.model import Cues, Forum, Program, Taxonomy, ThemeRule
from taxonomy.normalise import fold
from taxonomy.spelling import halves, spellings

# What decides a tag only where one of the entry's own literals or patterns stands, and what never does. A field that is
# in neither list decides tags in ways not known here.
LOCAL = {
    Program: ("id", "aliases", "false_friends", "mode", "marketplace"),
    ThemeRule: ("id", "theme", "patterns", "refuse", "needs", "score"),
    Forum: ("sites", "name", "names", "day_first", "marketplace"),
}
INERT = {
    Program: (
        "name", "status", "description", "note", "history", "exit", "predecessors", "successors",
        "related", "sources",
    ),
    ThemeRule: ("matches", "misses"),
    Forum: (),
    # Of the codebook only which themes there are, and their order; what it says of them is for people.
    Taxonomy: ("version", "programs", "watchlist", "theme_rules", "cues", "forums", "codebook"),
    Cues: ("interest", "about"),
}  # fmt: skip

Signature = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What differs between two taxonomies: `literals` (folded) and `patterns` that can be touched, or `everything`.

    `programs`: those whose tags can change wherever they are, because their first known date, which lowers the
    confidence in earlier tags, is another. `sites`: those that became a sellers' forum or no longer are one, or on which
    numeric dates read otherwise, or that are about another marketplace.
    """

    literals: frozenset[str]
    patterns: frozenset[str]
    programs: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    everything: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.literals or self.patterns or self.programs or self.sites)


def signature(taxonomy: Taxonomy) -> Signature:
    """What is kept of a taxonomy in `taxonomies.content`."""
    parts = (taxonomy, taxonomy.cues, *taxonomy.programs, *taxonomy.theme_rules, *taxonomy.forums)
    # The model may recognise any of these by a description, whatever words it is made of.
    rules = inheritance(taxonomy)
    described = [
        sorted(f"{program} of {rules.marketplace[program]}" for program in programs.intersection(model().programs))
        for programs in (rules.passed_on, rules.context)
    ]
    return {
        "literals": {
            **{
                f"program {program.id}": [
                    _digest(program, LOCAL[Program]),
                    sorted({
                        form for text in (*(alias.text for alias in program.aliases), *program.false_friends)
                        for form in (*spellings(text), *halves(text))
                    }),
                ]
                for program in taxonomy.programs
            },
            **{
                f"forum {forum.name}": [_digest(forum, LOCAL[Forum]), [fold(name).text for name in forum.names]]
                for forum in taxonomy.forums
            },
        },
        "patterns": {rule.id: [_digest(rule, LOCAL[ThemeRule]), list(rule.patterns)] for rule in taxonomy.theme_rules},
        "described": described,
        "themes": [theme.id for theme in taxonomy.codebook.themes],
        "sites": {
            site: f"{forum.marketplace} {'day' if site in forum.day_first else 'month'} first"
            for forum in taxonomy.forums
            for site in forum.sites
        },
        "first": first_dates(taxonomy),
        "rest": hashlib.sha256(
            repr([rest for part in parts if (rest := _rest(part))]).encode()
        ).hexdigest(),
    }  # fmt: skip


def change(old: Signature, new: Signature) -> Change:
    """What differs between the taxonomies of two signatures."""
    # Between rules that fit alike the first one gives its name to the tag.
    common = [
        [rule for rule in one["patterns"] if rule in other["patterns"]] for one, other in ((old, new), (new, old))
    ]
    # What may be described moves the belief in all others.
    whole = any(old.get(part) != new[part] for part in ("described", "themes", "rest"))
    if old.keys() != new.keys() or common[0] != common[1] or whole:
        return Change(frozenset(), frozenset(), everything=True)
    return Change(
        frozenset(_changed(old["literals"], new["literals"])),
        frozenset(_changed(old["patterns"], new["patterns"])),
        frozenset(program for program, _ in old["first"].items() ^ new["first"].items()),
        frozenset(site for site, _ in old["sites"].items() ^ new["sites"].items()),
    )


def remember(connection: Connection, taxonomy: Taxonomy) -> None:
    """Keep the signature of the taxonomy that tags now."""
    connection.execute(
        "insert or ignore into taxonomies (version, content, first_used_at) values (?, ?, ?)",
        (taxonomy.version, json.dumps(signature(taxonomy), sort_keys=False), clock.now()),
    )


def spare(connection: Connection, taxonomy: Taxonomy, code_version: str) -> int:
    """Note that tags made with other taxonomies are what this one would give, wherever the difference touches nothing.

    How many posts are spared. Those tagged with a taxonomy of which no signature is kept are not.
    """
    spared = 0
    new = signature(taxonomy)
    rows = connection.execute(
        "select version, content from taxonomies where version != ? and version in"
        " (select taxonomy_version from tagged_posts where code_version = ?)",
        (taxonomy.version, code_version),
    ).fetchall()
    for version, content in rows:
        difference = change(json.loads(content), new)
        if difference.everything:
            continue
        connection.execute("drop table if exists temp.touched")
        connection.execute("create temp table touched (post_id integer primary key)")
        connection.executemany(
            "insert or ignore into temp.touched values (?)",
            ((post_id,) for post_id in touched(connection, difference, version)),
        )
        spared += connection.execute(
            "update tagged_posts set taxonomy_version = ? where taxonomy_version = ? and code_version = ?"
            " and post_id not in (select post_id from temp.touched)",
            (taxonomy.version, version, code_version),
        ).rowcount
    return spared


def touched(connection: Connection, difference: Change, version: str | None = None) -> Iterator[int]:
    """Ids of the tagged posts (of those made with the taxonomy `version`, if one is named) that a change can touch by
    their own words, by their thread's title or by their site; posts after them in the thread may follow."""
    only = "and m.taxonomy_version = :version" if version else ""
    posts = f"select m.post_id from tagged_posts m where 1 {only}"
    where = {"version": version}
    if difference.everything:
        yield from (row[0] for row in connection.execute(posts, where))
    if difference.everything or difference.nothing:
        return
    for program_id in sorted(difference.programs):
        yield from (
            row[0]
            for row in connection.execute(
                "select distinct g.post_id from program_tags x join paragraphs g on g.id = x.paragraph_id"
                f" where x.program_id = :program and g.post_id in ({posts})",
                {**where, "program": program_id},
            )
        )
    touches = _Touches(difference)
    threads = [
        (thread_id,)
        for thread_id, site_id, title in connection.execute("select id, site_id, title from threads")
        if site_id in difference.sites or touches.any_in(title)
    ]
    connection.execute("create temp table if not exists touched_threads (id integer primary key)")
    connection.execute("delete from temp.touched_threads")
    connection.executemany("insert into temp.touched_threads values (?)", threads)
    yield from (
        row[0]
        for row in connection.execute(
            f"select p.id from posts p where p.thread_id in (select id from temp.touched_threads) and p.id in ({posts})",
            where,
        )
    )
    rows = connection.execute(
        f"""select m.post_id, p.text, g.start, g."end", r.text as earlier
        from tagged_posts m join posts p on p.id = m.post_id join paragraphs g on g.post_id = m.post_id
        left join revisions r on r.id = g.revision_id
        where p.thread_id not in (select id from temp.touched_threads) {only} order by m.post_id""",
        where,
    )
    last = None
    for post_id, text, start, end, earlier in rows:
        if post_id != last and touches.any_in((text if earlier is None else earlier)[start:end]):
            last = post_id
            yield post_id


class _Touches:
    def __init__(self, difference: Change) -> None:
        self._literals = AhoCorasick(sorted(difference.literals)) if difference.literals else None
        self._patterns = [re.compile(pattern) for pattern in sorted(difference.patterns)]

    def any_in(self, words: str) -> bool:
        """Whether a changed literal or pattern stands in a paragraph, or a title, with its addresses or without them."""
        # Titles are read with their addresses, and so are paragraphs for the names of forums.
        texts = [fold(text).text for text in {words, without_addresses(words)}]
        if self._literals is not None and any(map(self._literals.find_matches_as_indexes, texts)):
            return True
        return any(pattern.search(text) for pattern in self._patterns for text in texts)


def _changed(old: dict[str, Any], new: dict[str, Any]) -> Iterable[str]:
    """The literals or patterns of all entries that are not the same in both."""
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if before != after:
            yield from (text for entry in (before, after) if entry for text in entry[1])


def _digest(entry: Any, names: Iterable[str]) -> str:
    return hashlib.sha256(repr([getattr(entry, name) for name in names]).encode()).hexdigest()[:16]


def _rest(entry: Any) -> list[Any]:
    """The fields of which it is not known that their effect is local, or none."""
    known = (*LOCAL.get(type(entry), ()), *INERT.get(type(entry), ()))
    return [(field.name, getattr(entry, field.name)) for field in fields(entry) if field.name not in known]
