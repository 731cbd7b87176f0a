"""Names that may be programs which the taxonomy does not know yet, ranked for a person to accept or reject.

Counted are posts, not words. A candidate is a run of capitalised words, an acronym, or what follows words such as
"opted out of". Its score is G2 (the log-likelihood ratio of T. Dunning, "Accurate methods for the statistics of surprise
and coincidence", Computational Linguistics 19, 1993) of its posts in the period looked at against all earlier ones,
doubled where all of them use such cue words: a name that is new stands first, one that was always there last.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from sqlite3 import Connection, Row

from ahocorasick_rs import AhoCorasick

from analysis.paragraphs import ADDRESS
from taxonomy.model import Taxonomy
from taxonomy.names import names
from taxonomy.normalise import fold, whole
from taxonomy.spelling import spellings

WORD = r"[A-Z][\w&+]*(?:['’][a-z]+)?"
RUN = re.compile(rf"(?<!\w){WORD}(?:[ \u00a0-](?:(?:of|for|and|at|to|by|on|the|&) (?={WORD}))*(?:{WORD}|\d+(?!\w)))*")
ACRONYM = re.compile(r"(?<![\w'’])[A-Z][A-Z0-9]{1,6}(?![\w'’])")
CUE = re.compile(
    r"(?:opt(?:ed|ing|s)?[ -]?(?:me|us|him|her|them)?[ -]?(?:out of|in ?to|in)|(?:un)?enrol(?:l?ed|l?ing|ls?|s)?(?: me| us)? (?:in ?to|in|from)"
    r"|(?:switch|turn)(?:ed|ing|s)? (?:off|on)|disabl(?:e|ed|ing)|signed (?:me|us) up (?:for|to)) (?:the |their |this |that |a )?"
    r"(?P<name>[A-Za-z][\w&+'’-]*(?: [A-Za-z0-9][\w&+'’-]*){0,4})",
    re.I,
)
# Words that are no part of a name at its ends.
SMALL = frozenset(
    """a about after again all also am an and any are as at back be because been before both but by can did do does done
    each even every everything first for from get got had has have he her here him his how i if i'm i've in into is it its
    just last let like made make many may me mine more most much my never new next no nobody none not nothing now of off on
    once one only or other our out over own per please quite rather really same see she should since so some still such
    than thanks that the their them then there these they this those though through to today together too two until up us
    use very was we well were what when where which while who whom whose why will with without won't would yes yesterday
    yet you your dear hello hi hey lol imho ps nb re fwd edit twice monday tuesday wednesday thursday friday saturday
    sunday january february march april june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec""".split()
)
# Words that are none alone.
COMMON = SMALL | frozenset(
    """update question help note setting settings option options program programme programs email e-mail account accounts
    seller sellers buyer buyers button box form everyone thing things product products listing listings month week day
    year""".split()
)
VOICES = frozenset(("seller", "staff", "announcement", "email"))
KINDS = frozenset(("text", "heading", "list"))
# Kept in memory while counting; beyond it names met once are dropped.
MOST_NAMES = 400_000
LONGEST = 6
EXAMPLES = 3
AROUND = 80
AT_LEAST = 3
# What chance alone exceeds once in twenty times (chi-squared, one degree of freedom).
BY_CHANCE = 3.84
# A word in small letters is a name only if its share of the posts was no more than so much of the present one before.
ORDINARY = 0.1
# A longer name stands for the shorter one in it if it is so much of its use.
TOGETHER = 0.8
# So much of the archive's time, up to its latest post, is looked at if nobody says otherwise (days).
PERIOD = 365


@dataclass
class Candidate:
    """A name with what is known of its use. `posts` are those of the period, `earlier_posts` those before it."""

    name: str
    forms: tuple[str, ...] = ()
    posts: int = 0
    threads: int = 0
    authors: int = 0
    earlier_posts: int = 0
    cue_posts: int = 0
    score: float = 0.0
    first_at: str | None = None
    last_at: str | None = None
    examples: list[dict[str, str]] = field(default_factory=list)


def find_candidates(
    connection: Connection, taxonomy: Taxonomy, stop_names: Collection[str], *, since: str | None = None, top: int = 50
) -> list[Candidate]:
    """The `top` candidates of the posts written since that day (an ISO date; by default the archive's last year, or its
    later half if it spans no more).

    `stop_names` are names that are known to be none. The archive must be tagged: only the author's own paragraphs count.
    """
    since = since or _default_since(connection)
    counted, small = _count(connection, since, _Known(taxonomy, stop_names))
    groups = _folded(counted, top * 4)
    found = _measured(connection, since, groups, small - _ordinary(connection, since, small))
    found = [candidate for candidate in found if candidate.posts >= AT_LEAST and candidate.score > BY_CHANCE]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.name))[:top]


def g2(recent: int, recent_all: int, earlier: int, earlier_all: int) -> float:
    """How surely a share grew: the log-likelihood ratio, negative where it fell."""
    total, everything = recent + earlier, recent_all + earlier_all
    result = 0.0
    for seen, of, with_it in (
        (recent, recent_all, True), (earlier, earlier_all, True),
        (recent_all - recent, recent_all, False), (earlier_all - earlier, earlier_all, False),
    ):  # fmt: skip
        if seen:
            result += seen * math.log(seen * everything / of / (total if with_it else everything - total))
    grew = recent * max(earlier_all, 1) >= earlier * max(recent_all, 1)
    return 2 * result if grew else -2 * result


def store(connection: Connection, found: Iterable[Candidate], run_id: int) -> None:
    """Write `program_candidates`: the new finds, and of the earlier ones those on which somebody decided."""
    connection.execute("delete from program_candidates where decision is null")
    connection.executemany(
        """insert into program_candidates (name, forms, posts, threads, authors, earlier_posts, cue_posts, score, first_at,
            last_at, examples, run_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (name) do nothing""",
        [
            (one.name, json.dumps(one.forms, ensure_ascii=False), one.posts, one.threads, one.authors, one.earlier_posts,
             one.cue_posts, one.score, one.first_at, one.last_at, json.dumps(one.examples, ensure_ascii=False), run_id)
            for one in found
        ],
    )  # fmt: skip


class _Known:
    """Names that are no candidates: those of the taxonomy, its watch list, and the stop list."""

    def __init__(self, taxonomy: Taxonomy, stop_names: Collection[str]) -> None:
        self._names = names(taxonomy)
        listed = [alias.text for program in taxonomy.programs for alias in program.aliases]
        listed += [watched.name for watched in taxonomy.watchlist]
        listed += [name for forum in taxonomy.forums for name in forum.names]
        self._listed = {form for text in (*listed, *stop_names) for form in spellings(text)}
        self._parts = {part for form in self._listed for part in _parts(form.split())}
        self._held: dict[str, bool] = {}

    def __contains__(self, key: str) -> bool:
        if key not in self._held:
            words = key.split()
            rest = [word for word in words if word not in COMMON and word not in self._listed]
            self._held[key] = (
                not rest
                or key in self._parts
                or bool(self._names.find(key))
                or any(part in self._listed and " " in part for part in _parts(words))
            )
        return self._held[key]


def _parts(words: list[str]) -> set[str]:
    return {" ".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, len(words) + 1)}


def _default_since(connection: Connection) -> str:
    """The last year; the later half of an archive that holds no more, as there must be earlier posts to compare with."""
    since, first = connection.execute(
        "select date(max(created_at), ?), date(min(created_at)) from posts", (f"-{PERIOD} days",)
    ).fetchone()
    if since and since <= first:
        (since,) = connection.execute(
            "select date(created_at) from posts where created_at is not null order by created_at limit 1"
            " offset (select count(*) / 2 from posts where created_at is not null)"
        ).fetchone()
    return since or "0000"


_PARAGRAPHS = """
select p.id, p.thread_id, p.author_id, p.created_at, p.text, g.start, g."end", t.site_id,
    t.native_id as thread_native_id, p.native_id as post_native_id
from paragraphs g join posts p on p.id = g.post_id join threads t on t.id = p.thread_id
where g.revision_id is null and g.kind in ({kinds}) and g.voice in ({voices}) order by p.id, g.position
"""


def _posts(connection: Connection) -> Iterator[tuple[Row, str]]:
    """Each post that has words of its author's, with just these."""
    sql = _PARAGRAPHS.format(
        kinds=", ".join(f"'{kind}'" for kind in sorted(KINDS)),
        voices=", ".join(f"'{voice}'" for voice in sorted(VOICES)),
    )
    last, words = None, []
    for row in connection.execute(sql):
        if last is not None and row["id"] != last["id"]:
            yield last, "\n\n".join(words)
            words = []
        last = row
        words.append(ADDRESS.sub(" ", row["text"][row["start"] : row["end"]]))
    if last is not None:
        yield last, "\n\n".join(words)


def _count(connection: Connection, since: str, known: _Known) -> tuple[Counter[str], set[str]]:
    """In how many posts of the period each name stands, by its folded form, and which of them are single words that
    follow a cue in small letters."""
    counted: Counter[str] = Counter()
    small: set[str] = set()
    for row, text in _posts(connection):
        if (row["created_at"] or "") >= since:
            counted.update({key for key in _names(text) if key not in known})
            small.update(words[0] for words in _after_cues(text) if words[0].islower())
            if len(counted) > MOST_NAMES:
                counted = Counter({key: number for key, number in counted.items() if number > 1})
    counted = Counter({key: number for key, number in counted.items() if number >= AT_LEAST})
    return counted, small & counted.keys()


def _ordinary(connection: Connection, since: str, words: Collection[str]) -> set[str]:
    """Those of the words that people used before, whatever they mean by them now."""
    if not words:
        return set()
    keys = sorted(words)
    automaton = AhoCorasick(keys)
    recent, earlier = Counter[str](), Counter[str]()
    recent_all = earlier_all = 0
    for row, text in _posts(connection):
        folded = fold(text).text
        used = {
            keys[number]
            for number, start, end in automaton.find_matches_as_indexes(folded, overlapping=True)
            if whole(folded, start, end)
        }
        if (row["created_at"] or "") >= since:
            recent.update(used)
            recent_all += 1
        else:
            earlier.update(used)
            earlier_all += 1
    return {key for key in keys if earlier[key] * recent_all > ORDINARY * recent[key] * earlier_all}


def _names(text: str) -> Iterator[str]:
    """Folded forms of what may be a name in a text: every run also without the word that a sentence begins with."""
    for match in RUN.finditer(text):
        words = _trimmed(fold(match[0]).text.split())
        for part in (words, _trimmed(words[1:])):
            if 2 <= len(part) <= LONGEST:
                yield " ".join(part)
    for match in ACRONYM.finditer(text):
        yield match[0].lower()
    for words in _after_cues(text):
        if len(words) <= LONGEST:
            yield from (" ".join(words[:length]).lower() for length in range(1, len(words) + 1))


def _after_cues(text: str) -> Iterator[list[str]]:
    """The words, at least one, of what may be a name after "opted out of" and the like."""
    for match in CUE.finditer(text):
        # A name in capitals ends with them; one in small letters, where a small word comes.
        capital = match["name"][0].isupper()
        words = []
        for word in fold(match["name"]).cased.split():
            if word.lower() in SMALL or (capital and not (word[0].isupper() or word[0].isdigit())):
                break
            words.append(word)
        if words:
            yield words


def _trimmed(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while first < last and words[first] in SMALL:
        first += 1
    while last > first and words[last - 1] in SMALL:
        last -= 1
    return words[first:last]


def _folded(counted: Counter[str], most: int) -> list[list[str]]:
    """Names that stand inside each other brought together, the one to show first: the longer of two that mostly go
    together, the shorter where it mostly goes alone."""
    groups: list[list[str]] = []
    for key, number in sorted(counted.items(), key=lambda item: (-item[1], -len(item[0]), item[0])):
        for group in groups:
            head = group[0]
            if _inside(head, key):
                if number >= TOGETHER * counted[head]:
                    group.insert(0, key)
                else:
                    group.append(key)
                break
            if _inside(key, head):
                group.append(key)
                break
        else:
            groups.append([key])
        if len(groups) > most * 10:
            break
    return groups[: most * 10]


def _inside(short: str, long: str) -> bool:
    return f" {short} " in f" {long} "


def _measured(connection: Connection, since: str, groups: list[list[str]], small: Collection[str]) -> list[Candidate]:
    """Each group with its use in all posts, however it is written there; single words in small letters only if they are
    in `small`."""
    owner = {
        key: number for number, group in enumerate(groups) for key in group if _inside(group[0], key) or key == group[0]
    }
    if not owner:
        return []
    keys = sorted(owner)
    automaton = AhoCorasick(keys)
    found = [Candidate(group[0], forms=tuple(group)) for group in groups]
    shown: list[Counter[str]] = [Counter() for _ in groups]
    threads: list[set[int]] = [set() for _ in groups]
    authors: list[set[int]] = [set() for _ in groups]
    recent_all = earlier_all = 0
    for row, text in _posts(connection):
        recent = (row["created_at"] or "") >= since
        recent_all += recent
        earlier_all += not recent
        folded = fold(text)
        hits: dict[int, tuple[int, int]] = {}
        for number, start, end in automaton.find_matches_as_indexes(folded.text, overlapping=True):
            key = keys[number]
            # An acronym in small letters is another word.
            named = " " in key or key in small or folded.cased[start:end] != key
            if named and whole(folded.text, start, end):
                hits.setdefault(owner[key], folded.span(start, end))
        cued = {owner.get(key) for match in CUE.finditer(text) for key in _names(match[0])} if hits else set()
        for number, (start, end) in hits.items():
            one = found[number]
            one.first_at = min(filter(None, (one.first_at, row["created_at"])), default=None)
            one.last_at = max(filter(None, (one.last_at, row["created_at"])), default=None)
            if not recent:
                one.earlier_posts += 1
                continue
            one.posts += 1
            one.cue_posts += number in cued
            shown[number][" ".join(text[start:end].split())] += 1
            threads[number].add(row["thread_id"])
            authors[number].add(row["author_id"])
            if len(one.examples) < EXAMPLES and all(
                example["thread"] != row["thread_native_id"] for example in one.examples
            ):
                words = " ".join(text[max(0, start - AROUND) : end + AROUND].split())
                one.examples.append(
                    {
                        "site": row["site_id"],
                        "thread": row["thread_native_id"],
                        "post": row["post_native_id"],
                        "words": words,
                    }
                )
    for number, one in enumerate(found):
        one.threads, one.authors = len(threads[number]), len(authors[number])
        one.score = g2(one.posts, recent_all, one.earlier_posts, earlier_all) * (1 + one.cue_posts / max(one.posts, 1))
        spelt = shown[number].most_common()
        if spelt:
            capital = [text for text, _ in spelt if text != text.lower()]
            one.name = capital[0] if capital else spelt[0][0]
            one.forms = tuple(text for text, _ in spelt[:8])
    return found
