"""Small tables that make pages and charts quick: who speaks of what, where and when, and how sure that is.

Computed from all tags at the end of every tag run, in the archive. The unit is a post; posts with the same words
(`tagged_posts.words_digest`: quotations stripped) count once, the earliest for them all: within a forum for that forum's
figures, in all forums for the totals. Only present versions of posts count.

A month is covered if the archive holds posts of it, or lies between the first thread that the forum's own lists showed
and the latest reading of these lists: there, nothing found is a zero. Elsewhere it is unknown, and the cell is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from analysis.model import model
from archive.errors import DataFileError
from taxonomy.model import Taxonomy

FIGURES = Path(__file__).resolve().parent.parent / "data" / "model" / "figures.json"
TEMPORARY = ("copies", "counted", "hits", "marketplaces", "complaints", "carried", "alone")
TABLES = ("forum_months", "summary_months", "summary_totals", "summary_pairs", "theme_quality", "tag_quality")

_COUNTED = """
create temp table counted (post_id integer primary key, site_id, thread_id, author_id, created_at, month, state, here, anywhere)
"""
# `here`, `anywhere`: 1 unless another post of the forum, or of any, stands for all with the same words.
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
    select p.id as post_id, row_number() over (partition by m.words_digest, t.site_id {first}) as in_site,
        row_number() over (partition by m.words_digest {first}) as in_all
    from (select words_digest from tagged_posts where words_digest is not null group by 1 having count(*) > 1) d
    join tagged_posts m on m.words_digest = d.words_digest join posts p on p.id = m.post_id
    join threads t on t.id = p.thread_id)
where in_all > 1 or in_site > 1
"""
# Which of several posts with the same words stands for all: one that has tags, the earliest, the same however they are
# stored.
_FIRST = """order by p.id not in (select post_id from hits), p.created_at is null, p.created_at, t.site_id, t.native_id,
p.native_id"""
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
# A seller complains of a program where one paragraph in the seller's own words carries both.
_COMPLAINTS = """
insert into hits select 'complaint', h.subject_id, h.paragraph_id, h.post_id, h.voice, h.named
from hits h where h.kind = 'program' and h.voice = 'seller' and h.paragraph_id in (
    select t.paragraph_id from hits t join temp.complaints c on c.theme_id = t.subject_id where t.kind = 'theme')
"""
_FORUM_MONTHS = """
insert into forum_months select site_id, month, count(*), count(distinct thread_id), count(distinct author_id)
from temp.counted where here and month is not null group by site_id, month
"""
_MONTHS = """
insert into summary_months
select h.kind, h.subject_id, c.site_id, c.month, {voice}, count(distinct h.post_id), count(distinct c.thread_id),
    count(distinct c.author_id), 1000.0 * count(distinct h.post_id) / coalesce(nullif(f.posts, 0), 1)
from hits h join temp.counted c on c.post_id = h.post_id
left join forum_months f on f.site_id = c.site_id and f.month = c.month
where c.here and c.month is not null group by h.kind, h.subject_id, c.site_id, c.month, {voice}
"""
_TOTALS = """
insert into summary_totals
select kind, subject_id, site, posts, threads, authors, named, copies, gone, recovered,
    1.0 * recovered / max(posts, 1), first_at, last_at
from (
    select h.kind, h.subject_id, {site} as site, count(distinct case when {first} then h.post_id end) as posts,
        count(distinct case when {first} then c.thread_id end) as threads,
        count(distinct case when {first} then c.author_id end) as authors,
        count(distinct case when {first} and h.named then h.post_id end) as named,
        count(distinct case when not {first} then h.post_id end) as copies,
        count(distinct case when {first} and c.state in ('gone', 'recovered') then h.post_id end) as gone,
        count(distinct case when {first} and c.state = 'recovered' then h.post_id end) as recovered,
        min(c.created_at) as first_at, max(c.created_at) as last_at
    from hits h join temp.counted c on c.post_id = h.post_id group by h.kind, h.subject_id, {site})
"""
# A month without a row is a zero if it is covered (`forum_months.posts` says so), else unknown.
_REST_OF_MONTHS = """
insert or ignore into summary_months
select s.kind, s.subject_id, f.site_id, f.month, '', case when f.posts is not null then 0 end,
    case when f.posts is not null then 0 end, case when f.posts is not null then 0 end, case when f.posts > 0 then 0.0 end
from (select distinct kind, subject_id from summary_totals) s, forum_months f
"""
# Paragraphs that carry anything, once for each thing.
_CARRIED = """
create temp table carried as select h.kind, h.subject_id, h.paragraph_id, h.post_id, c.thread_id, c.author_id
from hits h join temp.counted c on c.post_id = h.post_id where c.anywhere and h.kind in ('program', 'theme')
"""
_ALONE = """
create temp table alone as select kind, subject_id, count(*) as paragraphs from carried group by kind, subject_id
"""
# Two things that are said in one paragraph, and how much more often than by chance.
_PAIRS = """
insert into summary_pairs (kind, subject_id, other_kind, other_id, paragraphs, posts, threads, authors, expected, lift)
select p.*, 1.0 * x.paragraphs * y.paragraphs / n.paragraphs,
    1.0 * p.paragraphs * n.paragraphs / x.paragraphs / y.paragraphs
from (
    select a.kind, a.subject_id, b.kind as other_kind, b.subject_id as other_id, count(*) as paragraphs,
        count(distinct a.post_id), count(distinct a.thread_id), count(distinct a.author_id)
    from carried a join carried b
        on b.paragraph_id = a.paragraph_id and (b.kind, b.subject_id) > (a.kind, a.subject_id)
    group by a.kind, a.subject_id, b.kind, b.subject_id) p
join alone x on x.kind = p.kind and x.subject_id = p.subject_id
join alone y on y.kind = p.other_kind and y.subject_id = p.other_id
join (select count(distinct paragraph_id) as paragraphs from carried) n
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
    for statement in (
        _HITS,
        _COPIES.format(first=_FIRST),
        "create index temp.copies_by_post on copies(post_id)",
        _COUNTED,
        _POSTS,
    ):
        execute(statement)
    execute("create temp table marketplaces (program_id text primary key, marketplace text not null)")
    connection.executemany(
        "insert into temp.marketplaces values (?, ?)",
        [(program.id, program.marketplace) for program in taxonomy.programs],
    )
    execute("create temp table complaints (theme_id text primary key)")
    connection.executemany(
        "insert into temp.complaints values (?)",
        [(theme.id,) for theme in taxonomy.codebook.themes if not theme.stance],
    )
    execute(_COMPLAINTS)
    execute(_MARKETPLACES)
    execute("create index temp.hits_by_subject on hits(kind, subject_id, post_id)")
    execute(_FORUM_MONTHS)
    connection.executemany("insert or ignore into forum_months values (?, ?, ?, ?, ?)", list(_quiet_months(connection)))
    for voice in ("''", "h.voice"):
        execute(_MONTHS.format(voice=voice))
    for site, first in (("c.site_id", "c.here"), ("''", "c.anywhere")):
        execute(_TOTALS.format(site=site, first=first))
    execute(_REST_OF_MONTHS)
    for statement in (_CARRIED, "create index temp.carried_by_paragraph on carried(paragraph_id)", _ALONE, _PAIRS):
        execute(statement)
    _quality(connection, figures, taxonomy)
    for name in TEMPORARY:
        execute(f"drop table temp.{name}")


def are_missing(connection: Connection) -> bool:
    """True if there are tags and no counts of them: an older program made the archive, or no tag run came to its end."""
    sql = (
        "select (exists (select 1 from program_tags) or exists (select 1 from theme_tags))"
        " and not exists (select 1 from summary_totals)"
    )
    return bool(connection.execute(sql).fetchone()[0])


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


def _quality(connection: Connection, path: Path, taxonomy: Taxonomy) -> None:
    """Write `theme_quality` and `tag_quality` from a file of `optout evaluate`; DataFileError if it is none."""
    if not path.exists():
        return
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, Any] = data.get("figures", data)
        measured_with = f"taxonomy {found.get('taxonomy', '?')}, tagger {found.get('tagger', '?')}"
        by_theme = list(_by_theme(found["themes"]["all"]["labels"], taxonomy, measured_with))
        others = [(*row, measured_with) for row in _by_part(found)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataFileError(
            f"{path}: not the figures of an evaluation ({error!r}). Write it again with: optout evaluate --json {path}"
        ) from error
    connection.executemany("insert into theme_quality values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", by_theme)
    connection.executemany("insert into tag_quality values (?, ?, ?, ?, ?, ?, ?, ?, ?)", others)


def _by_theme(labels: dict[str, Any], taxonomy: Taxonomy, measured_with: str) -> Iterator[tuple[object, ...]]:
    thresholds = model().thresholds
    for theme in taxonomy.codebook.themes:
        block = labels.get(theme.id)
        if block is not None:
            figures = [block[name][end] for name in ("precision", "recall") for end in ("value", "low", "high")]
            labelled, tagged = (block["correct"] + block[others] for others in ("missed", "incorrect"))
            yield theme.id, *figures, labelled, measured_with, thresholds.get(theme.id), tagged


def _by_part(found: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """Rows of `tag_quality`, but for what was measured."""
    for kind in ("program", "theme"):
        blocks = found.get(f"{kind}s", {})
        parts = [("all", "", blocks.get("all"))]
        parts += [("how", how, blocks.get(how)) for how in ("named", "inherited")]
        for part in ("voice", "forum"):
            parts += [(part, value, block) for value, block in sorted(blocks.get(f"by_{part}", {}).items())]
        for part, value, block in parts:
            for figure, wrong in (("precision", "incorrect"), ("recall", "missed")) if block else ():
                if figure in block and block[figure]["value"] is not None:
                    yield kind, part, value, figure, *_interval(block[figure]), block["correct"] + block[wrong]
    if found.get("false_alarms"):
        yield "theme", "all", "", "false_alarms", *_interval(found["false_alarms"]), None
    if found.get("voice"):
        yield "voice", "all", "", "accuracy", *_interval(found["voice"]["accuracy"]), found["voice"]["paragraphs"]
    agreement = found.get("agreement") or {"paragraphs": 0}
    for kind in ("theme", "program") if agreement["paragraphs"] else ():
        for label, value in agreement[f"{kind}s"].items():
            yield kind, "agreement", label, "kappa", value, None, None, agreement["paragraphs"]


def _interval(figure: dict[str, float | None]) -> tuple[float | None, float | None, float | None]:
    return figure["value"], figure["low"], figure["high"]
