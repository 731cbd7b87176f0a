"""All posts that a search finds, as rows to export."""

from __future__ import annotations

from collections.abc import Mapping

from publish import query, search
from publish.exports.reading import Selection

ROWS = """
select posts.id, posts.created_at, threads.title as thread, authors.name as author, posts.role, posts.site_id,
    posts.number, posts.text, posts.state, posts.permalink, posts.url, captures.captured_at, captures.route, captures.via,
    captures.digest
from posts join threads on threads.id = posts.thread_id left join authors on authors.id = posts.author_id
    left join captures on captures.id = posts.capture_id {ranks}
where {conditions} order by {order}
"""
# As on the page: the newest matches by rank, all others after them by time.
RANKS = f"""
left join (
    select rowid as id, bm25(posts_fts, 4.0, 1.0, 0.0) as score from posts_fts
    where posts_fts match :match order by rowid desc limit {search.RANKED}
) ranked on ranked.id = posts.id
"""
FOUND = "posts.id in (select rowid from posts_fts where posts_fts match :match)"


def found(question: search.Question) -> Selection:
    """Every post that the question finds, in the order of the search page, which shows the first of them."""
    values = {"match": question.match}
    ranks, order = "", "posts.id" if question.sort == "oldest" else "posts.id desc"
    if question.sort == "best" and query.fts_query(question.q) != query.NOTHING:
        ranks, order = RANKS, "ranked.score is null, ranked.score, posts.id desc"
    return Selection("search", ROWS.format(ranks=ranks, conditions=FOUND, order=order), values)


def read(arguments: Mapping[str, str]) -> Selection:
    """The search that the parameters of an address ask for."""
    return found(search.Question.read(dict(arguments)))
