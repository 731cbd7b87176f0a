"""What threads a paragraph refers to: by a link, by a quotation of another thread, or in words.

In words: "this 24Jan2022 OSFE thread", "that old Quay post of last March": a thread, post or the like, with a forum's
name (`data/taxonomy/forums.yml`) or a date beside it in the same sentence. Finding needs the post alone; which threads
of the archive are meant is decided afterwards for all at once (`resolve`), because it changes with what is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from sqlite3 import Connection

from analysis.dates import FoundDate
from analysis.paragraphs import Paragraph
from taxonomy.model import Taxonomy

THINGS = re.compile(
    r"(?<!\w)(?:threads?|posts?|topics?|discussions?|exchanges?|announcements?|conversations?)(?!\w)", re.I
)
STOP = re.compile(r"[.!?;]\s|\n")
# A date or a forum belongs to a thing that stands at most so many characters from it, in the same sentence.
BESIDE_FORUM, BESIDE_DATE = 40, 12
# So many references are held in memory while they are resolved.
AT_ONCE = 1000
# Between a thing and its date when no forum is named: "thread of last summer", "the June 2019 thread".
JOIN = re.compile(r"\W*(?:(?:of|from|dated|in|back in|on|over|the|old|first|whole|linked)\W+)*", re.I)


@dataclass(frozen=True)
class Link:
    """A link of a post, as in `links`. `site_id` and `native_id` say which thread it leads to."""

    url: str
    kind: str
    title: str | None
    site_id: str
    native_id: str


@dataclass(frozen=True)
class Reference:
    """A row of `thread_references` before it is resolved; offsets in code points of the post's text."""

    kind: str
    start: int
    end: int
    site_id: str | None
    native_id: str | None
    date_from: str | None
    date_to: str | None
    rule: str


class References:
    """Finds references with the forums of one taxonomy. Make it once (`references(taxonomy)`)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._sites = {name.lower(): forum.sites[0] for forum in taxonomy.forums for name in forum.names}
        self.day_first = frozenset(site for forum in taxonomy.forums for site in forum.day_first)
        names = sorted((name for forum in taxonomy.forums for name in forum.names), key=len, reverse=True)
        bodies = "|".join(rf"{re.escape(name)}" if name.isupper() else rf"(?i:{re.escape(name)})" for name in names)
        self._names = re.compile(rf"(?<!\w)(?:{bodies})(?!\w)") if names else None

    def find(
        self, paragraph: Paragraph, text: str, dates: Sequence[FoundDate], links: Iterable[Link]
    ) -> list[Reference]:
        """The references in `text[paragraph.start:paragraph.end]`, in order; `dates` are the paragraph's, in offsets of
        `text`, and `links` the post's that lead to other threads."""
        linked = [found for link in links if (found := _link(paragraph, text, link))]
        return sorted(linked + self._named(paragraph, text, dates, linked), key=lambda found: (found.start, found.end))

    def _named(
        self, paragraph: Paragraph, text: str, dates: Sequence[FoundDate], linked: Sequence[Reference]
    ) -> list[Reference]:
        found: dict[tuple[int, int], Reference] = {}
        forums: list[re.Match[str]] | None = None
        for thing in THINGS.finditer(text, paragraph.start, paragraph.end):
            if forums is None:
                forums = list(self._names.finditer(text, paragraph.start, paragraph.end)) if self._names else []
            if not forums and not dates:
                break
            forum = min(
                (name for name in forums if _gap(text, thing.span(), name.span()) <= BESIDE_FORUM),
                key=lambda name: _gap(text, thing.span(), name.span()), default=None,
            )  # fmt: skip
            near = BESIDE_FORUM if forum else BESIDE_DATE
            when = min(
                (
                    hit for hit in dates
                    if _gap(text, thing.span(), (hit.start, hit.end)) <= near
                    and (forum or _joined(text, thing.span(), (hit.start, hit.end)))
                ),
                key=lambda hit: _gap(text, thing.span(), (hit.start, hit.end)), default=None,
            )  # fmt: skip
            if forum is None and when is None:
                continue
            spans = [thing.span(), *([forum.span()] if forum else []), *([(when.start, when.end)] if when else [])]
            start, end = min(span[0] for span in spans), max(span[1] for span in spans)
            if any(
                start < other.end and other.start < end for other in (*found.values(), *linked) if other.kind != "quote"
            ):
                continue
            found[start, end] = Reference(
                "named", start, end, self._sites[forum[0].lower()] if forum else None, None,
                when.period.first.isoformat() if when else None, when.period.last.isoformat() if when else None,
                " and ".join((["forum"] if forum else []) + ([f"date ({when.period.precision})"] if when else [])),
            )  # fmt: skip
        return list(found.values())


