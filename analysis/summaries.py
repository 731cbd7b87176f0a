"""Small tables that make pages and charts quick: who speaks of what, where and when, and how sure that is.

Computed from all tags at the end of every tag run, in the archive. The unit is a post; posts with the same words
(`tagged_posts.words_digest`: quotations stripped) count once, the earliest for them all: within a forum for that forum's
figures, in all forums for the totals. Only present versions of posts count.

A month is covered if the archive holds posts of it, or lies between the first thread that the forum's own lists showed
and the latest reading of these lists: there, nothing found is a zero. Elsewhere it is unknown, and the cell is empty.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, groupby
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from archive.errors import DataFileError
from taxonomy.model import Taxonomy

FIGURES = Path(__file__).resolve().parent.parent / "data" / "model" / "figures.json"
TEMPORARY = ("copies", "counted", "hits", "marketplaces")
TABLES = ("forum_months", "summary_months", "summary_totals", "summary_pairs", "theme_quality")

_COUNTED = """
create temp table counted (post_id integer primary key, site_id, thread_id, author_id, created_at, month, state, here, anywhere)
"""
# `here`, `anywhere`: 1 unless an earlier post of the forum, or of any, has the same words.
_POSTS = """
insert into temp.counted
select p.id, t.site_id, p.thread_id, p.author_id, p.created_at, substr(p.created_at, 1, 7), t.state,
    c.here is null, c.anywhere is null
from posts p join threads t on t.id = p.thread_id left join temp.copies c on c.post_id = p.id
where p.kind = 'post'
"""
_COPIES = """
create temp table copies as
select post_id, nullif(in_site > 1, 0) as here, nullif(in_all > 1, 0) as anywhere from (
    select p.id as post_id,
        row_number() over (partition by m.words_digest, t.site_id order by p.created_at is null, p.created_at, p.id) as in_site,
        row_number() over (partition by m.words_digest order by p.created_at is null, p.created_at, p.id) as in_all
    from (select words_digest from tagged_posts where words_digest is not null group by 1 having count(*) > 1) d
    join tagged_posts m on m.words_digest = d.words_digest join posts p on p.id = m.post_id
    join threads t on t.id = p.thread_id)
where in_all > 1 or in_site > 1
"""
_HITS = """
create temp table hits as
select 'program' as kind, x.program_id as subject_id, x.paragraph_id, g.post_id, g.voice, max(x.how = 'named') as named
from program_tags x join paragraphs g on g.id = x.paragraph_id where g.revision_id is null group by x.paragraph_id, x.program_id
union all
select 'theme', x.theme_id, x.paragraph_id, g.post_id, g.voice, 1
from theme_tags x join paragraphs g on g.id = x.paragraph_id where g.revision_id is null group by x.paragraph_id, x.theme_id
"""
_MARKETPLACES = """
insert into hits select 'marketplace', m.marketplace, h.paragraph_id, h.post_id, h.voice, max(h.named)
from hits h join temp.marketplaces m on m.program_id = h.subject_id where h.kind = 'program'
group by h.paragraph_id, m.marketplace
"""
_FORUM_MONTHS = """
insert into forum_months select site_id, month, count(*), count(distinct thread_id), count(distinct author_id)
from temp.counted where here and month is not null group by site_id, month
"""
_FACTS = """
select h.post_id, h.voice, h.named, c.site_id, c.thread_id, c.author_id, c.created_at, c.month, c.state, c.here, c.anywhere
from hits h join temp.counted c on c.post_id = h.post_id where h.kind = ? and h.subject_id = ?
"""
# A month without a row is a zero if it is covered (`forum_months.posts` says so), else unknown.
_REST_OF_MONTHS = """
insert or ignore into summary_months
select s.kind, s.subject_id, f.site_id, f.month, '', case when f.posts is not null then 0 end,
    case when f.posts is not null then 0 end, case when f.posts is not null then 0 end, case when f.posts > 0 then 0.0 end
