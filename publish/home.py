"""The first page: what the archive holds, and ways into it."""

from __future__ import annotations

from typing import Any

from datasette.database import Database

PROGRAMS = 12
THREADS = 10
ACTIVE = f"""
select id, name, marketplace, mode, posts, threads, authors, first_month, last_month from programs
where posts > 0 order by posts desc, name limit {PROGRAMS}
"""
NEWEST = f"""
select t.title, t.permalink, t.created_at, t.state, t.posts_held, s.title as site
from threads t join sites s on s.id = t.site_id order by t.id desc limit {THREADS}
"""


async def read(database: Database) -> dict[str, Any]:
    """What the page shows."""

    async def rows(sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in (await database.execute(sql)).rows]

    return {
        "about": {row["key"]: row["value"] for row in await rows("select key, value from about")},
        "programs": await rows(ACTIVE),
        "newest": await rows(NEWEST),
        "all_programs": (await rows("select count(*) as n from programs"))[0]["n"],
    }


async def choices(database: Database) -> dict[str, list[dict[str, Any]]]:
    """What a search can be narrowed to: programs and themes with posts, and the forums."""
    lists = {
        "programs": "select id, name, posts from programs where posts > 0 order by name",
        "themes": "select id, name, posts from themes where posts > 0 order by name",
        "sites": "select id, title as name, posts from sites order by title",
    }
    return {name: [dict(row) for row in (await database.execute(sql)).rows] for name, sql in lists.items()}