@lru_cache(maxsize=8)
def references(taxonomy: Taxonomy) -> References:
    """The finder for `taxonomy`, made ready once for each."""
    return References(taxonomy)


def _link(paragraph: Paragraph, text: str, link: Link) -> Reference | None:
    if link.kind == "quote":
        if paragraph.kind == "quote" and paragraph.source.get("topic") == link.native_id:
            return _reference(link, paragraph.start, paragraph.end, "quotation")
        return None
    if paragraph.kind == "preview":
        if paragraph.source.get("url") == link.url or paragraph.source.get("topic") == link.native_id:
            return _reference(link, paragraph.start, paragraph.end, "preview")
        return None
    for words in (link.title, link.url):
        start = text.find(words, paragraph.start, paragraph.end) if words else -1
        if words and start >= 0:
            return _reference(link, start, start + len(words), "link")
    return None


def _reference(link: Link, start: int, end: int, rule: str) -> Reference:
    kind = "quote" if link.kind == "quote" else "link"
    return Reference(kind, start, end, link.site_id, link.native_id, None, None, rule)


def _gap(text: str, one: tuple[int, int], other: tuple[int, int]) -> int:
    """Characters between two spans; very many if a sentence ends there."""
    first, second = sorted((one, other))
    if second[0] <= first[1]:
        return 0
    return 10_000 if STOP.search(text, first[1], second[0]) else second[0] - first[1]


