"""Ranked search over all posts, for readers who know nothing of query syntax."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any

from datasette.database import Database

from publish import feeds, labels, suggestions
from publish.query import NOTHING, fts_query, search_query
from publish.snippets import snippet

# Ranking and counting look at the newest matches only, which keeps them fast at ten million posts; the page says so.
RANKED = 5000
PAGE = 20
MOST_PAGES = RANKED // PAGE
LONGEST_QUERY = 500
SORTS = ("best", "newest", "oldest")
PAGE_NUMBER = re.compile("0*[1-9][0-9]{0,8}")

HITS = f"""
with candidates as materialized (
    select rowid as id, bm25(posts_fts, 4.0, 1.0, 0.0) as score from posts_fts
    where posts_fts match :match order by rowid desc limit {RANKED}
), top as (
    select id, score from candidates order by score, id desc limit {PAGE} offset :offset
)
select top.id, ({{text}}) as text from top order by score, top.id desc
"""
BY_TIME = f"""
with top as materialized (
    select rowid as id from posts_fts where posts_fts match :match order by rowid {{order}} limit {PAGE} offset :offset
)
select top.id, ({{text}}) as text from top order by top.id {{order}}
"""
MARKED = """
    select highlight(posts_fts, 1, char(2), char(3)) from posts_fts where posts_fts match :words and rowid = top.id
"""
TEXT = "select text from posts where id = top.id"
PARAGRAPHS = """
select post_id, voice, start, "end" from paragraphs where post_id in ({marks}) and revision_id is null order by post_id, start
"""
# One text of all labels of the newest matches: SQLite joins them faster than Python reads rows, and takes them from an
# index of nothing else in half the time that the rows of posts take.
LABELS = f"""
select count(*) as posts, group_concat(p.labels, ' ') as labels from (
    select rowid as id from posts_fts where posts_fts match :match order by rowid desc limit {RANKED + 1}
) f cross join posts p indexed by posts_labels on p.id = f.id
"""
# For a feed.
NEWEST_IDS = f"select rowid as id from posts_fts where posts_fts match :match order by rowid desc limit {feeds.ENTRIES}"
DETAILS = """
select p.id, p.permalink, p.url, p.number, p.created_at, p.role, p.state, a.name as author, t.title,
    t.state as thread_state, s.title as site, c.captured_at, c.digest, (
        select group_concat(name, ', ') from (
            select distinct g.name from mentions m join programs g on g.id = m.program_id where m.post_id = p.id)
    ) as programs
from posts p join threads t on t.id = p.thread_id join sites s on s.id = p.site_id
    left join authors a on a.id = p.author_id left join captures c on c.id = p.capture_id
where p.id in ({marks})
"""


@dataclass(frozen=True)
class Question:
    """What a reader asks. Empty texts ask for everything; `sort` is one of `SORTS`; `page` counts from 1."""

    q: str = ""
    program: str = ""
    theme: str = ""
    site: str = ""
    year: str = ""
    voice: str = ""
    how: str = ""
    state: str = ""
    sort: str = "best"
    page: int = 1

    @classmethod
    def read(cls, values: dict[str, str]) -> Question:
        """From the parameters of an address, whatever they hold."""
        page = values.get("page", "1")
        texts = {name: values.get(name, "").strip()[:LONGEST_QUERY] for name in ("q", *labels.KINDS)}
        sort = values.get("sort", "")
        return cls(
            **texts, sort=sort if sort in SORTS else "best",
            page=int(page) if PAGE_NUMBER.fullmatch(page) else 1,
        )  # fmt: skip

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by kind."""
        return {kind: getattr(self, kind) for kind in labels.KINDS if getattr(self, kind)}

    @property
    def asked(self) -> bool:
        return bool(self.q or self.filters)

    @property
    def parameters(self) -> dict[str, str]:
        """What of an address makes this question; the page aside."""
        asked = ({"q": self.q} if self.q else {}) | self.filters
        return asked | ({} if self.sort == "best" else {"sort": self.sort})

    @property
    def of_feed(self) -> dict[str, str]:
        """The same of its feed, which has the newest whatever the order of the page."""
        return replace(self, sort="best").parameters

    @property
    def match(self) -> str:
        """The FTS5 query of its words and filters."""
        return search_query(self.q, **self.filters)


async def find(database: Database, question: Question) -> dict[str, Any]:
    """What the search page shows.

    `hits`; `count` and whether it is `capped`; `more`: there are further pages; `labels`: posts by (kind, value) among
    the newest matches; `suggestions`: other ways to write the words; `meant`: programs and themes of such a name.
    """
    if not question.asked:
        return {
            "hits": [],
            "count": 0,
            "capped": False,
            "more": False,
            "labels": Counter(),
            "suggestions": [],
            "meant": [],
        }
    words = fts_query(question.q)
    values = {"match": question.match, "words": words, "offset": (question.page - 1) * PAGE}
    text = TEXT if words == NOTHING else MARKED
    if question.page > MOST_PAGES:
        found = []
    elif question.sort == "best" and words != NOTHING:
        found = (await database.execute(HITS.format(text=text), values)).rows
    else:
        order = "asc" if question.sort == "oldest" else "desc"
        found = (await database.execute(BY_TIME.format(text=text, order=order), values)).rows
    count, counted = await _labels(database, question.q, question.filters)
    for kind in question.filters:
        # Of a filter that is set, the other values are counted as if it were not: they are what a reader may turn to.
        asked = {each: value for each, value in question.filters.items() if each != kind}
        _, without = await _labels(database, question.q, asked)
        counted = Counter({key: n for key, n in counted.items() if key[0] != kind})
        counted.update({key: n for key, n in without.items() if key[0] == kind})
    return {
        "hits": await _details(database, found),
        "count": min(count, RANKED),
        "capped": count > RANKED,
        "more": question.page * PAGE < min(count, RANKED) and question.page < MOST_PAGES,
        "labels": counted,
        "suggestions": await suggestions.spellings(database, question.q, count),
        "meant": await suggestions.meant(database, question.q),
    }


async def _details(database: Database, found: Any) -> list[dict[str, Any]]:
    details = await database.execute(DETAILS.format(marks=", ".join("?" * len(found))), [row["id"] for row in found])
    by_id = {row["id"]: dict(row) for row in details.rows}
    spoken = await database.execute(PARAGRAPHS.format(marks=", ".join("?" * len(found))), [row["id"] for row in found])
    paragraphs: defaultdict[int, list[Any]] = defaultdict(list)
    for row in spoken.rows:
        paragraphs[row["post_id"]].append(row)
    posts = [(by_id[row["id"]], row["text"] or "") for row in found]
    return [post | {"snippet": snippet(text, post["role"], paragraphs[post["id"]])} for post, text in posts]


async def _labels(database: Database, words: str, filters: dict[str, str]) -> tuple[int, Counter[tuple[str, str]]]:
    """How many posts match, at most one more than are ranked, and how many of them have each label."""
    match = search_query(words, **filters)
    if match == NOTHING:
        return 0, Counter()
    row = (await database.execute(LABELS, {"match": match})).rows[0]
    counted: Counter[tuple[str, str]] = Counter()
    for token, posts in Counter((row["labels"] or "").split()).items():
        kind, _, value = token.partition("0")
        counted[kind, value] = posts
    labels.settle(counted, filters)
    return row["posts"], counted
