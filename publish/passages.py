"""Passages from posts to show for a program or a theme."""

from __future__ import annotations

from publish.site import Row, Site

PASSAGES = """
select m.post_id, m.created_at, m.passage, m.program_evidence, m.theme_evidence, m.how, m.early, m.permalink, m.url,
    a.name as author, t.title, t.state, s.title as site, h.name as theme, h.id as theme_id, p.name as program,
    p.id as program_id, c.captured_at, c.digest
from mentions m join threads t on t.id = m.thread_id join sites s on s.id = m.site_id
    join themes h on h.id = m.theme_id left join programs p on p.id = m.program_id
    left join authors a on a.id = m.author_id left join captures c on c.id = m.capture_id
where m.{column} = ? and m.theme_id is not null and m.program_id is not null and m.voice = 'seller' and h.kind = 'complaint'
    {dated} order by m.post_id {order}, m.id limit {limit}
"""
# Passages shown, and rows read for them: a post has a row for each of its themes and programs.
SHOWN, READ = 5, 40


async def earliest(site: Site, column: str, value: str) -> Row | None:
    """The first dated complaint of a seller. `column` is `program_id` or `theme_id`; None if there is none.

    Of a program, what is older than its first known date is probably about something else, and is passed over.
    """
    dated = "and m.created_at is not null" + (" and not m.early" if column == "program_id" else "")
    return await site.row(PASSAGES.format(column=column, order="asc", dated=dated, limit=1), [value])


async def latest(site: Site, column: str, value: str) -> list[Row]:
    """The newest complaints of sellers, one passage an author at most while there are others."""
    rows = await site.rows(PASSAGES.format(column=column, order="desc", dated="", limit=READ), [value])
    by_passage: dict[tuple[int, str], Row] = {}
    for row in rows:
        by_passage.setdefault((row["post_id"], row["passage"]), row)
    found = list(by_passage.values())
    by_author: dict[str | None, Row] = {}
    for row in found:
        by_author.setdefault(row["author"], row)
    others = list(by_author.values())
    chosen = (others + [row for row in found if row not in others])[:SHOWN]
    return sorted(chosen, key=lambda row: row["post_id"], reverse=True)