def _joined(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    first, second = sorted((one, other))
    return JOIN.fullmatch(text, first[1], max(first[1], second[0])) is not None


# On which days each thread was opened or written in, and of which programs it speaks: looked up by references in words.
_DAYS = """
create temp table days (site_id text, day text, thread_id integer, primary key (site_id, day, thread_id)) without rowid;
insert or ignore into temp.days select site_id, substr(created_at, 1, 10), id from threads where created_at is not null;
insert or ignore into temp.days select t.site_id, substr(p.created_at, 1, 10), t.id
    from posts p join threads t on t.id = p.thread_id where p.created_at is not null and t.created_at is not null;
create temp table spoken (thread_id integer, program_id text, primary key (thread_id, program_id)) without rowid;
insert or ignore into temp.spoken select p.thread_id, x.program_id
    from program_tags x join paragraphs g on g.id = x.paragraph_id join posts p on p.id = g.post_id
"""
_TABLES = ("days", "spoken")
# Of a named thread the day can be that of its opening, or of a post in it.
_FITS = """
select t.id, t.state from temp.days d join threads t on t.id = d.thread_id
where d.site_id in ({sites}) and d.day between :first and :last and t.id != :own and substr(t.created_at, 1, 10) <= :last
{about} group by t.id order by substr(t.created_at, 1, 10) not between :first and :last, t.id
"""
# Threads that speak of a program which the paragraph is about.
_ABOUT = """and exists (select 1 from program_tags x join temp.spoken s on s.program_id = x.program_id
    where x.paragraph_id = :paragraph and s.thread_id = t.id)"""
_OPEN = """
select r.rowid as id, r.*, p.id as post_id, p.thread_id, t.site_id as own_site, g.start as paragraph_start from thread_references r
join paragraphs g on g.id = r.paragraph_id join posts p on p.id = g.post_id join threads t on t.id = p.thread_id
where r.kind = 'named' and r.rowid > ? order by r.rowid limit ?
"""


def resolve(connection: Connection, taxonomy: Taxonomy) -> None:
    """Say of every reference which thread of the archive it means, and how that stands, by what is held now.

    A link or quotation names its thread. One in words means the thread that the same paragraph links to on that forum,
    or else the only one that fits its date: for a date less exact than a day, the only one about the same program.
    """
    _resolve_addresses(connection)
    groups = {site: forum.sites for forum in taxonomy.forums for site in forum.sites}
    rows = connection.execute(_OPEN, (0, AT_ONCE)).fetchall()
    if not rows:
        return
    for table in _TABLES:
        connection.execute(f"drop table if exists temp.{table}")
    for statement in _DAYS.split(";\n"):
        connection.execute(statement)
    while rows:
        changes = []
        for row in rows:
            target, state, by = _meant(connection, row, groups)
            rule = row["rule"].split("; ")[0] + (f"; found by {by}" if by else "")
            if (target, state, rule) != (row["target_thread_id"], row["state"], row["rule"]):
                changes.append((target, state, rule, row["id"]))
        connection.executemany(
            "update thread_references set target_thread_id = ?, state = ?, rule = ? where rowid = ?", changes
        )
        rows = connection.execute(_OPEN, (rows[-1]["id"], AT_ONCE)).fetchall()
    for table in _TABLES:
        connection.execute(f"drop table temp.{table}")


def _resolve_addresses(connection: Connection) -> None:
    """Links and quotations: as `links` says, which the crawler keeps up to date."""
    connection.execute(
        """update thread_references set (target_thread_id, state) = (
            select l.target_thread_id, l.state from paragraphs g join links l on l.post_id = g.post_id
            where g.id = thread_references.paragraph_id and l.target_site_id = thread_references.site_id
            and l.target_native_id = thread_references.target_native_id limit 1)
        where kind != 'named' and exists (
            select 1 from paragraphs g join links l on l.post_id = g.post_id
            where g.id = thread_references.paragraph_id and l.target_site_id = thread_references.site_id
            and l.target_native_id = thread_references.target_native_id
            and (l.target_thread_id is not thread_references.target_thread_id or l.state != thread_references.state))"""
    )


def _meant(
    connection: Connection, row: Mapping[str, object], groups: Mapping[str, Sequence[str]]
) -> tuple[int | None, str, str]:
    own_site = str(row["own_site"])
    site = str(row["site_id"] or own_site)
    sites = groups.get(site, (site,))
    marks = ", ".join(f":s{number}" for number in range(len(sites)))
    values: dict[str, object] = {f"s{number}": name for number, name in enumerate(sites)}
    if row["site_id"]:
        linked = connection.execute(
            f"""select distinct target_thread_id, state, target_native_id from thread_references
            where paragraph_id = :paragraph and kind = 'link' and site_id in ({marks})""",
            {**values, "paragraph": row["paragraph_id"]},
        ).fetchall()
        if len(linked) == 1:
            return linked[0]["target_thread_id"], linked[0]["state"], "the link beside it"
    if row["date_from"] is None:
        return None, "unknown", ""
    exact = row["date_from"] == row["date_to"]
    values |= {
        "own": row["thread_id"], "first": row["date_from"], "last": row["date_to"], "paragraph": row["paragraph_id"]
    }  # fmt: skip
    fits = connection.execute(_FITS.format(sites=marks, about="" if exact else _ABOUT) + " limit 2", values).fetchall()
    if len(fits) == 1:
        return fits[0]["id"], fits[0]["state"], "its date" if exact else "its date and program"
    return None, "ambiguous" if fits else "unknown", ""
