"""Ranked search over all posts, for readers who know nothing of query syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from datasette.database import Database
from markupsafe import Markup, escape

# Ranking looks at the newest matches only, which keeps it fast at ten million posts; the page says so.
RANKED = 5000
# Beyond this a count is "more than".
COUNTED = 10_000
PAGE = 20
MOST_PAGES = RANKED // PAGE
LONGEST_QUERY = 500
# Signs around a matching word in a snippet, replaced after escaping.
OPEN, CLOSE = "\x02", "\x03"
# An FTS5 query that is valid and matches no row.
NOTHING = '""'
TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')

FILTERS = """
    and (:program = '' or posts_fts.rowid in (
        select post_id from mentions where program_id = :program and (:theme = '' or theme_id = :theme)))
    and (:theme = '' or :program != '' or posts_fts.rowid in (select post_id from mentions where theme_id = :theme))
    and (:site = '' or (select site_id from posts where id = posts_fts.rowid) = :site)
"""
HITS = f"""
with candidates as materialized (
    select rowid as id, bm25(posts_fts, 4.0, 1.0) as score from posts_fts
    where posts_fts match :match {FILTERS} order by rowid desc limit {RANKED}
), top as (
    select id, score from candidates order by case when :sort = 'newest' then -id else score end, id desc
    limit {PAGE} offset :offset
)
select top.id, (
    select snippet(posts_fts, 1, char(2), char(3), '…', 40) from posts_fts
    where posts_fts match :match and rowid = top.id) as snippet
from top order by case when :sort = 'newest' then -top.id else score end, top.id desc
"""
NEWEST = f"""
select posts.id, substr(posts.text, 1, 280) as snippet from posts
where {FILTERS.replace("posts_fts.rowid", "posts.id").replace("and", "", 1)}
order by posts.id desc limit {PAGE} offset :offset
"""
COUNT = f"""
select count(*) from (
    select 1 from posts_fts where posts_fts match :match {FILTERS} limit {COUNTED + 1})
"""
DETAILS = """
select p.id, p.permalink, p.number, p.created_at, p.role, p.state, a.name as author, t.title, t.state as thread_state,
    s.title as site, (
        select group_concat(name, ', ') from (
            select distinct g.name from mentions m join programs g on g.id = m.program_id where m.post_id = p.id)
    ) as programs
from posts p join threads t on t.id = p.thread_id join sites s on s.id = p.site_id
    left join authors a on a.id = p.author_id
where p.id in ({marks})
"""


@dataclass(frozen=True)
class Question:
    """What a reader asks. Empty texts ask for everything; `sort` is `best` or `newest`; `page` counts from 1."""

    q: str = ""
    program: str = ""
    theme: str = ""
    site: str = ""
    sort: str = "best"
    page: int = 1

    @classmethod
    def read(cls, values: dict[str, str]) -> Question:
        """From the parameters of an address, whatever they hold."""
        page = values.get("page", "1")
        q, program, theme, site = (
            values.get(name, "").strip()[:LONGEST_QUERY] for name in ("q", "program", "theme", "site")
        )
        return cls(
            q, program, theme, site, "newest" if values.get("sort") == "newest" else "best",
            min(max(int(page), 1), MOST_PAGES) if re.fullmatch(r"[0-9]{1,4}", page) else 1,
        )  # fmt: skip

    @property
    def asked(self) -> bool:
        return bool(self.q or self.program or self.theme or self.site)


def fts_query(words: str | None) -> str:
    """A valid FTS5 query for what people type: words, "phrases", -unwanted words. Never a syntax error.

    All words are wanted, in any order; a * at the end of a word matches any ending. Without any word the query
    matches nothing.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in TERM.findall((words or "").replace("\0", " ")):
        text = phrase or word
        if not any(character.isalnum() for character in text):
            continue
        prefix = "*" if word.endswith("*") else ""
        quoted = '"' + text.replace('"', '""') + '"' + prefix
        (unwanted if minus else wanted).append(quoted)
    if not wanted:
        return NOTHING
    return " AND ".join(wanted) + "".join(f" NOT {term}" for term in unwanted)


def highlighted(snippet: str) -> Markup:
    """A snippet as markup: escaped, the matching words marked."""
    return Markup(str(escape(snippet)).replace(OPEN, "<mark>").replace(CLOSE, "</mark>"))


async def find(database: Database, question: Question) -> dict[str, Any]:
    """What the search page shows: `hits`, `count` (None when it was not counted), `more` (there are further pages)."""
    values = {
        "match": fts_query(question.q), "program": question.program, "theme": question.theme, "site": question.site,
        "sort": question.sort, "offset": (question.page - 1) * PAGE,
    }  # fmt: skip
    if not question.asked:
        return {"hits": [], "count": None, "counted_all": True, "more": False}
    if values["match"] != NOTHING:
        found = (await database.execute(HITS, values)).rows
        count = (await database.execute(COUNT, values)).rows[0][0]
    else:
        found, count = (await database.execute(NEWEST, values)).rows, None
    details = await database.execute(DETAILS.format(marks=", ".join("?" * len(found))), [row["id"] for row in found])
    by_id = {row["id"]: dict(row) for row in details.rows}
    hits = [by_id[row["id"]] | {"snippet": highlighted(row["snippet"] or "")} for row in found]
    reachable = min(count, RANKED) if count is not None else question.page * PAGE + len(found) // PAGE
    return {
        "hits": hits,
        "count": None if count is None else min(count, COUNTED),
        "counted_all": count is None or count <= COUNTED,
        "ranked_all": count is None or count <= RANKED,
        "more": question.page * PAGE < reachable and question.page < MOST_PAGES,
    }