from (select distinct kind, subject_id from summary_totals) s, forum_months f
"""
_TOGETHER = """
select h.post_id, h.paragraph_id, h.kind, h.subject_id from hits h join temp.counted c on c.post_id = h.post_id
where c.anywhere and h.kind != 'marketplace' order by h.post_id, h.paragraph_id
"""


def summarise(connection: Connection, taxonomy: Taxonomy, figures: Path = FIGURES) -> None:
    """Compute all summary tables again. Works inside the caller's transaction.

    `figures`: what `optout evaluate --json` wrote, for `theme_quality`; that stays empty if there is no such file.
    """
    execute = connection.execute
    for name in TEMPORARY:
        execute(f"drop table if exists temp.{name}")
    for table in TABLES:
        execute(f"delete from {table}")
    for statement in (_COPIES, "create index temp.copies_by_post on copies(post_id)", _COUNTED, _POSTS, _HITS):
        execute(statement)
    execute("create temp table marketplaces (program_id text primary key, marketplace text not null)")
    connection.executemany(
        "insert into temp.marketplaces values (?, ?)",
        [(program.id, program.marketplace) for program in taxonomy.programs],
    )
    execute(_MARKETPLACES)
    execute("create index temp.hits_by_subject on hits(kind, subject_id, post_id)")
    execute(_FORUM_MONTHS)
    connection.executemany("insert or ignore into forum_months values (?, ?, ?, ?, ?)", list(_quiet_months(connection)))
    sizes = {(row[0], row[1]): row[2] for row in execute("select site_id, month, posts from forum_months")}
    for kind, subject_id in execute("select distinct kind, subject_id from hits").fetchall():
        _subject(connection, kind, subject_id, sizes)
    execute(_REST_OF_MONTHS)
    _pairs(connection)
    connection.executemany(
        "insert into theme_quality values (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(_quality(figures, taxonomy))
    )
    for name in TEMPORARY:
        execute(f"drop table temp.{name}")


class _Sum:
    """Posts with their threads and authors, counted."""

    def __init__(self) -> None:
        self.posts: set[int] = set()
        self.threads: set[int] = set()
        self.authors: set[int] = set()

    def add(self, post: int, thread: int, author: int | None) -> None:
        self.posts.add(post)
        self.threads.add(thread)
        if author is not None:
            self.authors.add(author)

    @property
    def row(self) -> tuple[int, int, int]:
        return len(self.posts), len(self.threads), len(self.authors)


class _Total(_Sum):
    def __init__(self) -> None:
        super().__init__()
        self.named: set[int] = set()
        self.copies: set[int] = set()
        self.states: dict[str, set[int]] = {"gone": set(), "recovered": set()}
        self.times: tuple[str, str] | None = None


def _subject(connection: Connection, kind: str, subject_id: str, sizes: dict[tuple[str, str], int | None]) -> None:
    """Write the months and totals of one program, theme or marketplace."""
    months: defaultdict[tuple[str, str, str], _Sum] = defaultdict(_Sum)
    totals: defaultdict[str, _Total] = defaultdict(_Total)
    rows = connection.execute(_FACTS, (kind, subject_id))
    for post, voice, named, site, thread, author, created_at, month, state, here, anywhere in rows:
        if here and month is not None:
            months[site, month, ""].add(post, thread, author)
            months[site, month, voice].add(post, thread, author)
        for key, first in ((site, here), ("", anywhere)):
            total = totals[key]
            if created_at is not None:
                first_at, last_at = total.times or (created_at, created_at)
                total.times = (min(created_at, first_at), max(created_at, last_at))
            if not first:
                total.copies.add(post)
                continue
            total.add(post, thread, author)
            if named:
                total.named.add(post)
            if state in total.states:
                total.states[state].add(post)
    connection.executemany(
        "insert into summary_months values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (kind, subject_id, *place, *found.row, 1000.0 * len(found.posts) / (sizes[place[:2]] or 1))
            for place, found in months.items()
        ],
    )
    connection.executemany(
        "insert into summary_totals values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                kind, subject_id, site, *total.row, len(total.named), len(total.copies), len(total.states["gone"]),
                len(total.states["recovered"]), len(total.states["recovered"]) / max(len(total.posts), 1),
                *(total.times or (None, None)),
            )
            for site, total in totals.items()
        ],
    )  # fmt: skip


def _pairs(connection: Connection) -> None:
    """Write which two things are said in one paragraph, and how much more often than by chance."""
    alone: Counter[tuple[str, str]] = Counter()
    together: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
    in_posts: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
    number = 0
    for _, of_post in groupby(connection.execute(_TOGETHER), key=lambda row: row[0]):
        met: set[tuple[tuple[str, str], tuple[str, str]]] = set()
        for _, of_paragraph in groupby(of_post, key=lambda row: row[1]):
            carried = sorted((row[2], row[3]) for row in of_paragraph)
            number += 1
            alone.update(carried)
            couples = list(combinations(carried, 2))
            together.update(couples)
            met.update(couples)
        in_posts.update(met)
    connection.executemany(
        "insert into summary_pairs values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *one, *other, both, in_posts[one, other], alone[one] * alone[other] / number,
                both * number / alone[one] / alone[other],
            )
            for (one, other), both in sorted(together.items())
        ],
    )  # fmt: skip


def _quiet_months(connection: Connection) -> Iterator[tuple[str, str, int | None, int | None, int | None]]:
    """The months without posts from each forum's first to its last: zero where its lists cover them, else unknown."""
    rows = connection.execute(
        """select s.id, (select min(month) from forum_months where site_id = s.id) as first,
            (select max(month) from forum_months where site_id = s.id) as last,
            substr(min(l.created_at), 1, 7) as listed_from, substr(max(l.last_listed_at), 1, 7) as listed_to
        from sites s left join listed_threads l on l.site_id = s.id group by s.id"""
    ).fetchall()
    for site_id, first, last, listed_from, listed_to in rows:
        begins = [month for month in (first, listed_from) if month]
        ends = [month for month in (last, listed_to if listed_from else None) if month]
        if not begins or not ends:
            continue
        for month in _months(min(begins), max(ends)):
            covered = listed_from is not None and listed_to is not None and listed_from <= month <= listed_to
            yield (site_id, month, 0, 0, 0) if covered else (site_id, month, None, None, None)


def _months(first: str, last: str) -> Iterator[str]:
    place, end = (int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (first, last))
    for number in range(place, end + 1):
        yield f"{number // 12:04}-{number % 12 + 1:02}"


def _quality(path: Path, taxonomy: Taxonomy) -> Iterator[tuple[object, ...]]:
    """Rows of `theme_quality` from a file of `optout evaluate`; DataFileError if it is none."""
    if not path.exists():
        return
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Any] = data.get("figures", data)
        labels: dict[str, Any] = found["themes"]["all"]["labels"]
        measured_with = f"taxonomy {found.get('taxonomy', '?')}, tagger {found.get('tagger', '?')}"
        for theme in taxonomy.codebook.themes:
            block = labels.get(theme.id)
            if block is not None:
                figures = [block[name][end] for name in ("precision", "recall") for end in ("value", "low", "high")]
                yield (theme.id, *figures, block["correct"] + block["missed"], measured_with)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataFileError(
            f"{path}: not the figures of an evaluation ({error!r}). Write it again with: optout evaluate --json {path}"
        ) from error
